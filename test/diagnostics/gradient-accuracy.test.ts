/**
 * The diagnostic gradientAccuracy, on trainings as they are: its figures against brute force in extended precision, and where they
 * are estimated, against the truth within their standard errors. Fixed seeds.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { TrainingConfig } from '../../src/config/run-config.js';
import type { DiagnosedTraining, DiagnosticContext, Findings } from '../../src/diagnostics/index.js';
import { gradientAccuracy } from '../../src/diagnostics/gradient-accuracy.js';
import { binaryLayer, loadKernels, packBinaryMatrix, visibleRowsOf, selectVisibleRows, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { phaseStatistics } from '../../src/model/phase-statistics.js';
import { Trainer } from '../../src/training/trainer.js';
import * as bruteForce from '../reference/brute-force.js';
import * as gibbs from '../reference/gibbs.js';
import { integers, normals } from '../reference/numbers.js';

const { abs, sqrt } = Math;

const n = 5;
const m = 4;
const model: ModelParameters = {
  visibleUnits: n,
  hiddenUnits: m,
  weights: Float64Array.from(normals(n * m, 21)),
  visibleBias: Float64Array.from(normals(n, 22)),
  hiddenBias: Float64Array.from(normals(m, 23)),
};
/** Ten examples, some of them equal. */
const data = [3, 3, 12, 31, 12, 8, 0, 17, 3, 30];
const defaults = Object.fromEntries(gradientAccuracy.keys.map(({ name, default: value }) => [name, value]));

/** Statistics as one list: products, visible, hidden. */
type Statistics = { products: readonly number[]; visible: readonly number[]; hidden: readonly number[] };
const listOf = ({ products, visible, hidden }: Statistics): number[] => [...products, ...visible, ...hidden];
const norm = (values: readonly number[]): number => sqrt(values.reduce((sum, value) => sum + value * value, 0));
const minus = (x: readonly number[], y: readonly number[]): number[] => x.map((value, index) => value - y[index]);
const product = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, index) => sum + value * y[index], 0);

/** The truth, from extended precision. */
const states = bruteForce.enumerate(model);
const modelDistribution = bruteForce.visibleProbabilities(states);
const transition = gibbs.transitionMatrix(states);
const dataDistribution = modelDistribution.map((_, state) => data.filter((value) => value === state).length / data.length);
const uniform = modelDistribution.map(() => 1 / 2 ** n);
const expectations = (distribution: readonly number[]): number[] => listOf(gibbs.expectationsUnder(model, states, distribution));
const positive = expectations(dataDistribution);
const exactNegative = expectations(modelDistribution);
const exactGradient = minus(positive, exactNegative);

/** Statistics of every visible state, and their total variance under a distribution. */
const statisticsOf = modelDistribution.map((_, state) => expectations(modelDistribution.map((__, other) => (other === state ? 1 : 0))));
function totalVariance(distribution: readonly number[]): number {
  const mean = expectations(distribution);
  return distribution.reduce((sum, p, state) => (p === 0 ? sum : sum + p * product(statisticsOf[state], statisticsOf[state])), 0) - product(mean, mean);
}

