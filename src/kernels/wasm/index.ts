/**
 * The WebAssembly backend: the reference backend's operations in the same order, two numbers at a time, on panels and
 * tables (assembly/), by one thread or several.
 */

import type { BinaryMatrix } from '../binary-matrix.js';
import { powerOfTwo } from '../elementary.js';
import type {
  EnumerationPlan,
  EnumerationView,
  HiddenMeansRequest,
  Kernels,
  Matrix,
  Model,
  Phase,
  UpdateSettings,
} from '../kernels.js';
import { checkRowsAndUnits, counterWords, type RandomAddress } from '../random-address.js';
import { referenceKernels } from '../reference/index.js';
import { createDirectExecutor, type Executor } from './executor.js';
import { compile } from './instance.js';
import { aligned, KernelMemory } from './memory.js';
import { createPanelMatrix, createPanelModel, type PanelMatrix, type PanelModel } from './panel-matrix.js';
import { createThreadPool } from './thread-pool.js';

const { ceil, max } = Math;

/** What is asked of one layer; see `layer` in assembly/layers.ts. */
interface LayerRequest {
  readonly states: BinaryMatrix;
  readonly rows: number;
  readonly target:
    | { readonly kind: 'inputs' | 'means'; readonly matrix: Matrix }
    | { readonly kind: 'samples'; readonly states: BinaryMatrix; readonly address: RandomAddress; readonly firstRow: number };
}

/** Words of a record of `layer`. */
const requestWords = 13;

/** Words of a record of a phase; see `update` in assembly/update.ts. */
const phaseWords = 8;

/** Words of the record of a plan; see `enumerationBlocks` in assembly/enumeration.ts. */
const planWords = 12;

/** As in assembly/enumeration.ts. */
const blocksTogether = 16;

/** As in assembly/update.ts. */
const stretch = 64;

function panelsOf(units: number): number {
  return ceil(units / 8);
}

function groupsOf(units: number): number {
  return ceil(units / 4);
}

/** Bytes of the list of `groups` groups. */
function listBytes(groups: number): number {
  return 8 + 8 * ceil(groups / 2);
}

class WasmKernels implements Kernels {
  readonly name = 'wasm';
  readonly threads: number;
  readonly #memory: KernelMemory;
  readonly #executor: Executor;
  /** Places that are in use until the next `finish`. */
  #temporary: number[] = [];
  /** What remains to be done with results. */
  #afterwards: (() => void)[] = [];
  #plan: { readonly plan: EnumerationPlan; readonly record: number; readonly places: readonly number[] } | undefined;

  constructor(memory: KernelMemory, executor: Executor) {
    this.#memory = memory;
    this.#executor = executor;
    this.threads = executor.threads;
  }

