/**
 * Series of figures over updates, out of a run's events.
 */

import type { Finding, Findings } from '../diagnostics/index.js';
import type { SplitFigures } from '../estimators/evaluation.js';
import type { Point, Rule, Series } from './charts.js';
import { count, figure } from './numbers.js';
import type { MeasuredEvent, RunRecord } from './run-record.js';
import type { Table } from './section.js';

/** The splits that can be, in the order and style in which every chart shows them. */
export const splitStyles = { train: 1, validation: 2, test: 3 } as const;

/** The splits that a run has figures of, in order. */
export function splitsOf({ events }: RunRecord): string[] {
  const names = new Set(events.flatMap(({ splits }) => Object.keys(splits ?? {})));
  const known = Object.keys(splitStyles).filter((name) => names.has(name));
  return [...known, ...[...names].filter((name) => !known.includes(name))];
}

/** First and last update of a run's events: the x axis that its charts share. */
export function updatesOf({ events, checkpoint }: RunRecord): readonly [number, number] {
  const updates = events.map(({ update }) => update);
  return [updates[0] ?? 0, Math.max(updates[updates.length - 1] ?? 0, checkpoint.progress.update, 1)];
}

/** The points of one figure of a run. */
export function pointsOf(run: RunRecord, read: (event: MeasuredEvent) => number | undefined): Point[] {
  return run.events.flatMap((event) => {
    const y = read(event);
    return y === undefined || !Number.isFinite(y) ? [] : [{ x: event.update, y }];
  });
}

/** A figure of every split, as series; those without any point are left out. */
export function splitSeries(run: RunRecord, read: (figures: SplitFigures) => Omit<Point, 'x'> | undefined): Series[] {
  return splitsOf(run).flatMap((name, index) => {
    const points = run.events.flatMap(({ update, splits }) => {
      const figures = splits?.[name];
      const point = figures === undefined ? undefined : read(figures);
      return point === undefined || !Number.isFinite(point.y) ? [] : [{ x: update, ...point }];
    });
    const style = splitStyles[name as keyof typeof splitStyles] ?? index + 1;
    return points.length === 0 ? [] : [{ name, style, points }];
  });
}

/** A figure within figures, by its path (`norms.weights`); undefined where there is none. */
export function findingAt(findings: Findings | undefined, path: string): Finding | undefined {
  let value: Finding | undefined = findings;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, Finding>>)[name];
  }
  return value;
}

/** A number within figures; undefined where there is none. */
export function numberAt(findings: Findings | undefined, ...paths: readonly string[]): number | undefined {
  for (const path of paths) {
    const value = findingAt(findings, path);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
  }
  return undefined;
}

/** A list of numbers within figures; undefined where there is none. */
export function numbersAt(findings: Findings | undefined, ...paths: readonly string[]): readonly number[] | undefined {
  for (const path of paths) {
    const value = findingAt(findings, path);
    if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number')) return value as readonly number[];
  }
  return undefined;
}

/** The figures of a diagnostic at its last measurement, with their update. */
export function lastFindings(run: RunRecord, diagnostic: string): { readonly update: number; readonly findings: Findings } | undefined {
  const event = run.events.findLast(({ diagnostics }) => diagnostics?.[diagnostic] !== undefined);
  const findings = event?.diagnostics?.[diagnostic];
  return event === undefined || findings === undefined ? undefined : { update: event.update, findings };
}

/** A figure of a diagnostic: where it stands, its name in the legend, and where its standard error stands. */
export type FigureRow = readonly [path: string, name: string, standardError?: string];

/** 95 % of a normal distribution lie within so many standard deviations. */
const normalQuantile = 1.96;

/** Series of figures of one diagnostic, with 95 % bands where standard errors are known; those without any point are left out. */
export function diagnosticSeries(run: RunRecord, diagnostic: string, figures: readonly FigureRow[]): Series[] {
  return figures.flatMap(([path, name, errorPath], index) => {
    const points = run.events.flatMap(({ update, diagnostics }) => {
      const findings = diagnostics?.[diagnostic];
      const y = numberAt(findings, path);
      if (y === undefined) return [];
      const error = errorPath === undefined ? undefined : numberAt(findings, errorPath);
      return [{ x: update, y, ...(error !== undefined && { low: y - normalQuantile * error, high: y + normalQuantile * error }) }];
    });
    return points.length === 0 ? [] : [{ name, style: index + 1, points }];
  });
}

/** The updates of warnings (of one diagnostic where it is named), as rules. */
export function warningRules(run: RunRecord, diagnostic?: string): Rule[] {
  const updates = run.warnings.filter((warning) => diagnostic === undefined || warning.diagnostic === diagnostic).map(({ update }) => update);
  return [...new Set(updates)].slice(0, 50).map((x) => ({ x, kind: 'warning' as const }));
}

/** Rows of a chart's table at most. */
const tableRows = 12;

/** Some of the items, evenly spaced, the first and the last among them. */
export function someOf<Item>(items: readonly Item[], most = tableRows): readonly Item[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, index) => items[Math.round((index * (items.length - 1)) / (most - 1))]);
}

/** The numbers of series as a table: some of the updates, evenly spaced. */
export function seriesTable(caption: string, series: readonly Series[], xName = 'update', show: (value: number) => string = figure): Table {
  const updates = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].toSorted((a, b) => a - b);
  const shown = someOf(updates);
  const values = series.map(({ points }) => new Map(points.map((point) => [point.x, point])));
  const cell = (point: Point | undefined): string => {
    if (point === undefined) return '–';
    const { y, low, high } = point;
    return low === undefined || high === undefined ? show(y) : `${show(y)} (${show(low)} … ${show(high)})`;
  };
  return {
    caption: shown.length < updates.length ? `${caption}: ${shown.length} of ${count(updates.length)} points` : caption,
    columns: [xName, ...series.map(({ name }) => name)],
    rows: shown.map((x) => [count(x), ...values.map((ofSeries) => cell(ofSeries.get(x)))]),
  };
}

/** What a series does, in words for a text alternative: `train from −11.1 at update 0 to −3.56 at update 8 000, highest −3.55 at …`. */
export function describeSeries({ name, points }: Series, show: (value: number) => string = figure): string {
  if (points.length === 0) return `${name}: no points`;
  const [first, last] = [points[0], points[points.length - 1]];
  if (points.length === 1) return `${name} ${show(first.y)} at ${count(first.x)}`;
  let [lowest, highest] = [first, first];
  for (const point of points) {
    if (point.y < lowest.y) lowest = point;
    if (point.y > highest.y) highest = point;
  }
  const extremes = [
    ...(highest.y > first.y && highest.y > last.y ? [`highest ${show(highest.y)} at ${count(highest.x)}`] : []),
    ...(lowest.y < first.y && lowest.y < last.y ? [`lowest ${show(lowest.y)} at ${count(lowest.x)}`] : []),
  ];
  return [`${name} from ${show(first.y)} at ${count(first.x)} to ${show(last.y)} at ${count(last.x)}`, ...extremes].join(', ');
}

/** The text alternative of a chart of series. */
export function alternativeOf(what: string, series: readonly Series[], show: (value: number) => string = figure): string {
  return `${what}: ${series.map((one) => describeSeries(one, show)).join('; ')}.`;
}
