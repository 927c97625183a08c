/**
 * What to think of a run, in plain words and with the numbers that it was concluded from.
 *
 * The rules are of thumb and say so little that they can be wrong seldom: each compares a change with the standard error over
 * the examples, or with how much the figure has changed in the whole run.
 */

import type { Point, Series } from './charts.js';
import { criterionOf, type Criterion } from './criterion.js';
import { count, counted, figure, nats } from './numbers.js';
import type { RunRecord, WarningEvent } from './run-record.js';
import type { Remark } from './section.js';
import { splitSeries } from './series.js';

/** Chance seldom makes differences of more standard errors. */
const usualErrors = 2;

/** Changes below this share of the whole change count as none. */
const smallShare = 0.02;

function highest(points: readonly Point[]): Point {
  return points.reduce((best, point) => (point.y > best.y ? point : best));
}

/** The standard error over a split's examples at the last evaluation that has one; 0 where it is not known. */
function standardErrorOf({ events }: RunRecord, split: string): number {
  return events.findLast(({ splits }) => splits?.[split]?.standardError !== undefined)?.splits?.[split]?.standardError ?? 0;
}

/** How much a figure has changed in the whole run, at most. */
function rangeOf(points: readonly Point[]): number {
  const values = points.map(({ y }) => y);
  return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));
}

/** Whether the figure still rises, in the last quarter of the run. */
function progressRemark({ name, points }: Series, criterion: Criterion): Remark | undefined {
  const last = points[points.length - 1];
  const start = points.findLast(({ x }) => x <= points[0].x + 0.75 * (last.x - points[0].x));
  const range = rangeOf(points);
  if (start === undefined || start === last || points.length < 4 || range === 0) return undefined;
  const change = last.y - start.y;
  const evidence = `${name} ${criterion.name} ${nats(start.y)} at update ${count(start.x)}, ${nats(last.y)} at update ${count(last.x)}`;
  if (change > smallShare * range) {
    return { kind: 'neutral', text: `Still improving: the last quarter of the run brought ${nats(change)} of ${nats(range)} nats. Training longer should help.`, evidence };
  }
  if (change >= -smallShare * range) {
    return { kind: 'good', text: `Levelled off: the last quarter of the run changed the ${name} ${criterion.name} by ${nats(change)} nats.`, evidence };
  }
  return undefined;
}

/** Whether the training data's own figure has fallen: steps too large, or a negative phase that does not follow. */
function fallRemark(run: RunRecord, { name, points }: Series, criterion: Criterion): Remark | undefined {
  const best = highest(points);
  const last = points[points.length - 1];
  const fall = best.y - last.y;
  if (!(fall > 3 * standardErrorOf(run, name) && fall > 0.1 * rangeOf(points))) return undefined;
  return {
    kind: 'warning',
    text:
      `Going astray: the ${name} ${criterion.name} has fallen by ${nats(fall)} nats since update ${count(best.x)}. ` +
      'The learning rate is too large for this algorithm, or its chains no longer follow the model: lower it, raise k, or use tempering.',
    evidence: `${name} ${criterion.name} ${nats(best.y)} at update ${count(best.x)}, ${nats(last.y)} at update ${count(last.x)}`,
  };
}

/** Whether the validation figure has fallen while the one of the training data rose. */
function overfittingRemark(run: RunRecord, train: Series, validation: Series, criterion: Criterion): Remark | undefined {
  const best = highest(validation.points);
  const last = validation.points[validation.points.length - 1];
  const atBest = train.points.find(({ x }) => x === best.x);
  const trainLast = train.points[train.points.length - 1];
  if (atBest === undefined) return undefined;
  const [fall, rise] = [best.y - last.y, trainLast.y - atBest.y];
  if (!(rise > 0 && fall > 0.25 * standardErrorOf(run, 'validation') && fall > smallShare * rangeOf(validation.points))) return undefined;
  return {
    kind: 'warning',
    text:
      `Overfitting: since update ${count(best.x)} the validation ${criterion.name} has fallen by ${nats(fall)} nats while that of the training data ` +
      `rose by ${nats(rise)}. ${run.config.checkpoint?.best === false ? '' : 'The best parameters are in best.safetensors. '}` +
      'Weight decay, fewer hidden units or more data would help.',
    evidence: `validation ${nats(best.y)} at update ${count(best.x)}, ${nats(last.y)} at update ${count(last.x)}`,
  };
}

