/**
 * Figures of the training algorithm itself, such as the swap rates of tempered chains.
 */

import { barChart, lineChart, type Series } from '../charts.js';
import type { Findings } from '../../diagnostics/index.js';
import { count, figure } from '../numbers.js';
import type { RunRecord } from '../run-record.js';
import type { Picture, Section } from '../section.js';
import { alternativeOf, pointsOf, seriesTable, someOf, updatesOf } from '../series.js';
import { words } from '../verdict.js';

/** Names of the figures that the algorithm has given. */
function namesOf({ events }: RunRecord): string[] {
  return [...new Set(events.flatMap(({ algorithm }) => Object.keys(algorithm ?? {})))];
}

/** Lists with more items are shown over updates only. */
const mostBars = 200;

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number' && Number.isFinite(item));
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** A figure over updates; of a list, its lowest, mean and highest item. */
function seriesOf(run: RunRecord, name: string): Series[] {
  const of = (read: (figures: Findings) => number | undefined): Series['points'] => pointsOf(run, ({ algorithm }) => (algorithm === undefined ? undefined : read(algorithm)));
  const numbers = of((figures) => (typeof figures[name] === 'number' ? figures[name] : undefined));
  if (numbers.length > 0) return [{ name: words(name), points: numbers }];
  const overList = (label: string, reduce: (list: readonly number[]) => number): Series => ({ name: label, points: of((figures) => (isNumbers(figures[name]) ? reduce(figures[name]) : undefined)) });
  return [
    overList('lowest', (list) => Math.min(...list)),
    overList('mean', (list) => list.reduce((a, b) => a + b, 0) / list.length),
    overList('highest', (list) => Math.max(...list)),
  ].filter(({ points }) => points.length > 0);
}

/** The section. */
export const algorithmSection: Section = {
  name: 'algorithm',
  title: 'The algorithm’s own figures',
  async make({ run }) {
    const pictures: Picture[] = [];
    for (const [index, name] of namesOf(run).entries()) {
      const title = capitalised(words(name));
      const file = `algorithm-${index + 1}-${name.toLowerCase().replace(/[^a-z\d]+/g, '-').slice(0, 40)}`;
      const last = run.events.findLast(({ algorithm }) => algorithm?.[name] !== undefined)?.algorithm?.[name];
      const series = seriesOf(run, name);
      const isConstantList = isNumbers(last) && series.every(({ points }) => points.every(({ y }) => y === points[0].y));
      if (series.length > 0 && !isConstantList) {
        const alternative = alternativeOf(`${title} over updates`, series);
        pictures.push({ name: file, title, alternative, svg: await lineChart({ xLabel: 'update', xDomain: updatesOf(run), yLabel: words(name), alternative, series }), data: seriesTable(title, series) });
      }
      if (!isNumbers(last) || last.length < 2 || last.length > mostBars) continue;
      const alternative = `${title} at the last evaluation: ${count(last.length)} values, the lowest ${figure(Math.min(...last))}, the highest ${figure(Math.max(...last))}.`;
      const categories = last.map((_, place) => String(place + 1));
      const svg = await barChart({ xLabel: 'number', yLabel: words(name), alternative, categories, series: [{ name, values: last }] });
      const data = { caption: title, columns: ['number', words(name)], rows: someOf([...last.entries()], 32).map(([place, value]) => [String(place + 1), figure(value)]) };
      pictures.push({ name: `${file}-last`, title: `${title}, one by one`, alternative, caption: 'At the last evaluation.', svg, data });
    }
    return pictures.length === 0 ? undefined : { pictures };
  },
};
