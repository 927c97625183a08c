/** The sweep file: its settings against an oracle, the configs they make, and what is refused, where. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentKeys, loadConfig } from '../../src/config/index.js';
import { configKeys } from '../../src/run/config-schema.js';
import { configOfSetting, loadSweepFile, type SweepFile, sweepKeys } from '../../src/sweep/sweep-file.js';
import { errorOf } from '../config/helpers.js';

const cd = '{"data": {"source": "bars-and-stripes"}, "model": {"hiddenUnits": 8}, "training": {"algorithm": "cd", "epochs": 3}}';
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rbm-sweep-'));
  mkdirSync(join(folder, 'sweeps'));
  writeFileSync(join(folder, 'cd.json'), cd);
  writeFileSync(join(folder, 'sml.yaml'), 'data: {source: bars-and-stripes}\nmodel: {hiddenUnits: 8}\ntraining: {algorithm: sml, chains: 10, epochs: 3}\nseed: "of its own"\n');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function load(text: string, file = 'sweep.json'): Promise<SweepFile> {
  writeFileSync(join(folder, file), text);
  return loadSweepFile({ file, workingDirectory: folder });
}

function loadObject(sweep: object): Promise<SweepFile> {
  return load(JSON.stringify(sweep));
}

/** The values of all settings. */
async function valuesOf(sweep: object): Promise<unknown[]> {
  return (await loadObject(sweep)).settings.map(({ values }) => values);
}

async function failureOf(text: string, file?: string): Promise<{ message: string; hint?: string; frame?: string }> {
  const failure = await load(text, file).then(() => undefined, (error: unknown) => error);
  expect(failure).toMatchObject({ name: 'RbmError', code: 'usage' });
  return failure as Error;
}

