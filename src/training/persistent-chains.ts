/**
 * Persistent chains: what algorithms share whose negative phase goes on from where the last update left its chains.
 *
 * A chain rests on its hidden states, as in Tieleman's and in scikit-learn's implementations: they are drawn from the
 * means that the negative phase needs anyway, and the next update draws v from them with the new parameters.
 */

import type { SchemaKey } from '../config/schema.js';
import type { Matrix, Model } from '../kernels/index.js';
import {
  createChains,
  fillWithExamples,
  fillWithNoise,
  gibbsSteps,
  layerAddress,
  startUpdate,
  type Chains,
} from '../sampling/gibbs.js';
import type { GradientContext, GradientState, Phases } from './gradients/gradient-estimator.js';

/** The keys of persistent chains, which apply with these algorithms. */
export function persistentChainKeys(algorithms: readonly string[]): readonly SchemaKey[] {
  const onlyWith = { key: 'algorithm', values: algorithms };
  return [
    {
      name: 'chains',
      meaning: 'number of persistent chains; with tempered-sml each of them has a replica at every rung, with mean-field it is a set of magnetisations',
      type: { kind: 'integer', minimum: 1, maximum: 1 << 24 },
      default: 100,
      onlyWith,
    },
    {
      name: 'chainStart',
      meaning: 'states that the chains start from',
      type: {
        kind: 'choice',
        values: ['data', 'noise'],
        meanings: ['the first training examples, repeated where there are more chains', 'every unit on with probability ½'],
      },
      default: 'data',
      onlyWith,
    },
  ];
}

/** The chains and the room for their hidden means. */
export interface PersistentChains extends GradientState {
  readonly chains: Chains;
  readonly hiddenMeans: Matrix;
}

/** Sets visible states to what `chainStart` says. */
export async function startVisibleStates({ kernels, model, config, examples, key }: GradientContext, visible: Chains['visible']): Promise<void> {
  if (config.chainStart === 'data') fillWithExamples(visible, examples);
  else await fillWithNoise(kernels, model, visible, key);
}

/** The chains before the first update: v as `chainStart` says, h ~ p(h | v). */
export async function startPersistentChains(context: GradientContext): Promise<PersistentChains> {
  const { kernels, model, config, key } = context;
  const count = config.chains as number;
  const chains = createChains(kernels, model, count);
  await startVisibleStates(context, chains.visible);
  const address = layerAddress({ key, update: startUpdate, step: 0, row: 0 }, 'hidden');
  kernels.sampleHidden(model, chains.visible, count, address, 0, chains.hidden);
  await kernels.finish();
  return {
    tensors: { visibleChains: chains.visible, hiddenChains: chains.hidden },
    chains,
    hiddenMeans: kernels.createMatrix(count, model.hiddenUnits),
  };
}

/**
 * Both phases, the chains k Gibbs steps further.
 *
 * @param sampled the model that the chains are run under; the positive phase is under the context's own
 */
export async function persistentPhases(
  { kernels, model, batch, key, config }: GradientContext,
  sampled: Model,
  { chains, hiddenMeans }: PersistentChains,
  rows: number,
  update: number,
): Promise<Phases> {
  const { visible, hidden } = chains;
  const count = visible.rows;
  const k = config.k ?? 1;
  const first = { key, update, step: 0, row: 0 };
  kernels.sampleVisible(sampled, hidden, count, layerAddress(first, 'visible'), 0, visible);
  await gibbsSteps(kernels, sampled, chains, count, k - 1, { ...first, step: 1 });
  const ofData = { visible: batch.visible, rows, means: batch.hiddenMeans };
  const ofChains = { visible, rows: count, means: hiddenMeans };
  if (sampled === model) {
    kernels.hiddenMeans(model, [ofData, ofChains]);
  } else {
    kernels.hiddenMeans(model, [ofData]);
    kernels.hiddenMeans(sampled, [ofChains]);
  }
  kernels.sampleBernoulli(layerAddress({ ...first, step: k }, 'hidden'), 0, count, hiddenMeans, hidden);
  return {
    positive: { kind: 'samples', visible: batch.visible, hiddenMeans: batch.hiddenMeans, rows },
    negative: { kind: 'samples', visible, hiddenMeans, rows: count },
  };
}
