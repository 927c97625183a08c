/**
 * How the page looks: colours of both schemes and the style sheet. Nothing of it comes from elsewhere.
 *
 * The series' colours are those of Okabe and Ito (Color Universal Design, 2008), which people with every common kind of colour
 * vision tell apart; darkened on light and lightened on dark ground until lines have a contrast of 3 : 1 (WCAG 2.2, 1.4.11).
 * Texts have 4.5 : 1 (1.4.3).
 */

/** Colours by the names of their custom properties, without the dashes. */
export type Palette = Readonly<
  Record<
    | 'background' | 'surface' | 'text' | 'muted' | 'line' | 'accent' | 'good' | 'warning' | 'warning-ground'
    | 'series-1' | 'series-2' | 'series-3' | 'series-4' | 'series-5' | 'series-6',
    string
  >
>;

/** The colours of both schemes. */
export const palettes: Readonly<Record<'light' | 'dark', Palette>> = {
  light: {
    background: '#faf9f7',
    surface: '#ffffff',
    text: '#1f2429',
    muted: '#59616a',
    line: '#dfddd8',
    accent: '#0b5c94',
    good: '#1a6b45',
    warning: '#ae2a19',
    'warning-ground': '#fdf1ee',
    'series-1': '#0072b2',
    'series-2': '#c85200',
    'series-3': '#00805d',
    'series-4': '#a3487f',
    'series-5': '#8f6a00',
    'series-6': '#4d5a66',
  },
  dark: {
    background: '#14171a',
    surface: '#1b1f23',
    text: '#e7e5e1',
    muted: '#a7afb8',
    line: '#343a41',
    accent: '#82c4f5',
    good: '#74d1a0',
    warning: '#ff9585',
    'warning-ground': '#2b1d1b',
    'series-1': '#56b4e9',
    'series-2': '#f0904a',
    'series-3': '#2fc79b',
    'series-4': '#e39bc6',
    'series-5': '#e6c34a',
    'series-6': '#aab4be',
  },
};

function properties(palette: Palette): string {
  return Object.entries(palette).map(([name, colour]) => `--${name}:${colour};`).join('');
}

