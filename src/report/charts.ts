/**
 * Charts as SVG texts: a thin layer over Observable Plot, which draws into a document without a browser.
 *
 * Colours are custom properties of the page (`--series-1` …) and `currentColor`, so that a chart follows the page's colour
 * scheme; series differ in dashes and markers, too, for eyes and printers that know no colours. Coordinates are rounded to
 * hundredths of a pixel: the file is smaller, and the same bytes on every machine. The library is loaded when the first chart is
 * drawn.
 */

import { tick } from './numbers.js';

/** A point of a series; `low` and `high` make a band. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

/** A series of points, ascending in x. */
export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** Which of the page's series colours and dashes it has, from 1; its place among the series where left out. */
  readonly style?: number;
}

/** A line across the plot at one x. */
export interface Rule {
  readonly x: number;
  readonly kind: 'best' | 'warning';
}

/** A line along the plot at one y. */
export interface Level {
  readonly y: number;
  readonly label: string;
}

/** What every chart says of itself. */
interface ChartTexts {
  /** Text alternative; see {@link Picture}. */
  readonly alternative: string;
  readonly xLabel: string;
  readonly yLabel: string;
}

/** A chart of lines over a number. */
export interface LineChart extends ChartTexts {
  readonly series: readonly Series[];
  readonly xScale?: 'linear' | 'log';
  readonly yScale?: 'linear' | 'log';
  /** First and last x of the axis, which has all points in it; theirs where left out. Not on a logarithmic one. */
  readonly xDomain?: readonly [number, number];
  /** What a linear y axis has in it whatever the points are. */
  readonly yIncludes?: readonly number[];
  readonly rules?: readonly Rule[];
  readonly levels?: readonly Level[];
}

/** A chart of bars, grouped by category. */
export interface BarChart extends ChartTexts {
  /** Names along the x axis. */
  readonly categories: readonly string[];
  /** One value a category and series; undefined and, on a logarithmic scale, 0 have no bar. */
  readonly series: readonly { readonly name: string; readonly values: readonly (number | undefined)[]; readonly style?: number }[];
  readonly yScale?: 'linear' | 'log';
}

// Bare globals are slow inside Jest.
const { floor, max, min } = Math;

/** Size of a chart in its own units; the page scales it to the space there is. */
const width = 400;
const plotHeight = 212;
const marginLeft = 54;
const marginRight = 16;
const marginBottom = 38;
const fontSize = 12;
/** About what a character of that size takes. */
const characterWidth = 6.3;
const lineHeight = 18;

/** Dashes of the series, from the first on. */
const dashes = ['', '7 3', '2 3', '9 3 2 3', '12 4', '4 4'] as const;
const symbols = ['circle', 'square', 'triangle', 'diamond', 'cross', 'star'] as const;

/** At most so many points have markers. */
const markedPoints = 24;

/** More points than these a pixel column can't show. */
const buckets = 200;

/**
 * A long series with fewer points and the same look: of every stretch of the x axis the lowest and the highest point stay, and
 * the first and the last point of all. The bands of a stretch become the one around all of them.
 */
export function thinned(points: readonly Point[], stretches = buckets): readonly Point[] {
  if (points.length <= 2 * stretches + 2) return points;
  const [first, last] = [points[0], points[points.length - 1]];
  const kept: Point[] = [first];
  const share = (last.x - first.x) / stretches;
  for (let start = 1; start < points.length - 1; ) {
    const stretch = floor((points[start].x - first.x) / share);
    let [lowest, highest, low, high] = [start, start, Infinity, -Infinity];
    let next = start;
    for (; next < points.length - 1 && floor((points[next].x - first.x) / share) === stretch; next++) {
      const point = points[next];
      if (point.y < points[lowest].y) lowest = next;
      if (point.y > points[highest].y) highest = next;
      low = min(low, point.low ?? Infinity);
      high = max(high, point.high ?? -Infinity);
    }
    const band = low <= high ? { low, high } : {};
    for (const index of lowest === highest ? [lowest] : [lowest, highest].toSorted((a, b) => a - b)) kept.push({ x: points[index].x, y: points[index].y, ...band });
    start = max(next, start + 1);
  }
  kept.push(last);
  return kept;
}

