/**
 * The settings of a sweep, the best first. Numbers in, numbers out: files are read and pages made elsewhere.
 *
 * A setting is all runs that differ in their seed only; it is ranked by the mean of its runs' final figures. What is said of it
 * beside the mean is meant to keep its reader from believing too much: an interval, the difference to the best over the same
 * seeds, and whether seeds are missing. No interval is corrected for having been picked from many.
 */

import { canonicalSum } from '../kernels/index.js';
import type { SplitFigures } from '../estimators/evaluation.js';
import type { Point } from './charts.js';
import { studentInterval, type Quantity } from './comparison.js';
import { criteria } from './criterion.js';
import type { Remark } from './section.js';

/** A run of a sweep, or one that is to be. */
export interface SweepRun {
  /** Its number among the tasks. */
  readonly index: number;
  readonly id: string;
  /** Runs of the same setting differ in their seed only; settings are counted from 0. */
  readonly setting: number;
  readonly status: 'done' | 'diverged' | 'started' | 'missing';
  /** The config that it starts from, where the sweep has several. */
  readonly config?: string;
  /** What it has of the keys that are varied, by dotted key; the seed is not among them. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly seed: string;
  readonly updates: number;
  /** Its directory, relative to the sweep's, with `/`. */
  readonly path: string;
  /** Of its parameters; of finished runs, as all that follows. */
  readonly digest?: string;
  readonly dataFingerprint?: string;
  /** The final figures of its model. */
  readonly splits?: Readonly<Record<string, SplitFigures>>;
  /** What to think of its log Z, where that is estimated. */
  readonly verdict?: string;
  /** The best validation figure among all evaluations. */
  readonly best?: { readonly value: number; readonly update: number };
}

/** What settings are ranked by. */
export interface RankingCriterion {
  /** Which examples. */
  readonly split: 'validation' | 'train';
  readonly quantity: Quantity;
}

/** A mean over the runs of a setting, in nats per example. */
export interface SettingFigure {
  readonly mean: number;
  /** 95 % interval; absent where nothing is known of it. */
  readonly interval?: readonly [number, number];
  /** What the interval is over: `seeds` (Student's t), of a single run `examples`. */
  readonly over?: 'seeds' | 'examples';
}

/** How a setting stands to the best. */
export type Standing =
  | 'best'
  /** The interval of the difference has 0 in it. */
  | 'not told apart'
  | 'worse'
  /** Over the seeds that both have it is the better one: its other seeds, or those that it lacks, put it behind. */
  | 'better where paired'
  /** Some seeds diverged; its mean is of the others. */
  | 'diverged'
  /** Fewer than two seeds in common with the best: no interval. */
  | 'unknown';

/** A setting and its rank. */
export interface RankedSetting {
  readonly setting: number;
  /** From 1; absent where no run has the figure. */
  readonly rank?: number;
  readonly config?: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Numbers of its tasks, ascending. */
  readonly tasks: readonly number[];
  /** How many of them are finished. */
  readonly done: number;
  readonly diverged: number;
  /** The final figures that it is ranked by, by seed. */
  readonly bySeed: Readonly<Record<string, number>>;
  /** Over its finished runs. */
  readonly figure?: SettingFigure;
  /** The figure minus that of the best setting, over the seeds that both have; absent of the best, and where there are none. */
  readonly difference?: { readonly mean: number; readonly interval?: readonly [number, number]; readonly seeds: number };
  readonly standing?: Standing;
  /** The same quantity of the test examples, which chose nothing. */
  readonly test?: SettingFigure;
}

/** Settings with their ranks. */
export interface Ranking {
  /** Absent where no finished run has any figure that ranks. */
  readonly criterion?: RankingCriterion;
  /** The best first; those without rank last. */
  readonly settings: readonly RankedSetting[];
}

/** What splits can rank by, the better first. */
const rankingSplits = ['validation', 'train'] as const;

/** The figure of a run: `y`, with `low` and `high` where its interval is known. */
function figureOf({ splits }: SweepRun, split: string, quantity: Quantity): Omit<Point, 'x'> | undefined {
  const own = splits?.[split];
  return own === undefined ? undefined : criteria.find(({ name }) => name === quantity)?.read(own);
}

/** The first criterion that all finished runs have, else the one that most of them have: unlike figures are never compared. */
function criterionFor(done: readonly SweepRun[]): RankingCriterion | undefined {
  let best: RankingCriterion | undefined;
  let most = 0;
  for (const split of rankingSplits) {
    for (const { name: quantity } of criteria) {
      const having = done.filter((run) => figureOf(run, split, quantity) !== undefined).length;
      if (having > most) [best, most] = [{ split, quantity }, having];
    }
  }
  return best;
}

/** A mean over runs with its interval; undefined of none. */
function meanFigure(figures: readonly Omit<Point, 'x'>[]): SettingFigure | undefined {
  if (figures.length === 0) return undefined;
  if (figures.length > 1) return { ...studentInterval(Float64Array.from(figures, ({ y }) => y)), over: 'seeds' };
  const [{ y, low, high }] = figures;
  return low === undefined || high === undefined ? { mean: y } : { mean: y, interval: [low, high], over: 'examples' };
}

