/**
 * RAISE: a likelihood of examples from below, by annealing back from each of them.
 *
 * Y. Burda, R. Grosse & R. Salakhutdinov, "Accurate and conservative estimates of MRF log-likelihood using reverse
 * annealing", AISTATS 2015. In expectation it lies below the log-likelihood of the *annealing model* (the marginal of where
 * forward chains end), which comes close to the RBM's as temperatures grow; it is no bound of the RBM's own.
 */

import { selectVisibleRows, type Kernels, type Model, type VisibleStates } from '../kernels/index.js';
import { baseLogPartitionFunction } from '../model/base-rate.js';
import { streamKey } from '../random/index.js';
import { annealReverse } from '../sampling/annealed-chains.js';
import type { Cooperation } from '../model/cooperation.js';
import { scheduleFor } from './annealed-importance-sampling.js';
import type { AnnealingSettings } from './annealing-settings.js';
import { freeEnergiesOf } from './free-energies.js';
import { meanWithError, type MeanWithError } from './mean.js';
import { logMeanExp } from './mean-weight.js';

/**
 * Mean RAISE log-likelihood of the examples, in nats per example, with its standard error.
 *
 * @param chainsPerExample chains from every example; more give a tighter bound
 * @throws whatever `cooperation.pause` throws
 */
export async function raise(
  kernels: Kernels,
  model: Model,
  examples: VisibleStates,
  chainsPerExample: number,
  settings: AnnealingSettings,
  cooperation: Cooperation = {},
): Promise<MeanWithError> {
  const { baseVisibleBias, temperatures, seed } = settings;
  const schedule = await scheduleFor(kernels, model, settings, temperatures, 0, cooperation);
  const start = selectVisibleRows(examples, Uint32Array.from({ length: examples.rows * chainsPerExample }, (_, chain) => Math.floor(chain / chainsPerExample)));
  const gains = await annealReverse(kernels, model, { baseVisibleBias, schedule }, start, streamKey(seed, 'estimation/raise'), cooperation);
  const energies = await freeEnergiesOf(kernels, model, examples, { pause: cooperation.pause });
  const logZBase = baseLogPartitionFunction(baseVisibleBias, model);
  return meanWithError(
    energies.map((energy, row) => -energy - logZBase + logMeanExp(gains.subarray(row * chainsPerExample, (row + 1) * chainsPerExample))),
  );
}