describe('settings', () => {
  test('of a config and seeds', async () => {
    const sweep = await load('{\n  "config": "cd.json",\n  "seeds": "1-3"\n}');
    expect(sweep).toMatchObject({ file: 'sweep.json', bases: [{ name: 'cd.json', folder, text: cd }], varied: [] });
    expect(sweep.settings.map(({ base, values }) => ({ base, values }))).toEqual(['1', '2', '3'].map((seed) => ({ base: 0, values: { seed } })));
  });

  test('of a config alone: one, with the seed of the config', async () => {
    const { bases, settings } = await loadObject({ config: 'sml.yaml' });
    expect(settings).toEqual([{ base: 0, values: {}, places: {} }]);
    expect(configOfSetting(bases[0], settings[0].values, 'task 0').config.seed).toBe('of its own');
  });

  test('of everything at once: config slowest, then list, grid, samples, seeds', async () => {
    const sweep = await loadObject({
      random: { samples: 2, draw: { 'training.momentum': { distribution: 'choice', values: [0.5] } } },
      seeds: ['a', 7],
      grid: { 'training.learningRate': [0.1, 0.03], 'model.hiddenUnits': [4] },
      list: [{ 'training.k': 1 }, {}],
      set: { 'training.epochs': 2 },
      config: ['cd.json', 'sml.yaml'],
    });
    expect(sweep.varied).toEqual(['training.k', 'training.learningRate']);
    const lines = sweep.settings.map(({ base, values }) => `${base} ${JSON.stringify(values)}`);
    expect(lines).toHaveLength(32);
    expect(lines.slice(0, 6)).toEqual([
      '0 {"training.epochs":2,"training.k":1,"training.learningRate":0.1,"model.hiddenUnits":4,"training.momentum":0.5,"seed":"a"}',
      '0 {"training.epochs":2,"training.k":1,"training.learningRate":0.1,"model.hiddenUnits":4,"training.momentum":0.5,"seed":"7"}',
      '0 {"training.epochs":2,"training.k":1,"training.learningRate":0.1,"model.hiddenUnits":4,"training.momentum":0.5,"seed":"a"}',
      '0 {"training.epochs":2,"training.k":1,"training.learningRate":0.1,"model.hiddenUnits":4,"training.momentum":0.5,"seed":"7"}',
      '0 {"training.epochs":2,"training.k":1,"training.learningRate":0.03,"model.hiddenUnits":4,"training.momentum":0.5,"seed":"a"}',
      '0 {"training.epochs":2,"training.k":1,"training.learningRate":0.03,"model.hiddenUnits":4,"training.momentum":0.5,"seed":"7"}',
    ]);
    expect(lines[8]).toBe('0 {"training.epochs":2,"training.learningRate":0.1,"model.hiddenUnits":4,"training.momentum":0.5,"seed":"a"}');
    expect(lines[16]).toMatch(/^1 /);
  });

  test('are those of an oracle that counts in mixed radix', async () => {
    const keys = ['training.k', 'training.learningRate', 'training.momentum', 'model.hiddenUnits', 'training.epochs', 'training.batchSize', 'training.weightDecay.l2'];
    const value = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('full', true), fc.constant({ schedule: 'inverse' }));
    const byJson = (item: unknown): string => JSON.stringify(item);
    const axes = fc.shuffledSubarray(keys, { minLength: 5 }).chain((names) =>
      fc.record({
        config: fc.constantFrom<string[]>(['cd.json'], ['sml.yaml', 'cd.json']),
        set: fc.dictionary(fc.constant(names[0]), value, { maxKeys: 1 }),
        list: fc.uniqueArray(fc.dictionary(fc.constantFrom(names[1], names[2]), value), { minLength: 1, maxLength: 3, selector: (item) => byJson(Object.entries(item).toSorted()) }),
        grid: fc.dictionary(fc.constantFrom(names[3], names[4]), fc.uniqueArray(value, { minLength: 1, maxLength: 3, selector: byJson })),
        seeds: fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 3 }), { nil: undefined }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(axes, async (sweep) => {
        const { settings, varied } = await loadObject(sweep);
        const gridKeys = Object.keys(sweep.grid);
        const radices = [sweep.config.length, sweep.list.length, ...gridKeys.map((key) => sweep.grid[key].length), sweep.seeds?.length ?? 1];
        const count = radices.reduce((product, radix) => product * radix, 1);
        expect(settings).toHaveLength(count);
        for (const [index, { base, values, places }] of settings.entries()) {
          const digits: number[] = [];
          let rest = index;
          for (const radix of radices.toReversed()) {
            digits.unshift(rest % radix);
            rest = (rest - (rest % radix)) / radix;
          }
          const gridded = Object.fromEntries(gridKeys.map((key, position) => [key, sweep.grid[key][digits[2 + position]]]));
          const seed = sweep.seeds === undefined ? {} : { seed: String(sweep.seeds[digits[digits.length - 1]]) };
          expect(base).toBe(digits[0]);
          expect(JSON.stringify(values)).toBe(JSON.stringify({ ...sweep.set, ...sweep.list[digits[1]], ...gridded, ...seed }));
          expect(Object.keys(places)).toEqual(Object.keys(values));
        }
        // A key is varied where the settings have more than one thing to say about it.
        const given = new Set(settings.flatMap(({ values }) => Object.keys(values)));
        const differing = [...given].filter((key) => key !== 'seed' && new Set(settings.map(({ values }) => byJson(values[key]))).size > 1);
        expect(varied.toSorted()).toEqual(differing.toSorted());
      }),
      { seed: 11, numRuns: 150 },
    );
  });

  test('with samples that are drawn once and that no other key changes', async () => {
    const rate = { distribution: 'logUniform', low: 0.001, high: 0.1 };
    const draw = { 'training.learningRate': rate };
    const alone = await valuesOf({ config: 'cd.json', random: { samples: 3, draw } });
    expect(alone).toEqual([{ 'training.learningRate': 0.00247273 }, { 'training.learningRate': 0.00694726 }, { 'training.learningRate': 0.0762496 }]);
    const together = await loadObject({
      config: 'cd.json',
      seeds: [1, 2],
      grid: { 'training.k': [1, 5] },
      random: { samples: 4, seed: 1, draw: { 'model.hiddenUnits': { distribution: 'integer', low: 8, high: 64 }, ...draw } },
    });
    const rates = together.settings.map(({ values }) => values['training.learningRate']);
    for (const [index, setting] of [0, 2, 4].entries()) expect({ 'training.learningRate': rates[setting] }).toEqual(alone[index]);
    expect(rates.slice(8)).toEqual(rates.slice(0, 8));
    expect(together.varied).toEqual(['training.k', 'model.hiddenUnits', 'training.learningRate']);
    expect(await valuesOf({ config: 'cd.json', random: { samples: 3, seed: 2, draw } })).not.toEqual(alone);
  });

  test('are the same from YAML, and wherever the files lie', async () => {
    const json = await loadObject({ config: 'cd.json', seeds: '1-2', grid: { 'training.k': [1, 5] } });
    const yaml = await load('# a comment\nconfig: ../cd.json\nseeds: 1-2\ngrid:\n  training.k: [1, 5]\n', 'sweeps/sweep.yaml');
    expect(yaml.settings.map(({ values }) => values)).toEqual(json.settings.map(({ values }) => values));
    expect(yaml.bases).toEqual([{ name: '../cd.json', folder, text: cd }]);
  });

  test('up to a million', async () => {
    const { settings } = await loadObject({ config: 'cd.json', seeds: '1-1000', grid: { 'training.k': Array.from({ length: 1000 }, (_, index) => index + 1) } });
    expect(settings).toHaveLength(1_000_000);
    expect(settings[999_999].values).toEqual({ 'training.k': 1000, seed: '1000' });
  });
});

