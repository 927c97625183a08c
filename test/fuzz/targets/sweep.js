/** Sweeps: the file that people write, and the manifest, which nobody should, but may. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { numericsVersion } from '../../../dist/kernels/index.js';
import { evaluationManifest, trainingManifest } from '../../../dist/sweep/manifest.js';
import { shardIds } from '../../../dist/sweep/shard-plan.js';
import { configOfSetting, loadSweepFile } from '../../../dist/sweep/sweep-file.js';
import { configOfTask, isTrainingSweep, openSweep, stateOf, taskName } from '../../../dist/sweep/sweep.js';
import { unprintable } from '../oracle.js';
import { pathOf } from './folder.js';
import { jsonText } from './json.js';

const base = "{ data: { source: 'bars-and-stripes', height: 2, width: 2 }, model: { hiddenUnits: 2 }, training: { algorithm: 'cd', updates: 3 } }\n";
const values = { 'training.k': [1, 2, 3], 'training.learningRate': [0.1, 0.3], 'model.hiddenUnits': [2, 5], 'training.batchSize': ['full', 2] };

/** A folder of a name, made once. */
function folder(name) {
  const path = pathOf(name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Some of the keys, with what `of` makes of their values. */
function some(draw, keys, of) {
  return Object.fromEntries(keys.filter(() => draw.chance(0.5)).map((key) => [key, of(values[key])]));
}

/** What is wrong with the settings that a file gave; undefined for nothing. */
function faultOfSettings({ bases, settings }) {
  for (const setting of settings.slice(0, 20)) {
    if (bases[setting.base] === undefined) return `a setting of base ${setting.base} of ${bases.length}`;
    try {
      configOfSetting(bases[setting.base], setting.values, setting.places);
    } catch (error) {
      if (error?.name !== 'RbmError' || error.code !== 'usage' || unprintable.test(error.message)) throw error;
    }
  }
  return undefined;
}

/** @type {import('./index.js').Target} */
export const sweepFile = {
  name: 'sweep-file',
  codes: ['usage'],
  cost: 4,
  generate(draw) {
    const [grid, random, list] = [['training.k', 'training.learningRate'], ['model.hiddenUnits'], ['training.batchSize']];
    const parts = {
      config: 'base.json',
      ...(draw.chance(0.5) && { seeds: draw.pick(['1-3', '1,x', [1, 'b'], 7]) }),
      ...(draw.chance(0.7) && { grid: some(draw, grid, (of) => of) }),
      ...(draw.chance(0.5) && { random: { samples: draw.integer(1, 4), draw: { [random[0]]: { distribution: 'integer', low: 2, high: 9 } } } }),
      ...(draw.chance(0.5) && { list: values[list[0]].map((value) => ({ [list[0]]: value })) }),
    };
    const lengths = [...Object.values(parts.grid ?? {}).map((of) => of.length), parts.random?.samples ?? 1, parts.list?.length ?? 1, { '1-3': 3, '1,x': 2, '1,b': 2 }[String(parts.seeds)] ?? 1];
    return { bytes: Buffer.from(jsonText(draw, parts)), expected: lengths.reduce((product, length) => product * length, 1) };
  },
  async run(bytes) {
    const workingDirectory = folder('sweep-file');
    writeFileSync(join(workingDirectory, 'base.json'), base);
    writeFileSync(join(workingDirectory, 'sweep.json'), bytes);
    try {
      return await loadSweepFile({ file: 'sweep.json', workingDirectory });
    } catch (error) {
      // All problems of a config are told at once, each with its lines: no character of the file's own is among them.
      if (error?.name === 'RbmError' && !unprintable.test(error.message)) [error.message] = error.message.split('\n');
      throw error;
    }
  },
  check(found, _, expected) {
    if (expected !== undefined && found.settings.length !== expected) return `${found.settings.length} settings instead of ${expected}`;
    return faultOfSettings(found);
  },
  // A million settings are allowed.
  memory: () => 1 << 28,
};

/** A plan of an estimate that never was. */
function shardPlan(draw) {
  const identity = { digest: 'd'.repeat(64), shape: 'binary 2 × 2', estimator: 'exact' };
  const idOf = shardIds(identity, numericsVersion);
  const counts = Array.from({ length: draw.integer(1, 4) }, () => draw.integer(1, 9));
  const shards = counts.map((count, index) => ({ first: counts.slice(0, index).reduce((sum, before) => sum + before, 0), count }));
  return { ...identity, model: 'model.safetensors', modelOptions: {}, unit: 'block', units: counts.reduce((sum, count) => sum + count, 0), shards: shards.map((range) => ({ id: idOf(range), ...range })) };
}

/** @type {import('./index.js').Target} */
export const sweepManifest = {
  name: 'sweep-manifest',
  codes: ['data', 'usage'],
  cost: 4,
  generate(draw) {
    if (draw.chance(0.4)) {
      const plan = shardPlan(draw);
      return { bytes: Buffer.from(jsonText(draw, evaluationManifest(plan))), expected: plan.shards.length };
    }
    const tasks = Array.from({ length: draw.integer(1, 4) }, (_, index) => ({ id: String(index).padStart(24, 'a'), base: 0, values: { seed: String(index), ...some(draw, Object.keys(values), ([first]) => first) }, updates: 3, figures: 'f' }));
    const manifest = trainingManifest({ bases: [{ name: 'base.json', folder: '..', text: base }], varied: Object.keys(values), results: 'tasks', tasks });
    return { bytes: Buffer.from(jsonText(draw, manifest)), expected: tasks.length };
  },
  run(bytes) {
    const directory = folder('sweep-manifest');
    writeFileSync(join(directory, 'manifest.json'), bytes);
    return openSweep(directory, '/');
  },
  check(sweep, _, expected) {
    if (expected !== undefined && sweep.length !== expected) return `${sweep.length} tasks instead of ${expected}`;
    for (let index = 0; index < Math.min(sweep.length, 20); index++) {
      const { status } = stateOf(sweep, index);
      if (status !== 'missing') return `task ${index}, of which nothing is there, is ${status}`;
      if (unprintable.test(taskName(sweep, index))) return `task ${index} has a name that can't be printed`;
      if (!isTrainingSweep(sweep)) continue;
      try {
        configOfTask(sweep, index);
      } catch (error) {
        if (error?.name !== 'RbmError' || unprintable.test(error.message)) throw error;
      }
    }
    return undefined;
  },
};
