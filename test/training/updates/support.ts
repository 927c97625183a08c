/** What tests of updates share: small trainings, and what they leave. */

import type { TrainingConfig } from '../../../src/config/run-config.js';
import { packBinaryMatrix, type BinaryMatrix, type Kernels, type Model, type ModelParameters } from '../../../src/kernels/index.js';
import { getParameters, parameterTensors } from '../../../src/model/parameters.js';
import { Trainer } from '../../../src/training/trainer.js';
import { integers, normals } from '../../reference/numbers.js';

/** A whole config of training. */
export function trainingConfig(config: Partial<TrainingConfig> = {}): TrainingConfig {
  return {
    algorithm: 'cd',
    k: 1,
    batchSize: 4,
    order: 'shuffled',
    learningRate: 0.1,
    momentum: 0,
    weightDecay: { l1: 0, l2: 0 },
    ...config,
  };
}

/** SML with three chains. */
export const sml = { algorithm: 'sml', chains: 3, chainStart: 'data' } as const;

/** Never clips, but takes the way over a gradient of its own. */
export const generalPath = { clipNorm: Number.MAX_VALUE } as const;

/** Random binary examples. */
export function randomRows(rows: number, columns: number, seed = 1): BinaryMatrix {
  return packBinaryMatrix(Uint8Array.from(integers(rows * columns, seed), (value) => value & 1), rows, columns);
}

/** Random parameters, N(0, size²). */
export function randomParameters(n: number, m: number, size = 1): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: Float64Array.from(normals(n * m, 1, size)),
    visibleBias: Float64Array.from(normals(n, 2, size)),
    hiddenBias: Float64Array.from(normals(m, 3, size)),
  };
}

/** A trainer of n × m units on 10 random examples. */
export function trainerOf(kernels: Kernels, config: Partial<TrainingConfig>, n = 5, m = 3): Promise<Trainer> {
  return Trainer.create(kernels, trainingConfig(config), randomParameters(n, m), { states: randomRows(10, n) }, 's');
}

/** Does so many updates, each of which must leave finite parameters. */
export async function advance(trainer: Trainer, updates: number): Promise<Trainer> {
  for (let update = 0; update < updates; update++) {
    if (!(await trainer.step())) throw new Error(`diverged in update ${update}`);
  }
  return trainer;
}

/** All parameters in one array: W row-major, a, b. */
export function numbersOf(model: Model | ModelParameters): number[] {
  const parameters = 'readRows' in model.weights ? getParameters(model as Model) : (model as ModelParameters);
  return parameterTensors(parameters).flatMap(({ values }) => [...values]);
}

/** The gradient of the last update. */
export function gradientOf(trainer: Trainer): number[] {
  if (trainer.gradient === undefined) throw new Error('updates have no gradient of their own');
  return numbersOf(trainer.gradient);
}

/** The largest difference of two equally long lists. */
export function largestDifference(left: readonly number[], right: readonly number[]): number {
  if (left.length !== right.length) throw new Error(`${left.length} numbers instead of ${right.length}`);
  return Math.max(...left.map((value, index) => Math.abs(value - right[index])));
}