/** The page's style sheet. */
export const styleSheet = `
:root { color-scheme: light; ${properties(palettes.light)} }
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { color-scheme: dark; ${properties(palettes.dark)} } }
:root[data-theme="dark"] { color-scheme: dark; ${properties(palettes.dark)} }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--background); color: var(--text);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
body > header, body > nav, main, body > footer { max-width: 73rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 3rem); }
body > header { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: flex-start; gap: 1rem; padding-top: clamp(1.5rem, 5vw, 3.5rem); }
h1, h2, h3, p, ul, figure, table, pre { margin: 0; }
h1 { font-size: clamp(1.6rem, 1.2rem + 2vw, 2.3rem); line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.4rem; line-height: 1.3; font-weight: 650; letter-spacing: -0.01em; margin-bottom: 1.25rem; }
h3 { font-size: 1rem; line-height: 1.4; font-weight: 600; }
.over { color: var(--muted); font-size: 0.85rem; letter-spacing: 0.02em; margin-bottom: 0.35rem; }
.under { color: var(--muted); margin-top: 0.6rem; overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: 0.15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -100vw; top: 0.5rem; padding: 0.5rem 1rem; background: var(--surface); z-index: 1; }
.skip:focus { left: 0.5rem; }
#scheme { font: inherit; font-size: 0.85rem; color: var(--text); background: var(--surface); border: 1px solid var(--muted); border-radius: 2rem; padding: 0.3rem 0.9rem; cursor: pointer; }
#scheme[aria-pressed="true"] { background: var(--line); }
body > nav { margin-top: 1.75rem; }
body > nav ul { list-style: none; padding: 0.75rem 0; border-block: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0.25rem 1.4rem; font-size: 0.9rem; }
body > nav a { display: inline-block; padding: 0.15rem 0; text-decoration: none; }
body > nav a:hover { text-decoration: underline; }
main > section { padding-top: clamp(2.25rem, 5vw, 3.75rem); }
main p, .remarks { max-width: 46rem; }
main > section > * + * { margin-top: 1.5rem; }
.headlines { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 12.5rem), 1fr)); gap: 1.5rem 2rem; margin: 0; }
.headlines > div { border-top: 2px solid var(--line); padding-top: 0.6rem; }
.headlines dt { color: var(--muted); font-size: 0.85rem; }
.headlines dd { margin: 0; }
.headlines .value { font-size: 1.6rem; line-height: 1.35; font-weight: 600; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
.headlines .note { color: var(--muted); font-size: 0.85rem; font-variant-numeric: tabular-nums; }
.remarks { list-style: none; padding: 0; display: grid; gap: 0.9rem; }
.remarks li { border-left: 3px solid var(--line); padding: 0.15rem 0 0.15rem 1rem; overflow-wrap: anywhere; }
.remarks .good { border-color: var(--good); }
.remarks .warning { border-color: var(--warning); background: var(--warning-ground); padding-block: 0.6rem; padding-right: 1rem; }
.remarks .warning strong { color: var(--warning); }
.remarks .good strong { color: var(--good); }
.evidence { display: block; color: var(--muted); font-size: 0.85rem; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: 1.5rem; }
.images { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
figure { background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: clamp(0.75rem, 2.5vw, 1.25rem); min-width: 0; max-width: 100%; }
figure h3 { margin-bottom: 0.75rem; overflow-wrap: anywhere; }
.images figure h3 { margin-bottom: 0.5rem; }
.images figcaption { max-width: 46rem; }
.images .small { width: 11.5rem; }
figcaption { color: var(--muted); font-size: 0.875rem; line-height: 1.5; margin-top: 0.75rem; overflow-wrap: anywhere; }
svg.chart { display: block; width: 100%; height: auto; overflow: visible; }
svg.chart text { white-space: pre; }
svg.chart .axis-label { fill: var(--muted); }
img { display: block; max-width: 100%; height: auto; image-rendering: pixelated; outline: 1px solid var(--line); }
summary { position: relative; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
details { margin-top: 0.75rem; font-size: 0.875rem; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
details > .scroll { margin-top: 0.5rem; }
.scroll { overflow-x: auto; max-width: 100%; position: relative; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding-bottom: 0.5rem; max-width: min(46rem, calc(100vw - 4.5rem)); }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 1.5rem 0.35rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-weight: 600; }
tbody th { font-weight: 500; }
.listing h3 { margin-bottom: 0.5rem; }
pre { font: 0.85rem/1.55 ui-monospace, "SFMono-Regular", Menlo, Consolas, "Liberation Mono", monospace; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; tab-size: 2; }
code { font: inherit; }
body > footer { color: var(--muted); font-size: 0.85rem; padding-block: clamp(3rem, 8vw, 5rem) 3rem; }
@media (max-width: 30rem) { .headlines { grid-template-columns: 1fr 1fr; gap: 1.25rem 1.25rem; } .headlines .value { font-size: 1.35rem; } .images { gap: 0.75rem; } .images .small { width: calc(50% - 0.375rem); } }
@media print {
  :root, :root[data-theme] { color-scheme: light; ${properties(palettes.light)} --background: #ffffff; }
  @page { margin: 15mm; }
  body { font-size: 10pt; }
  body > nav, #scheme, .skip, figure details { display: none; }
  body > header, main, body > footer { max-width: none; padding-inline: 0; }
  .charts { grid-template-columns: 1fr 1fr; gap: 0.75rem; }
  figure, .remarks li, .headlines > div, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  th, td { white-space: normal; overflow-wrap: anywhere; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
}
`.trim();

/** A chart as a file of its own: concrete colours on a ground of their own instead of the page's custom properties. */
export function standaloneSvg(svg: string, scheme: keyof typeof palettes = 'light'): string {
  const palette = palettes[scheme];
  const [, open, content] = /^(<svg\b[^>]*>)([^]*)$/.exec(svg) ?? [undefined, '', svg];
  const coloured = `${open}<rect width="100%" height="100%" fill="${palette.surface}"/>${content}`
    .replace(/var\(--([a-z\d-]+)\)/g, (whole, name: string) => (Object.hasOwn(palette, name) ? palette[name as keyof Palette] : whole))
    .replaceAll('currentColor', palette.text)
    .replaceAll('class="axis-label"', `fill="${palette.muted}"`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${coloured}\n`;
}