/** How the training data and those held out compare in the end. */
function gapRemark(run: RunRecord, train: Series, held: Series): Remark | undefined {
  const [ofTrain, ofHeld] = [train.points[train.points.length - 1], held.points[held.points.length - 1]];
  const error = Math.sqrt(standardErrorOf(run, 'train') * standardErrorOf(run, 'train') + standardErrorOf(run, held.name) * standardErrorOf(run, held.name));
  if (ofTrain.x !== ofHeld.x || error === 0) return undefined;
  const gap = ofTrain.y - ofHeld.y;
  const size = Math.abs(gap);
  const [more, less] = gap > 0 ? ['training', held.name] : [held.name, 'training'];
  return {
    kind: 'neutral',
    text:
      size <= usualErrors * error
        ? `Training and ${held.name} data are about equally likely: chance alone makes differences like theirs of ${nats(size)} nats.`
        : `The ${more} data is ${nats(size)} nats per example more likely than the ${less} data, more than chance usually makes it.`,
    evidence: `${nats(gap)} ± ${nats(error)} (standard error)`,
  };
}

/** Evidence as a line of words. */
export function evidenceText(evidence: WarningEvent['evidence']): string {
  const show = (value: unknown): string => {
    if (typeof value === 'number') return figure(value);
    if (Array.isArray(value)) return value.map(show).join(', ');
    if (typeof value === 'object' && value !== null) return Object.entries(value).map(([name, item]) => `${words(name)} ${show(item)}`).join(', ');
    return String(value);
  };
  return Object.entries(evidence).map(([name, value]) => `${words(name)} ${show(value)}`).join('; ');
}

/** `meanFlips` as `mean flips`; a name of one letter or all capitals stays. */
export function words(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, (_, before: string, letter: string) => `${before} ${letter.toLowerCase()}`)
    .replace(/[_.]/g, ' ');
}

/** At most so many different warnings are shown. */
const mostWarnings = 10;

/** The warnings of diagnostics: each message once, with when it came first and how often. */
function warningRemarks({ warnings }: RunRecord): Remark[] {
  const byMessage = new Map<string, WarningEvent[]>();
  for (const warning of warnings) {
    // Messages that differ in their numbers only are the same warning.
    const key = `${warning.diagnostic}: ${warning.message.replace(/[\d.,e+−-]+/g, '#')}`;
    byMessage.set(key, [...(byMessage.get(key) ?? []), warning]);
  }
  const groups = [...byMessage.values()];
  const remarks = groups.slice(0, mostWarnings).map((same): Remark => {
    const [first] = same;
    const last = same[same.length - 1];
    const times = same.length === 1 ? '' : ` (${count(same.length)} times, the last at update ${count(last.update)})`;
    return {
      kind: 'warning',
      text: `At update ${count(first.update)}${times}: ${first.message}`,
      ...(Object.keys(first.evidence).length > 0 && { evidence: evidenceText(first.evidence) }),
    };
  });
  const others = groups.length - remarks.length;
  return others === 0 ? remarks : [...remarks, { kind: 'warning', text: `There were ${counted(others, 'other warning')}; metrics.jsonl has them.` }];
}

/** What to think of a run: what matters most first. */
export function judge(run: RunRecord): Remark[] {
  const criterion = criterionOf(run);
  const { update } = run.checkpoint.progress;
  const state: Remark[] = run.result === undefined ? [{ kind: 'neutral', text: `The run is not finished: its latest checkpoint has ${counted(update, 'update')}.` }] : [];
  if (criterion === undefined) {
    return [...state, ...warningRemarks(run), { kind: 'neutral', text: 'There are no evaluations yet that say how likely the data is.' }];
  }
  const series = splitSeries(run, criterion.read);
  const [train, validation, test] = ['train', 'validation', 'test'].map((name) => series.find((one) => one.name === name));
  const main = validation ?? train ?? series[0];
  const found = [
    train && fallRemark(run, train, criterion),
    ...warningRemarks(run),
    train && validation && overfittingRemark(run, train, validation, criterion),
  ].filter((remark) => remark !== undefined);
  const others = [found.some(({ text }) => /^(Going|Over)/.test(text)) ? undefined : progressRemark(main, criterion)];
  if (criterion.name === 'log-likelihood' && train !== undefined && (validation ?? test) !== undefined) others.push(gapRemark(run, train, (validation ?? test) as Series));
  if (criterion.name === 'log pseudo-likelihood') {
    others.push({ kind: 'neutral', text: 'The likelihood itself is not known here. The pseudo-likelihood is easier to reach: it can rise while the likelihood falls, so compare models by `rbm-train evaluate`.' });
  }
  if (series.every(({ points }) => points.length < 4)) {
    others.push({ kind: 'neutral', text: 'There are too few evaluations to say where the run is going; a smaller evaluation.every shows more.' });
  }
  return [...state, ...found, ...others.filter((remark) => remark !== undefined)];
}
