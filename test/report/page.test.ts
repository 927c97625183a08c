/** The page: whole, accessible, safe against what stands in a run, and the same bytes for equal runs. */

import { beforeAll, describe, expect, test } from '@jest/globals';
import { parseHTML } from 'linkedom';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { RunDirectory } from '../../src/checkpoint/run-directory.js';
import type { RunConfig } from '../../src/config/run-config.js';
import type { Section } from '../../src/report/section.js';
import { sections } from '../../src/report/sections/index.js';
import { palettes, styleSheet, type Palette } from '../../src/report/style.js';
import { writeReport } from '../../src/report/write-report.js';
import { temporaryFolder } from '../checkpoint/sample.js';
import { prepare, smallConfig, train } from '../run/small-run.js';
import { evaluation, fullRecord, pageOf, recordOf } from './records.js';

const { pow, sin } = Math;
const root = temporaryFolder();
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

/** What tests look at of an element. */
interface Node {
  readonly textContent: string;
  readonly tagName: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Node | null;
  querySelectorAll(selector: string): Iterable<Node>;
}

function parse(html: string): Node {
  return parseHTML(html).document as unknown as Node;
}

const all = (page: Node, selector: string): Node[] => [...page.querySelectorAll(selector)];

let html: string;
let page: Node;

beforeAll(async () => {
  html = await pageOf(fullRecord());
  page = parse(html);
});

