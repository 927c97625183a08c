/**
 * The page: one HTML file that needs nothing else. Its bytes are a function of what it shows.
 *
 * Every text is escaped here and nowhere else, except within charts (see charts.ts). A Content-Security-Policy forbids the page
 * to load anything and to run any script but its own, whatever a text should contain.
 */

import { createHash } from 'node:crypto';
import { escapeText } from './charts.js';
import type { Headline, Listing, Picture, Remark, SectionContent, Table } from './section.js';
import { styleSheet } from './style.js';

/** A section with its content. */
export interface MadeSection {
  readonly name: string;
  readonly title: string;
  readonly content: SectionContent;
}

/** What a page shows. */
export interface Page {
  readonly title: string;
  readonly subtitle: string;
  readonly sections: readonly MadeSection[];
}

/** Switches between the colour schemes; without it the page follows the system's. */
const script = `
(() => {
  const button = document.getElementById('scheme');
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);
  const show = () => button.setAttribute('aria-pressed', String(isDark()));
  button.addEventListener('click', () => { root.dataset.theme = isDark() ? 'light' : 'dark'; show(); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
  show();
  button.hidden = false;
})();
`.trim();

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

const policy = [
  "default-src 'none'",
  `style-src ${hashOf(styleSheet)}`,
  `script-src ${hashOf(script)}`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** An element of escaped text. */
function element(name: string, text: string, attributes = ''): string {
  return `<${name}${attributes === '' ? '' : ` ${attributes}`}>${escapeText(text)}</${name}>`;
}

function tableHtml(table: Table): string {
  return table.isFolded === true ? foldedHtml(table.caption, { ...table, isFolded: false }) : openTableHtml(table);
}

/** @param rest words for those who hear the page: there are many such tables */
function foldedHtml(summary: string, table: Table, rest = ''): string {
  const words = rest === '' ? '' : element('span', rest, 'class="heard"');
  return `<details><summary>${escapeText(summary)}${words}</summary>${openTableHtml(table)}</details>`;
}

function openTableHtml({ caption, columns, rows }: Table): string {
  const head = columns.map((name) => element('th', name, 'scope="col"')).join('');
  const body = rows.map(([first = '', ...cells]) => `<tr>${element('th', first, 'scope="row"')}${cells.map((cell) => element('td', cell)).join('')}</tr>`);
  return (
    `<div class="scroll" role="region" tabindex="0" aria-label="${escapeText(caption)}"><table>${element('caption', caption)}` +
    `<thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
  );
}

/** Images narrower than this, in pixels of the page, stand side by side in a common width, if they need few words. */
const smallImage = 150;
const fewWords = 100;

function pictureHtml({ name, title, alternative, caption, svg, png, data }: Picture): string {
  const shown =
    svg ??
    (png === undefined
      ? ''
      : `<img alt="${escapeText(alternative)}" width="${png.width * png.scale}" height="${png.height * png.scale}" src="data:image/png;base64,${Buffer.from(png.bytes).toString('base64')}">`);
  const isSmall = png !== undefined && png.width * png.scale < smallImage && (caption ?? '').length < fewWords;
  return (
    `<figure id="picture-${escapeText(name)}"${isSmall ? ' class="small"' : ''}>${element('h3', title)}${shown}` +
    (caption === undefined ? '' : element('figcaption', caption)) +
    (data === undefined ? '' : foldedHtml('Data', data, ` of “${title}”`)) +
    '</figure>'
  );
}

/** Pictures in groups: charts in a grid, images side by side as large as they are. */
function picturesHtml(pictures: readonly Picture[]): string[] {
  const groups: { kind: string; html: string }[] = [];
  for (const picture of pictures) {
    const kind = picture.svg === undefined ? 'images' : 'charts';
    const last = groups[groups.length - 1];
    if (last?.kind === kind) last.html += pictureHtml(picture);
    else groups.push({ kind, html: pictureHtml(picture) });
  }
  return groups.map(({ kind, html }) => `<div class="${kind}">${html}</div>`);
}

const remarkWords = { good: 'Good.', neutral: '', warning: 'Warning.' } as const;

function remarkHtml({ kind, text, evidence }: Remark): string {
  const word = remarkWords[kind] === '' ? '' : `<strong>${remarkWords[kind]}</strong> `;
  return `<li class="${kind}">${word}${escapeText(text)}${evidence === undefined ? '' : element('span', evidence, 'class="evidence"')}</li>`;
}

function headlineHtml({ label, value, note }: Headline): string {
  return `<div>${element('dt', label)}${element('dd', value, 'class="value"')}${note === undefined ? '' : element('dd', note, 'class="note"')}</div>`;
}

function listingHtml({ caption, text }: Listing): string {
  return `<div class="listing">${element('h3', caption)}<pre class="scroll" role="region" tabindex="0" aria-label="${escapeText(caption)}">${element('code', text)}</pre></div>`;
}

function sectionHtml({ name, title, content }: MadeSection): string {
  const { headlines = [], remarks = [], paragraphs = [], pictures = [], listings = [], tables = [] } = content;
  return [
    `<section id="${escapeText(name)}" aria-labelledby="${escapeText(name)}-title">`,
    element('h2', title, `id="${escapeText(name)}-title"`),
    ...(headlines.length === 0 ? [] : [`<dl class="headlines">${headlines.map(headlineHtml).join('')}</dl>`]),
    ...(remarks.length === 0 ? [] : [`<ul class="remarks">${remarks.map(remarkHtml).join('')}</ul>`]),
    ...paragraphs.map((text) => element('p', text)),
    ...picturesHtml(pictures),
    ...listings.map(listingHtml),
    ...tables.map(tableHtml),
    '</section>',
  ].join('\n');
}

/** The page as HTML. */
export function pageHtml({ title, subtitle, sections }: Page): string {
  const links = sections.map((section) => `<li>${element('a', section.title, `href="#${escapeText(section.name)}"`)}</li>`);
  return `${[
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<link rel="icon" href="data:,">',
    element('title', `${title} – rbm-train`),
    `<style>${styleSheet}</style>`,
    '</head>',
    '<body>',
    '<a class="skip" href="#main">Skip to the report</a>',
    '<header>',
    `<div>${element('p', 'Report of rbm-train', 'class="over"')}${element('h1', title)}${element('p', subtitle, 'class="under"')}</div>`,
    '<button id="scheme" type="button" aria-pressed="false" hidden>Dark colours</button>',
    '</header>',
    `<nav aria-label="Sections"><ul>${links.join('')}</ul></nav>`,
    '<main id="main" tabindex="-1">',
    ...sections.map(sectionHtml),
    '</main>',
    '<footer><p>This file is whole: it loads nothing, works offline and prints.</p></footer>',
    `<script>${script}</script>`,
    '</body>',
    '</html>',
  ].join('\n')}\n`;
}
