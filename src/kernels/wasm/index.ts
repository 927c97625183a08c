/**
 * The WebAssembly backend: the reference backend's operations in the same order, two numbers at a time, on panels and
 * tables (assembly/), by one thread or several.
 */

import { isBinaryMatrix, type BinaryMatrix } from '../binary-matrix.js';
import type {
  EnumeratedMoments,
  EnumerationPlan,
  EnumerationView,
  HiddenMeansRequest,
  Kernels,
  Matrix,
  Model,
  Phase,
  StepRule,
  StepState,
  Tempering,
  UpdateSettings,
  VisibleStates,
  WeightTransformation,
} from '../kernels.js';
import { binaryLayer, type VisibleLayer } from '../visible-layer.js';
import { checkRowsAndUnits, counterWords, type RandomAddress } from '../random-address.js';
import { referenceKernels } from '../reference/index.js';
import { createDirectExecutor, type Executor } from './executor.js';
import { compile } from './instance.js';
import { aligned, KernelMemory } from './memory.js';
import { createPanelMatrix, createPanelModel, isPanelMatrix, type PanelMatrix, type PanelModel } from './panel-matrix.js';
import { createThreadPool } from './thread-pool.js';

const { ceil, max } = Math;

/** What is asked of one layer, given states of the other; see assembly/layers.ts and, for real states, assembly/dense.ts. */
interface LayerRequest {
  readonly states: VisibleStates;
  readonly rows: number;
  readonly areMeans: boolean;
  readonly matrix: Matrix;
}

/** Words of a record of `layer`. */
const requestWords = 6;

/** Words of a record of a phase, and the number behind them; see assembly/update.ts. */
const phaseWords = 8;

/** What a phase is of, and what becomes of a gradient, by the numbers of assembly/update.ts. */
const phaseKinds = { nothing: 0, expectation: 1, binarySamples: 2, realSamples: 3 };
const gradientUses = { step: 0, stepWithDecay: 1, runningSum: 2 };

/** The rules of steps by the numbers of assembly/steps.ts. */
const stepRules = { momentum: 0, nesterov: 1, adaptive: 2 };

/** Words of the record of a plan; see `enumerationBlocks` in assembly/enumeration.ts. */
const planWords = 15;

/** Room for Philox words: of a block of sixteen units, and of its refinement. */
const wordsBytes = 128;

/** As in assembly/enumeration.ts. */
const blocksTogether = 16;

function panelsOf(units: number): number {
  return ceil(units / 8);
}

function groupsOf(units: number): number {
  return ceil(units / 4);
}

/** Bytes of the list of `groups` groups: an even number of entries. */
function listBytes(groups: number): number {
  return 8 + 8 * ceil(groups / 2);
}

/** Rows of binary samples; they alone have lists. */
function listedRows(phase: Phase | undefined): number {
  return phase?.kind === 'samples' && isBinaryMatrix(phase.visible) ? phase.rows : 0;
}

/** Visible states in the memory as `freeEnergies` in assembly/free-energy.ts takes them. */
function placeOf(states: BinaryMatrix | PanelMatrix): [isReal: number, place: number, stride: number] {
  return isBinaryMatrix(states) ? [0, states.words.byteOffset, 4 * states.wordsPerRow] : [1, states.start, states.stride];
}

/** For every tensor of models of one shape: where it is in each of them (0 for none), bytes between panels, lines of a panel, panels. */
function tensorsOf(...models: readonly (Model | undefined)[]): [places: number[], stride: number, lines: number, panels: number][] {
  const { visibleUnits, hiddenUnits, weights } = models[0] as PanelModel;
  const placesOf = (placeIn: (model: PanelModel) => number) => models.map((model) => (model === undefined ? 0 : placeIn(model as PanelModel)));
  return [
    [placesOf((model) => model.weights.start), weights.stride, visibleUnits, panelsOf(hiddenUnits)],
    [placesOf(({ visibleBias }) => visibleBias.byteOffset), 0, panelsOf(visibleUnits), 1],
    [placesOf(({ hiddenBias }) => hiddenBias.byteOffset), 0, panelsOf(hiddenUnits), 1],
  ];
}

