/**
 * A sweep as one page: the best settings with their intervals, all settings as lines through their values, the figure against
 * each key that is varied, learning curves of the best, and the tasks with why some of them failed.
 *
 * Thousands of tasks make no larger page than some hundred: what is drawn and listed is bounded, and it is said what is left out.
 */

import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import { printable } from '../errors.js';
import { dotChart, intervalChart, lineChart, parallelChart, valueAxis, type Point, type Series } from './charts.js';
import { curveOf, quantityIn } from './comparison.js';
import { count, counted, figure, interval, nats } from './numbers.js';
import { pageHtml, type MadeSection } from './page.js';
import { criterionText, shortNames, valueText, type RankedSetting, type Ranking, type RankingCriterion, type SettingFigure, type SweepRun } from './ranking.js';
import type { MeasuredEvent } from './run-record.js';
import type { Picture, Remark, Table } from './section.js';
import { alternativeOf, seriesTable, someOf } from './series.js';

/** What a page of a sweep is made from. */
export interface SweepPage {
  /** Names of the keys that are varied, as in the config. */
  readonly keys: readonly string[];
  /** One for every task, in the order of their numbers. */
  readonly runs: readonly SweepRun[];
  readonly ranking: Ranking;
  readonly remarks: readonly Remark[];
  /** Why the last try at a task failed, by its number. */
  readonly failures: ReadonlyMap<number, { readonly message: string }>;
  /** Events of the finished runs of a setting, a list for each; asked for the best settings only. */
  readonly eventsOf: (setting: RankedSetting) => readonly (readonly MeasuredEvent[])[];
}

/** A setting that has a rank. */
type Ranked = RankedSetting & { readonly rank: number; readonly figure: SettingFigure };

/** Settings that have a colour, and a learning curve. */
const emphasizedSettings = 4;
/** Rows of the table of settings. */
const listedSettings = 50;
/** Settings with their intervals in one chart. */
const intervalRows = 15;
/** Lines in the chart of parallel axes, and keys that have an axis in it. */
const drawnLines = 400;
const drawnAxes = 8;
/** Keys that have a chart of their own, and runs in each. */
const drawnKeys = 12;
const drawnRuns = 1000;
/** With more values than these, such as drawn ones, each has a few runs only, and a line through their medians shows noise. */
const mostMedians = 40;
/** Rows of the table of tasks, and failures that are named. */
const listedTasks = 500;
const listedFailures = 100;

const { floor } = Math;

/** The name of the column for the config, where a sweep has several. */
const configName = 'config';

/** The columns of a setting: its config, where there are several, and its keys; names for people, and how to read them. */
function columnsOf({ keys, runs }: SweepPage): { key: string; name: string; read: (of: Pick<SweepRun, 'config' | 'values'>) => unknown }[] {
  const names = shortNames(keys).map((name) => printable(name, 40));
  const columns = keys.map((key, index) => ({ key, name: names[index], read: ({ values }: Pick<SweepRun, 'values'>): unknown => values[key] }));
  const hasConfigs = runs.some(({ config }) => config !== undefined);
  return [...(hasConfigs ? [{ key: configName, name: configName, read: ({ config }: Pick<SweepRun, 'config'>): unknown => config }] : []), ...columns];
}

