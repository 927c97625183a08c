/**
 * log Z by the mean-field expansion: −Γ at a fixed point, from several starts.
 *
 * See model/mean-field.ts. Nothing is random but the starts, and nothing tells how far off the result is. Of all fixed points
 * that were found the one of the largest −Γ counts: in first order it is the tightest of lower bounds, and the sum over fixed
 * points, which would be nearer for modes far apart, is no bound any more and counts in higher orders the saddles between them.
 */

import { layers, sigmoid, uniform, type Kernels, type Matrix, type Model } from '../kernels/index.js';
import type { Cooperation } from '../model/cooperation.js';
import { MeanField, type MeanFieldOrder } from '../model/mean-field.js';
import { streamKey } from '../random/index.js';
import type { LogPartitionFunctionEstimate, Verdict } from './verdict.js';

/** Names of the estimators by their order. */
const names = { 1: 'mean-field', 2: 'tap', 3: 'tap3' } as const;

/** Starts: the base rate, and uniform magnetisations. */
const starts = 100;

/** Share of the old magnetisations that a step keeps: without it, the higher orders can run in circles. */
const damping = 0.5;

/** A set that changes less in a step has converged: −Γ, which is stationary there, is then off by about its square. */
const tolerance = 1e-8;

/** Steps after which a set counts as not converging. */
const largestSteps = 1000;

/** Fixed points whose visible magnetisations differ by less are the same. */
const sameWithin = 1e-4;

/** Where the sets start from: the first one from the base rate, the others from uniform magnetisations. */
function startingMagnetisations(model: Model, baseVisibleBias: Float64Array, seed: string): Float64Array {
  const n = model.visibleUnits;
  const address = { key: streamKey(seed, 'estimators/mean-field'), update: 0, step: 0, layer: layers.visible, temperature: 0 };
  return Float64Array.from({ length: starts * n }, (_, index) =>
    index < n ? sigmoid(baseVisibleBias[index]) : uniform(address, Math.floor(index / n), index % n),
  );
}

/** How many of the rows in question differ from each other. */
function countDistinct(magnetisations: Matrix, rows: readonly number[]): number {
  const n = magnetisations.columns;
  const values = new Float64Array(magnetisations.rows * n);
  magnetisations.readRows(0, values);
  const isSame = (one: number, other: number): boolean => {
    for (let i = 0; i < n; i++) {
      const difference = values[one * n + i] - values[other * n + i];
      if (difference > sameWithin || difference < -sameWithin) return false;
    }
    return true;
  };
  const distinct: number[] = [];
  for (const row of rows) if (!distinct.some((other) => isSame(row, other))) distinct.push(row);
  return distinct.length;
}

function verdictOn(order: MeanFieldOrder, converged: number): Verdict {
  const advice = ['use the estimator two-sided'];
  if (order === 1) return { status: 'approximation', reasons: ['naive mean field is a lower bound of log Z; how far below is not known'], advice };
  if (converged === 0) {
    return { status: 'not to be trusted', reasons: [`the iteration of none of ${starts} starts converged: the weights are too large for the expansion`], advice };
  }
  return {
    status: 'approximation',
    reasons: [`an expansion in the weights, cut off after order ${order}: good for small weights; no bound, and its error is not known`],
    advice,
  };
}

/**
 * log Z by mean field of an order.
 *
 * @param model of {0,1} units in both layers
 * @param settings `baseVisibleBias`: n, of the first start; `seed` of the others
 * @throws whatever `cooperation.pause` throws
 */
export async function meanFieldLogPartitionFunction(
  kernels: Kernels,
  model: Model,
  order: MeanFieldOrder,
  { baseVisibleBias, seed }: { readonly baseVisibleBias: Float64Array; readonly seed: string },
  cooperation: Cooperation = {},
): Promise<LogPartitionFunctionEstimate> {
  const field = new MeanField(kernels, model, order, starts);
  const { visible, hidden } = field.magnetisations;
  visible.writeRows(0, startingMagnetisations(model, baseVisibleBias, seed));
  field.refresh();
  kernels.hiddenMeans(model, [{ visible, rows: starts, means: hidden }]);
  await kernels.finish();
  let changes: Float64Array = new Float64Array(starts).fill(Infinity);
  let steps = 0;
  for (; steps < largestSteps && changes.some((change) => change > tolerance); steps++) {
    changes = await field.iterate(damping);
    await cooperation.pause?.();
  }
  const values = await field.negativeFreeEnergies();
  const converged = Array.from(changes.keys()).filter((row) => changes[row] <= tolerance);
  // The bound of first order holds at any magnetisations.
  const counted = order === 1 || converged.length === 0 ? Array.from(values.keys()) : converged;
  const logZ = counted.reduce((largest, row) => (values[row] > largest ? values[row] : largest), -Infinity);
  const fixedPoints = countDistinct(visible, converged);
  field.release();
  return {
    estimator: names[order],
    logZ,
    exact: false,
    ...(order === 1 && { bound: 'lower' as const }),
    verdict: verdictOn(order, converged.length),
    evidence: { order, starts, converged: converged.length, fixedPoints, steps },
  };
}
