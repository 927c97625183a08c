/** Files of data in the binary formats, packed or not, up to the states that training takes. */

import { writeFileSync } from 'node:fs';

import { parseConfig } from '../../../dist/config/index.js';
import { loadDataset } from '../../../dist/datasets/index.js';
import { configKeys } from '../../../dist/run/config-schema.js';
import { pathOf } from './folder.js';
import { gzipped, sealGzip } from './gzip.js';
import { idxFile } from './idx.js';
import { npyOf } from './npy.js';
import { sealZip, zipFile } from './npz.js';

const name = 'data\u001b[2J.bin';

/** @type {import('./index.js').Target} */
export const dataFile = {
  name: 'data-file',
  cost: 4,
  // Of several arrays, the config has to say which.
  codes: ['data', 'usage'],
  generate(draw) {
    const shape = draw.pick([[draw.integer(1, 5), draw.integer(1, 5)], [draw.integer(1, 4), draw.integer(1, 3), draw.integer(1, 3)]]);
    const values = draw.numbers(shape.reduce((a, b) => a * b), 0, 1);
    const kind = draw.pick(['npy', 'npz', 'idx']);
    const contents = {
      npy: () => npyOf(draw, shape, values),
      npz: () => zipFile(draw, { 'x.npy': npyOf(draw, shape, values) }),
      idx: () => idxFile(draw, shape, values.map((value) => 255 * value), 8).bytes,
    };
    const bytes = contents[kind]();
    const [rows, ...sides] = shape;
    return { bytes: draw.chance(0.4) ? gzipped(draw, bytes) : bytes, expected: { rows, columns: sides.reduce((a, b) => a * b), values } };
  },
  async run(bytes) {
    writeFileSync(pathOf(name), bytes);
    const text = JSON.stringify({ data: { source: 'file', path: pathOf(name) }, model: { hiddenUnits: 1 }, training: { algorithm: 'cd', updates: 1 } });
    const { config } = parseConfig(configKeys, { text, file: 'config.json', directory: pathOf(''), workingDirectory: pathOf('') });
    const { splits, columns } = await loadDataset({ ...config.data, seed: config.seed });
    const { rows, states } = splits.train;
    return { rows, columns, states };
  },
  check({ rows, columns, states }, _bytes, expected) {
    if (!(rows > 0 && columns > 0)) return `has ${rows} rows and ${columns} columns`;
    if (expected === undefined) return undefined;
    if (rows !== expected.rows || columns !== expected.columns) return `has ${rows} rows and ${columns} columns instead of ${expected.rows} and ${expected.columns}`;
    const { words } = states;
    const perRow = words.length / rows;
    const wrong = expected.values.findIndex((value, index) => {
      const [row, column] = [Math.floor(index / columns), index % columns];
      return ((words[row * perRow + (column >>> 5)] >>> (column & 31)) & 1) !== value;
    });
    return wrong < 0 ? undefined : `has another state at ${wrong}`;
  },
  seal: (bytes) => (bytes[0] === 0x1f ? sealGzip(bytes) : sealZip(bytes)),
  memory: (bytes) => 3 * 1032 * bytes.length + (8 << 20),
};
