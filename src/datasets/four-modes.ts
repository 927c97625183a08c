/**
 * The four-mode images of Desjardins, Courville, Bengio, Vincent and Delalleau (2010): 4×4 pictures that are empty, full,
 * or on in their left or right half, each pixel flipped with a small probability.
 *
 * Order: the modes in that order, examplesPerMode rows each. The flip of a pixel is addressed by seed, row and column.
 */

import { sampleBernoulliRow } from '../kernels/addressed-uniform.js';
import { createBinaryMatrix, getUnit } from '../kernels/binary-matrix.js';
import { streamKey } from '../random/index.js';
import { placeInRows, type DataSource } from './dataset.js';

const name = 'four-modes';
const onlyWith = { key: 'source', values: [name] };
const side = 4;
const pixels = side * side;

const modes: readonly ((column: number) => 0 | 1)[] = [
  () => 0,
  () => 1,
  (column) => (column < side / 2 ? 1 : 0),
  (column) => (column < side / 2 ? 0 : 1),
];

/** The rows, row-major bytes of 0 and 1. */
function fourModes(seed: string, examplesPerMode: number, flipProbability: number): Uint8Array {
  const address = { key: streamKey(seed, 'data/four-modes'), update: 0, step: 0, layer: 0, temperature: 0 };
  const probabilities = new Float64Array(pixels).fill(flipProbability);
  const flips = createBinaryMatrix(1, pixels);
  const rows = modes.length * examplesPerMode;
  const values = new Uint8Array(rows * pixels);
  for (let row = 0; row < rows; row++) {
    const isOn = modes[Math.floor(row / examplesPerMode)];
    sampleBernoulliRow(address, row, pixels, probabilities, 0, flips, 0);
    for (let pixel = 0; pixel < pixels; pixel++) values[row * pixels + pixel] = isOn(pixel % side) ^ getUnit(flips, 0, pixel);
  }
  return values;
}

/** The source `four-modes`: 4 · examplesPerMode rows of 16 pixels. */
export const fourModesSource: DataSource = {
  name,
  summary: '4×4 pictures that are empty, full, or on in the left or right half, with random flips; drawn from the data’s seed',
  keys: [
    {
      name: 'examplesPerMode',
      meaning: 'rows of each of the four modes',
      type: { kind: 'integer', minimum: 1, maximum: 1_000_000 },
      default: 2500,
      onlyWith,
    },
    {
      name: 'flipProbability',
      meaning: 'probability that a pixel is flipped; .001, .01 and .1 are published',
      type: { kind: 'number', minimum: 0, maximum: 1 },
      required: true,
      onlyWith,
    },
  ],
  async load(config) {
    const values = fourModes(config.seed, config.examplesPerMode as number, config.flipProbability as number);
    return { name, label: name, rows: values.length / pixels, columns: pixels, values, scale: 1, shape: [side, side], place: placeInRows(name) };
  },
};
