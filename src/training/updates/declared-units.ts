/**
 * The parameterization of declared units: steps are taken in the parameters that the config declares, and the kernels' model
 * of standard units follows (see model/units).
 *
 * The curvature of the log-likelihood in the weights and biases of a Gaussian unit is proportional to 1/σ². So their gradient
 * is multiplied by σ² of their unit: the steps are those of the same training on values in multiples of σ, and a learning
 * rate that is right for variance 1 is right for all. Where the gradient is 0 does not change.
 *
 * Learned variances (z_i = log σ_i²) take plain gradient steps of their own, with the learning rate of all others: no
 * momentum, decay or clipping applies to them. A variance stays within a factor e^±10 of the one that it started from, so
 * that a unit which is the same in all examples ends in a narrow peak and not in an infinite density.
 */

import { exp, isBinaryMatrix, type Kernels, type Model, type Phase } from '../../kernels/index.js';
import { createModel } from '../../model/parameters.js';
import {
  areStandard,
  binaryModelUnits,
  copyStandardRows,
  logVarianceGradient,
  pullBackGradient,
  refreshStandardModel,
  unitType,
  visibleDeviations,
  type DeclaredModel,
  type DeclaredParameters,
} from '../../model/units/index.js';
import type { Phases } from '../gradients/index.js';
import { identityParameterization, type Parameterization } from './parameterization.js';

/** How far log σ² may go from where it started. */
const largestChange = 10;

/** Means of v² over a phase of standard Gaussian units, n; sums over rows ascending, divided by their number. */
function meanSquares(phase: Phase, visibleUnits: number): Float64Array {
  if (phase.kind === 'expectation') {
    const { visibleSquares } = phase.moments;
    if (visibleSquares === undefined) throw new RangeError('this expectation has no squares of the visible units, which learned variances need');
    return visibleSquares;
  }
  const { visible, rows } = phase;
  const sums = new Float64Array(visibleUnits);
  if (isBinaryMatrix(visible)) throw new RangeError('binary states have no variances');
  const values = new Float64Array(visibleUnits);
  for (let row = 0; row < rows; row++) {
    visible.readRows(row, values);
    values.forEach((value, unit) => {
      sums[unit] += value * value;
    });
  }
  return sums.map((sum) => sum / rows);
}

/** How log variances learn. */
function learnedVariances(model: Model, logVariance: Float64Array): Required<Pick<Parameterization, 'stepOthers'>> & { look(gradient: Model, phases: Phases): void } {
  const start = Float64Array.from(logVariance);
  let gradientOfVariances: Float64Array = new Float64Array(logVariance.length);
  return {
    look(gradient, { positive, negative }) {
      const ofModel = meanSquares(negative, logVariance.length);
      const squares = meanSquares(positive, logVariance.length).map((square, unit) => square - ofModel[unit]);
      gradientOfVariances = logVarianceGradient(model, gradient, squares);
    },
    stepOthers(learningRate) {
      logVariance.forEach((value, unit) => {
        const stepped = value + learningRate * gradientOfVariances[unit];
        const [least, most] = [start[unit] - largestChange, start[unit] + largestChange];
        logVariance[unit] = stepped < least ? least : stepped > most ? most : stepped;
      });
      return logVariance.every((value) => Number.isFinite(value));
    },
  };
}

/**
 * The parameterization of these parameters' units.
 *
 * @param model the kernels' model, of the standard parameters
 * @param parameters the declared ones to start from
 */
export function startDeclaredUnits(kernels: Kernels, model: Model, parameters: DeclaredParameters): Parameterization {
  if (areStandard(parameters)) return identityParameterization(model, parameters.units);
  const { units = binaryModelUnits } = parameters;
  const visibleLogVariance = parameters.visibleLogVariance && Float64Array.from(parameters.visibleLogVariance);
  const master: DeclaredModel = { ...createModel(kernels, parameters), units, visibleLogVariance };
  const variances = units.variance === 'learned' && visibleLogVariance !== undefined ? learnedVariances(model, visibleLogVariance) : undefined;
  const [visible, hidden] = [unitType(units.visible), unitType(units.hidden)];
  return {
    master,
    ...(variances !== undefined && { stepOthers: variances.stepOthers }),
    refresh: (declared = master, standard = model) => refreshStandardModel(kernels, declared, standard),
    async pullBack(gradient, phases) {
      await kernels.finish();
      variances?.look(gradient, phases);
      pullBackGradient(kernels, master, gradient, master.visibleLogVariance?.map((value) => exp(value)));
    },
    meansOf(means) {
      const deviations = visibleDeviations(master);
      return {
        visible: means.visible.map((mean, unit) => (deviations === undefined ? visible.scale * mean + visible.offset : mean * deviations[unit])),
        hidden: means.hidden.map((mean) => hidden.scale * mean + hidden.offset),
      };
    },
    inputFactors: () => visibleDeviations(master)?.map((deviation) => 1 / (deviation * deviation)),
    toStandard(states, rows) {
      const deviations = visibleDeviations(master);
      if (deviations !== undefined && !isBinaryMatrix(states)) copyStandardRows(states, rows, deviations, states);
    },
  };
}
