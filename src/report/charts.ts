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

/** An axis of values of any kind: numbers on a scale, or words in places of their own. */
export interface ValueAxis {
  readonly name: string;
  readonly type: 'linear' | 'log' | 'words';
  /** First and last position; of words, half a place before the first and behind the last. */
  readonly domain: readonly [number, number];
  readonly ticks: readonly { readonly at: number; readonly words: string }[];
  /** Where values are on it, one for each that it was made of: the number itself, or the place of the word, from 0. */
  readonly positions: readonly number[];
}

/** A chart of single values, and of what stands for those at one place together. */
export interface DotChart extends Omit<ChartTexts, 'xLabel'> {
  readonly axis: ValueAxis;
  /** x as positions on the axis. */
  readonly dots: readonly Point[];
  readonly middles: readonly Point[];
  /** What these are, such as `mean`. */
  readonly middleName: string;
  /** Below this nothing has its true place: it is drawn there, as a cross. */
  readonly lowest?: number;
}

/** A chart of intervals, one below the other. */
export interface IntervalChart extends ChartTexts {
  /** From top to bottom; `other` is a second value without interval. */
  readonly rows: readonly { readonly words: string; readonly value: number; readonly low?: number; readonly high?: number; readonly other?: number }[];
  readonly valueName: string;
  readonly otherName: string;
}

/** A chart of things with many values: an axis for each value, one below the other, and a line for each thing through all of them. */
export interface ParallelChart {
  readonly alternative: string;
  /** All of as many positions as there are things. */
  readonly axes: readonly ValueAxis[];
  /** Numbers of the things that are drawn in colour, the first above the others, with their names. */
  readonly emphasized: readonly { readonly thing: number; readonly name: string }[];
  /** What the others are. */
  readonly othersName: string;
}

// Bare globals are slow inside Jest.
const { abs, floor, max, min } = Math;

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
function frame(yLabel: string, entries: readonly LegendEntry[], arrow = '↑'): { readonly above: string; readonly marginTop: number } {
  const legend = layLegend(entries, 9);
  const labelTop = legend.rows * lineHeight + 9;
  const label = `<text class="axis-label" x="0" y="${labelTop}" dy="0.32em" text-anchor="start">${escapeText(`${arrow} ${yLabel}`)}</text>`;
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
  heightOfPlot = plotHeight,
): Promise<string> {
  const { Plot, document } = await loadLibrary();
  const height = marginTop + heightOfPlot;
  const plot = Plot.plot({ document: document as never, width, height, className: 'chart', marginTop, marginLeft, marginRight, marginBottom, ...options, marks: marks(Plot) });
  const { innerHTML } = plot as unknown as { innerHTML: string };
  // The library's own styles are those of the page, or of a file of its own.
  const drawn = rounded(innerHTML.replace(/<style>[^]*?<\/style>/, '')).replaceAll(' aria-hidden="true"', '').replace(/ aria-label="[^"]*"/g, '');
  const below = `<text class="axis-label" x="${width - marginRight}" y="${height - 6}" text-anchor="end">${escapeText(`${xLabel} →`)}</text>`;
  return svgOf(alternative, height, `${above}${drawn}${below}`);
}

