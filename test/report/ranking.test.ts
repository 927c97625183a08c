/** Ranks, means and intervals against a naive recomputation, with Student's quantiles out of printed tables; what is said of them. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { rankingRemarks, rankSettings, shortNames, type SweepRun } from '../../src/report/ranking.js';

const { sqrt } = Math;

/** t.975 by degrees of freedom, as tables print it (such as NIST's, 1.3.6.7.2). */
const printed: Readonly<Record<number, number>> = { 1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776 };

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean and interval, from the textbook. */
function student(values: readonly number[]): { mean: number; low: number; high: number } {
  const centre = mean(values);
  const deviation = sqrt(values.reduce((sum, value) => sum + (value - centre) * (value - centre), 0) / (values.length - 1));
  const half = (printed[values.length - 1] * deviation) / sqrt(values.length);
  return { mean: centre, low: centre - half, high: centre + half };
}

/** Runs of settings: figures of the validation examples by seed; `undefined` for missing, `diverged` for that. */
function runsOf(settings: readonly (readonly (number | undefined | 'diverged')[])[], split = 'validation'): SweepRun[] {
  return settings
    .flatMap((figures, setting) =>
      figures.map((figure, index) => ({
        setting,
        seed: String(index + 1),
        values: { key: setting },
        status: figure === undefined ? ('missing' as const) : figure === 'diverged' ? ('diverged' as const) : ('done' as const),
        ...(typeof figure === 'number' && {
          splits: { [split]: { examples: 5, meanLogLikelihood: figure, logLikelihoodInterval: [figure - 0.5, figure + 0.25] }, test: { meanLogLikelihood: figure - 1 } } as never,
        }),
      })),
    )
    .map((run, index) => ({ index, id: `id-${index}`, updates: 10, path: `tasks/${index}`, ...run }));
}

const order = (runs: readonly SweepRun[]): number[] => rankSettings(runs).settings.map(({ setting }) => setting);
const textsOf = (runs: readonly SweepRun[]): string => rankingRemarks(runs, rankSettings(runs)).map(({ text }) => text).join('\n');

