/**
 * What of a model need not be enumerated.
 *
 * Units without weights stand alone: each adds softplus(bias) to log Z. What remains falls into connected components of
 * the graph whose edges are the weights that are not zero; Z is the product of theirs. In a component, units of the
 * enumerated layer with the same weights (and any biases) act alike: d of them are one unit with the levels 0 … d, whose
 * level l has the weight e_l(exp bias_1, …, exp bias_d), the elementary symmetric polynomial: the sum over all choices
 * of l of them. Of the two layers that one is enumerated which costs less after that.
 *
 * Where the visible units are not binary, the hidden layer is enumerated as one part, unit by unit.
 *
 * A model without any of this is enumerated as ever, unit by unit in its own order (see enumeration-view.ts).
 */

import { binaryExponent, expScaled, logScaled, powerOfTwo, softplus, type EnumerationView, type ModelParameters } from '../kernels/index.js';
import { enumerationCost, enumerationView, hasBinaryVisible } from './enumeration-view.js';

/** A component of the model, and how it is enumerated. */
export interface EnumeratedPart {
  /** The layer whose states are enumerated. */
  readonly layer: 'visible' | 'hidden';
  /** The outer units of the enumeration, the lowest first: each one unit of that layer, or several with the same weights. */
  readonly outer: readonly Uint32Array[];
  /** Units of the other layer, ascending. */
  readonly inner: Uint32Array;
  /** Π (size of each outer unit + 1). */
  readonly states: number;
  /** States × inner units. */
  readonly stateUnits: number;
}

/** How log Z of a model is put together: Σ softplus(bias) of the lone units + Σ log Z of the parts. */
export interface EnumerationStructure {
  readonly loneVisible: Uint32Array;
  readonly loneHidden: Uint32Array;
  /** By their first unit. */
  readonly parts: readonly EnumeratedPart[];
  /** Over all parts. */
  readonly states: number;
  /** Over all parts. */
  readonly stateUnits: number;
  /** See `EnumerationCost`. */
  readonly cost: number;
}

/** One layer of a model as seen from its units: weight (unit, other) is weights[unit · step + other · otherStep]. */
interface Side {
  readonly weights: Float64Array;
  readonly step: number;
  readonly otherStep: number;
}

function sideOf({ weights, hiddenUnits: m }: ModelParameters, layer: 'visible' | 'hidden'): Side {
  return layer === 'visible' ? { weights, step: m, otherStep: 1 } : { weights, step: 1, otherStep: m };
}

/** The first unit of each unit's component; units are numbered over the visible layer, then the hidden one. */
function components({ visibleUnits: n, hiddenUnits: m, weights }: ModelParameters): Uint32Array {
  const parent = Uint32Array.from({ length: n + m }, (_, unit) => unit);
  const rootOf = (unit: number): number => {
    let root = unit;
    while (parent[root] !== root) {
      parent[root] = parent[parent[root]];
      root = parent[root];
    }
    return root;
  };
  for (let i = 0; i < n; i++) {
    let root = rootOf(i);
    for (let j = 0; j < m; j++) {
      if (weights[i * m + j] === 0) continue;
      const other = rootOf(n + j);
      if (other === root) continue;
      // The smaller number is the root, so that components come in the order of their first visible unit.
      parent[root > other ? root : other] = root > other ? other : root;
      root = root > other ? other : root;
    }
  }
  return parent.map((_, unit) => rootOf(unit));
}

const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);

/** A number that equal weights have in common. */
function hashOf({ weights, step, otherStep }: Side, unit: number, others: Uint32Array): number {
  let hash = 0x811c9dc5;
  for (const other of others) {
    // −0 and 0 are the same weight.
    bits[0] = weights[unit * step + other * otherStep] + 0;
    hash = Math.imul(hash ^ words[0], 0x01000193);
    hash = Math.imul(hash ^ words[1] ^ (hash >>> 15), 0x01000193);
  }
  return hash >>> 0;
}

