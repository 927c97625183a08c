/**
 * The sweep file: which configs to train, and what to vary. From its text to an ordered list of settings.
 *
 * Checked here: its shape, that each key exists in a run's config, and that no key is given twice. Whether the values make a
 * valid config is checked for each setting by {@link configOfSetting}. The settings are a function of the texts alone: not of
 * the time, the locale, or where the files lie.
 */

import { dirname, resolve } from 'node:path';
import {
  canonicalJson,
  configError,
  keyProblem,
  loadConfig,
  type LoadedConfig,
  mapPath,
  namedPlace,
  parseConfig,
  type Place,
  type Problem,
  problemsError,
  readConfigText,
  type SchemaKey,
} from '../config/index.js';
import { isRbmError, printable } from '../errors.js';
import { configKeys } from '../run/config-schema.js';
import { type Distribution, drawValues } from './draw-values.js';
import { type Axes, expandSettings, type PlacedValue, type Point, type Setting, variedKeys } from './expand-settings.js';
import { parseSeeds } from './seeds.js';

/** A base config as text: what a task's config is made from. */
export interface BaseConfig {
  /** The file's name as given, for messages; its ending tells YAML from JSON. */
  readonly name: string;
  /** Absolute; relative paths in the text, and among the values put over it, are resolved against it. */
  readonly folder: string;
  readonly text: string;
}

export type { Setting } from './expand-settings.js';

/** A sweep file that was read. */
export interface SweepFile {
  /** Its name as given. */
  readonly file: string;
  readonly bases: readonly BaseConfig[];
  readonly settings: readonly Setting[];
  /**
   * Keys that differ between settings, or that only some of them give, without the seed: those of the list first, then of the
   * grid, then the drawn ones.
   */
  readonly varied: readonly string[];
}

/** More settings than this are a slip of the keyboard, or too many for one manifest. */
const mostSettings = 1_000_000;

/** Why a key can't be varied like others. */
const refusedKeys: Readonly<Record<string, string>> = {
  seed: 'is not set here; write "seeds": "1-5" at the top level of the sweep file',
  output: 'is not set here: every task of a sweep has a folder of its own',
};

function checkKey(key: string): string | undefined {
  return Object.hasOwn(refusedKeys, key) ? refusedKeys[key] : keyProblem(configKeys, key);
}

const number = { kind: 'number' } as const;
const positive = { kind: 'number', exclusiveMinimum: 0 } as const;
const seedKind = { kind: 'oneOf', options: [{ kind: 'string' }, { kind: 'integer' }] } as const;

function endKeys(name: 'low' | 'high', meaning: string): SchemaKey[] {
  const ends = [['uniform', number], ['logUniform', positive], ['integer', { kind: 'integer' }]] as const;
  return ends.map(([distribution, type]) => ({ name, meaning, type, required: true, onlyWith: { key: 'distribution', values: [distribution] } }));
}

const drawKeys: readonly SchemaKey[] = [
  {
    name: 'distribution',
    meaning: 'what the value is drawn from',
    type: {
      kind: 'choice',
      values: ['uniform', 'logUniform', 'integer', 'choice'],
      meanings: [
        'a number between low and high, to 6 significant digits',
        'a number whose logarithm is uniform, to 6 significant digits',
        'an integer, all equally likely',
        'one of the values, all equally likely',
      ],
    },
    required: true,
  },
  ...endKeys('low', 'the lowest value'),
  ...endKeys('high', 'the highest value; it can be drawn, too'),
  {
    name: 'values',
    meaning: 'what is chosen from',
    type: { kind: 'list', of: { kind: 'any' }, minimumLength: 1 },
    required: true,
    onlyWith: { key: 'distribution', values: ['choice'] },
  },
];