type PlotModule = typeof import('./plotting-library.js').Plot;

/** The plotting library and a document for it to draw into. */
async function loadLibrary(): Promise<{ Plot: PlotModule; document: object }> {
  const { Plot, parseHTML } = await import('./plotting-library.js');
  return { Plot, document: parseHTML('<!doctype html><html><body></body></html>').document };
}

type Markish = NonNullable<Parameters<PlotModule['plot']>[0]>['marks'];

/** An element of the legend: what is drawn for it, and its words. */
interface LegendEntry {
  readonly words: string;
  readonly swatch: string;
}

/** Text made safe to stand in SVG and HTML. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The legend's elements in rows: places of each, in chart units. */
function layLegend(entries: readonly LegendEntry[], top: number): { readonly svg: string; readonly rows: number } {
  let [x, row, svg] = [0, 0, ''];
  for (const { words, swatch } of entries) {
    const needed = 30 + words.length * characterWidth + 16;
    if (x > 0 && x + needed > width) [x, row] = [0, row + 1];
    const y = top + row * lineHeight;
    svg += `<g transform="translate(${Math.round(x)},${y})">${swatch}<text x="30" y="0.32em" text-anchor="start">${escapeText(words)}</text></g>`;
    x += needed;
  }
  return { svg: svg === '' ? '' : `<g class="legend">${svg}</g>`, rows: entries.length === 0 ? 0 : row + 1 };
}

function colourOf(style: number): string {
  return `var(--series-${((style - 1) % dashes.length) + 1})`;
}

function dashOf(style: number): string {
  return dashes[(style - 1) % dashes.length];
}

const ruleColours = { best: 'var(--muted)', warning: 'var(--warning)' } as const;
const ruleWords = { best: 'best validation figure', warning: 'warning' } as const;

/** A chart's frame: the words above the plot, and where it begins. */
function frame(yLabel: string, entries: readonly LegendEntry[]): { readonly above: string; readonly marginTop: number } {
  const legend = layLegend(entries, 9);
  const labelTop = legend.rows * lineHeight + 9;
  const label = `<text class="axis-label" x="0" y="${labelTop}" dy="0.32em" text-anchor="start">${escapeText(`↑ ${yLabel}`)}</text>`;
  return { above: legend.svg + label, marginTop: labelTop + 24 };
}

/** Attributes that hold coordinates. */
const coordinates = /\s(?:d|x|y|x1|x2|y1|y2|cx|cy|r|width|height|transform|points)="[^"]*"/g;

/** Hundredths in all coordinates. */
function rounded(svg: string): string {
  return svg.replace(coordinates, (attribute) =>
    attribute.replace(/-?\d*\.\d+(?:e[-+]?\d+)?/g, (number) => String(Number(Number(number).toFixed(2)) + 0)),
  );
}

/** Draws marks, and makes a text of them that stands on its own but for the colours. */
async function draw(
  { alternative, xLabel }: ChartTexts,
  { above, marginTop }: ReturnType<typeof frame>,
  options: object,
  marks: (Plot: PlotModule) => Markish,
): Promise<string> {
  const { Plot, document } = await loadLibrary();
  const height = marginTop + plotHeight;
  const plot = Plot.plot({ document: document as never, width, height, className: 'chart', marginTop, marginLeft, marginRight, marginBottom, ...options, marks: marks(Plot) });
  const { innerHTML } = plot as unknown as { innerHTML: string };
  // The library's own styles are those of the page, or of a file of its own.
  const drawn = rounded(innerHTML.replace(/<style>[^]*?<\/style>/, '')).replaceAll(' aria-hidden="true"', '').replace(/ aria-label="[^"]*"/g, '');
  const attributes = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-size="${fontSize}"`;
  const label = escapeText(alternative);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="${label}" ${attributes} ` +
    `font-family="system-ui, sans-serif" fill="currentColor" text-anchor="middle">${above}${drawn}` +
    `<text class="axis-label" x="${width - marginRight}" y="${height - 6}" text-anchor="end">${escapeText(`${xLabel} →`)}</text></svg>`
  );
}

