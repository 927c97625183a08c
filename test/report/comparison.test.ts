/** Runs side by side: differences and their intervals against published ones, curves against plain formulas. */

import { describe, expect, test } from '@jest/globals';

import type { LogPartitionFunctionEstimate } from '../../src/estimators/verdict.js';
import { compareGroups, compareRuns, type ComparedRun } from '../../src/report/comparison.js';
import type { MeasuredEvent } from '../../src/report/run-record.js';

const { sqrt } = Math;

function estimateOf(logZ: number, interval: readonly [number, number] | undefined = [logZ, logZ]): LogPartitionFunctionEstimate {
  return { estimator: 'of the test', logZ, interval, exact: false, verdict: { status: 'consistent', reasons: [], advice: [] }, evidence: {} };
}

/** A run whose examples have these log-likelihoods. */
function runOf(group: string, seed: string, values: readonly number[], others: Partial<ComparedRun> = {}): ComparedRun {
  const logZ = 2.5;
  return {
    group,
    seed,
    path: `runs/${group}-${seed}`,
    algorithm: 'cd',
    updates: 20,
    gibbsSteps: (updates) => 3 * updates,
    events: [],
    warnings: [],
    energies: Float64Array.from(values, (value) => -value - logZ),
    logPartitionFunction: estimateOf(logZ),
    ...others,
  };
}

// Student, "The probable error of a mean", Biometrika 6 (1908), the additional hours of sleep of ten patients with two drugs:
// R's data set `sleep`, whose intervals are those of R's t.test.
const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
const seedsOf = (group: string, values: readonly number[], firstSeed = 1): ComparedRun[] => values.map((value, index) => runOf(group, String(firstSeed + index), [value]));

describe('intervals over seeds', () => {
  test('the same seeds in both groups, in any order: the paired interval of Student’s data', () => {
    const { difference, interval, over, bySeed } = compareGroups(seedsOf('b', second), seedsOf('a', first).toReversed());
    expect(over).toBe('seeds, paired');
    expect(difference).toBeCloseTo(1.58, 12);
    // The quantile is known to within .002, the standard error is .39.
    expect(Math.abs((interval?.[0] ?? 0) - 0.7001142)).toBeLessThan(0.001);
    expect(Math.abs((interval?.[1] ?? 0) - 2.4598858)).toBeLessThan(0.001);
    expect(bySeed?.['9']).toBeCloseTo(4.6, 12);
  });

  test('other seeds: Welch’s interval, whose degrees of freedom are rounded down', () => {
    const { difference, interval = [0, 0], over, bySeed } = compareGroups(seedsOf('b', second), seedsOf('a', first, 100));
    expect({ over, bySeed }).toEqual({ over: 'seeds', bySeed: undefined });
    expect(difference).toBeCloseTo(1.58, 12);
    // R has 17.776 degrees of freedom, and (−0.2054832, 3.3654832); with 17 the half-width is larger by .4 %.
    expect(interval[0]).toBeGreaterThan(-0.2054832 * 1.06);
    expect(interval[0]).toBeLessThan(-0.2054832);
    expect(interval[1]).toBeGreaterThan(3.3654832);
    expect(interval[1]).toBeLessThan(3.3654832 * 1.005);
  });

  test('runs that do not scatter have intervals without width', () => {
    expect(compareGroups(seedsOf('b', [2, 2]), seedsOf('a', [1, 1], 7))).toMatchObject({ difference: 1, interval: [1, 1] });
    expect(compareGroups(seedsOf('b', [2, 4]), seedsOf('a', [1, 3]))).toMatchObject({ difference: 1, interval: [1, 1] });
  });
});

