/**
 * RBMs of every unit type by their definition: energies as they are declared, sums over all states of discrete units,
 * quadrature over real ones. Shares no code with src; ordinary float64, for models of a few units.
 */

const { exp, log, PI, max, abs } = Math;

/** A model as declared. */
export interface DeclaredReference {
  readonly visible: 'binary' | 'ising' | 'gaussian' | 'categorical';
  readonly hidden: 'binary' | 'ising';
  readonly visibleUnits: number;
  readonly hiddenUnits: number;
  /** n × m row-major. */
  readonly weights: ArrayLike<number>;
  readonly visibleBias: ArrayLike<number>;
  readonly hiddenBias: ArrayLike<number>;
  /** log σ² of Gaussian units; 0 where left out. */
  readonly visibleLogVariance?: ArrayLike<number>;
  /** First units of categorical groups, and the number of units. */
  readonly groups?: ArrayLike<number>;
}

/** E(v,h). */
export function energy(model: DeclaredReference, v: ArrayLike<number>, h: ArrayLike<number>): number {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias, hiddenBias, visibleLogVariance } = model;
  let value = 0;
  for (let j = 0; j < m; j++) value -= hiddenBias[j] * h[j];
  for (let i = 0; i < n; i++) {
    const variance = exp(visibleLogVariance?.[i] ?? 0);
    value += model.visible === 'gaussian' ? ((v[i] - visibleBias[i]) * (v[i] - visibleBias[i])) / (2 * variance) : -visibleBias[i] * v[i];
    for (let j = 0; j < m; j++) value -= (v[i] * weights[i * m + j] * h[j]) / (model.visible === 'gaussian' ? variance : 1);
  }
  return value;
}

function allStates(units: number, values: readonly number[]): number[][] {
  let states: number[][] = [[]];
  for (let unit = 0; unit < units; unit++) states = states.flatMap((state) => values.map((value) => [...state, value]));
  return states;
}

/** All states of the hidden layer. */
export function hiddenStates({ hidden, hiddenUnits }: DeclaredReference): number[][] {
  return allStates(hiddenUnits, hidden === 'ising' ? [-1, 1] : [0, 1]);
}

/** All states of the visible layer; of real units the points of a grid. */
export function visibleStates(model: DeclaredReference): number[][] {
  const { visible, visibleUnits: n, groups = [] } = model;
  if (visible === 'binary') return allStates(n, [0, 1]);
  if (visible === 'ising') return allStates(n, [-1, 1]);
  if (visible === 'gaussian') return gridPoints(model);
  let states: number[][] = [[]];
  for (let group = 0; group + 1 < groups.length; group++) {
    const size = groups[group + 1] - groups[group];
    states = states.flatMap((state) => Array.from({ length: size }, (_, on) => [...state, ...Array.from({ length: size }, (__, unit) => (unit === on ? 1 : 0))]));
  }
  return states;
}

/** Step of the grid in units of σ: the trapezoidal rule's error on a normal density is 2·exp(−2π²/step²), below 1e-21. */
const gridStep = 0.63;
/** How many σ the grid goes beyond the means: the density there is below 1e-22 of its peak. */
const gridMargin = 10;

function gridPoints(model: DeclaredReference): number[][] {
  const { visibleUnits: n, hiddenUnits: m, weights, visibleBias } = model;
  let points: number[][] = [[]];
  for (let i = 0; i < n; i++) {
    const deviation = deviationOf(model, i);
    let reach = gridMargin * deviation;
    for (let j = 0; j < m; j++) reach += abs(weights[i * m + j]);
    const step = gridStep * deviation;
    const count = Math.ceil(reach / step);
    const axis = Array.from({ length: 2 * count + 1 }, (_, index) => visibleBias[i] + (index - count) * step);
    points = points.flatMap((point) => axis.map((value) => [...point, value]));
  }
  return points;
}

function deviationOf({ visibleLogVariance }: DeclaredReference, unit: number): number {
  return exp((visibleLogVariance?.[unit] ?? 0) / 2);
}

