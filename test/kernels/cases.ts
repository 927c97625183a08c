/**
 * Random work for kernels: sizes around every width that a backend may work in, values that lose, absorb or cancel digits
 * when they are added in another order, states of every density, and where they lie in memory.
 */

import * as fc from 'fast-check';

import {
  binaryLayer,
  hostMatrixOf,
  packBinaryMatrix,
  rowsOf,
  uniform,
  type BinaryMatrix,
  type Kernels,
  type Matrix,
  type Model,
  type ModelParameters,
  type Phase,
  type RandomAddress,
  type VisibleLayer,
  type VisibleStates,
} from '../../src/kernels/index.js';
import { createModel } from '../../src/model/parameters.js';
import { uniforms } from '../reference/numbers.js';
import { matrixOf, statesOf } from './support.js';

const { floor } = Math;

/** Units of a layer. */
export const sizes = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 40, 63, 64, 65);

/** Rows of a batch. */
export const rowCounts = fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 33);

export const seeds = fc.nat(1_000_000);

/** Values that lose, absorb or cancel digits when they are added in another order. */
export const extremes = [1e300, -1e300, 1e-300, 5e-324, -5e-324, -0, 0, 1, -1, 2 ** 53, -(2 ** 53), 1e16, 1 / 3];

/** Values from uniforms. None of a kind but `overflowing` can give a NaN when added up. */
const valueKinds = {
  zero: () => 0,
  negativeZero: () => -0,
  zeros: (u: number) => (u < 0.5 ? 0 : -0),
  small: (u: number) => 0.2 * u - 0.1,
  sixty: (u: number) => 120 * u - 60,
  huge: (u: number) => (u < 0.5 ? 1e300 : -1e300),
  subnormal: (u: number) => (2 * u - 1) * 1e-310,
  extreme: (u: number) => extremes[floor(u * extremes.length)],
  upwards: () => 1e308,
  downwards: () => -1e308,
  overflowing: (u: number) => (u < 0.5 ? 1e308 : -1e308),
  means: (u: number) => u,
  certainties: (u: number) => (u < 0.5 ? 0 : 1),
};

export type ValueKind = keyof typeof valueKinds;

/** Kinds of parameters. */
export const parameterKinds: readonly ValueKind[] = [
  'zero', 'negativeZero', 'zeros', 'small', 'sixty', 'huge', 'subnormal', 'extreme', 'upwards', 'downwards', 'overflowing',
];

/** `count` values of a kind. */
export function valuesOfKind(kind: ValueKind, count: number, seed: number): Float64Array {
  return Float64Array.from(uniforms(count, seed), valueKinds[kind]);
}

/** How many units of a row are on. */
const rowDensities = { off: 0, on: 1, sparse: 0.06, half: 0.5, dense: 0.94 };

/** States of a matrix: rows of one density, each of its own, or full and empty ones by turns. */
export const densities = fc.constantFrom('off', 'on', 'sparse', 'half', 'dense', 'mixed', 'alternating');

/** rows × units bytes. */
export function stateBytes(density: string, rows: number, units: number, seed: number): Uint8Array {
  const names = Object.keys(rowDensities) as (keyof typeof rowDensities)[];
  const choices = uniforms(rows, seed + 1);
  const densityOf = (row: number): number => {
    if (density === 'alternating') return row % 2;
    if (density === 'mixed') return rowDensities[names[floor(choices[row] * names.length)]];
    return rowDensities[density as keyof typeof rowDensities];
  };
  const limits = choices.map((_, row) => densityOf(row));
  return Uint8Array.from(uniforms(rows * units, seed), (u, index) => (u < limits[floor(index / units)] ? 1 : 0));
}

/** Which units are off in all rows, whatever the density of the others. */
const offPatterns = {
  none: () => false,
  even: (unit: number) => unit % 2 === 0,
  odd: (unit: number) => unit % 2 === 1,
  thirds: (unit: number) => unit % 3 !== 0,
  'all but the last': (unit: number, units: number) => unit < units - 1,
  'whole words': (unit: number) => floor(unit / 32) % 2 === 0,
};

export type OffPattern = keyof typeof offPatterns;

export const offUnits = fc.constantFrom(...(Object.keys(offPatterns) as OffPattern[]));

/** `states` (rows × units bytes) with the units of a pattern off in the first `rows` rows. */
export function withUnitsOff(states: Uint8Array, rows: number, units: number, pattern: OffPattern): Uint8Array {
  const isOff = Array.from({ length: units }, (_, unit) => offPatterns[pattern](unit, units));
  return states.map((state, index) => (index < rows * units && isOff[index % units] ? 0 : state));
}

/** Where states lie: in the kernels' memory or the host's, as a whole matrix or as rows of a larger one. */
export const places = fc.constantFrom('own', 'rows of own', 'host', 'rows of host');

