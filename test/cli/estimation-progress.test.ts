/** AIS that was stopped goes on with the chains that are finished: of the same model and settings only. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { withEstimateProgress } from '../../src/cli/estimation-progress.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { defaultAnnealing, type AnnealingSettings } from '../../src/estimators/annealing-settings.js';
import { logPartitionFunctionEstimator } from '../../src/estimators/log-partition-function.js';
import type { ContinuedCooperation } from '../../src/estimators/finished-work.js';
import { loadKernels, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import { normals } from '../reference/numbers.js';
import { temporaryFolder } from './support/run-cli.js';

const folder = temporaryFolder();
const folderBefore = process.env.XDG_CACHE_HOME;
const parameters: ModelParameters = {
  visibleUnits: 6,
  hiddenUnits: 4,
  weights: Float64Array.from(normals(24, 1)),
  visibleBias: Float64Array.from(normals(6, 2)),
  hiddenBias: Float64Array.from(normals(4, 3)),
};
// Three batches of chains, of three walks each; one walk more makes the schedule.
const settings: AnnealingSettings = { ...defaultAnnealing, baseVisibleBias: Float64Array.from(normals(6, 4)), seed: '1', chains: 700, temperatures: 20 };

let kernels: Kernels;
beforeAll(async () => {
  process.env.XDG_CACHE_HOME = folder.path;
  kernels = await loadKernels();
});
afterAll(async () => {
  if (folderBefore === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = folderBefore;
  await kernels.close();
  folder.remove();
});

const cacheFiles = (): string[] => (existsSync(join(folder.path, 'rbm-train')) ? readdirSync(join(folder.path, 'rbm-train')) : []);

/** AIS as `evaluate` does it, stopped at a pause; its estimate as JSON, and what was told. */
async function ais(model: ModelParameters, annealing: AnnealingSettings, stopAt = Infinity): Promise<{ estimate?: string; pauses: number; told: string }> {
  let told = '';
  let pauses = 0;
  const terminal = { err: (text: string) => void (told += text), isErrorTerminal: false, listenForStop: () => ({}) } as unknown as Terminal;
  const work = async (cooperation: ContinuedCooperation): Promise<string> => {
    const pause = (): Promise<void> => (pauses++ === stopAt ? Promise.reject(new Error('stop')) : Promise.resolve());
    const estimate = await logPartitionFunctionEstimator('ais').estimate(createModel(kernels, model), { kernels, annealing, ...cooperation, pause });
    return JSON.stringify(estimate);
  };
  const estimate = await withEstimateProgress(model, { ais: annealing, quiet: false }, terminal, work).catch((error: unknown) => {
    if (stopAt === Infinity) throw error;
    return undefined;
  });
  return { estimate, pauses, told };
}

test('stopped in the third batch: goes on there, ends in the same estimate, and leaves nothing', async () => {
  const whole = await ais(parameters, settings);
  expect([whole.pauses, whole.told, cacheFiles()]).toEqual([12, '', []]);
  const stopped = await ais(parameters, settings, 10);
  expect([stopped.estimate, cacheFiles().length]).toEqual([undefined, 1]);
  // Of another model, of other settings: nothing is taken from it.
  for (const other of [await ais({ ...parameters, hiddenBias: new Float64Array(4) }, settings), await ais(parameters, { ...settings, seed: '2' }), await ais(parameters, { ...settings, baseVisibleBias: new Float64Array(6) })]) {
    expect([other.pauses, other.told]).toEqual([12, '']);
  }
  const last = await ais(parameters, settings);
  expect([last.pauses, last.told]).toEqual([6, 'estimating log Z: goes on where it was stopped\n']);
  expect(last.estimate).toBe(whole.estimate);
  expect(cacheFiles()).toEqual([]);
});
