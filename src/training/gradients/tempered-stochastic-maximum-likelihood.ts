/**
 * Tempered SML: persistent chains at a ladder of inverse temperatures that swap states; those at 1 are the negative phase.
 *
 * G. Desjardins, A. Courville, Y. Bengio, P. Vincent & O. Delalleau, "Tempered Markov chain Monte Carlo for training of
 * restricted Boltzmann machines", AISTATS 2010; K. Cho, T. Raiko & A. Ilin, "Parallel tempering is efficient for learning
 * restricted Boltzmann machines", IJCNN 2010. Chains come to far modes by way of the hot ones, where SML's stay.
 *
 * The chains rest on their hidden states, as SML's do, and only visible states are swapped, with the hidden units summed
 * out: see `TemperedChains.advance`. Even and odd neighbours take turns from step to step; the papers swap both in every
 * update.
 */

import type { Matrix, VisibleStates } from '../../kernels/index.js';
import { baseRates, baseVisibleBias, type BaseRate } from '../../model/base-rate.js';
import { evenLadder, evenlyRejectingLadder, geometricLadder, TemperedChains } from '../../sampling/tempered-chains.js';
import type { GradientEstimator, GradientState } from './gradient-estimator.js';
import { startVisibleStates } from '../persistent-chains.js';

const name = 'tempered-sml';

const onlyWith = { key: 'algorithm', values: [name] };

/** What swap rates and an adaptive ladder look back on, in updates. */
const lookback = 1000;

/** The keys of this algorithm in a resolved config. */
interface TemperingConfig {
  readonly chains: number;
  readonly rungs: number;
  readonly ladder: 'even' | 'geometric' | 'adaptive';
  readonly baseRate: BaseRate;
}

/** The replicas, and room for the hidden means of those at inverse temperature 1. */
interface TemperedState extends GradientState {
  readonly tempered: TemperedChains;
  /** Rows of the replicas at inverse temperature 1. */
  readonly visible: VisibleStates;
  readonly hiddenMeans: Matrix;
}

/** Tempered SML. */
export const temperedStochasticMaximumLikelihood: GradientEstimator = {
  name,
  summary: 'tempered SML: persistent chains that swap states with hotter ones (parallel tempering)',
  synonyms: ['pt', 'parallel-tempering', 'tempered', 'tempered-pcd', 'pt-pcd', 'tempered-mcmc'],
  usesGibbsSteps: true,
  usesPersistentChains: true,
  keys: [
    {
      name: 'rungs',
      meaning: 'inverse temperatures from 0 to 1: replicas of every chain',
      type: { kind: 'integer', minimum: 2, maximum: 4096 },
      default: 10,
      onlyWith,
    },
    {
      name: 'ladder',
      meaning: 'how the inverse temperatures lie',
      type: {
        kind: 'choice',
        values: ['even', 'geometric', 'adaptive'],
        meanings: [
          'in even steps from 0 to 1',
          '0, and from 1/100 to 1 in equal ratios',
          `even at first; after every ${lookback} updates laid so that all neighbours would reject equally often, by the swaps since`,
        ],
      },
      default: 'even',
      onlyWith,
    },
    {
      name: 'baseRate',
      meaning: 'visible biases at inverse temperature 0',
      type: {
        kind: 'choice',
        values: baseRates,
        meanings: ['those of the data’s marginals', 'none: the inverse temperature scales the whole energy'],
      },
      default: 'uniform',
      onlyWith,
    },
  ],
  demand(config) {
    const { chains, rungs } = config as unknown as TemperingConfig;
    return { chainRows: chains * rungs };
  },
  async start(context) {
    const { kernels, model, config, examples, key } = context;
    const { chains: count, rungs, ladder, baseRate } = config as unknown as TemperingConfig;
    const base = baseVisibleBias(baseRate, examples, model.visibleLayer);
    const start = ladder === 'geometric' ? geometricLadder(rungs) : evenLadder(rungs);
    const tempered = new TemperedChains(kernels, model, base, start, count, key, { memory: 1 - 1 / lookback });
    // Its first states are still being drawn: they must not come after those that replace them.
    await kernels.finish();
    await startVisibleStates(context, tempered.chains.visible);
    tempered.drawHidden();
    await kernels.finish();
    const state: TemperedState = {
      tensors: tempered.tensors,
      figures: () => ({ inverseTemperatures: [...tempered.ladder], swapRates: [...tempered.swapRates], roundTrips: tempered.roundTrips }),
      tempered,
      visible: tempered.states,
      hiddenMeans: kernels.createMatrix(count, model.hiddenUnits),
    };
    return state;
  },
  async estimate({ kernels, model, batch, config }, state, rows, update) {
    const { tempered, visible, hiddenMeans } = state as TemperedState;
    if (config.ladder === 'adaptive' && update > 0 && update % lookback === 0) adapt(tempered);
    await tempered.advance(update, config.k ?? 1);
    kernels.hiddenMeans(model, [
      { visible: batch.visible, rows, means: batch.hiddenMeans },
      { visible, rows: visible.rows, means: hiddenMeans },
    ]);
    return {
      positive: { kind: 'samples', visible: batch.visible, hiddenMeans: batch.hiddenMeans, rows },
      negative: { kind: 'samples', visible, hiddenMeans, rows: visible.rows },
    };
  },
};

/** Lays the ladder anew by the swaps since it was laid. */
function adapt(tempered: TemperedChains): void {
  tempered.ladder.set(evenlyRejectingLadder(tempered.ladder, tempered.swapRates));
  tempered.forgetSwaps();
}