/** The keys of a sweep file. */
export const sweepKeys: readonly SchemaKey[] = [
  {
    name: 'config',
    meaning: 'the config file to vary, or several; relative to the sweep file',
    type: { kind: 'oneOf', options: [{ kind: 'string' }, { kind: 'list', of: { kind: 'string' }, minimumLength: 1 }] },
    required: true,
  },
  {
    name: 'seeds',
    meaning: 'seeds that everything is trained with: ranges and single ones as text, "1-5" or "1,2,7", or a list; where left out, the seed that each config names',
    type: { kind: 'oneOf', options: [{ kind: 'string' }, { kind: 'integer' }, { kind: 'list', of: seedKind, minimumLength: 1 }] },
  },
  {
    name: 'set',
    meaning: 'values put over every config, by dotted key ("training.epochs": 2); here and below, relative paths are resolved as if they stood in the config',
    type: { kind: 'map', of: { kind: 'any' }, checkKey },
  },
  {
    name: 'list',
    meaning: 'values that go together, by dotted key: each object in turn',
    type: { kind: 'list', of: { kind: 'map', of: { kind: 'any' }, checkKey }, minimumLength: 1 },
  },
  {
    name: 'grid',
    meaning: 'lists of values, by dotted key ("training.k": [1, 5]): all combinations',
    type: { kind: 'map', of: { kind: 'list', of: { kind: 'any' }, minimumLength: 1 }, checkKey },
  },
  {
    name: 'random',
    meaning: 'random search: samples that are drawn once, so that everything else is combined with the same ones',
    type: {
      kind: 'object',
      keys: [
        { name: 'samples', meaning: 'how many samples', type: { kind: 'integer', minimum: 1, maximum: mostSettings }, required: true },
        { name: 'seed', meaning: 'seed of the drawing; each key has a random stream of its own', type: seedKind, default: '1' },
        { name: 'draw', meaning: 'what to draw, by dotted key', type: { kind: 'map', of: { kind: 'object', keys: drawKeys }, checkKey }, required: true },
      ],
    },
  },
];

type Values = Readonly<Record<string, unknown>>;

/** A resolved sweep file, of the shape that {@link sweepKeys} describes. */
interface SweepConfig {
  readonly config: string | readonly string[];
  readonly seeds?: string | readonly string[];
  readonly set?: Values;
  readonly list?: readonly Values[];
  readonly grid?: Readonly<Record<string, readonly unknown[]>>;
  readonly random?: { readonly samples: number; readonly seed: string; readonly draw: Readonly<Record<string, Distribution>> };
}

/** Reports what is wrong with the value at a path. */
type Report = (path: string, text: string) => void;

/**
 * Reads a sweep file and the configs it names, and makes its settings.
 *
 * @param options `file` relative to `workingDirectory`
 * @throws RbmError 'usage', with places, for a file that cannot be read or is not valid, and for more than 1,000,000 settings
 */
export async function loadSweepFile(options: { file: string; workingDirectory: string }): Promise<SweepFile> {
  const { file, workingDirectory } = options;
  const naming = { noun: 'sweep', hint: '{ "config": "cd1.json", "seeds": "1-5" } is one: a config with five seeds.' };
  const loaded = await loadConfig(sweepKeys, { file, workingDirectory, naming });
  const sweep = loaded.config as unknown as SweepConfig;

  const problems: Problem[] = [];
  const report: Report = (path, text) => problems.push({ place: placeAt(loaded, path), path, text });
  const names = namesOf(sweep, report, dirname(resolve(workingDirectory, file)));
  checkKeys(loaded, sweep, report);
  checkValues(sweep, report);
  const seeds = seedsOf(loaded, sweep.seeds, report, () => problemsError(problems));
  if (problems.length > 0) throw problemsError(problems);

  const axes = axesOf(loaded, sweep, names.length, seeds);
  const bases = await readBases(loaded, names, dirname(resolve(workingDirectory, file)));
  return { file, bases, settings: expandSettings(axes), varied: variedKeys(axes) };
}

