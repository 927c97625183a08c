/**
 * SML with fast weights, also FPCD: the chains run under the parameters plus an overlay that learns fast and fades fast.
 *
 * T. Tieleman & G. Hinton, "Using fast weights to improve persistent contrastive divergence", ICML 2009. What makes
 * persistent chains move is that learning raises the energy where they are; the overlay does so at a rate of its own, so
 * that the chains leave their modes even where the parameters themselves hardly change any more. After every update
 *
 *     fast = fastDecay · fast + fastLearningRate · (positive phase − negative phase)
 *
 * for the weights and both biases. Chains are sampled under θ + fast, and the statistics of the negative
 * phase, which moves both θ and the overlay, are theirs: E[h | v] under θ + fast, from which the hidden states at rest are
 * drawn, too. The positive phase is under θ. The chains' distribution is not the model's: the gradient has a bias that goes
 * with the overlay.
 */

import type { Model } from '../../kernels/index.js';
import type { GradientEstimator } from './gradient-estimator.js';
import { persistentPhases, startPersistentChains, type PersistentChains } from '../persistent-chains.js';

const name = 'fast-sml';

const onlyWith = { key: 'algorithm', values: [name] };

/** The chains, the overlay, and room for what the chains run under. */
interface FastChains extends PersistentChains {
  readonly fast: Model;
  /** θ + fast. */
  readonly sum: Model;
}

/** SML with fast weights. */
export const fastWeights: GradientEstimator = {
  name,
  summary: 'SML with fast weights (FPCD): the chains are driven by an overlay of weights that learn and fade fast',
  synonyms: ['fpcd', 'fast-pcd', 'fast-weights', 'fast-persistent-contrastive-divergence'],
  usesGibbsSteps: true,
  usesPersistentChains: true,
  keys: [
    {
      name: 'fastLearningRate',
      meaning: 'step size of the fast weights, constant: as large as the learning rate is in the beginning, or larger',
      type: { kind: 'number', minimum: 0 },
      default: 0.05,
      onlyWith,
    },
    {
      name: 'fastDecay',
      meaning: 'what is left of the fast weights after an update, before its own step; the paper has 19/20',
      type: { kind: 'number', minimum: 0, exclusiveMaximum: 1 },
      default: 0.95,
      onlyWith,
    },
  ],
  demand: ({ chains }) => ({ chainRows: chains as number, models: 2, savedModels: 1 }),
  async start(context) {
    const { kernels, model } = context;
    const { visibleUnits: n, hiddenUnits: m, visibleLayer } = model;
    const persistent = await startPersistentChains(context);
    const fast = kernels.createModel(n, m, visibleLayer);
    const state: FastChains = {
      ...persistent,
      tensors: { ...persistent.tensors, fast },
      fast,
      sum: kernels.createModel(n, m, visibleLayer),
    };
    return state;
  },
  async estimate(context, state, rows, update) {
    const { kernels, model, config } = context;
    const { fast, sum } = state as FastChains;
    kernels.combineModels(sum, 1, model, 1, fast);
    const phases = await persistentPhases(context, sum, state as FastChains, rows, update);
    const { fastLearningRate: scale, fastDecay: decay } = config as unknown as { fastLearningRate: number; fastDecay: number };
    kernels.accumulateGradient(fast, phases.positive, phases.negative, { scale, decay });
    return phases;
  },
};
