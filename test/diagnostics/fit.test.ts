/** The diagnostic `fit`, figure by figure, against definitions: enumeration of all states, plain sums, units made to be dead. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { fit } from '../../src/diagnostics/fit.js';
import type { DiagnosticContext, Findings } from '../../src/diagnostics/index.js';
import {
  backends,
  binaryLayer,
  copyVisibleRows,
  createHostStates,
  isBinaryMatrix,
  loadKernels,
  packBinaryMatrix,
  statesAsNumbers,
  type Kernels,
  type ModelParameters,
  type Phase,
  type VisibleStates,
} from '../../src/kernels/index.js';
import type { TrainingConfig } from '../../src/config/run-config.js';
import { createModel, getParameters } from '../../src/model/parameters.js';
import { gradientEstimator } from '../../src/training/gradients/index.js';
import { unitCases } from '../model/unit-models.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { energy, hiddenStates, moments as referenceMoments } from '../reference/declared-units.js';
import { normals, uniforms } from '../reference/numbers.js';

const { exp, log, sqrt } = Math;

const built = new URL('../../dist/kernels/index.js', import.meta.url).href;

type Draw = DiagnosticContext['drawPhases'];

/** What a test chooses; the rest is that of CD-1 in mini-batches of all examples. */
interface Choice {
  readonly algorithm?: string;
  readonly config?: Partial<TrainingConfig>;
  readonly persistentChains?: number;
  readonly batchRows?: number;
  readonly draw?: Draw;
}

function randomParameters(n: number, m: number, size = 1): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, 1, size)),
    visibleBias: Float64Array.from(normals(n, 2, size)),
    hiddenBias: Float64Array.from(normals(m, 3, size)),
  };
}

/** Rows of {0,1}. */
function randomRows(rows: number, n: number, seed = 5): number[][] {
  const numbers = uniforms(rows * n, seed);
  return Array.from({ length: rows }, (_, row) => Array.from({ length: n }, (__, i) => (numbers[row * n + i] < 0.4 ? 1 : 0)));
}

function statesOf(parameters: ModelParameters, rows: readonly (readonly number[])[]): VisibleStates {
  if (parameters.visibleLayer?.kind !== 'gaussian') return packBinaryMatrix(Uint8Array.from(rows.flat()), rows.length, parameters.visibleUnits);
  const states = createHostStates(rows.length, parameters);
  if (isBinaryMatrix(states)) throw new Error('not real');
  states.writeRows(0, Float64Array.from(rows.flat()));
  return states;
}

/** Starts the diagnostic on a model; the negative phase is drawn by the algorithm itself where no `draw` is given. */
async function startFit(kernels: Kernels, parameters: ModelParameters, rows: readonly (readonly number[])[], choice: Choice = {}) {
  const { algorithm = 'cd', persistentChains, batchRows = rows.length } = choice;
  const model = createModel(kernels, parameters);
  const train = statesOf(parameters, rows);
  const batch = { visible: kernels.createVisibleStates(batchRows, model), hiddenMeans: kernels.createMatrix(batchRows, model.hiddenUnits) };
  const config = { algorithm, k: 1, chains: persistentChains, chainStart: 'data', ...choice.config } as unknown as TrainingConfig;
  const gradient = { kernels, model, config, examples: train, key: { k0: 1, k1: 2 }, batch };
  const estimator = gradientEstimator(algorithm);
  const state = await estimator.start(gradient);
  const draw: Draw = async (examples, replica) => {
    copyVisibleRows(examples, Uint32Array.from({ length: examples.rows }, (_, row) => row), batch.visible);
    return estimator.estimate(gradient, state, examples.rows, replica);
  };
  const context: DiagnosticContext = {
    kernels,
    model,
    training: {
      visibleUnits: model.visibleUnits,
      hiddenUnits: model.hiddenUnits,
      visibleLayer: model.visibleLayer,
      algorithm,
      examples: rows.length,
      batchRows,
      persistentChains,
      updatesPerEpoch: 1,
      splits: ['train'],
      isEnumerable: true,
    },
    splits: { train },
    seed: 'a seed',
    settings: {},
    update: () => 0,
    learningRate: () => 0.1,
    drawPhases: choice.draw ?? draw,
  };
  return { model, running: await fit.start(context) };
}