/** Differences to the best over the seeds that both have. */
function differenceTo(best: Readonly<Record<string, number>>, own: Readonly<Record<string, number>>): RankedSetting['difference'] {
  const differences = Float64Array.from(Object.keys(own).filter((seed) => Object.hasOwn(best, seed)), (seed) => own[seed] - best[seed]);
  const seeds = differences.length;
  if (seeds === 0) return undefined;
  return seeds > 1 ? { ...studentInterval(differences), seeds } : { mean: canonicalSum(differences), seeds };
}

function standingOf(diverged: number, difference: RankedSetting['difference']): Standing {
  if (diverged > 0) return 'diverged';
  if (difference?.interval === undefined) return 'unknown';
  const [low, high] = difference.interval;
  return high < 0 ? 'worse' : low > 0 ? 'better where paired' : 'not told apart';
}

/** Whether a setting can be trusted with its mean: one of which some seeds diverged comes after all others. */
function classOf({ figure, diverged }: RankedSetting): number {
  return (figure === undefined ? 2 : 0) + (diverged > 0 ? 1 : 0);
}

/**
 * Ranks the settings: by the mean over the seeds that are finished, largest first; after them those of which some seeds
 * diverged, likewise; last, and without rank, those without any figure, those with diverged seeds at the very end.
 *
 * @param runs ascending in their numbers
 */
export function rankSettings(runs: readonly SweepRun[]): Ranking {
  const criterion = criterionFor(runs.filter(({ status }) => status === 'done'));
  const groups = new Map<number, SweepRun[]>();
  for (const run of runs) {
    const group = groups.get(run.setting);
    if (group === undefined) groups.set(run.setting, [run]);
    else group.push(run);
  }
  const settings = Array.from(groups.values(), (own): RankedSetting => {
    const [{ setting, config, values }] = own;
    const of = (split: string): { seed: string; figure: Omit<Point, 'x'> }[] =>
      own.flatMap((run) => {
        const figure = criterion && figureOf(run, split, criterion.quantity);
        return figure === undefined ? [] : [{ seed: run.seed, figure }];
      });
    const ranking = criterion === undefined ? [] : of(criterion.split);
    const figure = meanFigure(ranking.map((one) => one.figure));
    const test = meanFigure(of('test').map((one) => one.figure));
    return {
      setting,
      ...(config !== undefined && { config }),
      values,
      tasks: own.map(({ index }) => index),
      done: own.filter(({ status }) => status === 'done').length,
      diverged: own.filter(({ status }) => status === 'diverged').length,
      bySeed: Object.fromEntries(ranking.map((one) => [one.seed, one.figure.y])),
      ...(figure && { figure }),
      ...(test && { test }),
    };
  });
  settings.sort((first, second) => classOf(first) - classOf(second) || (second.figure?.mean ?? 0) - (first.figure?.mean ?? 0) || first.setting - second.setting);
  const [best] = settings;
  const ranked = settings.map((own, place): RankedSetting => {
    if (own.figure === undefined) return own;
    if (place === 0) return { ...own, rank: 1, standing: own.diverged > 0 ? 'diverged' : 'best' };
    const difference = differenceTo(best.bySeed, own.bySeed);
    return { ...own, rank: place + 1, ...(difference && { difference }), standing: standingOf(own.diverged, difference) };
  });
  return { ...(criterion && { criterion }), settings: ranked };
}

/** Names of keys as short as they can be told apart: their last parts, or all of them. */
export function shortNames(keys: readonly string[]): string[] {
  const last = (key: string): string => key.slice(key.lastIndexOf('.') + 1);
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(last(key), (counts.get(last(key)) ?? 0) + 1);
  return keys.map((key) => (counts.get(last(key)) === 1 ? last(key) : key));
}