/** log of the volume that a point of `visibleStates` stands for. */
function logCell(model: DeclaredReference): number {
  if (model.visible !== 'gaussian') return 0;
  return Array.from({ length: model.visibleUnits }, (_, unit) => log(gridStep * deviationOf(model, unit))).reduce((sum, value) => sum + value, 0);
}

function logSumExp(values: readonly number[]): number {
  const largest = values.reduce((one, other) => max(one, other), -Infinity);
  return largest + log(values.reduce((sum, value) => sum + exp(value - largest), 0));
}

/** log p̃(v) = log Σ_h exp(−E(v,h)). */
export function logUnnormalised(model: DeclaredReference, v: ArrayLike<number>): number {
  return logSumExp(hiddenStates(model).map((h) => -energy(model, v, h)));
}

/** log Z. */
export function logPartitionFunction(model: DeclaredReference): number {
  return logCell(model) + logSumExp(visibleStates(model).map((v) => logUnnormalised(model, v)));
}

/** log p(v), a density of real units; mean over the examples. */
export function meanLogLikelihood(model: DeclaredReference, examples: readonly ArrayLike<number>[]): number {
  const logZ = logPartitionFunction(model);
  return examples.reduce((sum, v) => sum + logUnnormalised(model, v) - logZ, 0) / examples.length;
}

/** E[v], E[h], E[v hᵀ], E[v²] under the model. */
export function moments(model: DeclaredReference): { visible: Float64Array; hidden: Float64Array; products: Float64Array; visibleSquares: Float64Array } {
  const { visibleUnits: n, hiddenUnits: m } = model;
  const result = { visible: new Float64Array(n), hidden: new Float64Array(m), products: new Float64Array(n * m), visibleSquares: new Float64Array(n) };
  const logZ = logPartitionFunction(model) - logCell(model);
  const hiddens = hiddenStates(model);
  for (const v of visibleStates(model)) {
    for (const h of hiddens) {
      const probability = exp(-energy(model, v, h) - logZ);
      for (let j = 0; j < m; j++) result.hidden[j] += probability * h[j];
      for (let i = 0; i < n; i++) {
        result.visible[i] += probability * v[i];
        result.visibleSquares[i] += probability * v[i] * v[i];
        for (let j = 0; j < m; j++) result.products[i * m + j] += probability * v[i] * h[j];
      }
    }
  }
  return result;
}

/** The parameters of a model in one row: W, a, b and, of Gaussian units, z. */
export function flatten(model: DeclaredReference): number[] {
  const z = model.visible === 'gaussian' ? Array.from({ length: model.visibleUnits }, (_, unit) => model.visibleLogVariance?.[unit] ?? 0) : [];
  return [...Array.from(model.weights), ...Array.from(model.visibleBias), ...Array.from(model.hiddenBias), ...z];
}

/** The model with these parameters instead. */
export function unflatten(model: DeclaredReference, parameters: readonly number[]): DeclaredReference {
  const { visibleUnits: n, hiddenUnits: m } = model;
  return {
    ...model,
    weights: parameters.slice(0, n * m),
    visibleBias: parameters.slice(n * m, n * m + n),
    hiddenBias: parameters.slice(n * m + n, n * m + n + m),
    ...(model.visible === 'gaussian' && { visibleLogVariance: parameters.slice(n * m + n + m) }),
  };
}

/** The gradient of a function of the model's parameters by central differences, laid out as by {@link flatten}. */
export function centralDifferences(model: DeclaredReference, f: (model: DeclaredReference) => number, step = 1e-4): number[] {
  const parameters = flatten(model);
  return parameters.map((value, index) => {
    const at = (moved: number): number => f(unflatten(model, parameters.map((other, position) => (position === index ? moved : other))));
    return (at(value + step) - at(value - step)) / (2 * step);
  });
}

/** ½·log(2π) for those who compare densities. */
export const halfLogTwoPi = log(2 * PI) / 2;