async function measureFit(kernels: Kernels, parameters: ModelParameters, rows: readonly (readonly number[])[], choice: Choice = {}): Promise<Findings> {
  const { running } = await startFit(kernels, parameters, rows, choice);
  return running.measure({});
}

function rootMeanSquare(left: readonly number[], right: readonly number[]): number {
  return sqrt(left.reduce((sum, value, index) => sum + (value - right[index]) * (value - right[index]), 0) / left.length);
}

/** ⟨v⟩, ⟨h⟩, ⟨v h⟩ of rows of real numbers or {0,1} with h = sigmoid(b + vᵀW), by plain sums. */
function plainMoments({ hiddenUnits: m, weights, hiddenBias }: ModelParameters, rows: readonly (readonly number[])[]) {
  const means = rows.map((v) => Array.from({ length: m }, (_, j) => 1 / (1 + exp(-v.reduce((sum, value, i) => sum + value * weights[i * m + j], hiddenBias[j])))));
  const average = (term: (row: number) => number): number => rows.reduce((sum, _, row) => sum + term(row), 0) / rows.length;
  return {
    visible: rows[0].map((_, i) => average((row) => rows[row][i])),
    hidden: means[0].map((_, j) => average((row) => means[row][j])),
    products: rows[0].flatMap((_, i) => means[0].map((__, j) => average((row) => rows[row][i] * means[row][j]))),
  };
}

/** F(v) of {0,1} units. */
function plainFreeEnergy({ hiddenUnits: m, weights, visibleBias, hiddenBias }: ModelParameters, v: readonly number[]): number {
  let value = 0;
  v.forEach((on, i) => (value -= on * visibleBias[i]));
  for (let j = 0; j < m; j++) value -= log(1 + exp(v.reduce((sum, on, i) => sum + on * weights[i * m + j], hiddenBias[j])));
  return value;
}

function meanAndError(values: readonly number[]): { mean: number; standardError: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (values.length - 1);
  return { mean, standardError: sqrt(variance / values.length) };
}

function samplesPhase(kernels: Kernels, parameters: ModelParameters, rows: readonly (readonly number[])[]): Phase {
  // Means that are wrong: figures are of the model itself, whatever an algorithm has sampled from.
  return { kind: 'samples', visible: statesOf(parameters, rows), hiddenMeans: kernels.createMatrix(rows.length, parameters.hiddenUnits), rows: rows.length };
}

