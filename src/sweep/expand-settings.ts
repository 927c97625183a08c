/**
 * From the axes of a sweep to its settings, in order: the base config changes slowest, then the list, then the grid (its first
 * key slowest), then the random samples, and the seed fastest.
 *
 * Reads no file and refuses nothing: what is wrong with a sweep is found before.
 */

import { canonicalJson, type Place } from '../config/index.js';

/** One point of a sweep: values put over a base config, by dotted key, in order; the seed among them as `seed` where seeds are given. */
export interface Setting {
  /** Index of the base config. */
  readonly base: number;
  readonly values: Readonly<Record<string, unknown>>;
  /** Where each of the values stands in the sweep file. */
  readonly places: Readonly<Record<string, Place>>;
}

/** A value and where it stands. */
export interface PlacedValue {
  readonly value: unknown;
  readonly place: Place;
}

/** Values that are put over a config together, by dotted key. */
export type Point = ReadonlyMap<string, PlacedValue>;

/** What a sweep varies. No two of `set`, `list`, `grid` and `samples` share a key. */
export interface Axes {
  /** Number of base configs. */
  readonly bases: number;
  /** Put over every config. */
  readonly set: Point;
  /** Each in turn; at least one, which may be empty. */
  readonly list: readonly Point[];
  /** The values of each key, of which all combinations are made. */
  readonly grid: ReadonlyMap<string, readonly PlacedValue[]>;
  /** Each in turn; at least one, which may be empty. */
  readonly samples: readonly Point[];
  /** `undefined`: the seed that each config names. */
  readonly seeds: readonly PlacedValue[] | undefined;
}

/** All settings, in order. */
export function expandSettings({ bases, set, list, grid, samples, seeds }: Axes): Setting[] {
  const combinations = gridPoints(grid);
  const seedPoints: readonly Point[] = seeds?.map((seed) => new Map([['seed', seed]])) ?? [new Map()];
  const settings: Setting[] = [];
  for (let base = 0; base < bases; base++) {
    for (const item of list) {
      for (const combination of combinations) {
        for (const sample of samples) {
          for (const seed of seedPoints) settings.push(settingOf(base, [set, item, combination, sample, seed]));
        }
      }
    }
  }
  return settings;
}

/** All combinations of a grid, the first key slowest. */
function gridPoints(grid: Axes['grid']): Point[] {
  let points: Point[] = [new Map()];
  for (const [key, values] of grid) {
    points = points.flatMap((point) => values.map((value) => new Map([...point, [key, value]])));
  }
  return points;
}

function settingOf(base: number, points: readonly Point[]): Setting {
  const values: Record<string, unknown> = {};
  const places: Record<string, Place> = {};
  for (const point of points) {
    for (const [key, { value, place }] of point) {
      values[key] = value;
      places[key] = place;
    }
  }
  return { base, values, places };
}

/**
 * The keys that differ between settings, or that only some of them give, without the seed: those of the list first, then of
 * the grid, then the drawn ones, each in the order of the file.
 */
export function variedKeys({ list, grid, samples }: Axes): string[] {
  const gridKeys = [...grid].filter(([, values]) => values.length > 1).map(([key]) => key);
  return [...differing(list), ...gridKeys, ...differing(samples)];
}

/** The keys that not all points give with the same value, in order of first appearance. */
function differing(points: readonly Point[]): string[] {
  const keys = new Set(points.flatMap((point) => [...point.keys()]));
  return [...keys].filter((key) => new Set(points.map((point) => (point.has(key) ? canonicalJson(point.get(key)?.value) : ''))).size > 1);
}
