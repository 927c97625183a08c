/**
 * Verdicts: that a model whose other mode forward chains never reach is not trusted, with log Z known in closed form; and each
 * reason by itself, from figures made up for it.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { shardedAnnealing } from '../../src/estimators/annealed-importance-sampling.js';
import { estimateWhole } from '../../src/estimators/sharded-estimation.js';
import { defaultAnnealing, type AnnealingSettings } from '../../src/estimators/annealing-settings.js';
import { bennettAcceptanceRatio, type BennettEstimate } from '../../src/estimators/bennett-acceptance-ratio.js';
import { meanWeight, type MeanWeight } from '../../src/estimators/mean-weight.js';
import { twoSided } from '../../src/estimators/two-sided.js';
import { oneSidedVerdict, twoSidedVerdict, type TemperingEvidence } from '../../src/estimators/verdict.js';
import { binaryLayer, loadKernels, packBinaryMatrix, type Kernels, type ModelParameters } from '../../src/kernels/index.js';
import { baseVisibleBias } from '../../src/model/base-rate.js';
import { createModel } from '../../src/model/parameters.js';
import * as bruteForce from '../reference/brute-force.js';
import * as ep from '../reference/extended-precision.js';
import { normals } from '../reference/numbers.js';

const { abs, log } = Math;

/** Visible units on in the first mode; the others are on in the second one. */
const inFirst = (i: number): boolean => i < 6;

/** Two hidden units, one for each mode: weights of ±10, so that 60 nats lie between the modes and what joins them. */
function twoModes(secondBias: number, size = 10): ModelParameters {
  return {
    visibleUnits: 12,
    hiddenUnits: 2,
    weights: Float64Array.from({ length: 24 }, (_, index) => (inFirst(Math.floor(index / 2)) === (index % 2 === 0) ? size : -size)),
    visibleBias: new Float64Array(12),
    hiddenBias: Float64Array.of(0, secondBias),
  };
}

/** Data of the first mode alone. */
const examples = packBinaryMatrix(Uint8Array.from({ length: 100 * 12 }, (_, index) => (inFirst(index % 12) ? 1 : 0)), 100, 12);

let kernels: Kernels;
beforeAll(async () => {
  kernels = await loadKernels();
});
afterAll(() => kernels.close());

describe('a mode that the base rate knows nothing of', () => {
  const settings: AnnealingSettings = {
    ...defaultAnnealing, baseVisibleBias: baseVisibleBias('data', examples, binaryLayer), temperatures: 200, seed: '1', reverseStart: 'exact', budget: 0,
  };

  // Half of the mass in the second mode: forward chains miss log 2 = .69 nats. 95 % of it: 3.05.
  test.each([['half of the mass', 0], ['95 % of the mass', 3]])('%s: two-sided does not trust itself, names the gap, and spans log Z', async (_case, bias) => {
    const parameters = twoModes(bias);
    const exact = ep.toNumber(bruteForce.logPartitionFunctionOverHidden(parameters));
    const missed = log(1 + Math.exp(bias));
    const model = createModel(kernels, parameters);
    // What it is about: forward weights look good by themselves.
    const forward = await estimateWhole(shardedAnnealing(kernels, model, settings), {});
    expect(abs(exact - missed - forward.logZ)).toBeLessThan(0.1);
    expect(forward.interval[1]).toBeLessThan(exact);
    expect(forward.verdict.status).toBe('one-sided');

    const { interval, verdict, heuristic } = await twoSided(kernels, model, settings, {});
    expect(verdict.status).toBe('not to be trusted');
    const named = /^the two directions are (\d+\.\d\d) nats apart \(tolerance 0\.5\)/.exec(verdict.reasons[0]);
    expect(Number(named?.[1])).toBeCloseTo(verdict.gap ?? NaN, 2);
    expect(interval[0] <= exact && exact <= interval[1]).toBe(true);
    expect(heuristic).toContain('spans both');
    expect(verdict.advice.length).toBeGreaterThan(0);
  });

  // Tempered runs from the same base rate reach no more than forward chains do; that half of them start elsewhere shows it.
  test.each([[0, 10], [3, 10], [3, 4]])('with tempered starts, too: bias %d, weights ±%d', async (bias, size) => {
    const parameters = twoModes(bias, size);
    const tempered = { ...settings, reverseStart: 'tempered' as const };
    const { verdict } = await twoSided(kernels, createModel(kernels, parameters), tempered, {});
    expect(verdict.status).toBe('not to be trusted');
    expect(verdict.reasons).toContainEqual(expect.stringMatching(/tempered runs remember where they started: by \d+\.\d\d nats/));
  });

  test('no gap, no reason: the same model from a base rate that knows neither mode', async () => {
    const parameters = twoModes(0);
    const exact = ep.toNumber(bruteForce.logPartitionFunctionOverHidden(parameters));
    const { logZ, interval, verdict } = await twoSided(kernels, createModel(kernels, parameters), { ...settings, baseVisibleBias: new Float64Array(12), temperatures: 1000 }, {});
    expect([verdict.status, verdict.reasons]).toEqual(['consistent', []]);
    // 5 standard errors are 2.6 half-widths.
    expect(abs(logZ - exact)).toBeLessThan(1.3 * (interval[1] - interval[0]));
  });
});