/** The units in groups of equal weights; single ones first, then by size; groups of the same size by their first unit. */
function duplicates(side: Side, units: Uint32Array, others: Uint32Array): Uint32Array[] {
  const { weights, step, otherStep } = side;
  const areEqual = (left: number, right: number): boolean =>
    others.every((other) => weights[left * step + other * otherStep] === weights[right * step + other * otherStep]);
  const groups: number[][] = [];
  const byHash = new Map<number, number[][]>();
  for (const unit of units) {
    const hash = hashOf(side, unit, others);
    const alike = byHash.get(hash) ?? [];
    const group = alike.find(([first]) => areEqual(first, unit));
    if (group !== undefined) {
      group.push(unit);
      continue;
    }
    const started = [unit];
    groups.push(started);
    alike.push(started);
    byHash.set(hash, alike);
  }
  // Large ones last: the lower units are those of a block, whose table should stay small.
  return groups.toSorted((left, right) => left.length - right.length).map((group) => Uint32Array.from(group));
}

/** The cheaper way to enumerate a component; where both cost the same the layer with fewer units, else the hidden one. */
function partOf(parameters: ModelParameters, visible: Uint32Array, hidden: Uint32Array): EnumeratedPart {
  const [ofVisible, ofHidden] = (['visible', 'hidden'] as const).map((layer): EnumeratedPart => {
    const [units, inner] = layer === 'visible' ? [visible, hidden] : [hidden, visible];
    const outer = duplicates(sideOf(parameters, layer), units, inner);
    const states = outer.reduce((product, { length }) => product * (length + 1), 1);
    return { layer, outer, inner, states, stateUnits: states * inner.length };
  });
  const difference = ofVisible.stateUnits - ofHidden.stateUnits;
  if (difference !== 0 && !Number.isNaN(difference)) return difference < 0 ? ofVisible : ofHidden;
  return visible.length < hidden.length ? ofVisible : ofHidden;
}

/** All of a model as one part, its hidden layer enumerated. */
function wholeModel(parameters: ModelParameters): EnumerationStructure {
  const { visibleUnits: n, hiddenUnits: m } = parameters;
  const { states, stateUnits, cost } = enumerationCost(parameters);
  const outer = Array.from({ length: m }, (_, unit) => Uint32Array.of(unit));
  const inner = Uint32Array.from({ length: n }, (_, unit) => unit);
  const none = new Uint32Array(0);
  return { loneVisible: none, loneHidden: none, parts: [{ layer: 'hidden', outer, inner, states, stateUnits }], states, stateUnits, cost };
}

/** The structure of a model: O(n·m). */
export function enumerationStructure(parameters: ModelParameters): EnumerationStructure {
  if (!hasBinaryVisible(parameters)) return wholeModel(parameters);
  const { visibleUnits: n } = parameters;
  const members = new Map<number, { visible: number[]; hidden: number[] }>();
  components(parameters).forEach((component, unit) => {
    const known = members.get(component) ?? { visible: [], hidden: [] };
    if (unit < n) known.visible.push(unit);
    else known.hidden.push(unit - n);
    members.set(component, known);
  });
  const all = [...members.values()];
  const parts = all
    .filter(({ visible, hidden }) => visible.length > 0 && hidden.length > 0)
    .map(({ visible, hidden }) => partOf(parameters, Uint32Array.from(visible), Uint32Array.from(hidden)));
  const total = (value: (part: EnumeratedPart) => number): number => parts.reduce((sum, part) => sum + value(part), 0);
  const stateUnits = total((part) => part.stateUnits);
  return {
    loneVisible: Uint32Array.from(all.filter(({ hidden }) => hidden.length === 0).flatMap(({ visible }) => visible)),
    loneHidden: Uint32Array.from(all.filter(({ visible }) => visible.length === 0).flatMap(({ hidden }) => hidden)),
    parts,
    states: total(({ states }) => states),
    stateUnits,
    cost: stateUnits,
  };
}