/** Whether a point can be shown. */
function isDrawable({ x, y }: Point, xScale: string, yScale: string): boolean {
  return Number.isFinite(x) && Number.isFinite(y) && (xScale !== 'log' || x > 0) && (yScale !== 'log' || y > 0);
}

/** A scale whose ticks are not too many, in short numbers. */
function scale(type: 'linear' | 'log', ticks: number): object {
  return { type, label: null, ticks, tickFormat: type === 'log' ? undefined : tick, tickSize: 4 };
}

/** Powers of ten between two numbers, and few of them. */
function powersOfTen(values: readonly number[]): number[] {
  const lowest = floor(Math.log10(min(...values)));
  const highest = Math.ceil(Math.log10(max(...values)));
  const step = max(1, Math.ceil((highest - lowest) / 6));
  return Array.from({ length: floor((highest - lowest) / step) + 1 }, (_, index) => Number(`1e${lowest + index * step}`));
}

/** A logarithmic or linear scale for these values. */
function scaleFor(type: 'linear' | 'log', values: readonly number[], ticks: number): object {
  if (type === 'linear' || values.length === 0) return scale('linear', ticks);
  const powers = powersOfTen(values);
  return { ...scale('log', ticks), domain: [powers[0], max(powers[powers.length - 1], ...values)], ticks: powers, tickFormat: tick };
}

/** The domain of a linear axis with these values in it; equal values have some room around them. */
function linearDomain(values: readonly number[]): { domain?: readonly [number, number] } {
  const [lowest, highest] = [min(...values), max(...values)];
  if (values.length === 0) return {};
  const room = lowest === highest ? (lowest === 0 ? 1 : Math.abs(lowest) / 10) : 0;
  return { domain: [lowest - room, highest + room] };
}

/**
 * A chart of lines, with bands where points have them; an SVG element.
 *
 * Points that a scale can't show (not finite; 0 and less on a logarithmic one) are left out.
 */