describe('intervals over examples', () => {
  test('single runs: the paired interval of Student’s data', () => {
    const { difference, interval = [0, 0], over } = compareGroups([runOf('b', '1', second)], [runOf('a', '1', first)]);
    expect(over).toBe('examples, paired');
    expect(difference).toBeCloseTo(1.58, 12);
    expect(Math.abs(interval[0] - 0.7001142)).toBeLessThan(0.001);
    expect(Math.abs(interval[1] - 2.4598858)).toBeLessThan(0.001);
  });

  test('a single run against several: against their mean on each example', () => {
    const several = [0.3, -0.3].map((shift, index) => runOf('a', String(index), first.map((value) => value + shift)));
    const { difference, interval, over } = compareGroups([runOf('b', '1', second)], several);
    expect(over).toBe('examples, paired');
    expect(difference).toBeCloseTo(1.58, 12);
    expect(Math.abs((interval?.[0] ?? 0) - 0.7001142)).toBeLessThan(0.001);
  });

  test('errors of log Z enter: independent ones of several runs are averaged', () => {
    const several = ['1', '2', '3', '4'].map((seed) => runOf('a', seed, [1, 1], { logPartitionFunction: estimateOf(2.5, [2.1, 2.7]) }));
    const { interval = [0, 0] } = compareGroups([runOf('b', '1', [1, 1], { logPartitionFunction: estimateOf(2.5, [2.2, 2.9]) })], several);
    // A larger own log Z lowers the difference, a larger one of the baseline raises it.
    expect(interval[0]).toBeCloseTo(-sqrt(0.4 ** 2 + 0.2 ** 2), 12);
    expect(interval[1]).toBeCloseTo(sqrt(0.3 ** 2 + 0.1 ** 2), 12);
  });

  test('nothing known of one log Z: no interval', () => {
    const unknown: LogPartitionFunctionEstimate = { ...estimateOf(2.5), interval: undefined };
    expect(compareGroups([runOf('b', '1', [1, 2], { logPartitionFunction: unknown })], [runOf('a', '1', [0, 1])])).toEqual({ difference: 1, over: 'examples, paired' });
  });

  test('pseudo-likelihoods have no log Z', () => {
    const run = (group: string, values: readonly number[]): ComparedRun => runOf(group, '1', [], { energies: Float64Array.from(values, (value) => -value), logPartitionFunction: undefined });
    const { groups } = compareRuns([run('a', first), run('b', second)], 'a', 'test', 'log pseudo-likelihood');
    expect(groups[0].mean).toBeCloseTo(0.75, 12);
    expect(groups[1].difference?.difference).toBeCloseTo(1.58, 12);
  });
});

describe('compareRuns', () => {
  const event = (update: number, value: number, diagnostics?: MeasuredEvent['diagnostics']): MeasuredEvent =>
    ({ update, epoch: update, splits: { test: { meanLogLikelihood: value } as never }, ...(diagnostics && { diagnostics }) });

  const runs = [
    runOf('a', '1', [-3, -1], { events: [event(0, -9), event(10, -2, { one: { figure: 3, deeper: { other: 5 }, list: [1], word: 'x' } }), event(20, -4)] }),
    runOf('b', '1', [-5, -1], { events: [event(0, -7)] }),
    // The second run has no evaluation at the first update, and another one in between.
    runOf('a', '2', [-5, -3], { events: [event(10, -6, { one: { figure: 1, deeper: { other: 6 } } }), event(15, -1), event(20, -5)] }),
  ];

  test('groups in order, the baseline first', () => {
    expect(compareRuns(runs, 'b', 'test', 'log-likelihood').groups.map(({ name, runs: own, difference }) => [name, own.length, difference === undefined])).toEqual([['b', 1, true], ['a', 2, false]]);
  });

  const [a] = compareRuns(runs, 'a', 'test', 'log-likelihood').groups;

  test('mean and deviation over the runs, the best evaluation of each', () => {
    expect(a.mean).toBeCloseTo(-3, 12);
    expect(a.deviation).toBeCloseTo(sqrt(2), 12);
    expect(a.runs.map(({ seed, value, best }) => ({ seed, value, best }))).toEqual([
      { seed: '1', value: -2, best: { value: -2, update: 10 } },
      { seed: '2', value: -4, best: { value: -1, update: 15 } },
    ]);
  });

  test('curves have the updates that all runs of a group have', () => {
    expect(a.curve).toEqual([
      { update: 10, gibbsSteps: 30, mean: -4, lowest: -6, highest: -2 },
      { update: 20, gibbsSteps: 60, mean: -4.5, lowest: -5, highest: -4 },
    ]);
  });

  test('numbers of diagnostics that all runs have, by their path', () => {
    expect(a.diagnostics).toEqual({
      'one.figure': [{ update: 10, gibbsSteps: 30, mean: 2, lowest: 1, highest: 3 }],
      'one.deeper.other': [{ update: 10, gibbsSteps: 30, mean: 5.5, lowest: 5, highest: 6 }],
    });
  });
});