/** A value of a config as text; nothing for none. */
export function valueText(value: unknown): string {
  return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** The criterion in words: `validation log-likelihood`. */
export function criterionText({ split, quantity }: RankingCriterion): string {
  return `${split === 'train' ? 'training' : split} ${quantity}`;
}

/** Things that are counted, in words. */
function several(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** Ranks in words, not too many of them. */
function ranksText(settings: readonly RankedSetting[]): string {
  const ranks = settings.map(({ rank }) => String(rank));
  const shown = ranks.slice(0, 12);
  return `${ranks.length === 1 ? 'rank' : 'ranks'} ${shown.join(', ')}${ranks.length > shown.length ? ` and ${ranks.length - shown.length} more` : ''}`;
}

/** What is said of the choice of the best. */
function choiceRemarks(criterion: RankingCriterion, ranked: readonly RankedSetting[]): Remark[] {
  const [best, ...others] = ranked;
  if (others.length === 0) return [];
  const words = criterionText(criterion);
  const remarks: Remark[] = [];
  const alike = others.filter(({ standing }) => standing === 'not told apart');
  const unknown = others.filter(({ standing }) => standing === 'unknown');
  if (alike.length > 0) remarks.push({ kind: 'neutral', text: `Not told apart from the best by these seeds (the 95 % interval of the paired difference has 0 in it): ${ranksText(alike)}.` });
  else if (unknown.length === 0 && others.every(({ standing }) => standing === 'worse')) remarks.push({ kind: 'good', text: 'Over the seeds that they share, every other setting is worse than the best: no 95 % interval of a paired difference has 0 in it.' });
  const better = others.filter(({ standing }) => standing === 'better where paired');
  if (better.length > 0) remarks.push({ kind: 'warning', text: `Better than the best over the seeds that both have, and behind it by the mean of all: ${ranksText(better)}. Their seeds are not the same; let those that are missing be trained before you choose.` });
  if (unknown.length > 0) {
    remarks.push({
      kind: 'neutral',
      text: `With fewer than two seeds in common there is no interval of the difference to the best (${several(unknown.length, 'setting')}): whether another seed would rank them the same is not known. More "seeds" in the sweep file tell; rbm-train compare gives the difference of two runs over their examples.`,
    });
  }
  const test = best.test === undefined ? 'there is no test split to give one that was not chosen by' : 'its test figure chose nothing, and is the one to report';
  remarks.push({
    kind: 'neutral',
    text: `The best is the largest of ${ranked.length} means: its ${words} is too high by what luck did for it, and its interval, as all of them, is not corrected for that; ${test}.`,
  });
  return remarks;
}

/** What a reader of the ranking must know, in plain words; no numbers but counts. */
export function rankingRemarks(runs: readonly SweepRun[], { criterion, settings }: Ranking): Remark[] {
  const done = runs.filter(({ status }) => status === 'done');
  const diverged = runs.filter(({ status }) => status === 'diverged');
  const missing = runs.length - done.length - diverged.length;
  const remarks: Remark[] = [];
  if (missing > 0) remarks.push({ kind: 'warning', text: `Not complete: ${missing} of ${several(runs.length, 'training')} ${missing === 1 ? 'has' : 'have'} no result. Settings are ranked by the seeds that are there.` });
  if (diverged.length > 0) remarks.push({ kind: 'warning', text: `${several(diverged.length, 'training')} diverged. Settings of which a seed diverged come after all others, whatever the mean of their other seeds.` });
  if (criterion === undefined) return [...remarks, { kind: 'warning', text: 'Nothing is ranked: no finished training has a likelihood or a pseudo-likelihood.' }];
  const { split, quantity } = criterion;
  const ranked = settings.filter(({ figure }) => figure !== undefined);
  remarks.push(...choiceRemarks(criterion, ranked));
  const validated = done.filter((run) => run.splits?.validation !== undefined).length;
  const lack = validated === 0 ? 'There is no validation split' : `Only ${validated} of ${several(done.length, 'finished training')} ${validated === 1 ? 'has' : 'have'} a validation split`;
  if (split === 'train') remarks.push({ kind: 'warning', text: `${lack}: settings are ranked by their training examples, by which the largest model that was trained longest wins. Set data.validation.` });
  if (quantity === 'log pseudo-likelihood') {
    const known = done.filter((run) => figureOf(run, split, 'log-likelihood') !== undefined).length;
    const why = known === 0 ? 'log Z is not known' : `log Z is known of ${known} of ${several(done.length, 'finished training')} only`;
    remarks.push({ kind: 'warning', text: `Ranked by the pseudo-likelihood, which can rank models otherwise than the likelihood: ${why}.` });
  }
  const without = done.filter((run) => figureOf(run, split, quantity) === undefined).length;
  if (without > 0) remarks.push({ kind: 'warning', text: `${several(without, 'finished training')} without this figure ${without === 1 ? 'is' : 'are'} not ranked.` });
  if (new Set(done.map(({ dataFingerprint }) => dataFingerprint)).size > 1) remarks.push({ kind: 'warning', text: 'Not all trainings have the same data: figures of different examples are compared.' });
  const distrusted = done.filter(({ verdict }) => verdict === 'not to be trusted');
  if (quantity === 'log-likelihood' && distrusted.length > 0) {
    remarks.push({ kind: 'warning', text: `The log Z of ${several(distrusted.length, 'training')} is an estimate that is not to be trusted, and so is the rank of what it belongs to; rbm-train evaluate with more chains or another --estimator can tell.` });
  }
  const single = ranked.filter(({ figure }) => figure?.over === 'examples').length;
  const bySeeds = ranked.some(({ figure }) => figure?.over === 'seeds');
  if (bySeeds) remarks.push({ kind: 'neutral', text: `Intervals over seeds (Student’s t) are of what other seeds would give on these ${split === 'train' ? 'training' : split} examples, and say nothing of other examples.` });
  if (single > 0) remarks.push({ kind: 'neutral', text: `Intervals of ${single === ranked.length ? 'settings' : several(single, 'setting')} with a single run are over its examples, not over seeds.` });
  return remarks;
}
