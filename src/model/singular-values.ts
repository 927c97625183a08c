/**
 * The largest singular values of a weight matrix, in a number of operations that its shape fixes.
 *
 * Where the smaller side has at most 32 units: the eigenvalues of its Gram matrix, by Jacobi rotations. Otherwise 20 steps of
 * Lanczos' method on WᵀW, each vector made orthogonal to all before it (C. Lanczos, J. Res. Nat. Bur. Standards 45 (1950);
 * B. N. Parlett, The Symmetric Eigenvalue Problem (1980), ch. 13). Products with W are the kernels', the rest is host arithmetic
 * in one fixed order: the same bits whatever the backend.
 */

import { canonicalSum, createBinaryMatrix, getUnit, sampleBernoulliRow, type Kernels, type Matrix, type Model } from '../kernels/index.js';
import type { StreamKey } from '../random/index.js';

const { abs, floor, max, min, sqrt } = Math;

/** The smaller side up to which all singular values are computed. */
const gramUnits = 32;

/**
 * Steps of Lanczos' method. Of 784 × 500 weights after 800 updates of CD-1, the largest five are right to (in per cent, the
 * fifth): 12 steps 10, 16 steps 6, 20 steps 1, 24 steps 0.002; blocks of 2 × 12 vectors 0.1, of 8 × 3 vectors 9.
 */
const lanczosSteps = 20;

/** Numbers of a matrix that are held as an array at a time, 512 KiB. */
const heldNumbers = 65_536;

/** Sweeps of Jacobi rotations at most; they converge quadratically, 32 × 32 matrices in 6 to 9. */
const jacobiSweeps = 30;

/** What is smaller than this share of ‖W‖² is rounding: 2^−40. */
const negligible = 9.094947017729282e-13;

/** Where less than this share of a vector is left, its directions are not orthogonal to the others to within 16 roundings. */
const orthogonalShare = 0.0625;

/** Visits all rows in order, in pieces of whole rows, row-major; a piece is valid until the next. */
function forEachRowPiece({ rows, columns, readRows }: Matrix, visit: (piece: Float64Array) => void): void {
  const perPiece = min(rows, max(1, floor(heldNumbers / columns)));
  const held = new Float64Array(perPiece * columns);
  for (let first = 0; first < rows; first += perPiece) {
    const piece = held.subarray(0, min(perPiece, rows - first) * columns);
    readRows(first, piece);
    visit(piece);
  }
}

/** ‖x‖; `squares` receives its squares. */
function normOf(x: Float64Array, squares: Float64Array): number {
  for (let k = 0; k < x.length; k++) squares[k] = x[k] * x[k];
  return sqrt(canonicalSum(squares, x.length));
}

/**
 * Eigenvalues of a symmetric matrix by cyclic Jacobi rotations, decreasing.
 *
 * @param matrix size × size, row-major; overwritten
 */
export function symmetricEigenvalues(matrix: Float64Array, size: number): Float64Array {
  for (let sweep = 0; sweep < jacobiSweeps; sweep++) {
    let rotated = false;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        const off = matrix[p * size + q];
        const diagonal = abs(matrix[p * size + p]) + abs(matrix[q * size + q]);
        // Its square, which is what a rotation changes the diagonal by, is far too small for that.
        if (diagonal + abs(off) * 0.0009765625 === diagonal) continue;
        rotated = true;
        const theta = (matrix[q * size + q] - matrix[p * size + p]) / (2 * off);
        const tangent = (theta < 0 ? -1 : 1) / (abs(theta) + sqrt(theta * theta + 1));
        const cosine = 1 / sqrt(tangent * tangent + 1);
        const sine = tangent * cosine;
        for (let k = 0; k < size; k++) {
          const left = matrix[k * size + p];
          const right = matrix[k * size + q];
          matrix[k * size + p] = cosine * left - sine * right;
          matrix[k * size + q] = sine * left + cosine * right;
        }
        for (let k = 0; k < size; k++) {
          const upper = matrix[p * size + k];
          const lower = matrix[q * size + k];
          matrix[p * size + k] = cosine * upper - sine * lower;
          matrix[q * size + k] = sine * upper + cosine * lower;
        }
      }
    }
    if (!rotated) break;
  }
  return Float64Array.from({ length: size }, (_, k) => matrix[k * size + k]).toSorted((left, right) => right - left);
}

/** W·Wᵀ or WᵀW, whichever is smaller: size × size. */
function gramMatrix(weights: Matrix): Float64Array {
  const { rows: n, columns: m } = weights;
  const size = min(n, m);
  // At most 32 rows, or rows of at most 32: no more than a mini-batch's states.
  const values = new Float64Array(n * m);
  weights.readRows(0, values);
  const length = max(n, m);
  const [step, along] = m <= n ? [1, m] : [m, 1];
  const gram = new Float64Array(size * size);
  const products = new Float64Array(length);
  for (let p = 0; p < size; p++) {
    for (let q = p; q < size; q++) {
      for (let k = 0; k < length; k++) products[k] = values[p * step + k * along] * values[q * step + k * along];
      gram[p * size + q] = canonicalSum(products);
      gram[q * size + p] = gram[p * size + q];
    }
  }
  return gram;
}

/** Orthonormal vectors, to which further ones are made orthogonal. Products with all of them at once are the kernels'. */
class Basis {
  /** Vectors so far. */
  size = 0;
  readonly #kernels: Kernels;
  readonly #key: StreamKey;
  /** The vectors, most × m, in the place of weights; those to come are 0. */
  readonly #vectors: Model;
  readonly #shares: Matrix;
  readonly #parts: Matrix;
  readonly #room: Float64Array;