describe('ranks', () => {
  test('means over seeds, their intervals, and paired differences to the best are those of the textbook', () => {
    // The seeds differ by much, the settings within a seed by little: only the paired difference tells them apart.
    const figures = [[-12, -10, -14], [-11, -9, -13.125], [-11.5, -9, -13]];
    const { criterion, settings } = rankSettings(runsOf(figures));
    expect(criterion).toEqual({ split: 'validation', quantity: 'log-likelihood' });
    expect(settings.map(({ setting, rank }) => [setting, rank])).toEqual([[1, 1], [2, 2], [0, 3]]);
    for (const { setting, figure, test: testFigure } of settings) {
      const own = student(figures[setting]);
      expect(figure?.mean).toBeCloseTo(own.mean, 12);
      expect(figure?.interval?.[0]).toBeCloseTo(own.low, 2);
      expect(figure?.interval?.[1]).toBeCloseTo(own.high, 2);
      expect(figure?.over).toBe('seeds');
      expect(testFigure?.mean).toBeCloseTo(own.mean - 1, 12);
    }
    expect(settings[0].difference).toBeUndefined();
    for (const { setting, difference } of settings.slice(1)) {
      const paired = student(figures[setting].map((value, seed) => value - figures[1][seed]));
      expect(difference).toMatchObject({ seeds: 3 });
      expect(difference?.mean).toBeCloseTo(paired.mean, 12);
      expect(difference?.interval?.[0]).toBeCloseTo(paired.low, 2);
      expect(difference?.interval?.[1]).toBeCloseTo(paired.high, 2);
    }
    expect(settings.map(({ standing }) => standing)).toEqual(['best', 'not told apart', 'worse']);
    expect(textsOf(runsOf(figures))).toContain('has 0 in it): rank 2.');
    expect(textsOf(runsOf(figures))).toContain('largest of 3 means');
  });

  test('are by descending mean whatever the figures are, and no setting is lost', () => {
    const some = fc.array(fc.array(fc.double({ min: -1e6, max: 0, noNaN: true }), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(some, (figures) => {
        const { settings } = rankSettings(runsOf(figures));
        expect(settings.map(({ setting }) => setting).toSorted((a, b) => a - b)).toEqual(figures.map((_, index) => index));
        const means = settings.map(({ setting }) => mean(figures[setting]));
        for (const [index, value] of means.slice(1).entries()) expect(value).toBeLessThanOrEqual(means[index] + 1e-8);
      }),
    );
  });

  test('equal figures stay in the order of the manifest', () => {
    expect(order(runsOf([[-2], [-1], [-2], [-1]]))).toEqual([1, 3, 0, 2]);
  });

  test('a single run has its own interval, over the examples, and no interval of the difference', () => {
    const runs = runsOf([[-3], [-2]]);
    const [best, second] = rankSettings(runs).settings;
    expect(best.figure).toEqual({ mean: -2, interval: [-2.5, -1.75], over: 'examples' });
    expect(second).toMatchObject({ difference: { mean: -1, seeds: 1 }, standing: 'unknown' });
    expect(second.difference).not.toHaveProperty('interval');
    expect(textsOf(runs)).toContain('no interval of the difference to the best (1 setting)');
  });

  test('a missing seed is left out of the mean and of the pairs', () => {
    const figures = [[-1, undefined, -3], [-1.25, -9, -3.5]];
    const runs = runsOf(figures);
    const [best, second] = rankSettings(runs).settings;
    expect(best).toMatchObject({ setting: 0, done: 2, tasks: [0, 1, 2], figure: { mean: -2 } });
    expect(second.difference).toMatchObject({ mean: -0.375, seeds: 2 });
    expect(textsOf(runs)).toContain('Not complete: 1 of 6 trainings has no result.');
  });

  test('one that is better on every seed that both have, but has no lucky third one, is not called alike', () => {
    const runs = runsOf([[-10, -10, -1], [-9, -9.01, undefined]]);
    const [best, second] = rankSettings(runs).settings;
    expect(best).toMatchObject({ setting: 0, standing: 'best' });
    expect(second).toMatchObject({ setting: 1, difference: { seeds: 2 }, standing: 'better where paired' });
    expect(second.difference?.interval?.[0]).toBeGreaterThan(0);
    const text = textsOf(runs);
    expect(text).toContain('Better than the best over the seeds that both have, and behind it by the mean of all: rank 2.');
    expect(text).not.toContain('has 0 in it');
  });

  test('settings of which a seed diverged come after all others, those without any figure at the end', () => {
    const runs = runsOf([[-1, 'diverged'], ['diverged', 'diverged'], [-5, -6], [undefined, undefined], [-2, 'diverged']]);
    const { settings } = rankSettings(runs);
    expect(settings.map(({ setting, rank, standing }) => [setting, rank, standing])).toEqual([
      [2, 1, 'best'],
      [0, 2, 'diverged'],
      [4, 3, 'diverged'],
      [3, undefined, undefined],
      [1, undefined, undefined],
    ]);
    expect(textsOf(runs)).toContain('4 trainings diverged.');
  });
});

describe('the criterion', () => {
  test('without validation examples: the training examples, with a warning', () => {
    const runs = runsOf([[-3, -3], [-2, -2]], 'train');
    expect(rankSettings(runs).criterion).toEqual({ split: 'train', quantity: 'log-likelihood' });
    expect(textsOf(runs)).toContain('There is no validation split: settings');
    // Where some have one, and all have figures of their training examples, these are what all have.
    const some = runs.map((run, index) => (index < 3 ? run : { ...run, splits: { ...run.splits, validation: { meanLogLikelihood: -1 } } as never }));
    expect(rankSettings(some).criterion).toEqual({ split: 'train', quantity: 'log-likelihood' });
    expect(textsOf(some)).toContain('Only 1 of 4 finished trainings has a validation split: settings');
  });

  test('where log Z is not known of all: the pseudo-likelihood, which all have', () => {
    const runs = runsOf([[-3], [-2], [-1]]).map((run, index) => ({
      ...run,
      splits: { validation: { ...(index > 0 && { meanLogLikelihood: -index }), meanLogPseudoLikelihood: index - 10 } } as never,
    }));
    expect(rankSettings(runs)).toMatchObject({ criterion: { split: 'validation', quantity: 'log pseudo-likelihood' }, settings: [{ setting: 2 }, { setting: 1 }, { setting: 0 }] });
    expect(textsOf(runs)).toContain('log Z is known of 2 of 3 finished trainings only.');
  });

  test('nothing finished: nothing is ranked, and it is said', () => {
    const runs = runsOf([[undefined], ['diverged']]);
    expect(rankSettings(runs).criterion).toBeUndefined();
    expect(rankSettings(runs).settings.map(({ rank }) => rank)).toEqual([undefined, undefined]);
    expect(textsOf(runs)).toContain('Nothing is ranked');
  });

  test('estimates that are not to be trusted, and other data, are warned of', () => {
    const runs = runsOf([[-3], [-2]]).map((run, index) => ({ ...run, dataFingerprint: `data ${index}`, ...(index === 0 && { verdict: 'not to be trusted' }) }));
    expect(textsOf(runs)).toContain('The log Z of 1 training is an estimate that is not to be trusted');
    expect(textsOf(runs)).toContain('Not all trainings have the same data');
  });
});

test('names of keys are as short as they can be told apart', () => {
  expect(shortNames(['training.learningRate', 'model.weights.standardDeviation', 'data.noise.standardDeviation', 'k'])).toEqual([
    'learningRate',
    'model.weights.standardDeviation',
    'data.noise.standardDeviation',
    'k',
  ]);
});