class WasmKernels implements Kernels {
  readonly name = 'wasm';
  readonly threads: number;
  readonly #memory: KernelMemory;
  readonly #executor: Executor;
  /** Places that are in use until the next `finish`. */
  #temporary: number[] = [];
  /** Working room of the threads, the same for all commands: they are done one after the other. */
  #scratch = { place: 0, bytes: 0 };
  /** What remains to be done with results. */
  #afterwards: (() => void)[] = [];
  #plan: { readonly plan: EnumerationPlan; readonly record: number; readonly places: readonly number[] } | undefined;

  constructor(memory: KernelMemory, executor: Executor) {
    this.#memory = memory;
    this.#executor = executor;
    this.threads = executor.threads;
  }

  createModel(visibleUnits: number, hiddenUnits: number, visibleLayer?: VisibleLayer): PanelModel {
    return createPanelModel(this.#memory, visibleUnits, hiddenUnits, visibleLayer);
  }

  createMatrix(rows: number, columns: number): PanelMatrix {
    return createPanelMatrix(this.#memory, rows, columns);
  }

  createStates(rows: number, columns: number): BinaryMatrix {
    const wordsPerRow = ceil(columns / 32);
    const length = rows * wordsPerRow;
    return { rows, columns, wordsPerRow, words: this.#memory.uint32(this.#memory.allocate(4 * length), length) };
  }

  createVisibleStates(
    rows: number,
    { visibleUnits, visibleLayer = binaryLayer }: { readonly visibleUnits: number; readonly visibleLayer?: VisibleLayer },
  ): VisibleStates {
    return visibleLayer.kind === 'gaussian' ? this.createMatrix(rows, visibleUnits) : this.createStates(rows, visibleUnits);
  }

  release(...made: readonly (Model | Matrix | BinaryMatrix)[]): void {
    // Commands that wait may still use it: free after `finish`.
    for (const one of made) {
      if ('words' in one) this.#temporary.push(one.words.byteOffset);
      else if ('readRows' in one) this.#temporary.push((one as PanelMatrix).start);
      else this.#temporary.push((one as PanelModel).weights.start, one.visibleBias.byteOffset, one.hiddenBias.byteOffset);
    }
    this.#settle();
  }

  hiddenInputs(model: Model, visible: VisibleStates, rows: number, inputs: Matrix): void {
    this.#askLayer(model, false, [{ states: visible, rows, areMeans: false, matrix: inputs }]);
    this.#settle();
  }

  hiddenMeans(model: Model, requests: readonly HiddenMeansRequest[]): void {
    this.#askLayer(
      model,
      false,
      requests.map(({ visible, rows, means }) => ({ states: visible, rows, areMeans: true, matrix: means })),
    );
    this.#settle();
  }

  visibleInputs(model: Model, hidden: BinaryMatrix, rows: number, inputs: Matrix): void {
    this.#askLayer(model, true, [{ states: hidden, rows, areMeans: false, matrix: inputs }]);
    this.#settle();
  }

  visibleInputsFromMeans(model: Model, hidden: Matrix, rows: number, inputs: Matrix): void {
    this.#askDenseLayer(model, true, { states: hidden, rows, areMeans: false, matrix: inputs });
    this.#settle();
  }

  visibleMeans(model: Model, inputs: Matrix, rows: number): void {
    const { visibleLayer } = model;
    const { start, stride, columns } = inputs as PanelMatrix;
    if (visibleLayer.kind === 'binary') this.#executor.run('bernoulliMeans', start, stride, columns, rows);
    else if (visibleLayer.kind === 'categorical') {
      this.#executor.run('categoricalMeans', start, stride, ...this.#takeGroups(visibleLayer.groups), rows);
    }
    this.#settle();
  }

  sampleHidden(
    model: Model, visible: VisibleStates, rows: number, address: RandomAddress, firstRow: number, hidden: BinaryMatrix, tempering?: Tempering,
  ): void {
    if (isBinaryMatrix(visible)) this.#askSamples(model, false, visible, rows, address, firstRow, hidden, tempering);
    else {
      const inputs = this.#askInputs(model, false, visible, rows, tempering);
      this.#executor.run('bernoulliMeans', inputs.start, inputs.stride, inputs.columns, rows);
      this.#askBernoulli(address, firstRow, rows, inputs, hidden);
    }
    this.#settle();
  }

  sampleVisible(
    model: Model, hidden: BinaryMatrix, rows: number, address: RandomAddress, firstRow: number, visible: VisibleStates, tempering?: Tempering,
  ): void {
    const { visibleLayer, visibleUnits } = model;
    if (visibleLayer.kind === 'binary') {
      this.#askSamples(model, true, hidden, rows, address, firstRow, visible as BinaryMatrix, tempering);
    } else {
      const { start, stride } = this.#askInputs(model, true, hidden, rows, tempering);
      const record = this.#placeAddress(address, firstRow, rows, visibleUnits);
      const scratches = [this.#scratches(wordsBytes), wordsBytes];
      if (visibleLayer.kind === 'gaussian') {
        const states = visible as PanelMatrix;
        this.#executor.run('sampleGaussian', start, stride, visibleUnits, rows, states.start, states.stride, record, ...scratches);
      } else {
        const { words, wordsPerRow } = visible as BinaryMatrix;
        const groups = this.#takeGroups(visibleLayer.groups);
        this.#executor.run('sampleCategorical', start, stride, ...groups, rows, words.byteOffset, wordsPerRow, record, ...scratches);
      }
    }
    this.#settle();
  }

  bernoulliMeans(matrix: Matrix, rows: number): void {
    const { start, stride, columns } = matrix as PanelMatrix;
    this.#executor.run('bernoulliMeans', start, stride, columns, rows);
    this.#settle();
  }

  sampleBernoulli(address: RandomAddress, firstRow: number, rows: number, means: Matrix, states: BinaryMatrix): void {
    this.#askBernoulli(address, firstRow, rows, means as PanelMatrix, states);
    this.#settle();
  }

  updateParameters(
    model: Model,
    velocity: Model | undefined,
    positive: Phase,
    negative: Phase,
    { learningRate, momentum, l1, l2 }: UpdateSettings,
  ): { readonly finite: boolean } {
    const flag = this.#takeFlag();
    const use = l1 === 0 && l2 === 0 ? gradientUses.step : gradientUses.stepWithDecay;
    this.#askUpdate(model, velocity, positive, negative, [learningRate, momentum, l2, l1], use, flag);
    return this.#outcomeOf(flag);
  }

  accumulateGradient(
    target: Model,
    positive: Phase | undefined,
    negative: Phase | undefined,
    { scale, decay }: { readonly scale: number; readonly decay: number },
  ): void {
    this.#askUpdate(target, undefined, positive, negative, [scale, decay], gradientUses.runningSum, this.#takeFlag());
    this.#settle();
  }

  transformWeights(source: Matrix, target: Matrix, { rowFactors, columnFactors, terms = [] }: WeightTransformation): void {
    const { rows, columns } = source;
    const takeRowValues = (values: Float64Array | undefined) => (values === undefined ? 0 : this.#takeRows(values, 1, rows, rows));
    const takeLines = (values: Float64Array | undefined) => (values === undefined ? 0 : this.#takeRows(values, 1, columns, 8 * panelsOf(columns)));
    const from = source as PanelMatrix;
    const to = target as PanelMatrix;
    this.#executor.run(
      'transform',
      from.start, from.stride, to.start, to.stride, rows, panelsOf(columns), takeRowValues(rowFactors), takeLines(columnFactors),
      takeRowValues(terms[0]?.rows), takeLines(terms[0]?.columns), takeRowValues(terms[1]?.rows), takeLines(terms[1]?.columns),
    );
    this.#settle();
  }

  multiplyElements(x: Matrix, y: Matrix, target: Matrix): void {
    const places = [x, y, target].flatMap((matrix) => [(matrix as PanelMatrix).start, (matrix as PanelMatrix).stride]);
    this.#executor.run('multiply', ...places, target.rows, panelsOf(target.columns));
    this.#settle();
  }

  combineModels(target: Model, alpha: number, x: Model, beta: number, y: Model): void {
    for (const [[result, left, right], ...shape] of tensorsOf(target, x, y)) {
      this.#executor.run('combine', result, alpha, left, beta, right, ...shape);
    }
    this.#settle();
  }

  stepParameters(model: Model, gradient: Model, { first, second }: StepState, rule: StepRule): { readonly finite: boolean } {
    const { learningRate, l1, l2 } = rule;
    const settings = this.#takeNumbers(
      rule.rule === 'adaptive'
        ? [learningRate, rule.firstDecay, l2, l1, rule.secondDecay, rule.firstCorrection, rule.secondCorrection, rule.epsilon]
        : [learningRate, rule.momentum, l2, l1, 0, 0, 0, 0],
    );
    const flag = this.#takeFlag();
    for (const [tensor, [places, ...shape]] of tensorsOf(model, gradient, first, second).entries()) {
      const hasDecay = tensor === 0 && (l1 !== 0 || l2 !== 0);
      this.#executor.run('step', ...places, ...shape, stepRules[rule.rule], settings, hasDecay ? 1 : 0, flag.byteOffset);
    }
    return this.#outcomeOf(flag);
  }

  flipLogRatios(model: Model, visible: BinaryMatrix, rows: number, inputs: Matrix, ratios: Matrix): void {
    const { visibleUnits: n, hiddenUnits: m, visibleBias } = model;
    const { start, stride } = model.weights as PanelMatrix;
    const states = this.#place(visible, rows);
    const target = ratios as PanelMatrix;
    const scratchBytes = 64 + 512 + 1024 * panelsOf(m);
    this.#executor.run(
      'flipRatios',
      start, stride, n, m, visibleBias.byteOffset, states.words.byteOffset, states.wordsPerRow, rows, ...this.#askFlips(model, inputs, rows),
      target.start, target.stride, this.#takeCounter(), this.#scratches(scratchBytes), scratchBytes,
    );
    this.#settle();
  }

  flipStatistics(
    model: Model, visible: BinaryMatrix, rows: number, inputs: Matrix, coefficients: Matrix, hidden: Matrix, products: Matrix,
  ): void {
    const { visibleUnits: n, hiddenUnits: m } = model;
    const { start, stride } = model.weights as PanelMatrix;
    const states = this.#place(visible, rows);
    const matrices = [coefficients, hidden, products].flatMap((matrix) => [(matrix as PanelMatrix).start, (matrix as PanelMatrix).stride]);
    const scratchBytes = 128 * n;
    this.#executor.run(
      'flipSums',
      start, stride, n, m, states.words.byteOffset, states.wordsPerRow, rows, ...this.#askFlips(model, inputs, rows),
      ...matrices, this.#takeCounter(), this.#scratches(scratchBytes), scratchBytes,
    );
    this.#settle();
  }

  temperedFreeEnergies(model: Model, visible: VisibleStates, rows: number, tempering: Tempering, energies: Float64Array): void {
    const { visibleUnits: n, hiddenUnits: m, visibleBias } = model;
    const count = energies.length;
    if (rows === 0 || count === 0) return;
    const own = this.#placeVisible(visible, rows);
    const inputs = this.#askInputs(model, false, own, rows);
    const result = this.#take(8 * count);
    const base = this.#takeRows(tempering.baseVisibleBias, 1, n, n);
    this.#executor.run(
      'temperedFreeEnergies',
      inputs.start, inputs.stride, m, ...placeOf(own), n, visibleBias.byteOffset, base, rows,
      count / rows, this.#takeRows(tempering.inverseTemperatures, 1, count, count), result, this.#scratches(128), 128,
    );
    this.#copyBack(result, energies, count);
    this.#settle();
  }

