/**
 * The metrics of a run as a table for other tools: one row for every update at which something was measured, one column for
 * every figure, by its path in metrics.jsonl: `splits.train.meanLogLikelihood`, `diagnostics.fit.singularValues[0]`.
 */

import type { MeasuredEvent } from './run-record.js';

/** A value of the table. */
export type Cell = number | boolean | string;

/** A table with as many rows as there are events. */
export interface MetricsTable {
  /** `update`, `epoch`, and the figures in the order in which they come up. */
  readonly columns: readonly string[];
  /** By column; what an event does not have is not there. */
  readonly rows: readonly ReadonlyMap<string, Cell>[];
}

/** Every value in `value` with its path. */
function* leaves(value: unknown, path: string): Generator<readonly [path: string, cell: Cell]> {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') yield [path, value];
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* leaves(item, `${path}[${index}]`);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) yield* leaves(item, path === '' ? name : `${path}.${name}`);
  }
}

/** The table of these events. */
export function metricsTable(events: readonly MeasuredEvent[]): MetricsTable {
  const rows = events.map(({ update, epoch, ...figures }) => new Map<string, Cell>(leaves({ update, epoch, ...figures }, '')));
  return { columns: [...new Set(['update', 'epoch', ...rows.flatMap((row) => [...row.keys()])])], rows };
}

/** A field of a CSV file: quoted where that is needed. */
function csvField(cell: Cell | undefined): string {
  const text = cell === undefined ? '' : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The table as CSV (RFC 4180, lines ended by \n): a line of names, then one for each row; what is not known is empty. Numbers
 * stand with all their digits, so that they can be read back exactly.
 */
export function csvText({ columns, rows }: MetricsTable): string {
  const lines = [columns.map(csvField), ...rows.map((row) => columns.map((column) => csvField(row.get(column))))];
  return lines.map((fields) => `${fields.join(',')}\n`).join('');
}