  createModel(visibleUnits: number, hiddenUnits: number): PanelModel {
    return createPanelModel(this.#memory, visibleUnits, hiddenUnits);
  }

  createMatrix(rows: number, columns: number): PanelMatrix {
    return createPanelMatrix(this.#memory, rows, columns);
  }

  createStates(rows: number, columns: number): BinaryMatrix {
    const wordsPerRow = ceil(columns / 32);
    const length = rows * wordsPerRow;
    return { rows, columns, wordsPerRow, words: this.#memory.uint32(this.#memory.allocate(4 * length), length) };
  }

  release(...made: readonly (Model | Matrix | BinaryMatrix)[]): void {
    for (const one of made) {
      if ('words' in one) this.#memory.free(one.words.byteOffset);
      else if ('readRows' in one) this.#memory.free((one as PanelMatrix).start);
      else {
        this.release(one.weights);
        this.#memory.free(one.visibleBias.byteOffset);
        this.#memory.free(one.hiddenBias.byteOffset);
      }
    }
  }

  hiddenInputs(model: Model, visible: BinaryMatrix, rows: number, inputs: Matrix): void {
    this.#askLayer(model, false, [{ states: visible, rows, target: { kind: 'inputs', matrix: inputs } }]);
    this.#settle();
  }

  hiddenMeans(model: Model, requests: readonly HiddenMeansRequest[]): void {
    this.#askLayer(
      model,
      false,
      requests.map(({ visible, rows, means }) => ({ states: visible, rows, target: { kind: 'means', matrix: means } })),
    );
    this.#settle();
  }

  visibleInputs(model: Model, hidden: BinaryMatrix, rows: number, inputs: Matrix): void {
    this.#askLayer(model, true, [{ states: hidden, rows, target: { kind: 'inputs', matrix: inputs } }]);
    this.#settle();
  }

  sampleHidden(model: Model, visible: BinaryMatrix, rows: number, address: RandomAddress, firstRow: number, hidden: BinaryMatrix): void {
    this.#askLayer(model, false, [{ states: visible, rows, target: { kind: 'samples', states: hidden, address, firstRow } }]);
    this.#settle();
  }

  sampleVisible(model: Model, hidden: BinaryMatrix, rows: number, address: RandomAddress, firstRow: number, visible: BinaryMatrix): void {
    this.#askLayer(model, true, [{ states: hidden, rows, target: { kind: 'samples', states: visible, address, firstRow } }]);
    this.#settle();
  }

  visibleInputsFromMeans(model: Model, hidden: Matrix, rows: number, inputs: Matrix): void {
    const { visibleUnits: n, hiddenUnits: m } = model;
    const weights = model.weights as PanelMatrix;
    const means = hidden as PanelMatrix;
    const target = inputs as PanelMatrix;
    const scratchBytes = panelsOf(m) * 512;
    this.#executor.run(
      'visibleInputsFromMeans',
      weights.start, weights.stride, model.visibleBias.byteOffset, m, n,
      means.start, means.stride, rows, target.start, target.stride,
      this.#scratches(scratchBytes), scratchBytes,
    );
    this.#settle();
  }

  bernoulliMeans(matrix: Matrix, rows: number): void {
    const { start, stride, columns } = matrix as PanelMatrix;
    this.#executor.run('bernoulliMeans', start, stride, columns, rows);
    this.#settle();
  }

  sampleBernoulli(address: RandomAddress, firstRow: number, rows: number, means: Matrix, states: BinaryMatrix): void {
    const { start, stride } = means as PanelMatrix;
    const { columns, wordsPerRow, words } = states;
    checkRowsAndUnits(firstRow, rows, columns);
    const [c0, c1, c2] = counterWords(address);
    const { k0, k1 } = address.key;
    this.#executor.run(
      'sampleBernoulli',
      start, stride, columns, rows, words.byteOffset, 4 * wordsPerRow,
      firstRow, c0, c1, c2, k0, k1, this.#scratches(64), 64,
    );
    this.#settle();
  }