  constructor(kernels: Kernels, most: number, m: number, key: StreamKey) {
    this.#kernels = kernels;
    this.#key = key;
    this.#vectors = kernels.createModel(most, m);
    [this.#shares, this.#parts] = [kernels.createMatrix(1, most), kernels.createMatrix(1, m)];
    this.#room = new Float64Array(m);
  }

  /** Adds a unit vector that is orthogonal to the others. */
  add(vector: Float64Array): void {
    this.#vectors.weights.writeRows(this.size++, vector);
  }

  /**
   * Takes the parts along the vectors out of another one: again where little was left, as rounding has its share of that.
   *
   * @returns the norm of what is left
   */
  async makeOrthogonal(vector: Float64Array): Promise<number> {
    let before = normOf(vector, this.#room);
    for (;;) {
      this.#parts.writeRows(0, vector);
      this.#kernels.visibleInputsFromMeans(this.#vectors, this.#parts, 1, this.#shares);
      this.#kernels.hiddenInputs(this.#vectors, this.#shares, 1, this.#parts);
      await this.#kernels.finish();
      this.#parts.readRows(0, this.#room);
      for (let j = 0; j < vector.length; j++) vector[j] -= this.#room[j];
      const after = normOf(vector, this.#room);
      if (!(after < orthogonalShare * before) || after === 0) return after;
      before = after;
    }
  }

  /** A random unit vector orthogonal to these, of which there are fewer than it has elements. */
  async randomDirection(): Promise<Float64Array> {
    const { length } = this.#room;
    const signs = createBinaryMatrix(1, length);
    const address = { key: this.#key, update: this.size, step: 0, layer: 0, temperature: 0 };
    sampleBernoulliRow(address, 0, length, new Float64Array(length).fill(0.5), 0, signs, 0);
    const vector = Float64Array.from({ length }, (_, j) => 2 * getUnit(signs, 0, j) - 1);
    const norm = await this.makeOrthogonal(vector);
    return vector.map((value) => value / norm);
  }

  /** Frees its memory. */
  release(): void {
    this.#kernels.release(this.#vectors, this.#shares, this.#parts);
  }
}

/** The largest eigenvalues of WᵀW as far as Lanczos' method finds them, decreasing. */
async function ritzValues(kernels: Kernels, model: Model, squaredNorm: number, key: StreamKey): Promise<Float64Array> {
  const { visibleUnits: n, hiddenUnits: m, visibleLayer, weights } = model;
  // Products with W alone: the kernels add biases.
  const [ofVisible, ofHidden] = [kernels.createModel(n, 1), kernels.createModel(1, m)];
  const unbiased: Model = { visibleUnits: n, hiddenUnits: m, visibleLayer, weights, visibleBias: ofVisible.visibleBias, hiddenBias: ofHidden.hiddenBias };
  const [hidden, visible] = [kernels.createMatrix(1, m), kernels.createMatrix(1, n)];
  const tridiagonal = new Float64Array(lanczosSteps * lanczosSteps);
  const basis = new Basis(kernels, lanczosSteps, m, key);
  const next = new Float64Array(m);
  let vector = await basis.randomDirection();
  for (let step = 0; step < lanczosSteps; step++) {
    hidden.writeRows(0, vector);
    kernels.visibleInputsFromMeans(unbiased, hidden, 1, visible);
    kernels.hiddenInputs(unbiased, visible, 1, hidden);
    await kernels.finish();
    hidden.readRows(0, next);
    tridiagonal[step * lanczosSteps + step] = canonicalSum(next.map((value, j) => value * vector[j]));
    if (step + 1 === lanczosSteps) break;
    basis.add(vector);
    const norm = await basis.makeOrthogonal(next);
    if (norm > negligible * squaredNorm) {
      tridiagonal[step * lanczosSteps + step + 1] = norm;
      tridiagonal[(step + 1) * lanczosSteps + step] = norm;
      vector = next.map((value) => value / norm);
    } else {
      // The vectors so far are all that W makes of the start: on with another, for values that occur more than once.
      vector = await basis.randomDirection();
    }
  }
  basis.release();
  kernels.release(ofVisible, ofHidden, hidden, visible);
  return symmetricEigenvalues(tridiagonal, lanczosSteps);
}

/** How large the elements of a matrix are: the sum of their squares, canonical in pieces of whole rows and over pieces, and the largest magnitude. */
export function sizeOfElements(matrix: Matrix): { sumOfSquares: number; largest: number } {
  const sums: number[] = [];
  let largest = 0;
  forEachRowPiece(matrix, (piece) => {
    for (let k = 0; k < piece.length; k++) {
      const magnitude = abs(piece[k]);
      piece[k] = magnitude * magnitude;
      if (magnitude > largest) largest = magnitude;
    }
    sums.push(canonicalSum(piece));
  });
  return { sumOfSquares: canonicalSum(Float64Array.from(sums)), largest };
}

/**
 * The largest singular values of W (n × m), decreasing: `count` of them (at most 20), or min(n, m) where that is less.
 *
 * Up to 32 units on the smaller side they are right to 1e-8 of the largest one, and better for large ones. Beyond, each is at
 * most the true one (Ritz values approach from below): far from the rest of the spectrum, as those of trained weights are,
 * to many digits; at the dense edge of a random matrix' spectrum some per cent low.
 *
 * @param squaredNorm ‖W‖² (Frobenius)
 * @param key stream of the start vectors
 */
export async function largestSingularValues(kernels: Kernels, model: Model, squaredNorm: number, count: number, key: StreamKey): Promise<Float64Array> {
  const size = min(model.visibleUnits, model.hiddenUnits);
  const squared = size <= gramUnits ? symmetricEigenvalues(gramMatrix(model.weights), size) : await ritzValues(kernels, model, squaredNorm, key);
  return squared.slice(0, count).map((value) => sqrt(max(value, 0)));
}
