/**
 * The labelled shifter ensemble: a pattern, the same pattern shifted around by one place to the left, not at all or to
 * the right, and three units that say which.
 *
 * Columns: width units of the pattern, width units of the shifted pattern, then left, none, right. Order: patterns
 * p = 0 … 2^width − 1, whose unit i is bit i of p, and for each left, none, right. All rows differ.
 */

import { placeInRows, type DataSource } from './dataset.js';

const name = 'labelled-shifter';
const onlyWith = { key: 'source', values: [name] };
const shifts = 3;

/** All rows of the ensemble, row-major bytes of 0 and 1. */
function labelledShifter(width: number): Uint8Array {
  const columns = 2 * width + shifts;
  const values = new Uint8Array((1 << width) * shifts * columns);
  let start = 0;
  for (let pattern = 0; pattern < 1 << width; pattern++) {
    for (let shift = 0; shift < shifts; shift++) {
      for (let unit = 0; unit < width; unit++) {
        // A shift to the left brings the right neighbour's value to each unit.
        const origin = (unit + 1 - shift + width) % width;
        values[start + unit] = (pattern >>> unit) & 1;
        values[start + width + unit] = (pattern >>> origin) & 1;
      }
      values[start + 2 * width + shift] = 1;
      start += columns;
    }
  }
  return values;
}

/** The source `labelled-shifter`: 3 · 2^width rows of 2 · width + 3 units. */
export const labelledShifterSource: DataSource = {
  name,
  summary: 'a pattern, its periodic shift by one to the left, none or to the right, and three label units; 3·2^width rows',
  keys: [
    { name: 'width', meaning: 'units of the pattern', type: { kind: 'integer', minimum: 1, maximum: 20 }, default: 8, onlyWith },
  ],
  async load(config) {
    const width = config.width as number;
    const values = labelledShifter(width);
    const columns = 2 * width + shifts;
    const label = `${name} ${width}+${width}+${shifts}`;
    return { name: label, label, rows: values.length / columns, columns, values, scale: 1, place: placeInRows(label) };
  },
};