/** A chart as an element that says what it shows. */
function svgOf(alternative: string, height: number, content: string): string {
  const attributes = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-size="${fontSize}"`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="${escapeText(alternative)}" ${attributes} ` +
    `font-family="system-ui, sans-serif" fill="currentColor" text-anchor="middle">${content}</svg>`
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

/** More ticks than these have no room, and more words. */
const mostTicks = 7;
const mostWords = 8;
/** Longer ones are cut. */
const wordLength = 14;
/** Letters of numbers that an axis has room for, and those of a number at its end, which stands out by half of them. */
const axisLetters = 46;
const endLetters = 7;

/** Words as short as ticks have room for: of those that would be cut to the same, the part that they have in common is left out. */
function shortWords(words: readonly string[]): string[] {
  const cut = (word: string): string => (word.length > wordLength ? `${word.slice(0, wordLength - 1)}…` : word);
  return words.map((word) => {
    const alike = words.filter((other) => cut(other) === cut(word));
    let common = 0;
    while (alike.length > 1 && alike.every((other) => other[common] === word[common])) common++;
    return cut(common === 0 ? word : `…${word.slice(common)}`);
  });
}

/** Whether positive numbers are spread more evenly by their logarithms than by themselves, over a decade or more. */
function isLogarithmic(ascending: readonly number[]): boolean {
  const [lowest, highest] = [ascending[0], ascending[ascending.length - 1]];
  if (lowest <= 0 || highest / lowest < 10) return false;
  const middle = ascending[floor(ascending.length / 2)];
  const log = Math.log10;
  const byLog = (log(middle) - log(lowest)) / (log(highest) - log(lowest));
  return abs(byLog - 0.5) <= abs((middle - lowest) / (highest - lowest) - 0.5);
}

/** Round numbers between two, about `most` of them. */
function roundTicks([low, high]: readonly [number, number], most = 5): number[] {
  const power = Number(`1e${floor(Math.log10((high - low) / most))}`);
  const step = power * ([1, 2, 5].find((factor) => (high - low) / (factor * power) <= most) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: floor(high / step) - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** Round numbers on a logarithmic scale between two: powers of ten, and as many between them as there is room for. */
function logTicks(domain: readonly [number, number]): number[] {
  const powers = powersOfTen(domain);
  const between = (factors: readonly number[]): number[] =>
    powers.flatMap((power) => factors.map((factor) => Number((factor * power).toPrecision(1)))).filter((at) => at >= domain[0] && at <= domain[1]);
  return [[1, 2, 5], [1, 3]].map(between).find((ticks) => ticks.length <= mostTicks) ?? between([1]);
}

/**
 * An axis for values: numbers on a linear or (over a decade or more, where they are spread so) logarithmic scale; where any of
 * them is something else, all of them are words, in alphabetical order.
 *
 * @param values at least one; NaN and infinities are words
 */
export function valueAxis(name: string, values: readonly (number | string)[]): ValueAxis {
  const numbers = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
  if (numbers.length < values.length) {
    const words = [...new Set(values.map(String))].toSorted();
    const step = max(1, Math.ceil(words.length / mostWords));
    const shown = words.filter((_, at) => at % step === 0);
    const ticks = shortWords(shown).map((short, index) => ({ at: index * step, words: short }));
    const places = new Map(words.map((word, at) => [word, at]));
    return { name, type: 'words', domain: [-0.5, words.length - 0.5], ticks, positions: values.map((value) => places.get(String(value)) ?? 0) };
  }
  const distinct = [...new Set(numbers)].toSorted((a, b) => a - b);
  const type = isLogarithmic(distinct) ? 'log' : 'linear';
  const ends = [distinct[0], distinct[distinct.length - 1]] as const;
  const domain = type === 'log' ? ends : (linearDomain(ends).domain ?? [0, 1]);
  // The values themselves, where they are few and don't overlap.
  const at = type === 'log' ? Math.log10 : (value: number): number => value;
  const letters = distinct.length > mostTicks ? Infinity : max(...distinct.map((value) => tick(value).length));
  const room = (at(domain[1]) - at(domain[0])) * max(1 / mostTicks, (letters + 1) / axisLetters);
  const fit = letters <= endLetters && distinct.every((value, index) => index === 0 || at(value) - at(distinct[index - 1]) >= room);
  const ticks = fit ? distinct : type === 'log' ? logTicks(domain) : roundTicks(domain);
  return { name, type, domain, ticks: ticks.map((value) => ({ at: value, words: tick(value) })), positions: numbers };
}

/** Where a position is on an axis in equal units. */
function linearPosition({ type }: ValueAxis, position: number): number {
  return type === 'log' ? Math.log10(position) : position;
}

/** The options of Plot for the x axis, in linear positions: on logarithmic scales the library chooses itself which ticks have words. */
function plotAxis(axis: ValueAxis): object {
  const words = new Map(axis.ticks.map((one) => [linearPosition(axis, one.at), one.words]));
  const domain = axis.domain.map((end) => linearPosition(axis, end));
  return { type: 'linear', label: null, domain, ticks: [...words.keys()], tickFormat: (at: number) => words.get(at) ?? '', tickSize: 4, inset: axis.type === 'words' ? 0 : 6 };
}

/** A chart of single values, with a line through their middles (of words: these alone); an SVG element. */
export async function dotChart(chart: DotChart): Promise<string> {
  const { axis, dots, middles, lowest = -Infinity } = chart;
  const placed = dots.filter(({ y }) => y >= lowest);
  const fallen = dots.filter(({ y }) => y < lowest).map(({ x }) => ({ x, y: lowest }));
  const line = middles.map(({ x, y }) => ({ x, y: max(y, lowest) }));
  const entries = [
    { words: 'run', swatch: '<circle cx="12" r="3" fill="none" stroke="var(--muted)" stroke-width="1.2"/>' },
    ...(middles.length === 0 ? [] : [{ words: chart.middleName, swatch: '<line x1="0" x2="24" stroke="var(--series-1)" stroke-width="1.75"/><circle cx="12" r="3.5" fill="var(--series-1)"/>' }]),
  ];
  const place = { x: ({ x }: Point) => linearPosition(axis, x), y: ({ y }: Point) => y };
  const strokeOpacity = dots.length > 300 ? 0.4 : 0.8;
  return await draw(
    { ...chart, xLabel: axis.name },
    frame(chart.yLabel, entries),
    { x: plotAxis(axis), y: { ...scale('linear', 5), grid: true, nice: true, ...linearDomain([...placed, ...fallen, ...line].map(({ y }) => y)) } },
    (Plot) => [
      Plot.dot(placed, { ...place, r: 2.4, fill: 'none', stroke: 'var(--muted)', strokeWidth: 1.2, strokeOpacity }),
      Plot.dot(fallen, { ...place, r: 2.6, symbol: 'times', stroke: 'var(--muted)', strokeWidth: 1.2 }),
      ...(axis.type === 'words' ? [] : [Plot.lineY(line, { ...place, stroke: 'var(--series-1)', strokeWidth: 1.75 })]),
      Plot.dot(line, { ...place, r: 3.2, fill: 'var(--series-1)', stroke: 'var(--surface)', strokeWidth: 1 }),
    ],
  );
}

/** A chart of intervals; an SVG element. */
export async function intervalChart(chart: IntervalChart): Promise<string> {
  const rows = chart.rows.map((row, place) => ({ ...row, place }));
  const others = rows.filter(({ other }) => other !== undefined);
  const entries = [
    { words: chart.valueName, swatch: '<line x1="2" x2="22" stroke="var(--series-1)" stroke-width="1.75"/><circle cx="12" r="3.5" fill="var(--series-1)"/>' },
    ...(others.length === 0 ? [] : [{ words: chart.otherName, swatch: '<rect x="8.5" y="-3.5" width="7" height="7" fill="none" stroke="var(--series-2)" stroke-width="1.4"/>' }]),
  ];
  type Row = (typeof rows)[number];
  const y = ({ place }: Row): number => place;
  const ends = rows.flatMap(({ value, low, high, other }) => [value, low, high, other].filter((end) => end !== undefined));
  const words = rows.map((row) => row.words);
  return await draw(
    chart,
    frame(chart.yLabel, entries, '↓'),
    {
      x: { ...scale('linear', 5), grid: true, ...linearDomain(ends) },
      y: { type: 'linear', label: null, domain: [rows.length - 0.5, -0.5], ticks: rows.map(y), tickFormat: (place: number) => words[place] ?? '', tickSize: 0 },
    },
    (Plot) => [
      Plot.dot(others, { x: ({ other }: Row) => other, y, r: 3.2, symbol: 'square', fill: 'none', stroke: 'var(--series-2)', strokeWidth: 1.4 }),
      Plot.ruleY(rows.filter(({ low, high }) => low !== undefined && high !== undefined), { y, x1: ({ low }: Row) => low, x2: ({ high }: Row) => high, stroke: 'var(--series-1)', strokeWidth: 1.75 }),
      Plot.dot(rows, { x: ({ value }: Row) => value, y, r: 3.4, fill: 'var(--series-1)' }),
    ],
    marginBottom + max(rows.length, 3) * 17,
  );
}

/** From one axis to the next, in chart units. */
const axisDistance = 74;
/** Room at both ends of an axis. */
const axisInset = 26;

/** A chart of lines through axes; an SVG element. What is out of an axis's domain is drawn at its end. */
export function parallelChart({ alternative, axes, emphasized, othersName }: ParallelChart): string {
  const hundredths = (value: number): string => String(Number(value.toFixed(2)));
  const placeOn = (axis: ValueAxis, position: number): number => {
    const [low, high] = axis.domain;
    const [at, start, end] = [max(low, min(high, position)), low, high].map((value) => linearPosition(axis, value));
    const share = (at - start) / (end - start);
    return axisInset + share * (width - 2 * axisInset);
  };
  const styles = emphasized.map(({ thing, name }, index) => ({ thing, name, style: index + 1 }));
  const legend = layLegend(
    [
      ...styles.map(({ name, style }) => ({
        words: name,
        swatch: `<line x1="0" x2="24" stroke="${colourOf(style)}" stroke-width="2.25"${dashOf(style) === '' ? '' : ` stroke-dasharray="${dashOf(style)}"`}/>`,
      })),
      { words: othersName, swatch: '<line x1="0" x2="24" stroke="var(--muted)" stroke-opacity="0.6"/>' },
    ],
    9,
  );
  const top = legend.rows * lineHeight + 34;
  const height = top + (axes.length - 1) * axisDistance + 28;
  const things = axes[0]?.positions.length ?? 0;
  // Lines of the best would hide each other where they have the same values: each is a little beside the others.
  const pathOf = (thing: number, shift: number): string =>
    `M${axes.map((axis, row) => `${hundredths(placeOn(axis, axis.positions[thing]) + (row === axes.length - 1 ? 0 : shift))},${top + row * axisDistance}`).join('L')}`;
  const special = new Set(emphasized.map(({ thing }) => thing));
  const others = Array.from({ length: things }, (_, thing) => thing).filter((thing) => !special.has(thing));
  const opacity = others.length > 150 ? 0.25 : others.length > 40 ? 0.4 : 0.6;
  const lines = [
    `<g fill="none" stroke="var(--muted)" stroke-opacity="${opacity}">${others.map((thing) => `<path d="${pathOf(thing, 0)}"/>`).join('')}</g>`,
    ...styles.toReversed().map(({ thing, style }) => {
      const d = pathOf(thing, (style - (styles.length + 1) / 2) * 3);
      return `<path d="${d}" fill="none" stroke="${colourOf(style)}" stroke-width="2.25"${dashOf(style) === '' ? '' : ` stroke-dasharray="${dashOf(style)}"`}/>`;
    }),
  ];
  const halo = 'stroke="var(--surface)" stroke-width="4" stroke-linejoin="round" paint-order="stroke"';
  const frames = axes.map((axis, row) => {
    const y = top + row * axisDistance;
    const marks = axis.ticks.map(({ at, words }) => {
      const x = hundredths(placeOn(axis, at));
      return `<path d="M${x},${y - 4}V${y + 4}" stroke="currentColor"/><text x="${x}" y="${y + 17}" ${halo}>${escapeText(words)}</text>`;
    });
    const name = `<text class="axis-label" x="0" y="${y - 10}" text-anchor="start" ${halo}>${escapeText(`${axis.name}${axis.type === 'words' ? '' : ' →'}`)}</text>`;
    return `<path d="M0,${y}H${width}" stroke="currentColor" stroke-opacity="0.7"/>${marks.join('')}${name}`;
  });
  return svgOf(alternative, height, `${legend.svg}${lines.join('')}${frames.join('')}`);
}