describe('the config of a setting', () => {
  test('is that of the same values with --set', async () => {
    const sweep = { config: ['cd.json', 'sml.yaml'], seeds: '1-2', set: { 'training.updates': 7 }, list: [{ 'training.algorithm': 'cd', 'training.k': 3 }, { 'training.algorithm': 'exact' }] };
    const { bases, settings } = await loadObject(sweep);
    for (const { base, values, places } of settings) {
      const set = Object.entries(values).map(([key, value]) => `${key}=${String(value)}`);
      const { config } = await loadConfig(configKeys, { file: sweep.config[base], set, workingDirectory: folder });
      expect(configOfSetting(bases[base], values, places).config).toEqual(config);
      // A manifest is JSON and has no places.
      expect(configOfSetting(bases[base], JSON.parse(JSON.stringify(values)), 'task').config).toEqual(config);
    }
  });

  test('resolves paths as if they stood in the config', async () => {
    const { bases, settings } = await load('{"config": "../cd.json", "set": {"data": {"source": "file", "path": "d.npy"}}}', 'sweeps/paths.json');
    expect(configOfSetting(bases[0], settings[0].values, settings[0].places).config.data).toMatchObject({ path: join(folder, 'd.npy') });
  });

  test('names the place of what is wrong, with its line', async () => {
    const { bases, settings } = await load('{\n  "config": "cd.json",\n  "grid": {"training.k": [1, 0]},\n  "random": {"samples": 1, "draw": {\n    "training.momentum": {"distribution": "choice", "values": [2]},\n    "model.hiddenUnits": {"distribution": "uniform", "low": 0.5, "high": 0.5}\n  }}\n}');
    const [, { values, places }] = settings;
    const { message } = errorOf(() => configOfSetting(bases[0], values, places));
    expect(message.split('\n').filter((line) => line.startsWith('sweep.json'))).toEqual([
      expect.stringMatching(/^sweep\.json:3:30: training\.k: expected an integer ≥ 1(?: and ≤ \d+)?; found 0$/),
      expect.stringMatching(/^sweep\.json:5:64: training\.momentum: expected /),
      expect.stringMatching(/^sweep\.json:6:5: model\.hiddenUnits: expected an integer ≥ 1.*; found 0\.5$/),
    ]);
    expect(message).toContain('  3 |   "grid": {"training.k": [1, 0]},\n    |                              ^\n');
    expect(errorOf(() => configOfSetting(bases[0], { 'training.k': 0 }, 'manifest.json: task 3')).message).toMatch(/^manifest\.json: task 3: training\.k: expected an integer/);
    expect(errorOf(() => configOfSetting({ ...bases[0], text: cd.replace('3', '-3') }, {}, 'task')).message).toMatch(/^cd\.json:1:\d+: training\.epochs: /);
  });
});