  updateParameters(
    model: Model,
    velocity: Model,
    positive: Phase,
    negative: Phase,
    { learningRate, momentum, l1, l2 }: UpdateSettings,
  ): { readonly finite: boolean } {
    const { visibleUnits: n, hiddenUnits: m } = model;
    const weights = model.weights as PanelMatrix;
    const settings = this.#take(8 * 12);
    const scales = [positive, negative].map((phase) => 1 / (phase.kind === 'samples' ? phase.rows : 1));
    this.#memory.float64(settings, 12).set([...scales, learningRate, momentum, l2, l1, ...scales, learningRate, momentum, 0, 0]);
    const flag = this.#memory.uint32(this.#take(4), 1);
    flag[0] = 0;
    const records = [positive, negative].map((phase) => this.#placePhase(phase, n, m));
    const tables = [positive, negative].map((phase) => (phase.kind === 'samples' ? 1024 * groupsOf(phase.rows) : 0));
    const scratchBytes = aligned(64 + tables[0] + tables[1] + 2 * 64 * max(stretch, panelsOf(n)));
    this.#executor.run(
      'update',
      weights.start, (velocity.weights as PanelMatrix).start, weights.stride, n, m,
      model.visibleBias.byteOffset, velocity.visibleBias.byteOffset,
      model.hiddenBias.byteOffset, velocity.hiddenBias.byteOffset,
      records[0], records[1], settings, flag.byteOffset, this.#scratches(scratchBytes), scratchBytes,
    );
    const outcome = { finite: false };
    this.#afterwards.push(() => {
      outcome.finite = flag[0] === 0;
    });
    this.#settle();
    return outcome;
  }

  freeEnergies(model: Model, visible: BinaryMatrix, rows: number, energies: Float64Array): void {
    const { hiddenUnits: m } = model;
    const own = this.#place(visible, rows);
    const inputs = this.createMatrix(rows, m);
    this.#temporary.push(inputs.start);
    this.#askLayer(model, false, [{ states: own, rows, target: { kind: 'inputs', matrix: inputs } }]);
    const result = this.#take(8 * rows);
    this.#executor.run(
      'freeEnergies',
      inputs.start, inputs.stride, m, own.words.byteOffset, own.wordsPerRow, model.visibleBias.byteOffset, rows,
      result, this.#scratches(64), 64,
    );
    this.#copyBack(result, energies, rows);
    this.#settle();
  }

  enumerationBlocks(
    plan: EnumerationPlan,
    firstBlock: number,
    blocks: number,
    mantissas: Float64Array,
    exponents: Float64Array,
  ): void {
    // Rare (weights in the hundreds) and slow either way.
    if (plan.form === 'streamed') {
      referenceKernels.enumerationBlocks(plan, firstBlock, blocks, mantissas, exponents);
      return;
    }
    const { innerUnits } = plan.view;
    const results = [this.#take(8 * blocks), this.#take(8 * blocks)];
    const stateBytes = 64 * ceil(powerOfTwo(plan.blockBits) / 8);
    const scratchBytes = aligned(64 + blocksTogether * (16 + 16 * ceil(innerUnits / 2) + 2 * stateBytes));
    this.#executor.run(
      'enumerationBlocks',
      this.#placePlan(plan), firstBlock, blocks, results[0], results[1], this.#scratches(scratchBytes), scratchBytes,
    );
    this.#copyBack(results[0], mantissas, blocks);
    this.#copyBack(results[1], exponents, blocks);
    this.#settle();
  }

  enumerationMoments(
    view: EnumerationView,
    logPartitionFunction: number,
    firstState: number,
    states: number,
    moments: { readonly outer: Float64Array; readonly inner: Float64Array; readonly products: Float64Array },
  ): void {
    const { outerUnits, innerUnits, weights, outerBias, innerBias } = view;
    const rowLength = 2 * ceil(innerUnits / 2);
    const places = {
      weights: this.#takeRows(weights, outerUnits, innerUnits, rowLength),
      outerBias: this.#takeRows(outerBias, 1, outerUnits, outerUnits),
      innerBias: this.#takeRows(innerBias, 1, innerUnits, rowLength),
      outer: this.#takeRows(moments.outer, 1, outerUnits, outerUnits),
      inner: this.#takeRows(moments.inner, 1, innerUnits, rowLength),
      products: this.#takeRows(moments.products, outerUnits, innerUnits, rowLength),
    };
    this.#executor.run(
      'enumerationMoments',
      places.weights, 8 * rowLength, places.outerBias, places.innerBias, innerUnits, logPartitionFunction,
      firstState, states, places.outer, places.inner, places.products, this.#take(64 + 8 * rowLength),
    );
    this.#copyBack(places.outer, moments.outer, outerUnits);
    this.#copyBack(places.inner, moments.inner, innerUnits);
    for (let unit = 0; unit < outerUnits; unit++) {
      const row = moments.products.subarray(unit * innerUnits, (unit + 1) * innerUnits);
      this.#copyBack(places.products + 8 * unit * rowLength, row, innerUnits);
    }
    this.#settle();
  }

  finish(): Promise<void> | undefined {
    const pending = this.#executor.finish();
    if (pending !== undefined) return pending.then(() => this.#clear());
    this.#clear();
    return undefined;
  }

  close(): Promise<void> {
    return this.#executor.close();
  }

  /** Where one thread does everything at once, the temporary places are free again after every kernel. */
  #settle(): void {
    if (this.threads === 1) this.#clear();
  }

  #clear(): void {
    for (const action of this.#afterwards) action();
    for (const place of this.#temporary) this.#memory.free(place);
    this.#afterwards = [];
    this.#temporary = [];
  }

  /** A place of any content that is free again after `finish`. */
  #take(bytes: number): number {
    const place = this.#memory.allocateUnset(bytes);
    this.#temporary.push(place);
    return place;
  }

  /** Working room of `bytes` bytes (whole lines) for each thread. */
  #scratches(bytes: number): number {
    return this.#take(bytes * this.threads);
  }

  /** A copy of rows of ordinary numbers, each padded to `rowLength`. */
  #takeRows(values: Float64Array, rows: number, columns: number, rowLength: number): number {
    const place = this.#take(8 * rows * rowLength);
    const target = this.#memory.float64(place, rows * rowLength).fill(0);
    for (let row = 0; row < rows; row++) target.set(values.subarray(row * columns, (row + 1) * columns), row * rowLength);
    return place;
  }

  /** Copies results out once they are there. */
  #copyBack(place: number, target: Float64Array, length: number): void {
    const source = this.#memory.float64(place, length);
    this.#afterwards.push(() => target.set(source));
  }

  /** The first rows of binary states in the memory: as they are, or a copy. */
  #place(states: BinaryMatrix, rows: number): BinaryMatrix {
    if (this.#memory.holds(states.words)) return states;
    const { columns, wordsPerRow } = states;
    const length = rows * wordsPerRow;
    const words = this.#memory.uint32(this.#take(4 * length), length);
    words.set(states.words.subarray(0, length));
    return { rows, columns, wordsPerRow, words };
  }

  /** Asks for inputs, means or states of a layer given the other. */
  #askLayer(model: Model, isVisible: boolean, requests: readonly LayerRequest[]): void {
    const { visibleUnits: n, hiddenUnits: m } = model;
    const [given, units] = isVisible ? [m, n] : [n, m];
    const weights = model.weights as PanelMatrix;
    const record = this.#take(4 * requestWords * requests.length);
    const words = this.#memory.uint32(record, requestWords * requests.length);
    const stride = listBytes(groupsOf(given));
    let rowsSampled = 0;
    for (const [index, { states, rows, target }] of requests.entries()) {
      const own = this.#place(states, rows);
      const lists = this.#take(stride * rows);
      this.#executor.run('rowLists', own.words.byteOffset, own.wordsPerRow, rows, lists, stride);
      const where = index * requestWords;
      words.set([lists, stride, rows], where);
      if (target.kind === 'samples') {
        checkRowsAndUnits(target.firstRow, rows, units);
        const { k0, k1 } = target.address.key;
        const { wordsPerRow, words: sampled } = target.states;
        words.set([2, sampled.byteOffset, 4 * wordsPerRow, target.firstRow, ...counterWords(target.address), k0, k1], where + 3);
        rowsSampled = max(rowsSampled, rows);
      } else {
        const matrix = target.matrix as PanelMatrix;
        words.set([target.kind === 'inputs' ? 0 : 1, matrix.start, matrix.stride], where + 3);
      }
    }
    const scratchBytes = panelsOf(given) * 512 + groupsOf(given) * 1024 + 64 + 64 * rowsSampled;
    this.#executor.run(
      'layer',
      isVisible ? 1 : 0, weights.start, weights.stride, (isVisible ? model.visibleBias : model.hiddenBias).byteOffset,
      given, units, record, requests.length, this.#scratches(scratchBytes), scratchBytes,
    );
  }

  /** The record of a phase, with its lists made. */
  #placePhase(phase: Phase, visibleUnits: number, hiddenUnits: number): number {
    const record = this.#take(4 * phaseWords);
    const words = this.#memory.uint32(record, phaseWords);
    if (phase.kind === 'expectation') {
      const { visible, hidden, products } = phase.moments;
      const matrix = this.createMatrix(visibleUnits, hiddenUnits);
      this.#temporary.push(matrix.start);
      matrix.writeRows(0, products);
      // Whole lines, their padding zero: the update goes over it, too.
      const visibleLines = this.#takeRows(visible, 1, visibleUnits, 8 * panelsOf(visibleUnits));
      const hiddenLines = this.#takeRows(hidden, 1, hiddenUnits, 8 * panelsOf(hiddenUnits));
      words.set([0, matrix.start, matrix.stride, 0, 0, visibleLines, hiddenLines, 0]);
      return record;
    }
    const { rows } = phase;
    const means = phase.hiddenMeans as PanelMatrix;
    const states = this.#place(phase.visible, rows);
    const stride = listBytes(groupsOf(rows));
    const lists = this.#take(stride * visibleUnits);
    this.#executor.run('unitLists', states.words.byteOffset, states.wordsPerRow, rows, visibleUnits, lists, stride);
    words.set([rows, means.start, means.stride, lists, stride, 0, 0, 0]);
    return record;
  }

  /** The record of a plan; kept until another plan comes. */
  #placePlan(plan: EnumerationPlan): number {
    if (this.#plan?.plan === plan) return this.#plan.record;
    for (const place of this.#plan?.places ?? []) this.#memory.free(place);
    const { view, blockBits, table, groupEnds, stateMantissas, stateExponents } = plan;
    const { outerUnits, innerUnits } = view;
    const states = powerOfTwo(blockBits);
    const rowLength = 2 * ceil(innerUnits / 2);
    const before = this.#temporary.length;
    const weights = this.#takeRows(view.weights, outerUnits, innerUnits, rowLength);
    const innerBias = this.#takeRows(view.innerBias, 1, innerUnits, rowLength);
    const outerBias = this.#takeRows(view.outerBias, 1, outerUnits, outerUnits);
    const tableStride = 64 * innerUnits;
    const tablePlace = this.#take(ceil(states / 8) * tableStride);
    const panels = this.#memory.float64(tablePlace, (ceil(states / 8) * tableStride) / 8);
    for (let state = 0; state < states; state++) {
      const target = (state >>> 3) * innerUnits * 8 + (state & 7);
      for (let unit = 0; unit < innerUnits; unit++) panels[target + 8 * unit] = table[state * innerUnits + unit];
    }
    const ends = this.#take(4 * groupEnds.length);
    this.#memory.uint32(ends, groupEnds.length).set(groupEnds);
    const mantissas = this.#takeRows(stateMantissas, 1, states, states);
    const exponents = this.#takeRows(stateExponents, 1, states, states);
    const record = this.#take(4 * planWords);
    this.#memory
      .uint32(record, planWords)
      .set([weights, 8 * rowLength, innerBias, outerBias, innerUnits, blockBits, tablePlace, tableStride, ends, groupEnds.length, mantissas, exponents]);
    // These outlive the next `finish`.
    this.#plan = { plan, record, places: this.#temporary.splice(before) };
    return record;
  }
}

/**
 * The WebAssembly kernels with a memory of their own.
 *
 * @param threads 1 computes in the calling thread; more start as many workers
 */
export function createWasmKernels(threads: number): Kernels {
  const module = compile();
  const memory = new KernelMemory();
  const executor = threads > 1 ? createThreadPool(module, memory, threads) : createDirectExecutor(module, memory.memory);
  return new WasmKernels(memory, executor);
}
