/**
 * Completing a partly observed row: samples of the missing visible units given the others, and their conditional means.
 *
 * The conditional distribution is itself an RBM (model/conditional-model.ts): where its smaller layer can be enumerated, samples
 * are exact and so are the means; elsewhere both are from Gibbs chains that start from noise.
 */

import { canonicalSum, type Kernels, type ModelParameters, type VisibleStates } from '../kernels/index.js';
import { conditionalModel, type PartialRow } from '../model/conditional-model.js';
import type { Cooperation } from '../model/cooperation.js';
import { enumerationCost } from '../model/enumeration-view.js';
import { exactMoments } from '../model/exact-moments.js';
import { createModel } from '../model/parameters.js';
import type { StreamKey } from '../random/index.js';
import { sampleExactly } from '../sampling/exact-samples.js';
import { createChains, fillWithNoise, gibbsSteps } from '../sampling/gibbs.js';
import { plainLogPartitionFunction } from './exact-log-partition-function.js';

/** How a row is completed. */
export interface CompletionSettings {
  /** Samples drawn. */
  readonly count: number;
  /** Gibbs steps of each chain, where the conditional distribution is not enumerated; at least 1. */
  readonly steps: number;
  /** Largest cost of the enumeration, states × parameters. */
  readonly exactCostLimit: number;
  /** Stream of the row, used by it alone. */
  readonly key: StreamKey;
}

/** A completed row; k missing units. */
export interface Completion {
  /** Samples of the missing units, count × k. */
  readonly states: VisibleStates;
  /** E[v | observed] of each, k: the probability to be on of binary and categorical units. */
  readonly means: Float64Array;
  /** Whether samples and means are exact; else they are those of chains, the means averages of E[v | h]. */
  readonly exact: boolean;
}

/** By Gibbs chains. */
async function byChains(kernels: Kernels, conditional: ModelParameters, { count, steps, key }: CompletionSettings, { pause }: Cooperation): Promise<Completion> {
  const model = createModel(kernels, conditional);
  const chains = createChains(kernels, conditional, count);
  const { visible, hidden } = chains;
  await fillWithNoise(kernels, model, visible, key);
  for (let step = 0; step < steps; step++) {
    await gibbsSteps(kernels, model, chains, count, 1, { key, update: step, step: 0, row: 0 });
    await kernels.finish();
    await pause?.();
  }
  const units = conditional.visibleUnits;
  const inputs = kernels.createMatrix(count, units);
  kernels.visibleInputs(model, hidden, count, inputs);
  kernels.visibleMeans(model, inputs, count);
  await kernels.finish();
  const all = new Float64Array(count * units);
  inputs.readRows(0, all);
  const column = new Float64Array(count);
  const means = Float64Array.from({ length: units }, (_, unit) => {
    for (let chain = 0; chain < count; chain++) column[chain] = all[chain * units + unit];
    return canonicalSum(column) / count;
  });
  kernels.release(model, hidden, inputs);
  return { states: visible, means, exact: false };
}

/**
 * Samples and conditional means of the missing units of a row.
 *
 * @throws RangeError where no unit is missing, or only a part of a categorical group; whatever `cooperation.pause` throws
 */
export async function completeRow(
  kernels: Kernels,
  parameters: ModelParameters,
  row: PartialRow,
  settings: CompletionSettings,
  cooperation: Cooperation = {},
): Promise<Completion> {
  const conditional = conditionalModel(parameters, row);
  const { states: enumerated } = enumerationCost(conditional);
  if (!(enumerated * conditional.visibleUnits * conditional.hiddenUnits <= settings.exactCostLimit)) {
    return byChains(kernels, conditional, settings, cooperation);
  }
  const states = await sampleExactly(kernels, conditional, settings.count, settings.key, cooperation);
  const moments = await exactMoments(kernels, conditional, await plainLogPartitionFunction(kernels, conditional));
  return { states, means: moments.visible, exact: true };
}
