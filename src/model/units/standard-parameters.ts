/**
 * From declared parameters to those of the standard model, and from its gradient back to theirs.
 *
 * With v = s∘x + o and h = t·y + q (x, y standard; Gaussian s = σ, o = 0) the energies of both agree up to a constant for
 *
 *     W' = s̃·W·t      a' = s̃·(a + q·W1)      b' = t·(b + o·Wᵀ1)        s̃ = s, of Gaussian units 1/σ
 *
 * (each row i of W and entry i of a has its own s̃_i). This is the chain rule of the gradients too. A binary model with the
 * parameters of its own is the same numbers, and nothing here is asked of it.
 */

import { canonicalSum, createHostMatrix, hostMatrixOf, isBinaryMatrix, type Kernels, type Matrix, type Model, type ModelParameters, type VisibleStates } from '../../kernels/index.js';
import { areStandard, binaryModelUnits, visibleDeviations, type Declared, type DeclaredModel, type DeclaredParameters } from './declared-parameters.js';
import { unitType } from './registry.js';

/** s̃ of every visible unit (n), o, t, q: see the opening comment. */
interface Translation {
  readonly visibleFactors: Float64Array;
  readonly visibleOffset: number;
  readonly hiddenScale: number;
  readonly hiddenOffset: number;
}

function translationOf({ units = binaryModelUnits, ...declared }: Declared, visibleUnits: number): Translation {
  const [visible, hidden] = [unitType(units.visible), unitType(units.hidden)];
  return {
    visibleFactors: visibleDeviations(declared)?.map((deviation) => 1 / deviation) ?? new Float64Array(visibleUnits).fill(visible.scale),
    visibleOffset: visible.offset,
    hiddenScale: hidden.scale,
    hiddenOffset: hidden.offset,
  };
}

/** Rows of W read at a time. */
const rowsAtOnce = 64;

/** Sums of the weights: of every row (canonical, n) and of every column (rows ascending, m). */
function weightSums(weights: Matrix): { readonly ofRows: Float64Array; readonly ofColumns: Float64Array } {
  const { rows, columns } = weights;
  const ofRows = new Float64Array(rows);
  const ofColumns = new Float64Array(columns);
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows - first);
    const values = new Float64Array(count * columns);
    weights.readRows(first, values);
    for (let row = 0; row < count; row++) {
      const line = values.subarray(row * columns, (row + 1) * columns);
      ofRows[first + row] = canonicalSum(line);
      for (let column = 0; column < columns; column++) ofColumns[column] += line[column];
    }
  }
  return { ofRows, ofColumns };
}

/** The biases of the standard model. */
function standardBiases(
  { visibleFactors, visibleOffset, hiddenScale, hiddenOffset }: Translation,
  { visibleBias, hiddenBias, weights }: { readonly visibleBias: Float64Array; readonly hiddenBias: Float64Array; readonly weights: Matrix },
): { readonly visible: Float64Array; readonly hidden: Float64Array } {
  if (visibleOffset === 0 && hiddenOffset === 0) {
    return { visible: visibleBias.map((bias, unit) => visibleFactors[unit] * bias), hidden: hiddenBias.map((bias) => hiddenScale * bias) };
  }
  const { ofRows, ofColumns } = weightSums(weights);
  return {
    visible: visibleBias.map((bias, unit) => visibleFactors[unit] * (bias + hiddenOffset * ofRows[unit])),
    hidden: hiddenBias.map((bias, unit) => hiddenScale * (bias + visibleOffset * ofColumns[unit])),
  };
}

/** W, n × m, of either kind of parameters, as a matrix. */
function weightsAsMatrix({ weights, visibleUnits, hiddenUnits }: ModelParameters | Model): Matrix {
  return 'readRows' in weights ? weights : hostMatrixOf(weights, visibleUnits, hiddenUnits);
}

