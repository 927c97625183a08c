/**
 * Bars-and-stripes: pictures whose rows are each all on or all off (stripes), or whose columns are (bars).
 *
 * Order: the stripes s = 0 … 2^height − 1, whose row i is on where bit i of s is, then the bars in the same way. The
 * empty and the full picture are both bars and stripes: with duplicates they stand in both halves, without them only
 * among the stripes.
 */

import { configError, placeInRows, type DataSource } from './dataset.js';

const name = 'bars-and-stripes';
const onlyWith = { key: 'source', values: [name] };
const cellLimit = 1 << 28;

/** All pictures, row-major bytes of 0 and 1. */
function barsAndStripes(height: number, width: number, keepDuplicates: boolean): Uint8Array {
  const pixels = height * width;
  const stripes = 1 << height;
  const bars = 1 << width;
  const firstBar = keepDuplicates ? 0 : 1;
  const lastBar = keepDuplicates ? bars - 1 : bars - 2;
  const values = new Uint8Array((stripes + lastBar - firstBar + 1) * pixels);
  let target = 0;
  for (let stripe = 0; stripe < stripes; stripe++) {
    for (let pixel = 0; pixel < pixels; pixel++) values[target++] = (stripe >>> Math.floor(pixel / width)) & 1;
  }
  for (let bar = firstBar; bar <= lastBar; bar++) {
    for (let pixel = 0; pixel < pixels; pixel++) values[target++] = (bar >>> (pixel % width)) & 1;
  }
  return values;
}

/** The source `bars-and-stripes`: 2^height + 2^width rows, two fewer without duplicates. */
export const barsAndStripesSource: DataSource = {
  name,
  summary: 'all pictures of horizontal stripes and of vertical bars, 2^height + 2^width rows',
  keys: [
    { name: 'height', meaning: 'height of the pictures', type: { kind: 'integer', minimum: 1, maximum: 24 }, default: 4, onlyWith },
    { name: 'width', meaning: 'width of the pictures', type: { kind: 'integer', minimum: 1, maximum: 24 }, default: 4, onlyWith },
    {
      name: 'duplicates',
      meaning: 'what happens to the empty and the full picture, which are both bars and stripes',
      type: {
        kind: 'choice',
        values: ['keep', 'remove'],
        meanings: ['they stand in the data twice', 'they stand in the data once'],
      },
      default: 'keep',
      onlyWith,
    },
  ],
  async load(config, context) {
    const height = config.height as number;
    const width = config.width as number;
    if ((2 ** height + 2 ** width) * height * width > cellLimit) {
      const key = height > width ? 'data.height' : 'data.width';
      throw configError(context, key, `${height} × ${width} gives ${2 ** height + 2 ** width} rows, too many to hold`, 'Sides up to 18 are fine.');
    }
    const values = barsAndStripes(height, width, config.duplicates === 'keep');
    const label = `${name} ${height}×${width}`;
    const columns = height * width;
    return { name: label, label, rows: values.length / columns, columns, values, scale: 1, shape: [height, width], place: placeInRows(label) };
  },
};
