/**
 * Values that change over training: learning rate and momentum as functions of the number of updates done.
 *
 * Every schedule has a horizon of its own, so that training longer never changes an earlier update.
 */

import type { ScheduleConfig } from '../config/run-config.js';
import type { Extent } from '../config/schema.js';
import { exp, log } from '../kernels/index.js';

/** The value for the update with the 0-based number t. */
export type Schedule = (t: number) => number;

/** An extent in updates. */
export function extentInUpdates(extent: Extent, updatesPerEpoch: number): number {
  return extent.updates ?? (extent.epochs ?? 0) * updatesPerEpoch;
}

/**
 * The schedule that a config describes.
 *
 * @throws RangeError for an exponential schedule from or to 0 (which the schema refuses, with its place)
 */
export function createSchedule(config: ScheduleConfig, updatesPerEpoch: number): Schedule {
  if (typeof config === 'number') return () => config;
  const { initial } = config;
  switch (config.schedule) {
    case 'linear': {
      const horizon = extentInUpdates(config.horizon, updatesPerEpoch);
      return (t) => (t >= horizon ? config.final : initial + (config.final - initial) * (t / horizon));
    }
    case 'exponential': {
      if (!(initial > 0 && config.final > 0)) throw new RangeError('an exponential schedule cannot start or end at 0');
      const horizon = extentInUpdates(config.horizon, updatesPerEpoch);
      const rate = log(config.final / initial);
      if (Number.isFinite(rate)) return (t) => (t >= horizon ? config.final : initial * exp(rate * (t / horizon)));
      // The ratio is beyond float64's range; the values between are not.
      const start = log(initial);
      const distance = log(config.final) - start;
      return (t) => (t >= horizon ? config.final : exp(start + distance * (t / horizon)));
    }
    case 'inverse': {
      const halfLife = extentInUpdates(config.halfLife, updatesPerEpoch);
      return (t) => initial / (1 + t / halfLife);
    }
    case 'step': {
      const at = extentInUpdates(config.at, updatesPerEpoch);
      return (t) => (t < at ? initial : config.final);
    }
  }
}