export async function lineChart(chart: LineChart): Promise<string> {
  const { xScale = 'linear', yScale = 'linear', xDomain = [], yIncludes = [], levels = [] } = chart;
  const series = chart.series.map(({ name, points, style }, index) => ({
    name,
    style: style ?? index + 1,
    points: thinned(points.filter((point) => isDrawable(point, xScale, yScale))),
  }));
  const xs = [...(xScale === 'linear' ? xDomain : []), ...series.flatMap(({ points }) => points.map(({ x }) => x))];
  const ys = series.flatMap(({ points }) => points.flatMap(({ y, low, high }) => [y, low, high].filter((value) => value !== undefined && isDrawable({ x: 1, y: value }, 'linear', yScale)) as number[]));
  const rules = (chart.rules ?? []).filter(({ x }) => Number.isFinite(x) && (xScale !== 'log' || x > 0));
  const marked = (points: readonly Point[]): boolean => points.length <= markedPoints;
  const entries: LegendEntry[] = series.map(({ name, style }) => ({
    words: name,
    swatch: `<line x1="0" x2="24" stroke="${colourOf(style)}" stroke-width="2"${dashOf(style) === '' ? '' : ` stroke-dasharray="${dashOf(style)}"`}/>`,
  }));
  for (const kind of ['best', 'warning'] as const) {
    if (!rules.some((rule) => rule.kind === kind)) continue;
    entries.push({ words: ruleWords[kind], swatch: `<line x1="12" x2="12" y1="-7" y2="7" stroke="${ruleColours[kind]}" stroke-width="1.5" stroke-dasharray="3 2"/>` });
  }
  return await draw(
    chart,
    frame(chart.yLabel, series.length === 1 && entries.length === 1 ? [] : entries),
    {
      x: { ...scaleFor(xScale, xs, 5), ...(xs.length > 0 && xScale === 'linear' && { domain: [min(...xs), max(...xs)] }) },
      y: { ...scaleFor(yScale, ys, 5), grid: true, ...(yScale === 'linear' && { nice: true, ...linearDomain([...ys, ...yIncludes, ...levels.map(({ y }) => y)]) }) },
    },
    (Plot) => [
      ...rules.map(({ x, kind }) => Plot.ruleX([x], { stroke: ruleColours[kind], strokeWidth: 1.25, strokeDasharray: '3 2' })),
      ...levels.flatMap(({ y, label }) => [
        Plot.ruleY([y], { stroke: 'currentColor', strokeOpacity: 0.55, strokeDasharray: '2 2' }),
        Plot.text([label], { text: [label], y: [y], frameAnchor: 'right', dy: -7, fillOpacity: 0.75, stroke: 'var(--surface)', strokeWidth: 3 }),
      ]),
      ...series.flatMap(({ points, style }) => {
        const bands = points.filter(({ low, high }) => low !== undefined && high !== undefined && (yScale !== 'log' || low > 0));
        const colour = colourOf(style);
        return [
          ...(bands.length > 1 ? [Plot.areaY(bands, { x: ({ x }: Point) => x, y1: ({ low }: Point) => low, y2: ({ high }: Point) => high, fill: colour, fillOpacity: 0.16 })] : []),
          ...(bands.length > 0 && marked(points) ? [Plot.ruleX(bands, { x: ({ x }: Point) => x, y1: ({ low }: Point) => low, y2: ({ high }: Point) => high, stroke: colour, strokeOpacity: 0.6 })] : []),
          ...(points.length > 1 ? [Plot.lineY(points, { x: ({ x }: Point) => x, y: ({ y }: Point) => y, stroke: colour, strokeWidth: 1.75, strokeDasharray: dashOf(style) })] : []),
          ...(marked(points) ? [Plot.dot(points, { x: ({ x }: Point) => x, y: ({ y }: Point) => y, r: 2.6, fill: colour, symbol: symbols[(style - 1) % symbols.length] })] : []),
        ];
      }),
    ],
  );
}

/** A chart of bars, side by side where there are several series; an SVG element. */
export async function barChart(chart: BarChart): Promise<string> {
  const { categories, yScale = 'linear' } = chart;
  const series = chart.series.map((one, index) => ({ ...one, style: one.style ?? index + 1 }));
  const isShown = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value) && (yScale !== 'log' || value > 0);
  const values = series.flatMap((one) => one.values.filter(isShown));
  const y = scaleFor(yScale, values, 5);
  const [base] = (y as { domain?: readonly number[] }).domain ?? [0];
  const entries = series.map(({ name, style }) => ({
    words: name,
    swatch: `<rect x="4" y="-6" width="16" height="12" fill="${colourOf(style)}" fill-opacity="${style % 2 === 1 ? 0.9 : 0.25}" stroke="${colourOf(style)}"/>`,
  }));
  const step = max(1, Math.ceil(categories.length / 12));
  const ticks = categories.map((_, index) => index).filter((index) => index % step === 0);
  const barWidth = 0.8 / max(1, series.length);
  return await draw(
    chart,
    frame(chart.yLabel, series.length > 1 ? entries : []),
    {
      x: { type: 'linear', label: null, domain: [-0.5, max(0.5, categories.length - 0.5)], ticks, tickFormat: (index: number) => categories[index] ?? '', tickSize: 0 },
      y: { ...y, grid: true, ...(yScale === 'linear' && { nice: true, zero: true }) },
    },
    (Plot) => [
      ...series.map((one, place) => {
        const bars = one.values.map((value, index) => ({ value, left: index - 0.4 + place * barWidth })).filter(({ value }) => isShown(value));
        return Plot.rect(bars, {
          x1: ({ left }: { left: number }) => left,
          x2: ({ left }: { left: number }) => left + barWidth,
          y1: base,
          y2: ({ value }: { value: number }) => value,
          fill: colourOf(one.style),
          fillOpacity: one.style % 2 === 1 ? 0.9 : 0.25,
          stroke: colourOf(one.style),
        });
      }),
      Plot.ruleY([base]),
    ],
  );
}
