/**
 * Mean field: in the negative phase, magnetisations that follow the fixed points of the mean-field free energy stand for
 * samples. Nothing is drawn after the start.
 *
 * M. Gabrié, E. W. Tramel & F. Krzakala, "Training restricted Boltzmann machines via the Thouless–Anderson–Palmer free energy",
 * NIPS 2015. The gradient is that of log Z ≈ −Γ, so its error is that of the expansion: of a power of the weights above the
 * order, small for small weights. Sets of magnetisations persist, as the chains of SML do, and take a few damped steps in every
 * update; several of them can sit in several fixed points.
 */

import { statesAsNumbers } from '../../kernels/index.js';
import { MeanField, type MeanFieldOrder } from '../../model/mean-field.js';
import { startVisibleStates } from '../persistent-chains.js';
import { refuseUnlessBinary } from '../binary-only.js';
import type { GradientEstimator, GradientState } from './gradient-estimator.js';

const onlyWith = { key: 'algorithm', values: ['mean-field'] };

/** The sets of magnetisations. */
interface PersistentMagnetisations extends GradientState {
  readonly meanField: MeanField;
}

/** Mean field of any order. */
export const meanField: GradientEstimator = {
  name: 'mean-field',
  summary: 'mean field (naive, TAP or third order): persistent magnetisations instead of samples',
  synonyms: ['tap', 'emf', 'naive-mean-field', 'thouless-anderson-palmer', 'mf'],
  usesGibbsSteps: false,
  usesPersistentChains: true,
  keys: [
    {
      name: 'expansionOrder',
      meaning: 'terms of the expansion of log Z in the weights: 1 is naive mean field, 2 TAP, 3 goes one term further',
      type: { kind: 'integer', minimum: 1, maximum: 3 },
      default: 2,
      onlyWith,
    },
    {
      name: 'iterations',
      meaning: 'steps of the fixed-point iteration per update',
      type: { kind: 'integer', minimum: 1, maximum: 1 << 20 },
      default: 3,
      onlyWith,
    },
    {
      name: 'damping',
      meaning: 'share of the old magnetisation that every step keeps; without it, the higher orders can run in circles',
      type: { kind: 'number', minimum: 0, exclusiveMaximum: 1 },
      default: 0.5,
      onlyWith,
    },
  ],
  refuse: (model) => refuseUnlessBinary('mean-field', model),
  // Magnetisations of 8 bytes, their cumulants and inputs; powers of W, the slope and the moments as arrays.
  demand: ({ chains, expansionOrder }) => ({ chainRows: 3 * (expansionOrder as number) * (chains as number), models: (expansionOrder as number) + 2 }),
  async start(context) {
    const { kernels, model, config } = context;
    const count = config.chains as number;
    const field = new MeanField(kernels, model, config.expansionOrder as MeanFieldOrder, count);
    const states = kernels.createVisibleStates(count, model);
    await startVisibleStates(context, states);
    const { visible, hidden } = field.magnetisations;
    visible.writeRows(0, Float64Array.from(statesAsNumbers(states)));
    kernels.release(states);
    kernels.hiddenMeans(model, [{ visible, rows: count, means: hidden }]);
    await kernels.finish();
    const state: PersistentMagnetisations = { tensors: { visibleMagnetisations: visible, hiddenMagnetisations: hidden }, meanField: field };
    return state;
  },
  async estimate({ kernels, model, batch, config }, state, rows) {
    const { meanField: field } = state as PersistentMagnetisations;
    const { visible, hidden } = field.magnetisations;
    field.refresh();
    for (let step = 0; step < (config.iterations as number); step++) await field.iterate(config.damping as number);
    kernels.hiddenMeans(model, [{ visible: batch.visible, rows, means: batch.hiddenMeans }]);
    const positive = { kind: 'samples', visible: batch.visible, hiddenMeans: batch.hiddenMeans, rows } as const;
    // In first order E[v hᵀ] is the product of the means: the magnetisations are samples that happen to be real.
    if (config.expansionOrder === 1) return { positive, negative: { kind: 'samples', visible, hiddenMeans: hidden, rows: visible.rows } };
    return { positive, negative: { kind: 'expectation', moments: await field.moments() } };
  },
};
