/**
 * Options that say how log Z is to be had.
 */

import { Option, type Command } from 'commander';
import { printable, RbmError } from '../errors.js';
import { annealingSchedules } from '../estimators/annealing-schedules.js';
import { defaultAnnealing, reverseStarts, type AnnealingSettings } from '../estimators/annealing-settings.js';
import { logPartitionFunctionEstimators } from '../estimators/log-partition-function.js';
import { baseRates, baseVisibleBias, type BaseRate } from '../model/base-rate.js';
import { ladders } from '../sampling/tempered-chains.js';
import { binaryLayer, type ModelParameters, type VisibleStates } from '../kernels/index.js';
import { forecastExact } from './estimation-progress.js';
import { nonNegativeNumber, wholeNumber } from './numbers.js';

/** The options as given. */
export interface EstimationOptions {
  estimator: string;
  exactCostLimit: string;
  chains: string;
  temperatures: string;
  schedule: string;
  baseRate: BaseRate;
  reverseStart?: (typeof reverseStarts)[number];
  rungs: string;
  ladder: (typeof ladders)[number];
  ensembles: string;
  tolerance: string;
  budget: string;
  seed: string;
}

/** Names of estimators, with `auto` and `none`. */
const estimatorNames = ['auto', ...logPartitionFunctionEstimators.map(({ name }) => name), 'none'];

/** Adds the options. */
export function addEstimationOptions(command: Command): Command {
  const { chains, temperatures, schedule, tempering, tolerance, budget } = defaultAnnealing;
  const summaries = logPartitionFunctionEstimators.map(({ name, summary }) => `${name}: ${summary}`).join('; ');
  return command
    .addOption(new Option('--estimator <name>', `where log Z comes from: auto (exact where affordable, else two-sided); ${summaries}`).choices(estimatorNames).default('auto'))
    .option('--exact-cost-limit <states×units>', 'largest cost of an exact log Z', String(2 ** 33))
    .option('--chains <number>', 'annealing: chains in each direction', String(chains))
    .option('--temperatures <number>', 'annealing: steps between the base rate and the model (in the first round)', String(temperatures))
    .addOption(
      new Option('--schedule <name>', `annealing: how the steps lie; ${annealingSchedules.map(({ name, summary }) => `${name}: ${summary}`).join('; ')}`)
        .choices(annealingSchedules.map(({ name }) => name))
        .default(schedule),
    )
    .addOption(new Option('--base-rate <name>', "annealing: where it starts: the training data's marginals, or even odds").choices([...baseRates]).default('data'))
    .addOption(new Option('--reverse-start <name>', 'annealing back: from exact samples, or from tempered runs (default: exact where affordable)').choices([...reverseStarts]))
    .option('--rungs <number>', 'tempered runs: inverse temperatures on the ladder', String(tempering.rungs))
    .addOption(new Option('--ladder <name>', 'tempered runs: how they lie').choices([...ladders]).default(tempering.ladder))
    .option('--ensembles <number>', 'tempered runs: independent sets of replicas', String(tempering.ensembles))
    .option('--tolerance <nats>', 'two-sided: gap and half-width that count as consistent', String(tolerance))
    .option('--budget <steps>', 'two-sided: Gibbs steps × chains after which the effort is not doubled any more', String(budget))
    .option('--seed <seed>', 'seed of the estimate', '1');
}

/** How log Z is to be had. */
export interface EstimationPlan {
  /** Name of the estimator; undefined for none. */
  readonly estimator: string | undefined;
  /** Why log Z is not exact, where it is not. */
  readonly why: string;
  readonly annealing: AnnealingSettings;
  /** States × units of an exact log Z. */
  readonly exactCost: number;
}

/**
 * What the options ask for, for a model.
 *
 * @param examples give the base rate
 * @throws RbmError 'usage' where a number makes no sense, or the exact log Z asked for costs too much
 */
export function planEstimation(
  options: EstimationOptions,
  model: ModelParameters,
  examples: VisibleStates,
): EstimationPlan {
  const costLimit = nonNegativeNumber('--exact-cost-limit', options.exactCostLimit);
  const { cost, isAffordable: affordable, states, duration } = forecastExact(model, costLimit);
  const way = Number.isFinite(cost) ? `--exact-cost-limit ${cost} allows it` : 'that is out of reach';
  const why = `it costs ${states}, ${duration}; ${way}`;
  if (options.estimator === 'exact' && !affordable) {
    throw new RbmError('usage', `the exact log Z is more than --exact-cost-limit: ${why}`, { hint: 'Or leave out --estimator exact.' });
  }
  const { kind } = model.visibleLayer ?? binaryLayer;
  if (kind !== 'binary' && logPartitionFunctionEstimators.some(({ name, needsBinaryUnits }) => name === options.estimator && needsBinaryUnits === true)) {
    throw new RbmError('usage', `--estimator ${options.estimator} knows binary visible units only; those of this model are ${kind}`, { hint: 'Use --estimator two-sided.' });
  }
  const reverseStart = options.reverseStart ?? (affordable ? 'exact' : 'tempered');
  if (reverseStart === 'exact' && !affordable) {
    throw new RbmError('usage', `--reverse-start ${printable(reverseStart)}: exact samples need the enumeration: ${why}`, { hint: 'Use --reverse-start tempered.' });
  }
  const annealing: AnnealingSettings = {
    baseVisibleBias: baseVisibleBias(options.baseRate, examples, model.visibleLayer ?? binaryLayer),
    schedule: options.schedule,
    temperatures: wholeNumber('--temperatures', options.temperatures, 1, 1e9),
    chains: wholeNumber('--chains', options.chains, 10, 1e7),
    seed: options.seed,
    reverseStart,
    tempering: {
      ladder: options.ladder,
      rungs: wholeNumber('--rungs', options.rungs, 2, 4096),
      ensembles: wholeNumber('--ensembles', options.ensembles, 1, 1e6),
    },
    tolerance: nonNegativeNumber('--tolerance', options.tolerance),
    budget: nonNegativeNumber('--budget', options.budget),
  };
  if (options.estimator === 'none') return { estimator: undefined, why: '--estimator none', annealing, exactCost: cost };
  const estimator = options.estimator === 'auto' ? (affordable ? 'exact' : 'two-sided') : options.estimator;
  return { estimator, why: options.estimator === 'auto' && !affordable ? why : `--estimator ${estimator}`, annealing, exactCost: cost };
}