/**
 * The config of a setting: the values put over the base as `--set` puts them, and all of it checked.
 *
 * @param places where each value stands; or a name for all of them, such as `manifest.json: task 3`
 * @throws RbmError 'usage' with all problems of base and values
 */
export function configOfSetting(base: BaseConfig, values: Values, places: Readonly<Record<string, Place>> | string): LoadedConfig {
  const placeOf = typeof places === 'string' ? () => namedPlace(places) : (key: string) => places[key];
  const set = Object.entries(values).map(([key, value]) => ({ key, value, place: placeOf(key) }));
  return parseConfig(configKeys, { text: base.text, file: base.name, directory: base.folder, set, workingDirectory: base.folder });
}

/** Every value that was given has a place; what is asked for here was given. */
function placeAt(loaded: LoadedConfig, path: string): Place {
  return loaded.place(path) ?? namedPlace(loaded.locate(path));
}

/** The names of the config files with their paths in the sweep file. */
function namesOf({ config }: SweepConfig, report: Report, folder: string): { name: string; path: string }[] {
  const names = typeof config === 'string' ? [{ name: config, path: 'config' }] : config.map((name, index) => ({ name, path: `config[${index}]` }));
  const first = new Map<string, string>();
  for (const { name, path } of names) {
    if (name === '') report(path, 'names no file');
    const file = resolve(folder, name);
    const other = first.get(file);
    if (other === undefined) first.set(file, path);
    else report(path, `the same file as ${other}; keep one`);
  }
  return names;
}

async function readBases(loaded: LoadedConfig, names: readonly { name: string; path: string }[], folder: string): Promise<BaseConfig[]> {
  const bases: BaseConfig[] = [];
  for (const { name, path } of names) {
    try {
      const { text, directory } = await readConfigText(name, folder);
      bases.push({ name, folder: directory, text });
    } catch (error) {
      if (!isRbmError(error) || error.code !== 'usage') throw error;
      throw configError(loaded, path, error.message, error.hint);
    }
  }
  return bases;
}

/** Where a key is given, or something below it. */
type GivenKeys = Map<string, { readonly path: string; readonly isBelow: boolean }>;

/** No key twice, nor one beside a part of it: which of the two counts would be a matter of their order. */
function checkKeys(loaded: LoadedConfig, { set = {}, list = [], grid = {}, random }: SweepConfig, report: Report): void {
  const check = (values: Values, section: string, own: GivenKeys, others: GivenKeys): void => {
    for (const key of Object.keys(values)) {
      const path = mapPath(section, key);
      const names = key.split('.');
      const wholes = names.slice(0, -1).map((_, index) => names.slice(0, index + 1).join('.'));
      const found = [own, others].flatMap((given) => [given.get(key), ...wholes.map((whole) => given.get(whole)).filter((whole) => whole?.isBelow === false)]);
      const clash = found.find((other) => other !== undefined);
      if (clash !== undefined) report(path, `given already at ${loaded.locate(clash.path)} (${clash.path}); keep one`);
      for (const whole of wholes) own.set(whole, own.get(whole) ?? { path, isBelow: true });
      own.set(key, { path, isBelow: false });
    }
  };
  const everywhere: GivenKeys = new Map();
  check(set, 'set', everywhere, everywhere);
  check(grid, 'grid', everywhere, everywhere);
  check(random?.draw ?? {}, 'random.draw', everywhere, everywhere);
  // The objects of a list come in turn, not together.
  for (const [index, item] of list.entries()) check(item, `list[${index}]`, new Map(), everywhere);
}

/** Values that come twice, ranges without a number in them, and samples of nothing. */
function checkValues({ list = [], grid = {}, random }: SweepConfig, report: Report): void {
  reportRepeated(list, 'list', report);
  for (const [key, values] of Object.entries(grid)) reportRepeated(values, mapPath('grid', key), report);
  if (random === undefined) return;
  if (Object.keys(random.draw).length === 0) report('random.draw', 'names no key to draw; leave "random" out');
  for (const [key, from] of Object.entries(random.draw)) {
    if (from.distribution === 'choice' || from.low <= from.high) continue;
    report(`${mapPath('random.draw', key)}.low`, `${from.low} is larger than the highest value, ${from.high}`);
  }
}