describe.each(backends)('backend $name', (backend) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await loadKernels(backend.name);
  });
  afterAll(() => kernels.close());

  test.each(['cd', 'sml', 'exact', 'pseudo-likelihood'])('%s of a small model: moments against those of all joint states', async (algorithm) => {
    const parameters = randomParameters(5, 4);
    const rows = randomRows(11, 5);
    const findings = await measureFit(kernels, parameters, rows, { algorithm, ...(algorithm === 'sml' && { persistentChains: 6 }) });
    const states = bruteForce.enumerate(parameters);
    const ofModel = bruteForce.modelExpectations(parameters, states);
    const ofData = bruteForce.dataExpectations(parameters, states, rows.map((row) => row.reduce((state, on, i) => state + on * 2 ** i, 0)));
    const numbers = (values: readonly ep.Extended[]): number[] => values.map(ep.toNumber);
    expect(findings.moments).toEqual({
      modelSource: 'exact',
      examples: 11,
      visible: expect.closeTo(rootMeanSquare(numbers(ofData.visibleBias), numbers(ofModel.visibleBias)), 12),
      hidden: expect.closeTo(rootMeanSquare(numbers(ofData.hiddenBias), numbers(ofModel.hiddenBias)), 12),
      products: expect.closeTo(rootMeanSquare(numbers(ofData.weights), numbers(ofModel.weights)), 12),
    });
    expect(findings.negativeFreeEnergy === undefined).toBe(algorithm === 'exact' || algorithm === 'pseudo-likelihood');
  });

  test.each(unitCases.filter(({ reference }) => reference.hidden === 'binary' && reference.visible !== 'ising' && reference.visibleLogVariance === undefined))(
    '$name: moments against sums and quadrature',
    async ({ declared, reference, examples }) => {
      const findings = await measureFit(kernels, declared, examples);
      const ofData = plainMoments(declared, examples);
      const ofModel = referenceMoments(reference);
      expect(findings.moments).toEqual({
        modelSource: 'exact',
        examples: examples.length,
        visible: expect.closeTo(rootMeanSquare(ofData.visible, [...ofModel.visible]), 9),
        hidden: expect.closeTo(rootMeanSquare(ofData.hidden, [...ofModel.hidden]), 9),
        products: expect.closeTo(rootMeanSquare(ofData.products, [...ofModel.products]), 9),
      });
      // By the definition, up to the constant of standard units: the energies of both phases only differ.
      const hiddens = hiddenStates(reference);
      const energies = examples.map((v) => -log(hiddens.reduce((sum, h) => sum + exp(-energy(reference, v, h)), 0)));
      expect(findings.positiveFreeEnergy).toBeCloseTo(meanAndError(energies).mean, 9);
      expect(findings.positiveFreeEnergyStandardError).toBeCloseTo(meanAndError(energies).standardError, 9);
    },
  );

  test('chains of a large model: moments and energies of their states', async () => {
    const parameters = randomParameters(22, 24, 0.5);
    const [rows, chains] = [randomRows(30, 22), randomRows(17, 22, 6)];
    const seen: [number, number][] = [];
    const draw: Draw = (examples, replica) => {
      seen.push([examples.rows, replica]);
      return Promise.resolve({ positive: samplesPhase(kernels, parameters, rows), negative: samplesPhase(kernels, parameters, chains) });
    };
    const findings = await measureFit(kernels, parameters, rows, { algorithm: 'sml', persistentChains: 17, batchRows: 8, draw });
    expect(seen).toEqual([[8, 0]]);
    const [ofData, ofChains] = [plainMoments(parameters, rows), plainMoments(parameters, chains)];
    expect(findings.moments).toEqual({
      modelSource: 'chains',
      examples: 30,
      samples: 17,
      visible: expect.closeTo(rootMeanSquare(ofData.visible, ofChains.visible), 13),
      hidden: expect.closeTo(rootMeanSquare(ofData.hidden, ofChains.hidden), 13),
      products: expect.closeTo(rootMeanSquare(ofData.products, ofChains.products), 13),
    });
    const [positive, negative] = [rows, chains].map((phase) => meanAndError(phase.map((v) => plainFreeEnergy(parameters, v))));
    expect(findings.positiveFreeEnergy).toBeCloseTo(positive.mean, 11);
    expect(findings.positiveFreeEnergyStandardError).toBeCloseTo(positive.standardError, 11);
    expect(findings.negativeFreeEnergy).toBeCloseTo(negative.mean, 11);
    expect(findings.negativeFreeEnergyStandardError).toBeCloseTo(negative.standardError, 11);
  });

  test('reconstructions are drawn for all examples, a mini-batch at a time', async () => {
    const parameters = randomParameters(22, 24, 0.5);
    const rows = randomRows(10, 22);
    const asked: number[][] = [];
    const draw: Draw = (examples, replica) => {
      const bytes = statesAsNumbers(examples);
      const given = Array.from({ length: examples.rows }, (_, row) => Array.from(bytes.subarray(row * 22, (row + 1) * 22)));
      asked.push([replica, ...given.map((v) => rows.findIndex((row) => row.join() === v.join()))]);
      // The first unit off, to know them again.
      const phase = samplesPhase(kernels, parameters, given.map(([, ...others]) => [0, ...others]));
      return Promise.resolve({ positive: phase, negative: phase });
    };
    const findings = await measureFit(kernels, parameters, rows, { batchRows: 4, draw });
    expect(asked).toEqual([[0, 0, 1, 2, 3], [1, 4, 5, 6, 7], [2, 8, 9]]);
    const [ofData, ofModel] = [plainMoments(parameters, rows), plainMoments(parameters, rows.map(([, ...others]) => [0, ...others]))];
    expect(findings.moments).toEqual({
      modelSource: 'reconstructions',
      examples: 10,
      samples: 10,
      visible: expect.closeTo(rootMeanSquare(ofData.visible, ofModel.visible), 13),
      hidden: expect.closeTo(rootMeanSquare(ofData.hidden, ofModel.hidden), 13),
      products: expect.closeTo(rootMeanSquare(ofData.products, ofModel.products), 13),
    });
  });

  test('magnetisations are told as such; what does not stand for the model is left out', async () => {
    const parameters = randomParameters(22, 24, 0.1);
    const rows = randomRows(10, 22);
    for (const expansionOrder of [1, 2]) {
      const config = { expansionOrder, iterations: 3, damping: 0.5 } as Partial<TrainingConfig>;
      const { moments, negativeFreeEnergy } = await measureFit(kernels, parameters, rows, { algorithm: 'mean-field', persistentChains: 7, config });
      expect(moments).toMatchObject({ modelSource: 'mean-field', examples: 10 });
      expect(negativeFreeEnergy).toBeUndefined();
    }
    const findings = await measureFit(kernels, parameters, rows, { algorithm: 'pseudo-likelihood' });
    expect(findings.moments).toBeUndefined();
    expect(findings.positiveFreeEnergy).toBeDefined();
  });

  test('examples are evenly spaced over the training set, and no more than a hundred', async () => {
    // Only the last of 1000 rows, in pairs, have the unit on.
    const rows = Array.from({ length: 1000 }, (_, row) => [row >= 900 ? 1 : 0, 1]);
    const parameters: ModelParameters = { visibleUnits: 2, hiddenUnits: 1, weights: Float64Array.of(20, 0), visibleBias: new Float64Array(2), hiddenBias: Float64Array.of(-10) };
    const { moments, meanHiddenActivity } = await measureFit(kernels, parameters, rows, { batchRows: 20 });
    expect(moments).toMatchObject({ examples: 100 });
    expect(meanHiddenActivity).toBeCloseTo(0.1, 4);
  });

  test('dead, always active and saturated units', async () => {
    // The units' inputs: −10, +10, ±20 by the first visible unit, 0.
    const parameters: ModelParameters = {
      visibleUnits: 2,
      hiddenUnits: 4,
      weights: Float64Array.of(0, 0, 40, 0, 0, 0, 0, 0),
      visibleBias: new Float64Array(2),
      hiddenBias: Float64Array.of(-10, 10, -20, 0),
    };
    const rows = Array.from({ length: 40 }, (_, row) => [row % 4 === 0 ? 1 : 0, 1]);
    const findings = await measureFit(kernels, parameters, rows);
    expect(findings).toMatchObject({ deadHiddenUnits: 1, alwaysOnHiddenUnits: 1, saturatedHiddenUnits: 1 });
    const off = 1 / (1 + exp(10));
    const activity = [off, 0.25, 0.5, 1 - off];
    expect(findings.meanHiddenActivity).toBeCloseTo((activity[0] + activity[1] + activity[2] + activity[3]) / 4, 8);
    const quantiles = [off, off + 0.75 * (0.25 - off), 0.375, 0.5 + 0.25 * (0.5 - off), 1 - off];
    expect(findings.hiddenActivityQuantiles).toEqual(quantiles.map((value) => expect.closeTo(value, 8)));
  });

  test('an exception among a hundred examples makes no difference, two do', async () => {
    const parameters: ModelParameters = { visibleUnits: 1, hiddenUnits: 1, weights: Float64Array.of(20), visibleBias: new Float64Array(1), hiddenBias: Float64Array.of(-10) };
    const withExceptions = (count: number): number[][] => Array.from({ length: 100 }, (_, row) => [row < count ? 1 : 0]);
    expect(await measureFit(kernels, parameters, withExceptions(1))).toMatchObject({ deadHiddenUnits: 1, saturatedHiddenUnits: 0 });
    expect(await measureFit(kernels, parameters, withExceptions(2))).toMatchObject({ deadHiddenUnits: 0, saturatedHiddenUnits: 1 });
    expect(await measureFit(kernels, parameters, withExceptions(99))).toMatchObject({ alwaysOnHiddenUnits: 1, saturatedHiddenUnits: 0 });
  });

  test('norms, singular values and the effective rank', async () => {
    const parameters: ModelParameters = {
      visibleUnits: 3,
      hiddenUnits: 2,
      weights: Float64Array.of(0, -4, 0, 0, 3, 0),
      visibleBias: Float64Array.of(2, -3, 6),
      hiddenBias: Float64Array.of(-0.6, 0.8),
    };
    const findings = await measureFit(kernels, parameters, randomRows(4, 3));
    expect(findings).toMatchObject({
      weightNorm: 5,
      largestWeight: 4,
      visibleBiasNorm: expect.closeTo(7, 14),
      hiddenBiasNorm: expect.closeTo(1, 14),
      singularValues: [expect.closeTo(4, 12), expect.closeTo(3, 12)],
      effectiveRank: expect.closeTo(25 / 16, 12),
    });
  });

  test('what float64 cannot hold is left out', async () => {
    const parameters = { ...randomParameters(40, 36), weights: Float64Array.from(normals(40 * 36, 4), (value) => value * 1e200) };
    const findings = await measureFit(kernels, parameters, randomRows(5, 40));
    expect(JSON.stringify(findings)).not.toContain('null');
    expect(findings.weightNorm).toBeUndefined();
    expect(findings.largestWeight).toBeGreaterThan(1e200);
    const zero = await measureFit(kernels, { ...parameters, weights: new Float64Array(40 * 36) }, randomRows(5, 40));
    expect(zero).toMatchObject({ weightNorm: 0, singularValues: [0, 0, 0, 0, 0] });
    expect(zero.effectiveRank).toBeUndefined();
  });

  test('looking changes nothing, and a second look sees the same', async () => {
    const parameters = randomParameters(40, 36, 0.3);
    const rows = randomRows(25, 40);
    const draw: Draw = () => Promise.resolve({ positive: samplesPhase(kernels, parameters, rows), negative: samplesPhase(kernels, parameters, randomRows(9, 40, 8)) });
    const { model, running } = await startFit(kernels, parameters, rows, { algorithm: 'sml', persistentChains: 9, draw });
    expect(running.tensors).toEqual({});
    const first = await running.measure({});
    expect(await running.measure({})).toEqual(first);
    const after = getParameters(model);
    for (const name of ['weights', 'visibleBias', 'hiddenBias'] as const) {
      expect(Buffer.from(after[name].buffer).equals(Buffer.from(parameters[name].buffer))).toBe(true);
    }
  });
});

test('the same bits whatever computes them', async () => {
  const parameters = { ...randomParameters(70, 45, 0.3), visibleLayer: binaryLayer };
  const rows = randomRows(230, 70);
  // Threads start from the built files.
  const { loadKernels: loadBuilt } = (await import(built)) as { loadKernels: typeof loadKernels };
  const texts: string[] = [];
  for (const [name, threads] of [['reference', 1], ['wasm', 1], ['wasm', 3]] as const) {
    const kernels = await (threads > 1 ? loadBuilt : loadKernels)(name, { threads });
    for (const choice of [{ batchRows: 30 }, { algorithm: 'sml', persistentChains: 12, batchRows: 30 }]) {
      texts.push(JSON.stringify(await measureFit(kernels, parameters, rows, choice)));
    }
    await kernels.close();
  }
  expect(texts[0]).toContain('"singularValues"');
  expect(new Set(texts).size).toBe(2);
});