/** A value in words; of objects, without what only JSON needs. */
function wordsOf(value: unknown, most = 60): string {
  const text = valueText(value);
  return printable(typeof value === 'object' ? text.replaceAll(/["{}]/g, '').replaceAll(/[:,]/g, '$& ') : text, most);
}

/** A value in a cell. */
function cellOf(value: unknown): string {
  return value === undefined ? '–' : typeof value === 'number' ? figure(value, 6) : wordsOf(value);
}

/** A mean with its interval. */
function figureText(of: SettingFigure | undefined): string {
  if (of === undefined) return '–';
  return of.interval === undefined ? nats(of.mean) : `${nats(of.mean)} (${interval(of.interval)})`;
}

function rankedOf({ settings }: Ranking): Ranked[] {
  return settings.filter((setting): setting is Ranked => setting.rank !== undefined && setting.figure !== undefined);
}

function seedsText({ tasks, done, diverged }: RankedSetting): string {
  return `${done}/${tasks.length}${diverged === 0 ? '' : `, ${diverged} diverged`}`;
}

/** The values of a setting in words. */
function settingText(page: SweepPage, setting: RankedSetting): string {
  const words = columnsOf(page).map(({ name, read }) => `${name} ${cellOf(read(setting))}`);
  return words.length === 0 ? 'the only setting' : words.join(', ');
}

function settingTable(page: SweepPage, criterion: RankingCriterion): Table {
  const columns = columnsOf(page);
  const { settings } = page.ranking;
  const shown = settings.slice(0, listedSettings);
  const left = settings.length - shown.length;
  return {
    caption: `Settings by ${criterionText(criterion)}, nats per example, mean over the seeds (95 % interval)${shown.some(({ standing }) => standing === 'not told apart') ? '; =: not told apart from the best' : ''}${left === 0 ? '' : `; the ${count(left)} behind them are in results.json`}`,
    columns: ['rank', ...columns.map(({ name }) => name), criterionText(criterion), 'minus the best', 'seeds', 'test'],
    rows: shown.map((setting) => [
      setting.rank === undefined ? '–' : `${setting.rank}${setting.standing === 'not told apart' ? ' =' : ''}`,
      ...columns.map(({ read }) => cellOf(read(setting))),
      figureText(setting.figure),
      setting.difference === undefined ? (setting.standing === 'best' ? 'best' : '–') : figureText(setting.difference),
      seedsText(setting),
      setting.test === undefined ? '–' : nats(setting.test.mean),
    ]),
  };
}

/** What an interval chart's intervals are over. */
function overText(settings: readonly Ranked[]): string {
  const overs = new Set(settings.flatMap(({ figure: { over } }) => over ?? []));
  if (overs.size === 0) return 'No interval is known.';
  const words = { seeds: 'over the seeds (Student’s t)', examples: 'over the examples of the single run' } as const;
  return `95 % intervals ${[...overs].map((over) => words[over]).join(', or ')}, not corrected for the choice among many.`;
}

/** Where an axis of intervals ends: one that is many times as long as the others, from two seeds, is not to shrink these to nothing. */
function intervalEnds(shown: readonly Ranked[]): [number, number] {
  const halves = shown.flatMap(({ figure: { interval: ends } }) => (ends === undefined ? [] : (ends[1] - ends[0]) / 2)).toSorted((a, b) => a - b);
  const room = 3 * (halves[floor(halves.length / 2)] ?? 0);
  const means = shown.map((one) => one.figure.mean);
  return [Math.min(...means) - room, Math.max(...means) + room];
}

async function intervalPicture(criterion: RankingCriterion, ranked: readonly Ranked[]): Promise<Picture> {
  const shown = ranked.slice(0, intervalRows);
  const [start, end] = intervalEnds(shown);
  const cut = shown.filter(({ figure: { interval: ends } }) => ends !== undefined && (ends[0] < start || ends[1] > end)).length;
  const title = shown.length < ranked.length ? `The best ${shown.length} of ${count(ranked.length)} settings` : 'The settings by rank';
  const words = criterionText(criterion);
  const alternative = `${title} by ${words}: ${shown.slice(0, 5).map((one) => `rank ${one.rank} ${figureText(one.figure)}`).join('; ')}.`;
  return {
    name: 'ranking',
    title,
    alternative,
    caption: `Ranks are those of the table. ${overText(shown)}${cut === 0 ? '' : ` ${counted(cut, 'interval')} of few seeds ${cut === 1 ? 'is' : 'are'} longer than drawn.`}`,
    svg: await intervalChart({
      alternative,
      xLabel: 'nats per example',
      yLabel: 'rank',
      valueName: words,
      otherName: `test ${criterion.quantity}`,
      rows: shown.map(({ rank, figure: { mean, interval: ends }, test }) => ({
        words: String(rank),
        value: mean,
        ...(ends !== undefined && { low: Math.max(ends[0], start), high: Math.min(ends[1], end) }),
        ...(test !== undefined && { other: test.mean }),
      })),
    }),
    data: { caption: title, columns: ['rank', words, 'test'], rows: shown.map((one) => [String(one.rank), figureText(one.figure), figureText(one.test)]) },
  };
}

/**
 * The lowest figure that an axis shows: where few are far below all others, they are not to squeeze these together.
 *
 * @param descending at least one
 */
function lowestShown(descending: readonly number[]): number {
  const [best, low, least] = [descending[0], descending[floor(0.8 * descending.length)] ?? descending[0], descending[descending.length - 1]];
  const bound = low - 2 * (best - low);
  return least < bound && best > low ? bound : least;
}

/** What is said of figures that are below the axis. */
function belowText(values: readonly number[], lowest: number, thing: string, how: string): string {
  const below = values.filter((value) => value < lowest).length;
  return below === 0 ? '' : ` ${counted(below, thing)} far below (down to ${nats(values.reduce((least, value) => Math.min(least, value), Infinity))}) ${below === 1 ? 'is' : 'are'} drawn at the axis’s end${how}.`;
}

/** Which of the settings are drawn: the best half of what there is room for, and the others evenly over the rest. */
function drawnSettings(ranked: readonly Ranked[]): readonly Ranked[] {
  if (ranked.length <= drawnLines) return ranked;
  const half = drawnLines / 2;
  return [...ranked.slice(0, half), ...someOf(ranked.slice(half), half)];
}

function parallelPicture(page: SweepPage, criterion: RankingCriterion, ranked: readonly Ranked[]): Picture | undefined {
  const shown = drawnSettings(ranked);
  const all = columnsOf(page).filter(({ read }) => new Set(ranked.map((setting) => valueText(read(setting)))).size > 1);
  if (all.length === 0 || shown.length < 2) return undefined;
  const columns = all.slice(0, drawnAxes);
  const figures = shown.map((setting) => setting.figure.mean);
  const lowest = lowestShown(figures.toSorted((a, b) => b - a));
  const words = criterionText(criterion);
  const axes = columns.map(({ name, read }) => valueAxis(name, shown.map((setting) => axisValue(read(setting)))));
  axes.push({ ...valueAxis(`${words}, nats`, figures.map((value) => Math.max(value, lowest))), positions: figures });
  const best = shown.slice(0, Math.min(emphasizedSettings, shown.length - 1));
  const title = 'Settings and what comes of them';
  const alternative = `${title}: a line for each of ${counted(shown.length, 'setting')} through ${columns.map(({ name }) => name).join(', ')} and ${words}. ${best.map((setting) => `Rank ${setting.rank}: ${settingText(page, setting)}, ${nats(setting.figure.mean)}`).join('; ')}.`;
  const left = shown.length < ranked.length ? ` ${count(shown.length)} of ${count(ranked.length)} settings are drawn: the best ${count(drawnLines / 2)}, and some of the others.` : '';
  const axesLeft = columns.length < all.length ? ` Of ${all.length} keys the first ${columns.length} have an axis.` : '';
  return {
    name: 'parallel-coordinates',
    title,
    alternative,
    caption: `Each line is a setting, from the top down to its figure. The best are in colour, a little beside each other where they have the same values.${belowText(figures, lowest, 'setting', '')}${left}${axesLeft}`,
    svg: parallelChart({
      alternative,
      axes,
      emphasized: best.map((setting, thing) => ({ thing, name: `rank ${setting.rank}` })),
      othersName: 'others',
    }),
    data: {
      caption: title,
      columns: ['rank', ...columns.map(({ name }) => name), words],
      rows: someOf(shown, 50).map((setting) => [String(setting.rank), ...columns.map(({ read }) => cellOf(read(setting))), nats(setting.figure.mean)]),
    },
  };
}

/** A value as axes take it; words are whole, for values that are cut to the same would have one place. */
function axisValue(value: unknown): number | string {
  return typeof value === 'number' ? value : value === undefined ? '–' : wordsOf(value, Infinity);
}

/** The medians of figures at each position, ascending. */
function mediansOf(points: readonly Point[]): (Point & { readonly count: number })[] {
  const groups = new Map<number, number[]>();
  for (const { x, y } of points) {
    const group = groups.get(x);
    if (group === undefined) groups.set(x, [y]);
    else group.push(y);
  }
  const medians = Array.from(groups, ([x, group]) => {
    const ascending = group.toSorted((a, b) => a - b);
    const half = ascending.length / 2;
    return { x, y: (ascending[Math.ceil(half) - 1] + ascending[floor(half)]) / 2, count: ascending.length };
  });
  return medians.toSorted((a, b) => a.x - b.x);
}

/** The figure against each of the keys. */
async function keyPictures(page: SweepPage, criterion: RankingCriterion, ranked: readonly Ranked[]): Promise<Picture[]> {
  const runs = ranked.flatMap((setting) => Object.values(setting.bySeed).map((value) => ({ setting, value })));
  const values = runs.map(({ value }) => value);
  const lowest = lowestShown(values.toSorted((a, b) => b - a));
  const words = criterionText(criterion);
  const pictures: Picture[] = [];
  for (const { key, name, read } of columnsOf(page)) {
    if (pictures.length === drawnKeys) break;
    const own = runs.map(({ setting }) => axisValue(read(setting)));
    if (new Set(own).size < 2) continue;
    const axis = valueAxis(name, own);
    const points = runs.map(({ value }, index) => ({ x: axis.positions[index], y: value }));
    const shown = someOf(points, drawnRuns);
    const medians = mediansOf(points);
    const title = `Against ${name}`;
    const atPlace = new Map(axis.positions.map((position, index) => [position, own[index]]));
    const rows = medians.map((at) => [cellOf(atPlace.get(at.x)), nats(at.y), count(at.count)]);
    const [top] = medians.toSorted((a, b) => b.y - a.y);
    const left = shown.length < points.length ? ` ${count(shown.length)} of ${count(points.length)} runs are drawn.` : '';
    const alternative = `${words} against ${printable(key, 60)}: the highest median is ${nats(top.y)} at ${cellOf(atPlace.get(top.x))}, of ${counted(medians.length, 'value')}.`;
    pictures.push({
      name: `against-${key.replaceAll(/[^A-Za-z0-9]+/g, '-').toLowerCase()}`,
      title,
      alternative,
      caption: `${pictures.length === 0 ? 'A mark for each run; medians are over all runs with that value, whatever the other keys are: an interplay of keys does not show here. ' : ''}${belowText(values, lowest, 'run', ' as crosses').trimStart()}${left}`.trim() || undefined,
      svg: await dotChart({ alternative, axis, yLabel: `${words}, nats`, dots: shown, middles: medians.length <= mostMedians ? medians : [], middleName: 'median', lowest }),
      data: { caption: title, columns: [name, `median ${words}`, 'runs'], rows: [...someOf(rows, 50)] },
    });
  }
  return pictures;
}

/** Learning curves of the best settings. */
async function curvePicture(page: SweepPage, criterion: RankingCriterion, ranked: readonly Ranked[]): Promise<Picture | undefined> {
  const read = quantityIn(criterion.split, criterion.quantity);
  const series = ranked.slice(0, emphasizedSettings).flatMap((setting): Series[] => {
    const runs = page.eventsOf(setting).map((events) => ({ events, gibbsSteps: () => 0 }));
    const curve = runs.length === 0 ? [] : curveOf(runs, read);
    const points = curve.map(({ update, mean, lowest, highest }) => ({ x: update, y: mean, ...(runs.length > 1 && { low: lowest, high: highest }) }));
    return points.length < 2 ? [] : [{ name: `rank ${setting.rank}`, style: setting.rank, points }];
  });
  if (series.length === 0) return undefined;
  const title = 'Learning curves of the best';
  const alternative = alternativeOf(title, series, nats);
  const words = criterionText(criterion);
  return {
    name: 'learning-curves',
    title,
    alternative,
    caption: 'Lines: means over the seeds; bands: from the lowest to the highest run. Where they still rise at the end, a longer training may change the ranks.',
    svg: await lineChart({ alternative, series, xLabel: 'updates', yLabel: `${words}, nats` }),
    data: seriesTable(title, series, 'updates', nats),
  };
}

function failureTable({ runs, failures }: SweepPage): Table | undefined {
  const failed = runs.filter(({ index, status }) => status !== 'done' && failures.has(index));
  if (failed.length === 0) return undefined;
  const shown = failed.slice(0, listedFailures);
  return {
    caption: `Why tasks failed${shown.length < failed.length ? `: the first ${shown.length} of ${count(failed.length)}` : ''}`,
    columns: ['task', 'status', 'seed', 'reason'],
    rows: shown.map(({ index, status, seed }) => [String(index), status, printable(seed, 20), printable(failures.get(index)?.message ?? '', 400)]),
  };
}

function taskTable(page: SweepPage): Table {
  const { runs, ranking } = page;
  const columns = columnsOf(page);
  const { split = 'validation', quantity = 'log-likelihood' } = ranking.criterion ?? {};
  const shown = runs.slice(0, listedTasks);
  const ofSplit = ({ splits }: SweepRun, name: string): string => {
    const value = quantity === 'log-likelihood' ? splits?.[name]?.meanLogLikelihood : splits?.[name]?.meanLogPseudoLikelihood;
    return value === undefined ? '–' : nats(value);
  };
  const names = [...new Set([split, 'train', 'test'])];
  return {
    caption: `Tasks, ${quantity} in nats per example${shown.length < runs.length ? `: the first ${shown.length} of ${count(runs.length)}; results.csv has all` : ''}`,
    columns: ['task', 'status', ...columns.map(({ name }) => name), 'seed', ...names.map((name) => (name === 'train' ? 'training' : name)), 'best validation', 'at update', 'digest', 'run'],
    rows: shown.map((run) => [
      String(run.index),
      run.status,
      ...columns.map(({ read }) => cellOf(read(run))),
      printable(run.seed, 20),
      ...names.map((name) => ofSplit(run, name)),
      run.best === undefined ? '–' : nats(run.best.value),
      run.best === undefined ? '–' : count(run.best.update),
      run.digest === undefined ? '–' : run.digest.slice(0, 16),
      printable(run.path),
    ]),
    isFolded: shown.length > 30,
  };
}

function summarySection(page: SweepPage, ranked: readonly Ranked[]): MadeSection {
  const { ranking, remarks, runs } = page;
  const { criterion } = ranking;
  const [best] = ranked;
  const done = runs.filter(({ status }) => status === 'done').length;
  const diverged = runs.filter(({ status }) => status === 'diverged').length;
  const headlines = [
    ...(best === undefined || criterion === undefined
      ? []
      : [
          { label: `Best ${criterionText(criterion)}`, value: nats(best.figure.mean), ...(best.figure.interval && { note: `${interval(best.figure.interval)}, over the ${best.figure.over}` }) },
          ...(best.test === undefined ? [] : [{ label: 'Test figure of the best', value: nats(best.test.mean), ...(best.test.interval && { note: `${interval(best.test.interval)}, over the ${best.test.over}` }) }]),
        ]),
    { label: 'Settings', value: count(ranking.settings.length), note: `${counted(runs.length, 'training')}` },
    { label: 'Finished', value: `${count(done)} of ${count(runs.length)}`, ...(diverged > 0 && { note: `${count(diverged)} diverged` }) },
  ];
  return {
    name: 'ranking-summary',
    title: 'The best settings',
    content: {
      headlines,
      paragraphs: best === undefined ? [] : [`Best: ${settingText(page, best)}.`],
      remarks,
      tables: criterion === undefined ? [] : [settingTable(page, criterion)],
    },
  };
}

/** The page's HTML. */
export async function sweepHtml(page: SweepPage): Promise<string> {
  const { ranking, runs } = page;
  const { criterion } = ranking;
  const ranked = rankedOf(ranking);
  const sections = [summarySection(page, ranked)];
  if (criterion !== undefined && ranked.length > 0) {
    const pictures = [parallelPicture(page, criterion, ranked), await intervalPicture(criterion, ranked), await curvePicture(page, criterion, ranked)];
    sections.push({ name: 'overview', title: 'All settings', content: { pictures: pictures.filter((picture) => picture !== undefined) } });
    const byKey = await keyPictures(page, criterion, ranked);
    if (byKey.length > 0) sections.push({ name: 'keys', title: 'Key by key', content: { pictures: byKey } });
  }
  const failures = failureTable(page);
  sections.push({ name: 'tasks', title: 'Tasks', content: { tables: [...(failures ? [failures] : []), taskTable(page)] } });
  const best = ranked[0] === undefined || criterion === undefined ? '' : ` · best ${criterionText(criterion)} ${nats(ranked[0].figure.mean)}`;
  return pageHtml({
    title: `Sweep of ${counted(ranking.settings.length, 'setting')}`,
    subtitle: `${counted(runs.length, 'training')}${page.keys.length === 0 ? '' : ` · varied: ${page.keys.map((key) => printable(key, 60)).join(', ')}`}${best}`,
    sections,
  });
}

/**
 * Writes the page.
 *
 * @throws RbmError 'runtime' where it can't be written
 */
export async function writeSweepPage(file: string, page: SweepPage): Promise<void> {
  writeFileAtomically(file, await sweepHtml(page));
}