/** The parameters of the standard model; the declared ones themselves where they are that. */
export function standardParameters(declared: DeclaredParameters): ModelParameters {
  if (areStandard(declared)) return declared;
  const { visibleUnits, hiddenUnits, visibleLayer, weights } = declared;
  const translation = translationOf(declared, visibleUnits);
  const factors = translation.visibleFactors.map((factor) => factor * translation.hiddenScale);
  const biases = standardBiases(translation, { ...declared, weights: weightsAsMatrix(declared) });
  return {
    visibleUnits,
    hiddenUnits,
    visibleLayer,
    weights: weights.map((weight, index) => weight * factors[Math.floor(index / hiddenUnits)]),
    visibleBias: biases.visible,
    hiddenBias: biases.hidden,
  };
}

/** Makes `standard` the standard model of the declared one; the same numbers as {@link standardParameters} gives. */
export function refreshStandardModel(kernels: Kernels, declared: DeclaredModel, standard: Model): void {
  const translation = translationOf(declared, declared.visibleUnits);
  const biases = standardBiases(translation, declared);
  standard.visibleBias.set(biases.visible);
  standard.hiddenBias.set(biases.hidden);
  kernels.transformWeights(declared.weights, standard.weights, {
    rowFactors: translation.visibleFactors.map((factor) => factor * translation.hiddenScale),
  });
}

/**
 * Turns a gradient in the standard parameters into one in the declared ones, in place:
 * ∇W = s̃·(t·∇W' + q·∇a'1ᵀ) + t·o·1∇b'ᵀ, ∇a = s̃·∇a', ∇b = t·∇b'.
 *
 * @param gradient of the standard model's shape
 * @param rowScales left out, or what every row of W and entry of a is multiplied by, n
 */
export function pullBackGradient(kernels: Kernels, declared: Declared, gradient: Model, rowScales?: Float64Array): void {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias } = gradient;
  const { visibleFactors: factors, visibleOffset, hiddenScale, hiddenOffset } = translationOf(declared, n);
  const visibleFactors = rowScales === undefined ? factors : factors.map((factor, unit) => factor * rowScales[unit]);
  visibleBias.forEach((value, unit) => {
    visibleBias[unit] = visibleFactors[unit] * value;
  });
  hiddenBias.forEach((value, unit) => {
    hiddenBias[unit] = hiddenScale * value;
  });
  const terms = [];
  if (hiddenOffset !== 0) terms.push({ rows: visibleBias.map((value) => hiddenOffset * value), columns: new Float64Array(m).fill(1) });
  if (visibleOffset !== 0) terms.push({ rows: new Float64Array(n).fill(1), columns: hiddenBias.map((value) => visibleOffset * value) });
  kernels.transformWeights(weights, weights, { rowFactors: visibleFactors.map((factor) => factor * hiddenScale), terms });
}

/**
 * The gradient of the mean log-likelihood in z_i = log σ_i² (Cho, Ilin & Raiko 2011, eq. 8, in standard units u = v/σ), n:
 * ½·D(u_i²) − a'_i·D(u_i) − Σ_j W'_ij·D(u_i·y_j), where D is the data phase minus the model phase.
 *
 * @param gradient of the standard model: D(u yᵀ), D(u), D(y)
 * @param squares D(u²), n
 */
export function logVarianceGradient(standard: Model, gradient: Model, squares: Float64Array): Float64Array {
  const { visibleUnits: n, hiddenUnits: m } = standard;
  const result = new Float64Array(n);
  const weights = new Float64Array(m);
  const products = new Float64Array(m);
  for (let unit = 0; unit < n; unit++) {
    standard.weights.readRows(unit, weights);
    gradient.weights.readRows(unit, products);
    const joint = canonicalSum(weights.map((weight, j) => weight * products[j]));
    result[unit] = 0.5 * squares[unit] - standard.visibleBias[unit] * gradient.visibleBias[unit] - joint;
  }
  return result;
}