  freeEnergies(model: Model, visible: VisibleStates, rows: number, energies: Float64Array): void {
    const { visibleUnits: n, hiddenUnits: m, visibleBias } = model;
    const own = this.#placeVisible(visible, rows);
    const inputs = this.#askInputs(model, false, own, rows);
    const result = this.#take(8 * rows);
    this.#executor.run(
      'freeEnergies',
      inputs.start, inputs.stride, m, ...placeOf(own), n, visibleBias.byteOffset, rows, result, this.#scratches(64), 64,
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
    // Rare (weights in the hundreds, or visible units that are not binary), and slow either way.
    if (plan.form !== 'product') {
      referenceKernels.enumerationBlocks(plan, firstBlock, blocks, mantissas, exponents);
      return;
    }
    const { outerUnits, innerUnits } = plan.view;
    const results = [this.#take(8 * blocks), this.#take(8 * blocks)];
    const stateBytes = 64 * ceil(plan.blockStates / 8);
    const scratchBytes = aligned(64 + 16 * outerUnits + blocksTogether * (16 + 16 * ceil(innerUnits / 2) + 2 * stateBytes));
    this.#executor.run(
      'enumerationBlocks',
      this.#placePlan(plan), firstBlock, blocks, results[0], results[1], this.#scratches(scratchBytes), scratchBytes,
    );
    this.#copyBack(results[0], mantissas, blocks);
    this.#copyBack(results[1], exponents, blocks);
    this.#settle();
  }