function reportRepeated(values: readonly unknown[], path: string, report: Report): void {
  const first = new Map<string, number>();
  for (const [index, value] of values.entries()) {
    const text = canonicalJson(value);
    const other = first.get(text);
    if (other === undefined) first.set(text, index);
    else report(`${path}[${index}]`, `the same as item ${other + 1} of the list; keep one`);
  }
}

function seedsOf(loaded: LoadedConfig, seeds: SweepConfig['seeds'], report: Report, failure: () => Error): PlacedValue[] | undefined {
  if (seeds === undefined) return undefined;
  if (typeof seeds !== 'string') {
    // The seed 1 and the seed "1" are one, which canonical JSON does not see; they are texts by now.
    reportRepeated(seeds, 'seeds', report);
    return seeds.map((value, index) => ({ value, place: placeAt(loaded, `seeds[${index}]`) }));
  }
  const place = placeAt(loaded, 'seeds');
  const fail = (what: string): Error => {
    report('seeds', `"${printable(seeds)}": ${what}; write ranges and single seeds, "1-5" or "1,2,7", or a list of seeds`);
    return failure();
  };
  return parseSeeds(seeds, mostSettings, fail).map((value) => ({ value, place }));
}

/** What is varied, with the place of every value. */
function axesOf(loaded: LoadedConfig, sweep: SweepConfig, bases: number, seeds: PlacedValue[] | undefined): Axes {
  const { set = {}, list = [{}], grid = {}, random } = sweep;
  const point = (values: Values, section: string): Point =>
    new Map(Object.entries(values).map(([key, value]) => [key, { value, place: placeAt(loaded, mapPath(section, key)) }]));
  const gridValues = Object.entries(grid).map(([key, values]): [string, PlacedValue[]] => {
    const path = mapPath('grid', key);
    return [key, values.map((value, index) => ({ value, place: placeAt(loaded, `${path}[${index}]`) }))];
  });
  const fixed = { bases, set: point(set, 'set'), list: list.map((values, index) => point(values, `list[${index}]`)), grid: new Map(gridValues), seeds };
  const sizes = {
    config: bases,
    list: list.length,
    grid: gridValues.reduce((size, [, values]) => size * values.length, 1),
    'random.samples': random?.samples ?? 1,
    seeds: seeds?.length ?? 1,
  };
  const count = Object.values(sizes).reduce((product, size) => product * size, 1);
  if (count > mostSettings) {
    const factors = Object.entries(sizes).filter(([, size]) => size > 1);
    const [largest] = factors.toSorted(([, first], [, second]) => second - first)[0];
    const product = factors.map(([name, size]) => `${size} (${name})`).join(' × ');
    throw configError(loaded, largest, `${product} makes ${count} settings; at most ${mostSettings} are possible`);
  }
  return { ...fixed, samples: random === undefined ? [new Map()] : drawSamples(loaded, random) };
}

function drawSamples(loaded: LoadedConfig, { samples, seed, draw }: NonNullable<SweepConfig['random']>): Point[] {
  const columns = Object.entries(draw).map(([key, from]): [string, PlacedValue[]] => {
    const path = mapPath('random.draw', key);
    const drawn = drawValues(from, samples, seed, key);
    if (from.distribution !== 'choice') return [key, drawn.map((value) => ({ value, place: placeAt(loaded, path) }))];
    return [key, drawn.map((index) => ({ value: from.values[index], place: placeAt(loaded, `${path}.values[${index}]`) }))];
  });
  return Array.from({ length: samples }, (_, sample) => new Map(columns.map(([key, values]) => [key, values[sample]])));
}
