/**
 * Figures of one model on examples, for the commands that evaluate: progress shown, overflow told.
 */

import { printable, RbmError } from '../errors.js';
import { areFiguresFinite, evaluateModel, type Figures } from '../estimators/evaluation.js';
import type { ContinuedCooperation } from '../estimators/finished-work.js';
import { logPartitionFunctionEstimator, type LogPartitionFunctionEstimate } from '../estimators/log-partition-function.js';
import { systemCode } from '../file-errors.js';
import type { Kernels, VisibleStates } from '../kernels/index.js';
import { createModel } from '../model/parameters.js';
import { declaredShift } from '../model/units/index.js';
import type { Workload } from '../run/kernels.js';
import { stoppablePause } from '../run/stop-request.js';
import { chainsTogether } from '../sampling/annealed-chains.js';
import type { ModelArgument } from './arguments.js';
import type { EstimationPlan } from './estimation-options.js';
import { withEstimateProgress, withExactProgress } from './estimation-progress.js';
import type { Terminal } from './terminal.js';

/** Figures of one model, with the free energies behind them. */
export interface Evaluated {
  readonly figures: Figures;
  /** F(v) of every example, in nats, by split. */
  readonly energies: Readonly<Record<string, Float64Array>>;
}

/** What the evaluation of a model asks of the kernels. */
export function workloadOf({ estimator, exactCost, annealing }: EstimationPlan, threads?: number): Workload {
  return {
    stateUnits: estimator === 'exact' ? exactCost : 0,
    chains: estimator === 'exact' || estimator === undefined ? 0 : Math.min(chainsTogether, annealing.chains),
    threads,
  };
}

/**
 * Evaluates a model.
 *
 * @param splits examples in the model's standard units, by name
 * @param known log Z as the plan's estimator would give it, where it has been computed elsewhere
 * @throws RbmError 'data' where log-probabilities overflow; Stopped where a signal asked for it
 */
export async function evaluateParameters(
  kernels: Kernels,
  { file, parameters, standard }: ModelArgument,
  splits: Readonly<Record<string, VisibleStates>>,
  plan: EstimationPlan,
  pseudoLikelihoodExamples: number,
  quiet: boolean,
  terminal: Terminal,
  known?: LogPartitionFunctionEstimate,
): Promise<Evaluated> {
  const energies: Record<string, Float64Array> = {};
  const { estimator, annealing } = plan;
  const evaluateWith = (cooperation: ContinuedCooperation): Promise<Figures> =>
    evaluateModel(
      kernels,
      createModel(kernels, standard),
      splits,
      {
        ...(estimator !== undefined && {
          logPartitionFunction: async (model, own) =>
            known ?? logPartitionFunctionEstimator(estimator).estimate(model, { kernels, annealing, finished: cooperation.finished, ...own }),
        }),
        pseudoLikelihoodExamples,
        shift: declaredShift(parameters),
        onFreeEnergies: (split, values) => {
          energies[split] = values;
        },
      },
      cooperation,
    );
  const working =
    known !== undefined
      ? evaluateWith({ pause: stoppablePause(terminal.listenForStop()) })
      : estimator === 'exact'
      ? withExactProgress(standard, { threads: kernels.threads, quiet }, terminal, evaluateWith)
      : withEstimateProgress(standard, { ais: estimator === 'ais' ? annealing : undefined, quiet }, terminal, evaluateWith);
  const figures = await working.catch((error: unknown) => {
    throw systemCode(error) === 'ERR_PROBABILITY_OVERFLOW' ? tooLarge(file) : error;
  });
  if (!areFiguresFinite(figures)) throw tooLarge(file);
  return { figures, energies };
}

/** The error of a model whose log-probabilities are no longer numbers. */
export function tooLarge(file: string): RbmError {
  return new RbmError('data', `${printable(file)}: its parameters are so large that log-probabilities overflow float64`, {
    hint: 'rbm-train inspect shows how large they are. Training has most likely diverged: train again with a smaller training.learningRate, or take an earlier checkpoint.',
  });
}