/** What lies between the figures of the standard model and those of the declared one, in nats. */
export interface DeclaredShift {
  /** E(v,h) − E'(x,y), the same for all states: F(v) = F'(x) + energy. */
  readonly energy: number;
  /** Σ log σ_i: log Z = log Z' + logVolume − energy, and the density log p(v) = log p'(x) − logVolume. */
  readonly logVolume: number;
}

/** No difference. */
export const noShift: DeclaredShift = { energy: 0, logVolume: 0 };

/** See {@link DeclaredShift}. */
export function declaredShift(declared: DeclaredParameters | DeclaredModel): DeclaredShift {
  if (areStandard(declared)) return noShift;
  const { units = binaryModelUnits, visibleLogVariance, visibleUnits, visibleBias, hiddenBias } = declared;
  const translation = translationOf(declared, visibleUnits);
  const { visibleFactors, visibleOffset, hiddenOffset } = translation;
  const weights = weightsAsMatrix(declared);
  const ofHidden = hiddenOffset === 0 ? 0 : hiddenOffset * canonicalSum(hiddenBias);
  const logVolume = visibleLogVariance === undefined ? 0 : 0.5 * canonicalSum(visibleLogVariance);
  if (units.visible === 'gaussian') {
    const standard = standardBiases(translation, { visibleBias, hiddenBias, weights }).visible;
    const moved = visibleBias.map((bias, unit) => {
      const own = visibleFactors[unit] * bias;
      return (own - standard[unit]) * (own + standard[unit]);
    });
    return { energy: 0.5 * canonicalSum(moved) - ofHidden, logVolume };
  }
  const sum = visibleOffset * hiddenOffset === 0 ? 0 : canonicalSum(weightSums(weights).ofRows);
  const ofVisible = visibleOffset === 0 ? 0 : visibleOffset * canonicalSum(visibleBias);
  return { energy: -ofVisible - ofHidden - visibleOffset * hiddenOffset * sum, logVolume };
}

/**
 * Visible states as the standard model has them: u = v/σ of Gaussian units; others are their own (the {0,1} behind ±1).
 *
 * @returns the states themselves where nothing is to be done, else a copy
 */
export function standardStates(states: VisibleStates, declared: Declared): VisibleStates {
  const deviations = visibleDeviations(declared);
  if (deviations === undefined || isBinaryMatrix(states)) return states;
  const scaled = createHostMatrix(states.rows, states.columns);
  copyStandardRows(states, states.rows, deviations, scaled);
  return scaled;
}

/** target[r, i] = states[r, i]·(1/σ_i) for the first `rows` rows; `target` may be `states`. */
export function copyStandardRows(states: Matrix, rows: number, deviations: Float64Array, target: Matrix): void {
  const factors = deviations.map((deviation) => 1 / deviation);
  const values = new Float64Array(states.columns);
  for (let row = 0; row < rows; row++) {
    states.readRows(row, values);
    values.forEach((value, unit) => {
      values[unit] = value * factors[unit];
    });
    target.writeRows(row, values);
  }
}

/**
 * Values of standard visible units (states or means, any number of rows) in declared units: s∘x + o.
 *
 * @returns the values themselves where they are the same
 */
export function declaredVisibleValues<Values extends Uint8Array | Float64Array>(values: Values, declared: Declared): Values | Float64Array {
  const { units = binaryModelUnits } = declared;
  const deviations = visibleDeviations(declared);
  if (deviations !== undefined) return Float64Array.from(values, (value, index) => value * deviations[index % deviations.length]);
  return scaledValues(values, unitType(units.visible));
}

/** Means of standard hidden units in declared units: t·y + q; the values themselves where they are the same. */
export function declaredHiddenValues<Values extends Uint8Array | Float64Array>(values: Values, { units = binaryModelUnits }: Declared): Values | Float64Array {
  return scaledValues(values, unitType(units.hidden));
}

function scaledValues<Values extends Uint8Array | Float64Array>(values: Values, { scale, offset }: { readonly scale: number; readonly offset: number }): Values | Float64Array {
  return scale === 1 && offset === 0 ? values : Float64Array.from(values, (value) => scale * value + offset);
}
