/**
 * Matrices as the WebAssembly kernels hold them: panels of 8 columns, each a line of 64 bytes for every row.
 *
 * A line is a cache line, and a panel of 784 rows stays in the nearest cache while every row of a mini-batch adds up
 * lines of it. Columns beyond the matrix are 0.
 */

import type { Matrix, Model } from '../kernels.js';
import { binaryLayer, type VisibleLayer } from '../visible-layer.js';
import type { KernelMemory } from './memory.js';

/** A matrix in panels. */
export interface PanelMatrix extends Matrix {
  /** Where it starts in the memory. */
  readonly start: number;
  /** Bytes between panels. */
  readonly stride: number;
}

/** Whether a matrix is in panels, not an ordinary array. */
export function isPanelMatrix(matrix: Matrix): matrix is PanelMatrix {
  return 'stride' in matrix;
}

/** Rows are padded to whole groups of 8, so that any 8 lines can be transposed. */
function panelStride(rows: number): number {
  const bytes = Math.ceil(rows / 8) * 512;
  // Panels apart by a multiple of 4 KiB would meet in the same sets of the cache.
  return bytes % 4096 === 0 ? bytes + 64 : bytes;
}

/** A rows × columns matrix of zeros. */
export function createPanelMatrix(memory: KernelMemory, rows: number, columns: number): PanelMatrix {
  const stride = panelStride(rows);
  const start = memory.allocate(Math.ceil(columns / 8) * stride);
  return panelMatrixAt(memory, start, stride, rows, columns);
}

/** The matrix whose first line is at `start`. */
function panelMatrixAt(memory: KernelMemory, start: number, stride: number, rows: number, columns: number): PanelMatrix {
  const panels = Math.ceil(columns / 8);
  const values = memory.float64(start, ((panels - 1) * stride) / 8 + rows * 8);
  const panelLength = stride / 8;

  /** Visits every piece of rows that lies together both ways: where it is here, where row-major, and how long it is. */
  function walk(firstRow: number, count: number, visit: (here: number, there: number, length: number) => void): void {
    for (let panel = 0; panel < panels; panel++) {
      const first = panel * 8;
      const length = columns - first < 8 ? columns - first : 8;
      for (let row = 0; row < count; row++) visit(panel * panelLength + (firstRow + row) * 8, row * columns + first, length);
    }
  }

  return {
    rows,
    columns,
    start,
    stride,
    readRows(firstRow, target) {
      walk(firstRow, target.length / columns, (here, there, length) => {
        for (let index = 0; index < length; index++) target[there + index] = values[here + index];
      });
    },
    writeRows(firstRow, source) {
      walk(firstRow, source.length / columns, (here, there, length) => {
        for (let index = 0; index < length; index++) values[here + index] = source[there + index];
      });
    },
    rowsOf: (firstRow, count) => panelMatrixAt(memory, start + 64 * firstRow, stride, count, columns),
  };
}

/** A model in panels; its biases are lines, too. */
export interface PanelModel extends Model {
  readonly weights: PanelMatrix;
}

/** A model of zeros. */
export function createPanelModel(memory: KernelMemory, visibleUnits: number, hiddenUnits: number, visibleLayer: VisibleLayer = binaryLayer): PanelModel {
  return {
    visibleUnits,
    hiddenUnits,
    visibleLayer,
    weights: createPanelMatrix(memory, visibleUnits, hiddenUnits),
    visibleBias: memory.float64(memory.allocate(8 * visibleUnits), visibleUnits),
    hiddenBias: memory.float64(memory.allocate(8 * hiddenUnits), hiddenUnits),
  };
}