  enumerationStates(plan: EnumerationPlan, block: number, mantissas: Float64Array, exponents: Float64Array): void {
    // One block: milliseconds, most of which would go into the table either way.
    referenceKernels.enumerationStates(plan, block, mantissas, exponents);
  }

  enumerationMoments(
    view: EnumerationView,
    logPartitionFunction: number,
    firstState: number,
    states: number,
    moments: EnumeratedMoments,
  ): void {
    if (view.innerLayer !== undefined && view.innerLayer.kind !== 'binary') {
      referenceKernels.enumerationMoments(view, logPartitionFunction, firstState, states, moments);
      return;
    }
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
    const needed = bytes * this.threads;
    if (needed > this.#scratch.bytes) {
      // Commands that wait may still use the old room.
      if (this.#scratch.bytes > 0) this.#temporary.push(this.#scratch.place);
      this.#scratch = { place: this.#memory.allocateUnset(needed), bytes: needed };
    }
    return this.#scratch.place;
  }

  /** Where the threads count the panels that they claim: none so far. */
  #takeCounter(): number {
    const counter = this.#take(4);
    this.#memory.uint32(counter, 1)[0] = 0;
    return counter;
  }

  /** Where threads set a word that is 0 before. */
  #takeFlag(): Uint32Array {
    const flag = this.#memory.uint32(this.#take(4), 1);
    flag[0] = 0;
    return flag;
  }

  /** Whether a flag is 0 after `finish`. */
  #outcomeOf(flag: Uint32Array): { readonly finite: boolean } {
    const outcome = { finite: false };
    this.#afterwards.push(() => {
      outcome.finite = flag[0] === 0;
    });
    this.#settle();
    return outcome;
  }

  /** A place with these numbers. */
  #takeNumbers(values: readonly number[]): number {
    const place = this.#take(8 * values.length);
    this.#memory.float64(place, values.length).set(values);
    return place;
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

  /** As `#place`, of real numbers, too. */
  #placeVisible(states: VisibleStates, rows: number): BinaryMatrix | PanelMatrix {
    return isBinaryMatrix(states) ? this.#place(states, rows) : this.#placeMatrix(states, rows);
  }

  /** The first rows of a matrix in the memory: as they are, or a copy. */
  #placeMatrix(matrix: Matrix, rows: number): PanelMatrix {
    if (isPanelMatrix(matrix)) return matrix;
    const values = new Float64Array(rows * matrix.columns);
    matrix.readRows(0, values);
    const copy = this.#takeMatrix(rows, matrix.columns);
    copy.writeRows(0, values);
    return copy;
  }

  /** A matrix of zeros that is free again after `finish`. */
  #takeMatrix(rows: number, columns: number): PanelMatrix {
    const matrix = this.createMatrix(rows, columns);
    this.#temporary.push(matrix.start);
    return matrix;
  }

  /** The groups of categorical units: place and count. */
  #takeGroups(groups: Uint32Array): [groups: number, count: number] {
    const place = this.#take(4 * groups.length);
    this.#memory.uint32(place, groups.length).set(groups);
    return [place, groups.length - 1];
  }

  /** The record of an address; see `fillWords` in assembly/sampling.ts. */
  #placeAddress(address: RandomAddress, firstRow: number, rows: number, units: number): number {
    checkRowsAndUnits(firstRow, rows, units);
    const { k0, k1 } = address.key;
    const record = this.#take(4 * 6);
    this.#memory.uint32(record, 6).set([firstRow, ...counterWords(address), k0, k1]);
    return record;
  }

  /** Where it is noted, for every thread, which patterns of a layer's groups lists need: nothing so far. */
  #takeUsed(units: number): [used: number, stride: number] {
    const stride = aligned(2 * groupsOf(units));
    const used = this.#take(stride * this.threads);
    this.#memory.uint32(used, (stride * this.threads) / 4).fill(0);
    return [used, stride];
  }

  /** Asks for the lists of rows of states: places, and bytes between them. */
  #askRowLists(states: BinaryMatrix, rows: number, used: readonly [number, number]): [lists: number, stride: number] {
    const { words, wordsPerRow, columns } = this.#place(states, rows);
    const stride = listBytes(groupsOf(columns));
    const lists = this.#take(stride * rows);
    this.#executor.run('rowLists', words.byteOffset, wordsPerRow, rows, lists, stride, ...used);
    return [lists, stride];
  }

  /** Asks for the inputs of a layer given the other, in a temporary matrix. */
  #askInputs(model: Model, isVisible: boolean, states: VisibleStates, rows: number, tempering?: Tempering): PanelMatrix {
    const units = isVisible ? model.visibleUnits : model.hiddenUnits;
    const matrix = this.#takeMatrix(rows, units);
    this.#askLayer(model, isVisible, [{ states, rows, areMeans: false, matrix }]);
    if (tempering !== undefined) {
      const inverseTemperatures = this.#takeRows(tempering.inverseTemperatures, 1, rows, rows);
      const base = isVisible ? this.#takeRows(tempering.baseVisibleBias, 1, units, units) : 0;
      this.#executor.run('temper', matrix.start, matrix.stride, units, rows, inverseTemperatures, base);
    }
    return matrix;
  }

  /** Asks for inputs or means of a layer given the other. */
  #askLayer(model: Model, isVisible: boolean, requests: readonly LayerRequest[]): void {
    const dense = requests.filter(({ states }) => !isBinaryMatrix(states));
    for (const request of dense) this.#askDenseLayer(model, isVisible, request);
    if (dense.length === requests.length) return;
    const { visibleUnits: n, hiddenUnits: m } = model;
    const [given, units] = isVisible ? [m, n] : [n, m];
    const weights = model.weights as PanelMatrix;
    const record = this.#take(4 * requestWords * requests.length);
    const words = this.#memory.uint32(record, requestWords * requests.length);
    const used = this.#takeUsed(given);
    let count = 0;
    for (const { states, rows, areMeans, matrix } of requests) {
      if (!isBinaryMatrix(states)) continue;
      const { start, stride } = matrix as PanelMatrix;
      words.set([...this.#askRowLists(states, rows, used), rows, areMeans ? 1 : 0, start, stride], requestWords * count++);
    }
    const scratchBytes = panelsOf(given) * 512 + groupsOf(given) * 1024;
    this.#executor.run(
      'layer',
      isVisible ? 1 : 0, weights.start, weights.stride, (isVisible ? model.visibleBias : model.hiddenBias).byteOffset,
      given, units, record, count, ...used, this.#takeCounter(), this.#scratches(scratchBytes), scratchBytes,
    );
  }

  /** As `#askLayer`, from real numbers. */
  #askDenseLayer(model: Model, isVisible: boolean, { states, rows, areMeans, matrix }: LayerRequest): void {
    const { visibleUnits: n, hiddenUnits: m } = model;
    const [given, units] = isVisible ? [m, n] : [n, m];
    const weights = model.weights as PanelMatrix;
    const values = this.#placeMatrix(states as Matrix, rows);
    const target = matrix as PanelMatrix;
    const scratchBytes = panelsOf(given) * 512;
    this.#executor.run(
      'denseLayer',
      isVisible ? 1 : 0, weights.start, weights.stride, (isVisible ? model.visibleBias : model.hiddenBias).byteOffset,
      given, units, values.start, values.stride, rows, areMeans ? 1 : 0, target.start, target.stride,
      this.#takeCounter(), this.#scratches(scratchBytes), scratchBytes,
    );
  }

  /** Asks for states of probability `means`. */
  #askBernoulli(address: RandomAddress, firstRow: number, rows: number, { start, stride }: PanelMatrix, states: BinaryMatrix): void {
    const { columns, wordsPerRow, words } = states;
    this.#executor.run(
      'sampleBernoulli',
      start, stride, columns, rows, words.byteOffset, 4 * wordsPerRow, this.#placeAddress(address, firstRow, rows, columns),
      this.#scratches(wordsBytes), wordsBytes,
    );
  }

  /** Asks for states of a layer given the other. */
  #askSamples(
    model: Model,
    isVisible: boolean,
    given: BinaryMatrix,
    rows: number,
    address: RandomAddress,
    firstRow: number,
    states: BinaryMatrix,
    tempering: Tempering | undefined,
  ): void {
    const weights = model.weights as PanelMatrix;
    const { columns, words, wordsPerRow } = states;
    const used = this.#takeUsed(given.columns);
    const scratchBytes = panelsOf(given.columns) * 512 + groupsOf(given.columns) * 1024 + 192 + wordsBytes + 64 * rows;
    const inverseTemperatures = tempering === undefined ? 0 : this.#takeRows(tempering.inverseTemperatures, 1, rows, rows);
    const base = tempering === undefined || !isVisible ? 0 : this.#takeRows(tempering.baseVisibleBias, 1, columns, columns);
    this.#executor.run(
      'sampleLayer',
      isVisible ? 1 : 0, weights.start, weights.stride, (isVisible ? model.visibleBias : model.hiddenBias).byteOffset,
      given.columns, columns, ...this.#askRowLists(given, rows, used), ...used, rows, words.byteOffset, 4 * wordsPerRow,
      this.#placeAddress(address, firstRow, rows, columns), inverseTemperatures, base, this.#takeCounter(),
      this.#scratches(scratchBytes), scratchBytes,
    );
  }

  /** Asks for the gradient of both phases, and what becomes of it in `target`; see `update` in assembly/update.ts. */
  #askUpdate(
    target: Model,
    velocity: Model | undefined,
    positive: Phase | undefined,
    negative: Phase | undefined,
    settings: readonly number[],
    use: number,
    flag: Uint32Array,
  ): void {
    const { visibleUnits: n, hiddenUnits: m } = target;
    const weights = target.weights as PanelMatrix;
    const phases = [positive, negative];
    const groups = groupsOf(listedRows(positive)) + groupsOf(listedRows(negative));
    const listStride = listBytes(groups);
    const lists = this.#take(listStride * n);
    const records = this.#placePhases(phases, lists, listStride, n, m);
    const rows = phases.map((phase) => (phase?.kind === 'samples' ? phase.rows : 1));
    const scratchBytes = 64 * (1 + rows[0] + rows[1]) + 1024 * max(1, groups);
    this.#executor.run(
      'update',
      weights.start, (velocity?.weights as PanelMatrix | undefined)?.start ?? 0, weights.stride, n, m,
      target.visibleBias.byteOffset, velocity?.visibleBias.byteOffset ?? 0,
      target.hiddenBias.byteOffset, velocity?.hiddenBias.byteOffset ?? 0,
      ...records, lists, listStride, this.#takeNumbers(settings), use, flag.byteOffset,
      this.#takeCounter(), this.#scratches(scratchBytes), scratchBytes,
    );
  }

  /**
   * The records of both phases; their lists are asked for.
   *
   * @param lists receives the lists of all visible units, over the phases of binary samples
   */
  #placePhases(
    phases: readonly (Phase | undefined)[], lists: number, listStride: number, visibleUnits: number, hiddenUnits: number,
  ): number[] {
    const haveLists = phases.map((phase) => listedRows(phase) > 0);
    if (!haveLists.includes(true)) this.#memory.uint32(lists, (listStride * visibleUnits) / 4).fill(0);
    let offset = 0;
    return phases.map((phase, index) => {
      const sign = index === 0 ? 1 : -1;
      if (phase === undefined) return this.#placePhase(Array.from({ length: phaseWords }, () => 0), 0);
      if (phase.kind === 'expectation') {
        const { visible, hidden, products } = phase.moments;
        const matrix = this.#takeMatrix(visibleUnits, hiddenUnits);
        matrix.writeRows(0, products);
        // Whole lines, their padding zero: the update goes over it, too.
        const visibleLines = this.#takeRows(visible, 1, visibleUnits, 8 * panelsOf(visibleUnits));
        const hiddenLines = this.#takeRows(hidden, 1, hiddenUnits, 8 * panelsOf(hiddenUnits));
        return this.#placePhase([phaseKinds.expectation, 1, hiddenLines, 64, visibleLines, 64, matrix.start, matrix.stride], sign);
      }
      const { rows } = phase;
      const means = phase.hiddenMeans as PanelMatrix;
      const scale = sign * (1 / rows);
      const states = this.#placeVisible(phase.visible, rows);
      if (!isBinaryMatrix(states)) {
        return this.#placePhase([phaseKinds.realSamples, rows, means.start, means.stride, states.start, states.stride, 0, 0], scale);
      }
      const active = this.#take(4 * visibleUnits);
      const isFirst = !haveLists.slice(0, index).includes(true);
      const isLast = !haveLists.slice(index + 1).includes(true);
      this.#executor.run(
        'unitLists',
        states.words.byteOffset, states.wordsPerRow, rows, visibleUnits, lists, listStride,
        isFirst ? 1 : 0, isLast ? 1 : 0, offset, active,
      );
      offset += 1024 * groupsOf(rows);
      return this.#placePhase([phaseKinds.binarySamples, rows, means.start, means.stride, active, 0, 0, 0], scale);
    });
  }

  /** The record of a phase; see assembly/update.ts. */
  #placePhase(words: readonly number[], scale: number): number {
    const record = this.#take(4 * phaseWords + 8);
    this.#memory.uint32(record, phaseWords).set(words);
    this.#memory.float64(record + 4 * phaseWords, 1)[0] = scale;
    return record;
  }

  /** Asks for what flips need of hidden inputs and weights; gives the places of inputs, their tables and the largest weights. */
  #askFlips(model: Model, inputs: Matrix, rows: number): number[] {
    const weights = model.weights as PanelMatrix;
    const { start, stride, columns } = inputs as PanelMatrix;
    const tablesStride = 128 * rows;
    const tables = this.#take(tablesStride * panelsOf(columns));
    const largest = this.#take(8 * this.threads);
    this.#executor.run(
      'prepareFlips', weights.start, weights.stride, model.visibleUnits, columns, start, stride, rows, tables, tablesStride, largest,
    );
    return [start, stride, tables, tablesStride, largest];
  }

  /** The record of a plan; kept until another plan comes. */
  #placePlan(plan: EnumerationPlan): number {
    if (this.#plan?.plan === plan) return this.#plan.record;
    this.#temporary.push(...(this.#plan?.places ?? []));
    this.#plan = undefined;
    const { view, levels, levelOffsets, blockUnits, blockStates: states, groupEnds } = plan;
    const { outerUnits, innerUnits } = view;
    const rowLength = 2 * ceil(innerUnits / 2);
    const before = this.#temporary.length;
    const weights = this.#takeRows(view.weights, outerUnits, innerUnits, rowLength);
    const innerBias = this.#takeRows(view.innerBias, 1, innerUnits, rowLength);
    const outerBias = this.#takeRows(view.outerBias, 1, view.outerBias.length, view.outerBias.length);
    const tableStride = 64 * innerUnits;
    const panels = ceil(states / 8);
    const table = this.#take(panels * tableStride);
    // Places of states that a panel lacks are multiplied, too, though never read.
    if (states < 8) this.#memory.float64(table, tableStride / 8).fill(0);
    const ends = this.#take(4 * groupEnds.length);
    this.#memory.uint32(ends, groupEnds.length).set(groupEnds);
    const levelsPlace = this.#take(8 * outerUnits);
    this.#memory.uint32(levelsPlace, outerUnits).set(levels);
    this.#memory.uint32(levelsPlace + 4 * outerUnits, outerUnits).set(levelOffsets);
    const mantissas = this.#take(64 * panels);
    const exponents = this.#take(64 * panels);
    const record = this.#take(4 * planWords);
    this.#memory
      .uint32(record, planWords)
      .set([
        weights, 8 * rowLength, innerBias, outerBias, innerUnits, blockUnits, table, tableStride, ends, groupEnds.length,
        mantissas, exponents, states, levelsPlace, levelsPlace + 4 * outerUnits,
      ]);
    // These outlive the next `finish`.
    this.#plan = { plan, record, places: this.#temporary.splice(before) };
    const scratchBytes = aligned(16 * rowLength + 16 + 16 * outerUnits);
    this.#executor.run('enumerationTable', record, this.#scratches(scratchBytes), scratchBytes);
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