describe('a page of everything', () => {
  test('has every section, each reached from the navigation', () => {
    const expected = ['summary', 'likelihood', 'energies', 'gradient-accuracy', 'spurious-mass', 'mixing', 'fit', 'algorithm', 'diagnostics', 'reproduce'];
    const ids = all(page, 'main > section').map((section) => section.getAttribute('id'));
    expect(ids).toEqual(expect.arrayContaining(expected));
    expect(all(page, 'nav a').map((link) => link.getAttribute('href'))).toEqual(ids.map((id) => `#${id}`));
  });

  test('every picture has a text alternative with numbers, a title and a name of its own', () => {
    const figures = all(page, 'figure');
    expect(figures.length).toBeGreaterThan(20);
    for (const figure of figures) {
      const picture = figure.querySelector('svg, img');
      const alternative = picture?.getAttribute(picture.tagName.toLowerCase() === 'svg' ? 'aria-label' : 'alt') ?? '';
      expect(alternative).toMatch(/\d/);
      expect(alternative.length).toBeGreaterThan(20);
      expect(figure.querySelector('h3')?.textContent).not.toBe('');
    }
    expect(all(page, 'svg').every((svg) => svg.getAttribute('role') === 'img')).toBe(true);
    const ids = all(page, '[id]').map((element) => element.getAttribute('id'));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('no number is missing or impossible', () => {
    expect(html).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  test('headings are in order, and there is one of the first level', () => {
    const levels = all(page, 'h1, h2, h3, h4').map(({ tagName }) => Number(tagName.slice(1)));
    expect(levels.filter((level) => level === 1)).toEqual([1]);
    expect(levels[0]).toBe(1);
    expect(levels.filter((level, index) => index > 0 && level - levels[index - 1] > 1)).toEqual([]);
  });

  test('landmarks, language, and scrolling parts that the keyboard reaches', () => {
    expect(page.querySelector('html')?.getAttribute('lang')).toBe('en');
    for (const landmark of ['header', 'nav[aria-label]', 'main', 'footer']) expect(all(page, `body > ${landmark}`)).toHaveLength(1);
    expect(page.querySelector('a.skip')?.getAttribute('href')).toBe('#main');
    for (const part of all(page, '.scroll')) expect([part.getAttribute('tabindex'), part.getAttribute('role'), part.getAttribute('aria-label') !== '']).toEqual(['0', 'region', true]);
  });

  test('nothing comes from elsewhere', () => {
    const addresses = all(page, '[src], [href]').map((element) => element.getAttribute('src') ?? element.getAttribute('href') ?? '');
    expect(addresses.filter((address) => !/^(#|data:)/.test(address))).toEqual([]);
    expect(html.replaceAll('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|@import|url\(/);
    expect(page.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute('content')).toMatch(/^default-src 'none'/);
    // The policy allows styles of the style sheet only.
    expect(all(page, '[style], svg style')).toEqual([]);
  });

  test('the warning stands in the verdict with its evidence, and as a rule in charts', () => {
    expect(page.querySelector('#summary .warning')?.textContent).toMatch(/At update 200: the chains no longer follow the model.*drift per mixing time 2\.5/);
    expect(page.querySelector('#picture-likelihood svg')?.textContent).toContain('warning');
  });

  test('figures that nobody knows are shown all the same', () => {
    expect(page.querySelector('#diagnostics')?.textContent).toMatch(/unheard of.*answer.*42.*nested, deep.*1, 2, 3/);
  });

  test('coordinates have two decimals at most, and the page is small', () => {
    const coordinates = [...html.matchAll(/ (?:d|transform|x1|y1|cx|points)="([^"]*)"/g)].map(([, value]) => value);
    expect(coordinates.length).toBeGreaterThan(500);
    expect(coordinates.filter((value) => /\.\d{3}/.test(value))).toEqual([]);
    expect(html.length).toBeLessThan(300_000);
  });
});

test('a run of thousands of evaluations has a small page', async () => {
  const events = Array.from({ length: 5000 }, (_, update) => evaluation(update, { train: -5 + sin(update), validation: -6 + sin(2 * update) }));
  expect((await pageOf(recordOf(events))).length).toBeLessThan(300_000);
});

test('texts of a run are texts on the page, whatever they are', async () => {
  const hostile = '</style></title><script>alert(1)</script><img src=x onerror=alert(2)>&amp;"\' onload="alert(3)';
  const record = fullRecord();
  const [first] = record.events;
  const config = { ...record.config, seed: hostile, data: { source: 'file', path: `/home/${hostile}` }, training: { algorithm: hostile } } as unknown as RunConfig;
  const events = [{ ...first, splits: { ...first.splits, [hostile]: first.splits?.train ?? never() }, algorithm: { [hostile]: [1, 2] }, diagnostics: { ...first.diagnostics, [hostile]: { [hostile]: hostile } } }, ...record.events.slice(1)];
  const checkpoint = { ...record.checkpoint, identity: { ...record.checkpoint.identity, version: hostile, configHash: hostile } };
  const hostilePage = await pageOf({ ...record, config, events, checkpoint, warnings: [{ update: 3, diagnostic: hostile, message: hostile, evidence: { [hostile]: hostile } }] });
  expect(hostilePage).not.toMatch(/<script>alert|<img src=x|<\/style><\/title>/);
  const parsed = parse(hostilePage);
  expect(all(parsed, 'script')).toHaveLength(1);
  expect(all(parsed, '[onerror], [onload]')).toEqual([]);
  // Without its folder: pages are handed on.
  expect(hostilePage).not.toContain('/home/');
});

function never(): never {
  throw new Error('the record has this');
}

test.each([
  ['a run that has just been started', recordOf([])],
  ['a single evaluation', recordOf([evaluation(0, { train: -4 })])],
  ['no validation split', recordOf([0, 1, 2, 3, 4].map((update) => evaluation(update, { train: -4 + update })))],
  ['constant figures', recordOf([0, 1, 2, 3, 4].map((update) => evaluation(update, { train: -4 }, 0)))],
  ['enormous figures', recordOf([0, 1, 2, 3, 4].map((update) => evaluation(update, { train: -1e300 * (update + 1), validation: -1e-300 })))],
])('a page of %s', async (_, record) => {
  const text = await pageOf(record);
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
  expect(all(parse(text), 'main > section').length).toBeGreaterThanOrEqual(2);
});

test('a section that fails says so in its place, and the others stand', async () => {
  const failing: Section = {
    name: 'failing',
    title: 'Failing',
    make: () => {
      throw new Error('no <luck>');
    },
  };
  await expect(pageOf(fullRecord(), [failing])).rejects.toThrow('no <luck>');
  const [summary] = sections;
  const folder = newFolder();
  await train(await prepare(smallConfig), folder);
  const warned: string[] = [];
  const file = join(folder, 'page.html');
  const report = await writeReport(new RunDirectory(folder), { file, sections: [failing, summary], warn: (message) => warned.push(message) });
  expect(warned).toEqual(['the section “Failing” of the report could not be made: no <luck>']);
  expect(report).toMatchObject({ file, sections: 2 });
  const written = readFileSync(file, 'utf8');
  expect(written).toContain('This section could not be made: no &#60;luck&#62;');
  expect(all(parse(written), '#summary')).toHaveLength(1);
});

test('equal runs have equal pages, wherever they lie and however often they were stopped', async () => {
  const [straight, stopped, moved] = [newFolder(), newFolder(), newFolder()];
  await train(await prepare(smallConfig), straight);
  await train(await prepare(smallConfig), stopped, (event) => event.type === 'update' && event.update === 11);
  await train(await prepare(smallConfig), stopped);
  cpSync(straight, join(moved, 'else where'), { recursive: true });
  const pages: string[] = [];
  for (const folder of [straight, stopped, join(moved, 'else where')]) {
    const { file } = await writeReport(new RunDirectory(folder), { warn: (message) => expect(message).toBe('') });
    pages.push(readFileSync(file, 'utf8'));
    expect(file).toBe(join(folder, 'report.html'));
  }
  expect(pages[1] === pages[0]).toBe(true);
  expect(pages[2] === pages[0]).toBe(true);
  expect(pages[0]).not.toContain(straight);
});

/** Relative luminance of a colour `#rrggbb` (WCAG 2.2). */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4);
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [lighter, darker] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

describe.each(Object.entries(palettes))('the %s colours', (_, palette: Palette) => {
  test('texts have a contrast of 4.5, lines of 3', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 10);
    for (const ground of ['background', 'surface'] as const) {
      for (const name of ['text', 'muted', 'accent', 'good', 'warning'] as const) expect([name, contrast(palette[name], palette[ground]) >= 4.5]).toEqual([name, true]);
    }
    for (const name of ['text', 'muted', 'warning'] as const) expect([name, contrast(palette[name], palette['warning-ground']) >= 4.5]).toEqual([name, true]);
    expect(contrast(palette.text, palette.line)).toBeGreaterThanOrEqual(4.5);
    const series = Object.entries(palette).filter(([name]) => name.startsWith('series-'));
    expect(series).toHaveLength(6);
    for (const [name, colour] of series) expect([name, contrast(colour, palette.surface) >= 3]).toEqual([name, true]);
  });
});

test('the style sheet knows dark, print and no colours but those of the palettes', () => {
  expect(styleSheet).toContain('prefers-color-scheme: dark');
  expect(styleSheet).toContain('@media print');
  const known = new Set(Object.values(palettes).flatMap((palette) => Object.values(palette)));
  expect([...styleSheet.matchAll(/#[\da-f]{3,8}\b/gi)].map(([colour]) => colour).filter((colour) => !known.has(colour) && colour !== '#scheme')).toEqual([]);
});

