/** What is said of a run: known courses of a training, each with the words that fit it and none of those that do not. */

import { expect, test } from '@jest/globals';

import { judge } from '../../src/report/verdict.js';
import { evaluation, recordOf } from './records.js';

const { exp } = Math;

/** A run of 41 evaluations with these likelihoods at each share of the way, 0 to 1. */
function course(likelihoods: (share: number) => Readonly<Record<string, number>>, standardError = 0.05): ReturnType<typeof recordOf> {
  const events = Array.from({ length: 41 }, (_, index) => evaluation(index * 10, likelihoods(index / 40), standardError));
  return recordOf(events, { result: { updates: 400 } });
}

const saturating = (share: number): number => -10 + 6 * (1 - exp(-8 * share));

test.each([
  ['rises all the time', course((share) => ({ train: -10 + 5 * share })), [/^Still improving: the last quarter of the run brought 1\.2500 of 5\.0000 nats/]],
  ['has levelled off', course((share) => ({ train: saturating(share) })), [/^Levelled off/]],
  ['goes astray', course((share) => ({ train: share < 0.5 ? saturating(share) : saturating(0.5) - 8 * (share - 0.5) })), [/^Going astray: the train log-likelihood has fallen by 4\.0000 nats since update 200\./]],
  [
    'overfits',
    course((share) => ({ train: -10 + 5 * share, validation: -10 + 3 * share - 4 * share * share })),
    [/^Overfitting: since update 150 the validation log-likelihood has fallen by 1\.5\d* nats while that of the training data rose/, /^The training data is 6\.0000 nats per example more likely than the validation data/],
  ],
  ['fits both', course((share) => ({ train: saturating(share), validation: saturating(share) - 0.01 })), [/^Levelled off/, /^Training and validation data are about equally likely/]],
  [
    'fits the validation data better',
    course((share) => ({ train: saturating(share), validation: saturating(share) + 1 })),
    [/^Levelled off/, /^The validation data is 1\.0000 nats per example more likely than the training data/],
  ],
  ['only wobbles', course((share) => ({ train: saturating(share) - 0.02 * (share > 0.9 ? share : 0) })), [/^Levelled off/]],
])('a training that %s', (_, run, expected) => {
  const texts = judge(run).map(({ text }) => text);
  expect(texts).toHaveLength(expected.length);
  for (const [index, pattern] of expected.entries()) expect(texts[index]).toMatch(pattern);
});

test('warnings come before what is judged, each once with how often it came', () => {
  const warning = { diagnostic: 'mixing', evidence: { driftRatio: 1.5, ofChains: [1, 2] } };
  const run = course((share) => ({ train: saturating(share) }));
  const remarks = judge({
    ...run,
    warnings: [
      { ...warning, update: 20, message: 'lower the learning rate below 0.05' },
      { ...warning, update: 40, message: 'lower the learning rate below 0.031' },
      { ...warning, update: 50, message: 'something else' },
    ],
  });
  expect(remarks.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
    'warning: At update 20 (2 times, the last at update 40): lower the learning rate below 0.05',
    'warning: At update 50: something else',
    expect.stringMatching(/^good: Levelled off/),
  ]);
  expect(remarks[0].evidence).toBe('drift ratio 1.5; of chains 1, 2');
});

test('what can’t be judged yet is said so', () => {
  expect(judge(recordOf([])).map(({ text }) => text)).toEqual([
    'The run is not finished: its latest checkpoint has 12 updates.',
    'There are no evaluations yet that say how likely the data is.',
  ]);
  expect(judge(recordOf([evaluation(0, { train: -3 })])).at(-1)?.text).toMatch(/^There are too few evaluations/);
});

test('where log Z is unknown the pseudo-likelihood stands in, and says that it does', () => {
  const events = Array.from({ length: 9 }, (_, index) => {
    const { splits, logPartitionFunction: _logZ, ...others } = evaluation(index, { train: 0 });
    const { meanLogLikelihood: _mean, standardError: _error, logLikelihoodInterval: _interval, exact: _exact, ...train } = splits?.train ?? never();
    return { ...others, splits: { train: { ...train, meanLogPseudoLikelihood: -10 + index } } };
  });
  const texts = judge(recordOf(events, { result: {} })).map(({ text }) => text);
  expect(texts[0]).toMatch(/^Still improving/);
  expect(texts[1]).toMatch(/^The likelihood itself is not known here/);
});

function never(): never {
  throw new Error('the record has this');
}