describe('refused', () => {
  const sweepOf = (rest: string): string => `{"config": "cd.json",\n${rest}}`;
  const draw = (from: string): string => sweepOf(`"random": {"samples": 2, "draw": {"training.k":\n${from}}}`);
  test.each<[string, string]>([
    ['{}', 'sweep.json:1:1: config: missing (the config file to vary, or several; relative to the sweep file); expected a string or a list of length ≥ 1, each a string'],
    ['[]', 'sweep.json:1:1: expected an object with the keys config, seeds, set, list, grid, random; found a list'],
    ['{"config": 5}', 'sweep.json:1:12: config: expected a string or a list of length ≥ 1, each a string; found 5'],
    ['{"config": []}', 'sweep.json:1:12: config: expected a list of length ≥ 1, each a string; found a list of length 0'],
    ['{"config": "no.json"}', 'sweep.json:1:12: config: no.json: there is no such file'],
    ['{"config": ["cd.json", "sweeps"]}', 'sweep.json:1:24: config[1]: sweeps: is a folder, not a file'],
    ['{"config": ["cd.json", "./cd.json"]}', 'sweep.json:1:24: config[1]: the same file as config[0]; keep one'],
    ['{"config": "cd.json"', 'sweep.json:1:21: expected "," or "}", found the end of the file; the "{" of line 1, column 1 is not closed'],
    [sweepOf('"grids": {}'), 'sweep.json:2:1: grids: unknown key; did you mean "grid"?'],
    [sweepOf('"seeds": "1;2"'), 'sweep.json:2:10: seeds: "1;2": not a list of seeds; write ranges and single seeds, "1-5" or "1,2,7", or a list of seeds'],
    [sweepOf('"seeds": "3-1"'), 'sweep.json:2:10: seeds: "3-1": 3 is larger than 1; write ranges and single seeds, "1-5" or "1,2,7", or a list of seeds'],
    [sweepOf('"seeds": "1-3,2"'), 'sweep.json:2:10: seeds: "1-3,2": seed 2 comes twice; write ranges and single seeds, "1-5" or "1,2,7", or a list of seeds'],
    [sweepOf('"seeds": []'), 'sweep.json:2:10: seeds: expected a list of length ≥ 1, each a string or an integer; found a list of length 0'],
    [sweepOf('"seeds": [1, 2, "1"]'), 'sweep.json:2:17: seeds[2]: the same as item 1 of the list; keep one'],
    [sweepOf('"set": {"training.learningRat": 1}'), 'sweep.json:2:9: set["training.learningRat"]: training.learningRat: unknown key; did you mean "learningRate"?'],
    [sweepOf('"grid": {"trainig.k": [1]}'), 'sweep.json:2:10: grid["trainig.k"]: trainig: unknown key; did you mean "training"?'],
    [sweepOf('"list": [{}, {"k": 1}]'), 'sweep.json:2:15: list[1]["k"]: k: unknown key here; did you mean "training.k"?'],
    [sweepOf('"grid": {"seed": [1, 2]}'), 'sweep.json:2:10: grid["seed"]: is not set here; write "seeds": "1-5" at the top level of the sweep file'],
    [sweepOf('"set": {"output": "x"}'), 'sweep.json:2:9: set["output"]: is not set here: every task of a sweep has a folder of its own'],
    [sweepOf('"list": []'), 'sweep.json:2:9: list: expected a list of length ≥ 1, each an object; found a list of length 0'],
    [sweepOf('"list": [{"training.k": 1}, {"training.k": 1.0}]'), 'sweep.json:2:29: list[1]: the same as item 1 of the list; keep one'],
    [sweepOf('"grid": {"training.k": []}'), 'sweep.json:2:24: grid["training.k"]: expected a list of length ≥ 1; found a list of length 0'],
    [sweepOf('"grid": {"training.k": 5}'), 'sweep.json:2:24: grid["training.k"]: expected a list of length ≥ 1; found 5'],
    [sweepOf('"grid": {"training.k": [1, 5, 1]}'), 'sweep.json:2:31: grid["training.k"][2]: the same as item 1 of the list; keep one'],
    [sweepOf('"grid": {"training.k": [1], "training.k": [2]}'), 'sweep.json:2:29: grid["training.k"]: duplicate key; it stands already at sweep.json:2:10; keep one'],
    [sweepOf('"set": {"training.k": 1},\n"grid": {"training.k": [5]}'), 'sweep.json:3:24: grid["training.k"]: given already at sweep.json:2:23 (set["training.k"]); keep one'],
    [sweepOf('"list": [{}, {"training.k": 1}],\n"grid": {"training.k": [5]}'), 'sweep.json:2:29: list[1]["training.k"]: given already at sweep.json:3:24 (grid["training.k"]); keep one'],
    [sweepOf('"set": {"training.weightDecay.l2": 1, "training.weightDecay": {}}'), 'sweep.json:2:39: set["training.weightDecay"]: given already at sweep.json:2:36 (set["training.weightDecay.l2"]); keep one'],
    [sweepOf('"set": {"training.weightDecay": {}},\n"list": [{"training.weightDecay.l2": 1}]'), 'sweep.json:3:38: list[0]["training.weightDecay.l2"]: given already at sweep.json:2:9 (set["training.weightDecay"]); keep one'],
    [sweepOf('"set": {"training.k": 1},\n"random": {"samples": 1, "draw": {"training.k": {"distribution": "choice", "values": [1]}}}'), 'sweep.json:3:35: random.draw["training.k"]: given already at sweep.json:2:23 (set["training.k"]); keep one'],
    [sweepOf('"random": {"samples": 2, "draw": {}}'), 'sweep.json:2:26: random.draw: names no key to draw; leave "random" out'],
    [sweepOf('"random": {"samples": 0, "draw": {}}'), 'sweep.json:2:23: random.samples: expected an integer ≥ 1 and ≤ 1000000; found 0'],
    [draw('{"distribution": "uniform", "low": 2, "high": 1}'), 'sweep.json:3:36: random.draw["training.k"].low: 2 is larger than the highest value, 1'],
    [draw('{"distribution": "logUniform", "low": 0, "high": 1}'), 'sweep.json:3:39: random.draw["training.k"].low: expected a number > 0; found 0'],
    [draw('{"distribution": "integer", "low": 1, "high": 1.5}'), 'sweep.json:3:47: random.draw["training.k"].high: expected an integer; found 1.5'],
    [draw('{"distribution": "choice", "values": []}'), 'sweep.json:3:38: random.draw["training.k"].values: expected a list of length ≥ 1; found a list of length 0'],
    [draw('{"distribution": "choice", "values": [1], "low": 1}'), 'sweep.json:3:43: random.draw["training.k"].low: applies only with random.draw["training.k"].distribution "uniform", "logUniform" or "integer"; here distribution is "choice"; remove the key'],
    [draw('{"distribution": "normal"}'), 'sweep.json:3:18: random.draw["training.k"].distribution: expected "uniform", "logUniform", "integer" or "choice"; found the string "normal"'],
    [sweepOf('"seeds": "1-2000",\n"random": {"samples": 1000, "draw": {"training.k": {"distribution": "choice", "values": [1]}}}'), 'sweep.json:2:10: seeds: 1000 (random.samples) × 2000 (seeds) makes 2000000 settings; at most 1000000 are possible'],
    [sweepOf('"seeds": "1-1000001"'), 'sweep.json:2:10: seeds: "1-1000001": more than 1000000 seeds; write ranges and single seeds, "1-5" or "1,2,7", or a list of seeds'],
  ])('%s', async (text, message) => {
    const failure = await failureOf(text);
    expect(failure.message).toBe(message);
    expect(failure.frame).toContain('^');
  });

  test('too many combinations, before they are made', async () => {
    const values = JSON.stringify(Array.from({ length: 200 }, (_, index) => index + 1));
    const { message } = await failureOf(sweepOf(`"grid": {"training.k": ${values},\n"model.hiddenUnits": ${values},\n"training.epochs": ${values},\n"training.batchSize": ${values}}`));
    expect(message).toBe('sweep.json:2:1: grid: 1600000000 (grid) makes 1600000000 settings; at most 1000000 are possible');
  });

  test('all that is wrong, in one message', async () => {
    const { message } = await failureOf(sweepOf('"set": {"training.k": 1},\n"grid": {"training.k": [5, 5]},\n"seeds": "x;y"'));
    expect(message.split('\n').filter((line) => /^\S/.test(line)).map((line) => line.slice(0, 16))).toEqual(['sweep.json:3:24:', 'sweep.json:3:28:', 'sweep.json:4:10:', '3 problems']);
  });

  test('what is no sweep file, with an example of one', async () => {
    const example = '{ "config": "cd1.json", "seeds": "1-5" } is one: a config with five seeds.';
    expect(await failureOf(' ')).toMatchObject({ message: 'sweep.json:1:1: the file is empty; expected a sweep', hint: example });
    await expect(loadSweepFile({ file: 'none.json', workingDirectory: folder })).rejects.toMatchObject({ code: 'usage', message: 'none.json: there is no such file', hint: `Name a sweep file; ${example}` });
    // The config of another run.
    expect((await failureOf(cd)).message).toContain('data: unknown key');
  });

  test('without what steers a terminal', async () => {
    const { message } = await failureOf('{"config": "\\u001b[31m.json"}');
    expect(message).toBe('sweep.json:1:12: config: \\u001b[31m.json: there is no such file');
    expect((await failureOf('{"config": "cd.json", "set": {"\\u001b[31m": 1}}')).message).not.toContain('\u001b');
  });

  test('quickly, however long the list', async () => {
    const items = Array.from({ length: 40_000 }, (_, index) => `{"training.k":${index}}`).join(',');
    const { settings } = await load(sweepOf(`"list":[${items}]`));
    expect(settings).toHaveLength(40_000);
  });
});

test('every key is documented, without the relevance that only keys of a run have', () => {
  const text = documentKeys(sweepKeys, { width: 100, relevance: false });
  for (const key of ['config', 'seeds', 'set', 'list', 'grid', 'random.samples', 'random.seed', 'random.draw', 'random.draw.*.distribution', 'random.draw.*.low', 'random.draw.*.values']) {
    expect(text.split('\n')).toContain(key);
  }
  expect(text).not.toContain('; result');
});
