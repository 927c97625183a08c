/**
 * What several sections need of a run's data: examples in standard units, some of them spread over the data, their rows as
 * numbers to show, and what the hidden units do on them.
 */

import type { Examples } from '../datasets/index.js';
import { forEachChunk } from '../estimators/chunks.js';
import { getUnit, readVisibleRow, selectVisibleRows, type Kernels, type Model, type VisibleStates } from '../kernels/index.js';
import { standardStates } from '../model/units/index.js';
import { declaredMatrix } from '../run/declared-values.js';
import type { Shape } from './images.js';
import type { SectionContext } from './section.js';

const { floor, min } = Math;

/** Examples that the hidden units are looked at on. */
export const mostExamples = 1000;

/** [height, width] of a row as a picture, where the data have a shape. */
export function shapeOf({ run, dataset }: Pick<SectionContext, 'run' | 'dataset'>): Shape | undefined {
  const { parameters, identity } = run.checkpoint;
  const shape = dataset?.shape ?? identity.shape;
  return shape !== undefined && shape[0] * shape[1] === parameters.visibleUnits ? shape : undefined;
}

/** So many row numbers below `rows`, or all where there are fewer: evenly spread, since data are often sorted. */
export function spreadRows(rows: number, most: number): Uint32Array {
  const count = min(rows, most);
  return Uint32Array.from({ length: count }, (_, index) => floor((index * rows) / count));
}

/** Examples of a split in standard units, at most so many, spread over it; undefined where the data are not there. */
export function examplesOf({ run, dataset }: SectionContext, split: 'train' | 'validation' | 'test', most: number): VisibleStates | undefined {
  const examples = dataset?.splits[split];
  if (examples === undefined || examples.rows === 0) return undefined;
  return standardStates(selectVisibleRows(examples.states, spreadRows(examples.rows, most)), run.checkpoint.parameters);
}

/** Rows as ordinary numbers, rows × n. */
export function numbersOf(states: VisibleStates): Float64Array {
  const values = new Float64Array(states.rows * states.columns);
  for (let row = 0; row < states.rows; row++) readVisibleRow(states, row, values.subarray(row * states.columns, (row + 1) * states.columns));
  return values;
}

/** The numbers of rows of a split, as {@link numbersOf}, NaN where they are missing. */
export function knownNumbers({ missing, columns }: Pick<Examples, 'missing' | 'columns'>, states: VisibleStates, rows: Uint32Array): Float64Array {
  const values = numbersOf(states);
  if (missing === undefined) return values;
  return values.map((value, index) => (getUnit(missing, rows[floor(index / columns)], index % columns) === 1 ? NaN : value));
}

/**
 * Numbers of standard visible units (states or means, rows × n) as the data had them: in declared units, standardization
 * undone; those of ±1 units stay 0 and 1, which are black and white alike.
 */
export function shownNumbers(values: Float64Array, { checkpoint }: SectionContext['run']): Float64Array {
  const { parameters, identity } = checkpoint;
  if (parameters.visibleLayer?.kind !== 'gaussian') return values;
  const columns = parameters.visibleUnits;
  const { values: shown } = declaredMatrix({ rows: values.length / columns, columns, values }, parameters, identity, { codes: false, standardized: false });
  return Float64Array.from(shown);
}

/** What each hidden unit does over examples, m numbers each. */
export interface Activities {
  /** Mean of E[h | v]. */
  readonly means: Float64Array;
  /** Variance of E[h | v] over the examples: 0 of a unit that is always on or always off, at most ¼. */
  readonly variances: Float64Array;
}

/**
 * Means and variances of E[h | v] over examples, of {0,1} hidden units.
 *
 * @throws whatever `pause` throws
 */
export async function activitiesOf(kernels: Kernels, model: Model, examples: VisibleStates, pause?: () => Promise<void>): Promise<Activities> {
  const { hiddenUnits: m } = model;
  const { rows } = examples;
  const sums = new Float64Array(m);
  const squares = new Float64Array(m);
  const means = kernels.createMatrix(min(rows, 100), m);
  const line = new Float64Array(m);
  await forEachChunk(examples, { pause }, async (chunk) => {
    kernels.hiddenMeans(model, [{ visible: chunk, rows: chunk.rows, means }]);
    await kernels.finish();
    for (let row = 0; row < chunk.rows; row++) {
      means.readRows(row, line);
      line.forEach((value, unit) => {
        sums[unit] += value;
        squares[unit] += value * value;
      });
    }
  });
  kernels.release(means);
  const average = sums.map((sum) => sum / rows);
  return { means: average, variances: squares.map((square, unit) => Math.max(0, square / rows - average[unit] * average[unit])) };
}