describe('gradientAccuracy', () => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels();
  });
  afterAll(() => kernels.close());

  const examples = packBinaryMatrix(gibbs.unpackStates(data, n), data.length, n);

  async function contextOf(
    config: Partial<TrainingConfig>,
    { training, settings, seed = '1', on = kernels }: { training?: Partial<DiagnosedTraining>; settings?: object; seed?: string; on?: Kernels } = {},
  ): Promise<DiagnosticContext & { trainer: Trainer }> {
    const whole: TrainingConfig = {
      algorithm: 'cd', batchSize: 'full', order: 'stored', learningRate: 0.1, momentum: 0, weightDecay: { l1: 0, l2: 0 }, ...config,
    };
    const trainer = await Trainer.create(on, whole, model, { states: examples }, seed);
    return {
      trainer,
      kernels: on,
      model: trainer.model,
      training: {
        visibleUnits: n,
        hiddenUnits: m,
        visibleLayer: binaryLayer,
        algorithm: whole.algorithm,
        gibbsSteps: whole.k,
        persistentChains: whole.chains as number | undefined,
        examples: data.length,
        batchRows: whole.batchSize === 'full' ? data.length : whole.batchSize,
        updatesPerEpoch: 1,
        splits: ['train'],
        isEnumerable: true,
        ...training,
      },
      splits: { train: examples },
      seed,
      settings: { ...defaults, ...settings },
      update: () => trainer.update,
      learningRate: () => 0.1,
      drawPhases: (batch, replica) => trainer.drawPhases(batch, replica),
    };
  }

  async function figuresOf(context: DiagnosticContext): Promise<Findings & Record<string, number>> {
    expect(gradientAccuracy.refuse?.(context.training, context.settings)).toBeUndefined();
    const running = await gradientAccuracy.start(context);
    return (await running.measure({})) as Findings & Record<string, number>;
  }

  test.each([1, 3])('CD-%i, propagated: every figure is what brute force says', async (k) => {
    const figures = await figuresOf(await contextOf({ k }));
    const after = gibbs.afterSteps(transition, dataDistribution, k);
    const negative = expectations(after);
    const bias = norm(minus(negative, exactNegative));
    expect([figures.method, figures.reference]).toEqual(['propagated', 'exact']);
    expect(figures.bias).toBeCloseTo(bias, 12);
    expect(figures.exactNorm).toBeCloseTo(norm(exactGradient), 12);
    expect(figures.relativeBias).toBeCloseTo(bias / norm(exactGradient), 12);
    expect(figures.negativePhaseBias).toBeCloseTo(bias / norm(exactNegative), 12);
    const gradient = minus(positive, negative);
    expect(figures.cosine).toBeCloseTo(product(gradient, exactGradient) / (norm(gradient) * norm(exactGradient)), 12);
    const variation = (p: readonly number[]): number => p.reduce((sum, value, state) => sum + abs(value - modelDistribution[state]), 0) / 2;
    expect(figures.totalVariation).toBeCloseTo(variation(after), 12);
    expect(figures.dataTotalVariation).toBeCloseTo(variation(dataDistribution), 12);
    expect(figures).not.toHaveProperty('relativeBiasStandardError');
  });

  test('the exact gradient: no bias at all', async () => {
    const figures = await figuresOf(await contextOf({ algorithm: 'exact' }));
    expect(figures).toMatchObject({ method: 'deterministic', bias: 0, relativeBias: 0, negativePhaseBias: 0, relativeStandardDeviation: 0 });
    expect(figures.cosine).toBeCloseTo(1, 14);
    expect(figures.exactNorm).toBeCloseTo(norm(exactGradient), 12);
  });

  test('sampled: the bias of CD comes out within its standard error, not inflated by the draws’ noise', async () => {
    const seeds = 150;
    const replicas = 5;
    const scores: number[] = [];
    const squares: number[] = [];
    const truth = norm(minus(expectations(gibbs.afterSteps(transition, dataDistribution, 1)), exactNegative));
    let noise = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const figures = await figuresOf(await contextOf({ k: 1 }, { settings: { expectation: 'sampled', replicas }, seed: String(seed) }));
      expect(figures.method).toBe('sampled');
      squares.push(figures.bias * figures.bias);
      scores.push((figures.bias - truth) / (figures.relativeBiasStandardError * figures.exactNorm));
      // The batch is full: the draws differ as updates do.
      noise += (figures.relativeStandardDeviation * figures.exactNorm) ** 2 / replicas / seeds;
    }
    const mean = squares.reduce((sum, square) => sum + square, 0) / seeds;
    const error = norm(squares.map((square) => square - mean)) / sqrt(seeds * (seeds - 1));
    expect(abs(mean - truth * truth)).toBeLessThan(4 * error);
    // What would be left in them without the correction, is more than that.
    expect(noise).toBeGreaterThan(5 * error);
    // Scores of about N(0, 1).
    expect(norm(scores) / sqrt(seeds)).toBeLessThan(1.5);
    expect(norm(scores) / sqrt(seeds)).toBeGreaterThan(0.6);
  });

  test('SML: the bias without and with the scatter of these chains', async () => {
    // Chains that start from noise and have taken no update: their v is one step from uniform after k = 1.
    const after = gibbs.afterSteps(transition, uniform, 1);
    const truth = norm(minus(expectations(after), exactNegative));
    const chains = 60;
    const scores: number[] = [];
    let scatter = 0;
    let relativeVariance = 0;
    for (let seed = 0; seed < 20; seed++) {
      const context = await contextOf({ algorithm: 'sml', k: 1, chains, chainStart: 'noise' }, { seed: String(seed) });
      const figures = await figuresOf(context);
      scores.push((figures.bias - truth) / (figures.relativeBiasStandardError * figures.exactNorm));
      const [free, given] = [figures.relativeBias, figures.relativeBiasGivenChains].map((value) => value * figures.exactNorm);
      scatter += (given * given - free * free) / 20;
      relativeVariance += figures.relativeStandardDeviation * figures.relativeStandardDeviation / 20;
    }
    expect(norm(scores) / sqrt(20)).toBeLessThan(1.6);
    expect(norm(scores) / sqrt(20)).toBeGreaterThan(0.5);
    expect(abs(scores.reduce((sum, score) => sum + score, 0)) / sqrt(20)).toBeLessThan(4);
    // Given the chains' hidden states, the draws vary less than over all chains: what is left is the scatter that was taken out.
    const perUpdate = totalVariance(after) / chains;
    expect(scatter).toBeGreaterThan(0.05 * perUpdate);
    expect(scatter).toBeLessThan(perUpdate);
    // The batch is full, so that the variance of an update is that of so many chains; 20 draws and seeds tell it within some percent.
    expect(abs((relativeVariance * product(exactGradient, exactGradient)) / perUpdate - 1)).toBeLessThan(0.1);
  });

  test.each([
    ['cd', 4],
    ['cd', 10],
    ['sml', 4],
  ])('%s, %i of ten examples in a batch: the standard deviation of an update is that of many updates', async (algorithm, batchSize) => {
    const chains = algorithm === 'sml' ? { chains: 25, chainStart: 'noise' } : {};
    const context = await contextOf({ algorithm, k: 1, batchSize, ...chains }, { settings: { replicas: 300 } });
    const { relativeStandardDeviation, exactNorm } = await figuresOf(context);
    const updates = 2000;
    const gradients: number[][] = [];
    for (let update = 0; update < updates; update++) {
      const order = integers(data.length, update).map((key, row) => [key, row] as const).toSorted(([a], [b]) => a - b).map(([, row]) => row);
      const phases = await context.drawPhases(visibleRowsOf(selectVisibleRows(examples, order), 0, batchSize), 1000 + update);
      const means = [phases.positive, phases.negative].map((phase) => {
        const { count, ...sums } = phaseStatistics(phase, n, m);
        return listOf({ products: [...sums.products], visible: [...sums.visible], hidden: [...sums.hidden] }).map((sum) => sum / count);
      });
      gradients.push(minus(means[0], means[1]));
    }
    const mean = gradients[0].map((_, index) => gradients.reduce((sum, gradient) => sum + gradient[index], 0) / updates);
    const variance = gradients.reduce((sum, gradient) => sum + norm(minus(gradient, mean)) ** 2, 0) / (updates - 1);
    const told = (relativeStandardDeviation * exactNorm) ** 2;
    // Chains of SML stand where they stand while these updates are drawn: the figure has their scatter, too.
    expect(told / variance).toBeGreaterThan(0.9);
    expect(told / variance).toBeLessThan(algorithm === 'sml' ? 2 : 1.1);
  });

  test('tempered reference: what it says is what the exact one says, within the standard error', async () => {
    const exact = await figuresOf(await contextOf({ k: 1 }));
    const tempered = await figuresOf(await contextOf({ k: 1 }, { settings: { reference: 'tempered', referenceSamples: 4000 } }));
    expect([tempered.method, tempered.reference]).toEqual(['propagated', 'tempered']);
    expect(tempered.referenceRoundTrips).toBeGreaterThan(10);
    expect(abs(tempered.relativeBias - exact.relativeBias)).toBeLessThan(4 * tempered.relativeBiasStandardError);
    expect(tempered.relativeBiasStandardError).toBeLessThan(0.1);
    expect(abs(tempered.exactNorm / exact.exactNorm - 1)).toBeLessThan(0.1);
    expect(abs(tempered.cosine - exact.cosine)).toBeLessThan(0.1);
  });

  test('a few examples of many: gradients are of them', async () => {
    const figures = await figuresOf(await contextOf({ algorithm: 'sml', k: 1, chains: 10, chainStart: 'data' }, { settings: { examples: 4 } }));
    const few = modelDistribution.map((_, state) => data.slice(0, 4).filter((value) => value === state).length / 4);
    expect(figures.exactNorm).toBeCloseTo(norm(minus(expectations(few), exactNegative)), 12);
  });

  test('the same bits on both backends, again and again, and nothing is changed', async () => {
    const reference = await loadKernels('reference');
    const config = { algorithm: 'sml', k: 2, chains: 7, chainStart: 'noise' };
    const context = await contextOf(config);
    const first = await figuresOf(context);
    expect(await figuresOf(context)).toEqual(first);
    expect(await figuresOf(await contextOf(config, { on: reference }))).toEqual(first);
    const other = await contextOf(config);
    await context.trainer.step();
    await other.trainer.step();
    expect(await figuresOf(context)).not.toEqual(first);
    expect([...context.model.visibleBias]).toEqual([...other.model.visibleBias]);
    await reference.close();
  });

  describe('refusals', () => {
    const training: DiagnosedTraining = {
      visibleUnits: 784, hiddenUnits: 500, visibleLayer: binaryLayer, algorithm: 'cd', gibbsSteps: 1,
      examples: 60_000, batchRows: 100, updatesPerEpoch: 600, splits: ['train'], isEnumerable: false,
    };
    const refuse = (changes: Partial<DiagnosedTraining>, settings = {}) => gradientAccuracy.refuse?.({ ...training, ...changes }, { ...defaults, ...settings });

    test('algorithms of other objectives', () => {
      expect(refuse({ algorithm: 'pseudo-likelihood' })?.message).toContain('does not follow the gradient of the likelihood');
      expect(refuse({ algorithm: 'ratio-matching' })?.hint).toContain('cd, sml');
    });

    test('propagation where it can’t be', () => {
      const small = { visibleUnits: 16, hiddenUnits: 16, examples: 30 };
      expect(refuse(small, { expectation: 'propagated' })).toBeUndefined();
      expect(refuse({ ...small, algorithm: 'sml', persistentChains: 10 }, { expectation: 'propagated' })?.message).toContain('not of sml');
      expect(refuse({ ...small, gibbsSteps: 10 }, { expectation: 'propagated' })?.message).toContain('pairs of states');
      expect(refuse({}, { expectation: 'propagated' })?.message).toContain('at most 20 of each layer');
    });

    test('large models: exact is refused, auto takes tempered chains, and neither more than a minute or so', () => {
      expect(refuse({}, { reference: 'exact' })?.message).toContain('2^500 states');
      expect(refuse({}, { reference: 'exact' })?.hint).toContain('tempered');
      expect(refuse({})).toBeUndefined();
      expect(refuse({}, { referenceSamples: 100_000 })?.hint).toContain('referenceSamples');
      expect(refuse({}, { replicas: 5000 })?.hint).toContain('replicas');
      expect(refuse({ hiddenUnits: 10 }, { reference: 'exact' })).toBeUndefined();
    });
  });

});
