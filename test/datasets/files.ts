/** Datasets of files that a test writes. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll } from '@jest/globals';

import type { DataConfig } from '../../src/config/run-config.js';
import { loadDataset, type Dataset, type Examples } from '../../src/datasets/index.js';
import { writeNpy } from '../../src/formats/npy.js';
import { statesAsNumbers } from '../../src/kernels/visible-states.js';
import { dataConfig } from './config.js';

/** What a test file works with. */
export interface DataFiles {
  write(name: string, content: Uint8Array | string): string;
  /** Writes rows as float64 to an .npy. */
  writeRows(name: string, rows: readonly (readonly number[])[]): string;
  load(config: Partial<DataConfig>): Promise<Dataset>;
}

/** A folder of data files, removed after the tests. */
export function dataFiles(): DataFiles {
  const folder = mkdtempSync(join(tmpdir(), 'rbm-data-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: Uint8Array | string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  return {
    write,
    writeRows: (name, rows) => write(name, writeNpy(Float64Array.from(rows.flat()), [rows.length, rows[0].length])),
    load: async (config) => await loadDataset(dataConfig({ source: 'file', ...config })),
  };
}

/** The states of a split, row by row. */
export function rowsOf(examples: Examples | undefined): number[][] {
  if (examples === undefined) return [];
  return matrixRows(statesAsNumbers(examples.states), examples.columns);
}

/** The mask of the missing cells of a split, row by row; none where nothing is missing. */
export function missingRowsOf({ missing, columns }: Examples): number[][] {
  return missing === undefined ? [] : matrixRows(statesAsNumbers(missing), columns);
}

function matrixRows(values: ArrayLike<number>, columns: number): number[][] {
  return Array.from({ length: values.length / columns }, (_, row) => Array.from({ length: columns }, (__, column) => values[row * columns + column]));
}
