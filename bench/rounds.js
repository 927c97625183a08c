/**
 * Interleaved rounds: every round runs every contender once, in turn and never two at a time, so that whatever else the
 * machine does meets all of them alike. Ratios are formed within a round.
 */

import { startContender } from './contenders.js';

/** @typedef {{cpuSeconds: number, wallSeconds: number, count: number}} Measurement */
/** @typedef {{median: number, minimum: number, maximum: number}} Statistics */

/** @param {number[]} values at least one @returns {Statistics} */
export function statistics(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, minimum: sorted[0], maximum: sorted[sorted.length - 1] };
}

/** One measurement; a model that diverged has no meaningful cost. */
async function measure(child, count) {
  const result = await child.request({ op: 'run', count });
  if (result.finite === false) throw new Error('training diverged: the case needs a smaller learning rate');
  return result;
}

/** How many pieces of work take about `seconds` of CPU time; warms the contender up on the way. */
async function calibrate(child, seconds) {
  let count = 1;
  for (;;) {
    const { cpuSeconds } = await measure(child, count);
    const wanted = (count * seconds) / Math.max(cpuSeconds, 1e-6);
    if (cpuSeconds > seconds / 4) return Math.max(1, Math.round(wanted));
    count = Math.ceil(Math.min(wanted, count * 20));
  }
}

/**
 * Measures contenders on one case.
 *
 * @param {import('./contenders.js').Contender[]} contenders
 * @param {object} settings the case
 * @param {{rounds: number, seconds: number, warn: (message: string) => void}} options `seconds` of CPU time per run
 * @returns {Promise<Map<string, {about: any, rounds: Measurement[]}>>} by contender; those that failed are left out,
 * after a warning
 */
export async function interleave(contenders, settings, { rounds, seconds, warn }) {
  const running = [];
  const drop = async (entry, error) => {
    warn(`${entry.contender.id} is left out: ${error.message}`);
    if (running.includes(entry)) running.splice(running.indexOf(entry), 1);
    await entry.child?.close();
  };
  try {
    for (const contender of contenders) {
      const entry = { contender, rounds: [] };
      try {
        Object.assign(entry, await startContender(contender, settings));
        running.push(entry);
        entry.count = await calibrate(entry.child, seconds);
      } catch (error) {
        await drop(entry, error);
      }
    }
    // The first round is discarded.
    for (let round = -1; round < rounds; round++) {
      const shift = (round + 1) % Math.max(1, running.length);
      for (const entry of [...running.slice(shift), ...running.slice(0, shift)]) {
        try {
          const measurement = await measure(entry.child, entry.count);
          if (round >= 0) entry.rounds.push(measurement);
        } catch (error) {
          await drop(entry, error);
        }
      }
    }
  } finally {
    for (const { child } of running) await child.close();
  }
  return new Map(running.map(({ contender, about, rounds: done }) => [contender.id, { about, rounds: done }]));
}

/**
 * Cost per piece of work (divided by `units`) of every round.
 *
 * @param {Measurement[]} rounds
 * @param {'cpuSeconds' | 'wallSeconds'} clock
 * @param {number} [units] e.g. examples per update
 */
export function costs(rounds, clock, units = 1) {
  return rounds.map((round) => round[clock] / (round.count * units));
}

/** Statistics of a[r] / b[r] over the rounds r. */
export function ratio(a, b) {
  return statistics(a.map((value, round) => value / b[round]));
}
