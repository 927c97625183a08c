/**
 * Estimates of log Z in other units: the same estimate with a constant added to everything that is a log Z.
 */

import type { LogPartitionFunctionEstimate } from './verdict.js';

/** What is a log Z, or an interval of it, in the evidence of any estimator. */
const shiftedEvidence = ['logZ', 'interval', 'bootstrapInterval', 'logNormalInterval', 'threeSigma'];

function shiftValue(value: unknown, by: number): unknown {
  if (typeof value === 'number') return value + by;
  return Array.isArray(value) ? value.map((bound: unknown) => shiftValue(bound, by)) : value;
}

function shiftEvidence(evidence: Readonly<Record<string, unknown>>, by: number): Record<string, unknown> {
  const isGroup = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
  return Object.fromEntries(
    Object.entries(evidence).map(([name, value]) => {
      if (isGroup(value)) return [name, 'logZ' in value ? shiftEvidence(value, by) : value];
      return [name, shiftedEvidence.includes(name) ? shiftValue(value, by) : value];
    }),
  );
}

/** The estimate of log Z + `by`, in nats; the estimate itself where that is 0. */
export function shiftEstimate(estimate: LogPartitionFunctionEstimate, by: number): LogPartitionFunctionEstimate {
  if (by === 0) return estimate;
  const { interval } = estimate;
  return {
    ...estimate,
    logZ: estimate.logZ + by,
    ...(interval !== undefined && { interval: [interval[0] + by, interval[1] + by] as const }),
    evidence: shiftEvidence(estimate.evidence, by),
  };
}