describe('reasons, one by one', () => {
  const chains = 100;
  const weights = meanWeight(Float64Array.from(normals(chains, 1, 0.2)), '1');
  const few: MeanWeight = { ...weights, effectiveSampleSize: 3 };
  const bennett: BennettEstimate = { logRatio: 0, standardError: 0.01, interval: [-0.02, 0.02], overlap: 0.9 };
  const tempering: TemperingEvidence = { swapRates: Float64Array.of(0.9, 0.3, 0.7), roundTrips: 50, ensembles: 10 };
  const verdictOf = (change: { forward?: number; reverse?: number; forwardWeights?: MeanWeight; reverseWeights?: MeanWeight; bennett?: BennettEstimate; tempering?: TemperingEvidence }) =>
    twoSidedVerdict(
      { logZ: change.forward ?? 10, weights: change.forwardWeights ?? weights },
      { logZ: change.reverse ?? 10.1, weights: change.reverseWeights ?? weights },
      change.bennett ?? bennett,
      chains,
      0.5,
      change.tempering,
    );

  test('none', () => {
    const { gap, ...verdict } = verdictOf({ tempering });
    expect(verdict).toEqual({ status: 'consistent', reasons: [], advice: [] });
    expect(gap).toBeCloseTo(0.1, 12);
  });

  test.each([
    ['apart', { reverse: 10.75 }, /^the two directions are 0\.75 nats apart/],
    ['in the wrong order', { reverse: 9.25 }, /^the two directions are in the wrong order by 0\.75 nats/],
    ['not finite', { reverse: Infinity }, /not finite/],
    ['few forward chains count', { forwardWeights: few }, /^the forward weights hang on few chains \(effective sample size 3\.0 of 100\)$/],
    ['few reverse chains count', { reverseWeights: few }, /^the reverse weights hang on few chains/],
    ['wide', { bennett: { ...bennett, interval: [-0.6, 0.6] as const } }, /^the interval is ±0\.60 nats wide/],
    ['no swaps', { tempering: { ...tempering, swapRates: Float64Array.of(0.9, 0.01) } }, /hardly swap \(rate 0\.010\)/],
    ['no round trips', { tempering: { ...tempering, roundTrips: 9 } }, /^only 9 replicas of 10 ensembles/],
  ])('%s', (_case, change, reason) => {
    const { status, reasons, advice } = verdictOf(change);
    expect([status, reasons]).toEqual(['not to be trusted', [expect.stringMatching(reason)]]);
    expect(advice.length > 0 || reason.source === 'not finite').toBe(true);
  });

  test('a gap within the tolerance is none; a larger one is, whatever the errors', () => {
    const wide: MeanWeight = { ...weights, interval: [-8, 8], bootstrapInterval: [-1, 1] };
    const both = { forwardWeights: wide, reverseWeights: wide };
    expect(verdictOf({ reverse: 10.49 }).status).toBe('consistent');
    expect(verdictOf({ reverse: 9.51, ...both }).status).toBe('consistent');
    expect(verdictOf({ reverse: 10.75, ...both }).reasons).toEqual([expect.stringContaining('0.75 nats apart')]);
    // √2 nats are the error of the two: what is beyond it is not chance.
    expect(verdictOf({ reverse: 8.6, ...both }).reasons).toEqual([expect.stringMatching(/1\.40 nats .*may be chance/)]);
    expect(verdictOf({ reverse: 8.5, ...both }).reasons).toEqual([expect.stringMatching(/1\.50 nats: the reverse chains did not start/)]);
  });

  test('one direction alone is never consistent', () => {
    expect(oneSidedVerdict('forward', weights, chains).status).toBe('one-sided');
    expect(oneSidedVerdict('forward', few, chains)).toMatchObject({ status: 'not to be trusted', reasons: [expect.stringContaining('forward weights')] });
  });

  test('directions that do not overlap give Bennett an interval that says so', () => {
    const apart = bennettAcceptanceRatio(Float64Array.from(normals(chains, 2, 0.1)), Float64Array.from(normals(chains, 3, 0.1), (value) => value - 30));
    expect(apart.overlap).toBeLessThan(1e-4);
    expect(apart.interval[1] - apart.interval[0]).toBeGreaterThan(30);
    expect(verdictOf({ bennett: apart }).status).toBe('not to be trusted');
  });
});
