/**
 * How much memory a run needs, reckoned before anything is allocated.
 */

import type { TrainingConfig } from '../config/run-config.js';
import { gradientEstimator, type GradientDemand } from '../training/gradients/index.js';
import { batchRows, hasMomentum } from '../training/trainer.js';
import { needsGradient, optimizerOf } from '../training/updates/index.js';

export { describeBytes, fitsIntoMemory } from '../machine-memory.js';

interface Layers {
  readonly visibleUnits: number;
  readonly hiddenUnits: number;
}

/** What an update holds beside the parameters and their momentum, as models: each as large as the parameters. */
function updateModels(training: TrainingConfig): { what: string; models: number; areSaved: boolean }[] {
  const parts = [
    { what: 'the gradient', models: needsGradient(training) ? 1 : 0, areSaved: false },
    { what: `the means of ${optimizerOf(training).name}`, models: optimizerOf(training).keeps.models, areSaved: true },
    { what: 'the averaged parameters', models: training.averaging === undefined ? 0 : 1, areSaved: true },
  ];
  return parts.filter(({ models }) => models > 0);
}

/** Bytes of what else updates have in a checkpoint: running means of single units, single numbers. */
function otherUpdateBytes(training: TrainingConfig, { visibleUnits: n, hiddenUnits: m }: Layers): number {
  const { centring, sparsity } = training;
  return 8 * ((centring === undefined ? 0 : n + m) + (sparsity === undefined ? 0 : m) + optimizerOf(training).keeps.numbers);
}

/**
 * Bytes of a checkpoint without its events: parameters, momentum, what updates carry, the states of the chains.
 *
 * @param trackingChains chains that track log Z; 0 where it is not tracked
 * @param diagnosticBytes of what diagnostics carry
 */
export function checkpointBytes(training: TrainingConfig, model: Layers, trackingChains = 0, diagnosticBytes = 0): number {
  const tracking = trackingChains > 0 ? trackingChains * (model.visibleUnits + 16) + 24 : 0;
  const { chainRows, savedModels } = gradientDemand(training);
  const saved = updateModels(training).filter(({ areSaved }) => areSaved);
  const models = saved.reduce((sum, { models: count }) => sum + count, (hasMomentum(training) ? 2 : 1) + savedModels);
  const chains = chainRows * (model.visibleUnits + model.hiddenUnits);
  return models * parameterBytes(model) + otherUpdateBytes(training, model) + chains + tracking + diagnosticBytes;
}

/** What the algorithm of a training holds beside parameters, momentum and mini-batch. */
export function gradientDemand(training: TrainingConfig): Required<GradientDemand> {
  return { chainRows: 0, models: 0, savedModels: 0, ...gradientEstimator(training.algorithm).demand?.(training) };
}

/** Bytes of the parameters alone: n·m + n + m float64. */
export function parameterBytes({ visibleUnits: n, hiddenUnits: m }: Layers): number {
  return 8 * (n * m + n + m);
}

/** Bytes of one chain or one row of a mini-batch: room for a state and a number for every unit of both layers. */
export function bytesPerChain({ visibleUnits: n, hiddenUnits: m }: Layers): number {
  return 9 * (n + m);
}

/**
 * What a training needs, as [config key, what for, bytes]: everything but the data.
 *
 * @param rows training examples
 */
export function memoryDemands(training: TrainingConfig, model: Layers, rows: number): [key: string, what: string, bytes: number][] {
  const { chainRows, models } = gradientDemand(training);
  // The initial parameters, and those in training.
  const parameters = 2 + (hasMomentum(training) ? 1 : 0) + models;
  const demands: [string, string, number][] = [
    ['model.hiddenUnits', parameters > 2 ? 'parameters and what is kept of their steps' : 'parameters', parameters * parameterBytes(model)],
    ['training.batchSize', 'a mini-batch', batchRows(training, rows) * bytesPerChain(model)],
  ];
  for (const { what, models: count } of updateModels(training)) demands.push(['model.hiddenUnits', what, count * parameterBytes(model)]);
  if (chainRows > 0) demands.push(['training.chains', 'the chains', chainRows * bytesPerChain(model)]);
  return demands;
}

/** Bytes of working room that a thread needs for so many rows (mini-batch and chains): tables and lines. */
export function roomPerThread(rows: number): number {
  return 320 * rows;
}

/** Bytes that the kernels hold at most during an update, roughly; units come in panels of 8. */
export function kernelBytes(training: TrainingConfig, { visibleUnits, hiddenUnits }: Layers, rows: number, threads: number): number {
  const padded = { visibleUnits: 8 * Math.ceil(visibleUnits / 8), hiddenUnits: 8 * Math.ceil(hiddenUnits / 8) };
  const { chainRows, models: own } = gradientDemand(training);
  const models = updateModels(training).reduce((sum, { models: count }) => sum + count, (hasMomentum(training) ? 2 : 1) + own);
  const allRows = batchRows(training, rows) + chainRows;
  return (models * parameterBytes(padded) + allRows * bytesPerChain(padded) + threads * roomPerThread(allRows)) * 1.1;
}