/** Rows before and after those that are worked on. */
const margin = 2;

/** Makes what kernels work on, and frees it all in the end, so that later work meets used memory. */
export class Workspace {
  readonly kernels: Kernels;
  readonly #made: (Model | Matrix | BinaryMatrix)[] = [];

  constructor(kernels: Kernels) {
    this.kernels = kernels;
  }

  model(parameters: ModelParameters): Model {
    const model = createModel(this.kernels, parameters);
    this.#made.push(model);
    return model;
  }

  matrix(rows: number, columns: number, values: Float64Array): Matrix {
    const matrix = matrixOf(this.kernels, rows, columns, values);
    this.#made.push(matrix);
    return matrix;
  }

  /** A matrix to be written to; full of what should be overwritten, or else kept. */
  results(rows: number, columns: number): Matrix {
    return this.matrix(rows, columns, new Float64Array(rows * columns).fill(7));
  }

  /** States in one of the `places`, from bytes. */
  states(place: string, bytes: Uint8Array, rows: number, columns: number): BinaryMatrix {
    const isPart = place.startsWith('rows');
    const whole = new Uint8Array((rows + 2 * margin) * columns).fill(1);
    whole.set(bytes, margin * columns);
    const [content, count] = isPart ? [whole, rows + 2 * margin] : [bytes, rows];
    const isOwn = place.endsWith('own');
    const matrix = isOwn ? statesOf(this.kernels, content, count, columns) : packBinaryMatrix(content, count, columns);
    if (isOwn) this.#made.push(matrix);
    return isPart ? rowsOf(matrix, margin, rows) : matrix;
  }

  /** States to be drawn, all on before, and the larger matrix that they are part of. */
  drawnStates(rows: number, columns: number): { whole: BinaryMatrix; states: BinaryMatrix } {
    const count = rows + 2 * margin;
    const whole = this.states('own', new Uint8Array(count * columns).fill(1), count, columns);
    return { whole, states: rowsOf(whole, margin, rows) };
  }

  /** Real states in one of the `places`, from values (rows × columns, row-major). */
  realStates(place: string, values: Float64Array, rows: number, columns: number): Matrix {
    const isPart = place.startsWith('rows');
    const [before, count] = isPart ? [margin, rows + 2 * margin] : [0, rows];
    const content = new Float64Array(count * columns).fill(7);
    content.set(values, before * columns);
    const isOwn = place.endsWith('own');
    const matrix = isOwn ? this.matrix(count, columns, content) : hostMatrixOf(content, count, columns);
    return isPart ? matrix.rowsOf(margin, rows) : matrix;
  }

  /** As `drawnStates`, of whatever a visible layer draws. */
  drawnVisible(rows: number, columns: number, layer: VisibleLayer): { whole: VisibleStates; states: VisibleStates } {
    if (layer.kind !== 'gaussian') return this.drawnStates(rows, columns);
    const whole = this.results(rows + 2 * margin, columns);
    return { whole, states: whole.rowsOf(margin, rows) };
  }