/**
 * e_0 … e_d of exp(bias) over the first 0 … d of the units named, each as mantissa · 2^exponent: polynomial l of the first
 * k units is at k · (d + 1) + l. All terms are positive, so the relative error is some d ulp.
 */
export function symmetricPolynomials(biases: Float64Array, units: Uint32Array): { mantissas: Float64Array; exponents: Float64Array } {
  const width = units.length + 1;
  const mantissas = new Float64Array(width * width);
  const exponents = new Float64Array(width * width);
  const factor = new Float64Array(2);
  mantissas[0] = 1;
  for (let k = 1; k < width; k++) {
    expScaled(biases[units[k - 1]], 0, factor);
    const before = (k - 1) * width;
    const here = k * width;
    mantissas[here] = 1;
    for (let l = 1; l <= k; l++) {
      // e_l of k units = e_l of k − 1 + exp(bias) · e_(l−1) of k − 1.
      const product = mantissas[before + l - 1] * factor[0];
      const productExponent = exponents[before + l - 1] + factor[1];
      let sum = product;
      let exponent = productExponent;
      if (l < k) {
        const shift = exponents[before + l] - productExponent;
        if (shift > 0) {
          sum = mantissas[before + l] + (shift > 1022 ? 0 : product * powerOfTwo(-shift));
          exponent = exponents[before + l];
        } else if (shift >= -1022) sum = product + mantissas[before + l] * powerOfTwo(shift);
      }
      const normal = binaryExponent(sum);
      mantissas[here + l] = sum * powerOfTwo(-normal);
      exponents[here + l] = exponent + normal;
    }
  }
  return { mantissas, exponents };
}

/** A part as the kernels see it: outer units × inner units, with levels where there are duplicates. */
export function partView(parameters: ModelParameters, { layer, outer, inner }: EnumeratedPart): EnumerationView {
  // Then the part is the whole model.
  if (!hasBinaryVisible(parameters)) return enumerationView(parameters);
  const { weights, step, otherStep } = sideOf(parameters, layer);
  const [outerBiases, innerBiases] =
    layer === 'visible' ? [parameters.visibleBias, parameters.hiddenBias] : [parameters.hiddenBias, parameters.visibleBias];
  const rows = new Float64Array(outer.length * inner.length);
  const logWeights: number[] = [];
  outer.forEach((group, k) => {
    inner.forEach((unit, index) => {
      rows[k * inner.length + index] = weights[group[0] * step + unit * otherStep];
    });
    if (group.length === 1) {
      logWeights.push(outerBiases[group[0]]);
      return;
    }
    const { mantissas, exponents } = symmetricPolynomials(outerBiases, group);
    const last = group.length * (group.length + 1);
    for (let level = 1; level <= group.length; level++) {
      logWeights.push(logScaled({ mantissa: mantissas[last + level], exponent: exponents[last + level] }));
    }
  });
  const view = {
    outerUnits: outer.length,
    innerUnits: inner.length,
    weights: rows,
    outerBias: Float64Array.from(logWeights),
    innerBias: Float64Array.from(inner, (unit) => innerBiases[unit]),
  };
  return outer.every(({ length }) => length === 1) ? view : { ...view, levels: Uint32Array.from(outer, ({ length }) => length) };
}

/** softplus(bias) of every lone unit, in nats: the visible ones, then the hidden ones. */
export function loneTerms(parameters: ModelParameters, { loneVisible, loneHidden }: EnumerationStructure): Float64Array {
  const { visibleBias, hiddenBias } = parameters;
  return Float64Array.from([
    ...Array.from(loneVisible, (unit) => softplus(visibleBias[unit])),
    ...Array.from(loneHidden, (unit) => softplus(hiddenBias[unit])),
  ]);
}
