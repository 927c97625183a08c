/**
 * The few calls of rbm-train's library that benchmarks make, in one place: when the library changes, this file does.
 */

import { readFileSync, writeFileSync } from 'node:fs';

import { exactLogPartitionFunction } from '../../dist/estimators/exact-log-partition-function.js';
import { hostMatrixOf, loadKernels, packBinaryMatrix, statesAsNumbers } from '../../dist/kernels/index.js';
import { getParameters } from '../../dist/model/parameters.js';
import { createModel } from '../../dist/model/parameters.js';
import { baseLogPartitionFunction } from '../../dist/model/base-rate.js';
import { logMeanExp } from '../../dist/estimators/mean-weight.js';
import { uniformSchedule } from '../../dist/estimators/annealing-schedules.js';
import { annealForward } from '../../dist/sampling/annealed-chains.js';
import { streamKey } from '../../dist/random/index.js';
import { Trainer } from '../../dist/training/trainer.js';

/**
 * @param {string} backend
 * @param {number} threads
 * @throws Error where this machine cannot run the backend and would get another one
 */
export async function openKernels(backend, threads) {
  const kernels = await loadKernels(backend, { threads });
  if (kernels.name !== backend) throw new Error(`this machine cannot run the ${backend} backend`);
  return kernels;
}

/** The threads that a training gets with `execution.threads: auto`. */
export { automaticThreads } from '../../dist/run/kernels.js';

/** An RBM in training. */
export async function createTrainer(kernels, trainingConfig, parameters, states) {
  return await Trainer.create(kernels, trainingConfig, parameters, { states }, 'bench');
}

/** Units of a categorical group in benchmarks. */
const groupSize = 8;

/**
 * Binary examples as those of other units, and what a model of these declares: real ones are standardized as a whole, of
 * every group of 8 columns the first one that is on is chosen.
 */
export function unitsOf(units, binary) {
  if (units === undefined) return { states: binary, declared: {} };
  const { rows, columns } = binary;
  const declared = { units: { visible: 'binary', hidden: 'binary', ...units } };
  const bytes = statesAsNumbers(binary);
  if (units.visible === 'gaussian') {
    const mean = bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length;
    const deviation = Math.sqrt(mean * (1 - mean));
    const values = Float64Array.from(bytes, (byte) => (byte - mean) / deviation);
    const variances = units.variance === 'learned' ? { visibleLogVariance: new Float64Array(columns) } : {};
    return { states: hostMatrixOf(values, rows, columns), declared: { ...declared, ...variances, visibleLayer: { kind: 'gaussian' } } };
  }
  if (units.visible === 'categorical') {
    const groups = Uint32Array.from({ length: columns / groupSize + 1 }, (_, group) => group * groupSize);
    const chosen = new Uint8Array(bytes.length);
    for (let first = 0; first < bytes.length; first += groupSize) {
      const on = bytes.subarray(first, first + groupSize).indexOf(1);
      chosen[first + Math.max(0, on)] = 1;
    }
    return { states: packBinaryMatrix(chosen, rows, columns), declared: { ...declared, visibleLayer: { kind: 'categorical', groups } } };
  }
  return { states: binary, declared };
}

/** A trainer's parameters as plain arrays. */
export function trainedParameters(trainer) {
  return getParameters(trainer.model);
}

/** log Z in nats. */
export async function exactLogZ(kernels, parameters) {
  return await exactLogPartitionFunction(kernels, parameters);
}

/** log Z in nats by annealing from even odds in even steps. */
export async function annealForwardLogZ(kernels, parameters, chains, temperatures) {
  const model = createModel(kernels, parameters);
  const baseVisibleBias = new Float64Array(parameters.visibleUnits);
  const path = { baseVisibleBias, schedule: uniformSchedule(temperatures) };
  const logWeights = await annealForward(kernels, model, path, chains, streamKey('bench', 'ais'));
  kernels.release(model);
  return baseLogPartitionFunction(baseVisibleBias, model) + logMeanExp(logWeights);
}

/** A parameters file: float64 little-endian W (n × m), a (n), b (m), as all contenders read it. */
export function readParameters(path, visibleUnits, hiddenUnits) {
  const bytes = readFileSync(path);
  const values = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const weightCount = visibleUnits * hiddenUnits;
  return {
    visibleUnits,
    hiddenUnits,
    weights: values.slice(0, weightCount),
    visibleBias: values.slice(weightCount, weightCount + visibleUnits),
    hiddenBias: values.slice(weightCount + visibleUnits),
  };
}

/** Writes what `readParameters` reads. */
export function writeParameters(path, { weights, visibleBias, hiddenBias }) {
  writeFileSync(path, Buffer.concat([weights, visibleBias, hiddenBias].map((values) => new Uint8Array(Float64Array.from(values).buffer))));
}