  release(): void {
    this.kernels.release(...this.#made);
  }
}

/** A model and states of one of its layers. */
export interface LayerCase {
  readonly n: number;
  readonly m: number;
  readonly rows: number;
  /** Rows of the matrices beyond `rows`. */
  readonly spare: number;
  readonly weights: ValueKind;
  readonly biases: ValueKind;
  readonly density: string;
  readonly place: string;
  readonly seed: number;
}

/** Models and states, with parameters of the kinds named. */
export function layerCases(kinds: readonly ValueKind[] = parameterKinds): fc.Arbitrary<LayerCase> {
  return fc.record({
    n: sizes,
    m: sizes,
    rows: rowCounts,
    spare: fc.nat(2),
    weights: fc.constantFrom(...kinds),
    biases: fc.constantFrom(...kinds),
    density: densities,
    place: places,
    seed: seeds,
  });
}

/** The parameters of a case. */
export function caseParameters({ n, m, weights, biases, seed }: LayerCase): ModelParameters {
  return {
    visibleUnits: n,
    hiddenUnits: m,
    weights: valuesOfKind(weights, n * m, seed + 2),
    visibleBias: valuesOfKind(biases, n, seed + 3),
    hiddenBias: valuesOfKind(biases, m, seed + 4),
  };
}

/** The states of a case: `rows + spare` of them, with the units of one layer. */
export function caseStates(workspace: Workspace, { rows, spare, density, place, seed }: LayerCase, units: number): BinaryMatrix {
  return workspace.states(place, stateBytes(density, rows + spare, units, seed + 5), rows + spare, units);
}

/** Kinds of values that real states have. */
export const realKinds = fc.constantFrom<ValueKind>('small', 'sixty', 'certainties', 'zeros', 'subnormal', 'extreme', 'huge');

/** The real states of a case: as `caseStates`, of one kind of values. */
export function caseRealStates(workspace: Workspace, { n, rows, spare, place, seed }: LayerCase, kind: ValueKind): Matrix {
  return workspace.realStates(place, valuesOfKind(kind, (rows + spare) * n, seed + 5), rows + spare, n);
}

/** A visible layer of so many units; categorical groups of one to twenty of them. */
export function visibleLayerOf(kind: VisibleLayer['kind'], units: number, seed: number): VisibleLayer {
  if (kind === 'binary') return binaryLayer;
  if (kind === 'gaussian') return { kind };
  const sizesOfGroups = uniforms(units, seed);
  const groups = [0];
  for (let group = 0; groups[group] < units; group++) {
    // Squared: small groups are likelier.
    groups.push(Math.min(units, groups[group] + 1 + floor(20 * sizesOfGroups[group] * sizesOfGroups[group])));
  }
  return { kind, groups: Uint32Array.from(groups) };
}

/** Addresses of draws; the largest of every field among them. */
export const addresses: fc.Arbitrary<{ address: RandomAddress; firstRow: number }> = fc.record({
  address: fc.record({
    key: fc.record({ k0: fc.nat(0xffffffff), k1: fc.nat(0xffffffff) }),
    update: fc.oneof(fc.integer({ min: 0, max: 2 ** 40 - 1 }), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 40 - 1)),
    step: fc.oneof(fc.nat(65535), fc.constant(65535)),
    layer: fc.nat(7),
    temperature: fc.oneof(fc.nat(4095), fc.constant(4095)),
  }),
  firstRow: fc.oneof(fc.nat(1000), fc.constantFrom(2 ** 31 - 5, 2 ** 32 - 40)),
});

/**
 * Probabilities that are hard to compare: certain, all but certain, and next to the uniform at their address, where the
 * first word of 32 bits does not decide, or only just.
 */
export function edgeMeans(address: RandomAddress, firstRow: number, rows: number, units: number, seed: number): Float64Array {
  const choices = uniforms(rows * units, seed);
  return Float64Array.from(choices, (choice, index) => {
    const value = uniform(address, firstRow + floor(index / units), index % units);
    const word = floor(value * 2 ** 32) / 2 ** 32;
    const candidates = [
      0, -0, 1, 0.5, 2 ** -33, 1 - 2 ** -33, 5e-324, 1 - 2 ** -53,
      word, word * (1 - 2 ** -53), word + 2 ** -32, (word + 2 ** -32) * (1 - 2 ** -53), word + 2 ** -33,
      value, value * (1 - 2 ** -52), value * (1 + 2 ** -52), choice,
    ];
    return candidates[floor(choice * candidates.length)];
  });
}

/** Rows of a phase: an update from none would divide by zero. */
export const phaseRows = rowCounts.filter((rows) => rows > 0);

/** A phase of the gradient. */
export interface PhaseCase {
  readonly kind: 'samples' | 'real samples' | 'expectation';
  readonly rows: number;
  /** Rows of the matrices beyond `rows`. */
  readonly spare: number;
  readonly density: string;
  readonly off: OffPattern;
  readonly place: string;
  readonly means: ValueKind;
  /** Of real-valued states. */
  readonly states: ValueKind;
  readonly seed: number;
}

export const phases: fc.Arbitrary<PhaseCase> = fc.record({
  kind: fc.constantFrom('samples', 'samples', 'real samples', 'expectation'),
  rows: phaseRows,
  spare: fc.nat(2),
  density: densities,
  off: offUnits,
  place: places,
  means: fc.constantFrom<ValueKind>('means', 'means', 'certainties', 'zero', 'subnormal', 'extreme'),
  states: realKinds,
  seed: seeds,
});

/** The phase of a case, of n visible and m hidden units. */
export function phaseOf(workspace: Workspace, chosen: PhaseCase, n: number, m: number): Phase {
  const { kind, rows, spare, density, off, place, means, states, seed } = chosen;
  if (kind === 'expectation') {
    const moments = {
      visible: valuesOfKind(means, n, seed),
      hidden: valuesOfKind(means, m, seed + 1),
      products: valuesOfKind(means, n * m, seed + 2),
    };
    return { kind, moments };
  }
  const all = rows + spare;
  return {
    kind: 'samples',
    visible:
      kind === 'real samples'
        ? workspace.realStates(place, valuesOfKind(states, all * n, seed), all, n)
        : // Units that are on in the spare rows only are off as well.
          workspace.states(place, withUnitsOff(stateBytes(density, all, n, seed), rows, n, off), all, n),
    hiddenMeans: workspace.matrix(all, m, valuesOfKind(means, all * m, seed + 1)),
    rows,
  };
}
