/**
 * What the sections of diagnostics have in common: charts of named figures over updates, and a table of all of them.
 *
 * A figure that a run has not leaves its chart out; a figure that no chart knows stands in the table.
 */

import type { Finding } from '../diagnostics/index.js';
import { lineChart, type Level } from './charts.js';
import { count, figure } from './numbers.js';
import type { RunRecord } from './run-record.js';
import type { Picture, Table } from './section.js';
import { alternativeOf, diagnosticSeries, lastFindings, seriesTable, updatesOf, warningRules, type FigureRow } from './series.js';
import { words } from './verdict.js';

/** A chart of some figures of a diagnostic. */
export interface FigureChart {
  readonly name: string;
  readonly title: string;
  readonly yLabel: string;
  /** Paths of figures, with their names in the legend. */
  readonly figures: readonly FigureRow[];
  readonly caption: string;
  /** Logarithmic where all values are positive and lie so far apart that a linear one would hide the small ones. */
  readonly mayBeLog?: boolean;
  readonly levels?: readonly Level[];
  readonly yIncludes?: readonly number[];
}

/** Largest over smallest value from which a scale is better logarithmic. */
const logRatio = 50;

/** The charts that the run has figures for. */
export async function figureCharts(run: RunRecord, diagnostic: string, charts: readonly FigureChart[]): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const { name, title, yLabel, figures, caption, mayBeLog, levels, yIncludes } of charts) {
    const series = diagnosticSeries(run, diagnostic, figures);
    if (series.length === 0) continue;
    const values = series.flatMap(({ points }) => points.map(({ y }) => y));
    const [smallest, largest] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    const yScale = mayBeLog === true && smallest > 0 && largest > logRatio * smallest ? 'log' : 'linear';
    const alternative = alternativeOf(`${title} over updates`, series);
    const svg = await lineChart({ xLabel: 'update', yLabel, alternative, series, yScale, levels, yIncludes, xDomain: updatesOf(run), rules: warningRules(run, diagnostic) });
    pictures.push({ name, title, alternative, caption, svg, data: seriesTable(title, series) });
  }
  return pictures;
}

/** At most so many numbers of a list stand in a cell. */
const listedNumbers = 8;

/** A figure as a cell of a table; undefined of lists of objects, which have pictures or nothing. */
function cellOf(value: Finding): string | undefined {
  if (typeof value === 'number') return figure(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const cells = (value as readonly Finding[]).map((item) => (typeof item === 'object' ? undefined : cellOf(item)));
  if (cells.length === 0 || cells.includes(undefined)) return undefined;
  return cells.length <= listedNumbers ? cells.join(', ') : `${cells.slice(0, listedNumbers).join(', ')}, … (${count(cells.length)})`;
}

/** All figures in a finding, with their paths in words. */
function flattened(value: Finding, path: readonly string[]): [string, string][] {
  const cell = cellOf(value);
  if (cell !== undefined) return [[path.map(words).join(', '), cell]];
  if (typeof value !== 'object' || Array.isArray(value)) return [];
  return Object.entries(value as Readonly<Record<string, Finding>>).flatMap(([name, item]) => flattened(item, [...path, name]));
}

/** Every figure of a diagnostic at its last measurement. */
export function findingsTable(run: RunRecord, diagnostic: string): Table[] {
  const last = lastFindings(run, diagnostic);
  if (last === undefined) return [];
  const rows = flattened(last.findings, []);
  return rows.length === 0 ? [] : [{ caption: `All figures at update ${count(last.update)}`, columns: ['figure', 'value'], rows, isFolded: true }];
}
