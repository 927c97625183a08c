/** Records of runs for tests of the report: a small model with whatever events a test is about. */

import type { RunConfig } from '../../src/config/run-config.js';
import type { Section } from '../../src/report/section.js';
import type { MeasuredEvent, RunRecord } from '../../src/report/run-record.js';
import { makePage } from '../../src/report/write-report.js';
import { pageHtml } from '../../src/report/page.js';
import { sampleCheckpoint } from '../checkpoint/sample.js';

/** The record of a run with these events. */
export function recordOf(events: readonly MeasuredEvent[], others: Partial<RunRecord> = {}): RunRecord {
  const config = { seed: 's', output: '/somewhere/run', data: { source: 'bars-and-stripes' }, model: { hiddenUnits: 2 }, training: { algorithm: 'cd', k: 1 } };
  return { name: 'run', path: '/somewhere/run', config: config as unknown as RunConfig, events, warnings: [], checkpoint: sampleCheckpoint(12), ...others };
}

/** An evaluation: mean log-likelihoods by split, with that standard error. */
export function evaluation(update: number, likelihoods: Readonly<Record<string, number>>, standardError = 0.1): MeasuredEvent {
  const splits = Object.fromEntries(
    Object.entries(likelihoods).map(([split, value]) => [
      split,
      {
        examples: 100,
        meanLogLikelihood: value,
        standardError,
        logLikelihoodInterval: [value - 2 * standardError, value + 2 * standardError] as const,
        exact: true,
        meanFreeEnergy: -value - 1,
        meanReconstructionError: 0.5,
        pseudoLikelihoodExamples: 100,
      },
    ]),
  );
  return { update, epoch: update / 10, splits, logPartitionFunction: 1, learningRate: 0.1, momentum: 0 };
}

/** A whole page of a record, every error let through. */
export async function pageOf(run: RunRecord, sections?: readonly Section[]): Promise<string> {
  const fail = (message: string): never => {
    throw new Error(message);
  };
  return pageHtml(await makePage(run, { warn: fail, ...(sections !== undefined && { sections }) }));
}

/** A run with figures for every section: rising likelihoods, all diagnostics, a warning. */
export function fullRecord(): RunRecord {
  const events = Array.from({ length: 40 }, (_, index) => {
    const update = index * 10;
    const share = index / 39;
    return {
      ...evaluation(update, { train: -10 + 5 * share, validation: -10.2 + 4.5 * share, test: -10.1 + 4.4 * share }),
      freeEnergyGap: 0.5 * share,
      learningRate: 0.1 * (1 - share),
      algorithm: { swapRates: [0.9, 0.8 - 0.5 * share, 0.7] },
      diagnostics: {
        fit: {
          moments: { modelSource: 'chains', visible: 0.2 - 0.1 * share, hidden: 0.1, products: 0.05 },
          positiveFreeEnergy: -10 - share,
          positiveFreeEnergyStandardError: 0.1,
          negativeFreeEnergy: -11 - share,
          deadHiddenUnits: Math.round(2 * share),
          alwaysOnHiddenUnits: 0,
          saturatedHiddenUnits: 1,
          meanHiddenActivity: 0.5,
          weightNorm: 1 + share,
          visibleBiasNorm: 1,
          hiddenBiasNorm: share,
          singularValues: [1 + share, 0.5, 0.2],
          effectiveRank: 2,
        },
        mixing: { mixingTime: 1 + 100 * share, integratedAutocorrelationTime: 2, rHat: 1.1, flipsPerStep: 0.2, driftPerMixingTime: 0.1, freeEnergySpread: 2, learningRate: 0.1, learningRateLimit: 0.2, freeEnergyGap: 0.3 },
        gradientAccuracy: { method: 'propagated', cosine: 1 - 0.1 * share, relativeBias: 0.1, relativeStandardDeviation: 0.4, exactNorm: 1, bias: 0.1 },
        spuriousMass: {
          method: 'exact',
          model: [0.7, 0.2, 0.1, 0],
          heldOut: [0.9, 0.1, 0, 0],
          beyond: { distance: 1, model: 0.1, heldOut: 0 },
          meanDistance: 0.4,
          worst: [{ state: '011', probability: 0.07, distance: 2 }],
        },
        unheardOf: { answer: 42, nested: { deep: [1, 2, 3] } },
      },
    };
  });
  const warnings = [{ update: 200, diagnostic: 'mixing', message: 'the chains no longer follow the model', evidence: { driftPerMixingTime: 2.5 } }];
  return recordOf(events, { warnings });
}
