/**
 * Categorical values: every column of the source is a variable, and each of its values a unit; of the units of a group
 * exactly one is 1.
 *
 * The values are whole numbers or words. Units stand in the order of the columns, within a column numbers ascending,
 * then words in code-point order, of all rows of the source: the order does not depend on how the rows are divided. A
 * split with a file of its own can have no other values.
 */

import type { DataConfig } from '../config/run-config.js';
import { printable, RbmError } from '../errors.js';
import { createBinaryMatrix, setUnit } from '../kernels/binary-matrix.js';
import { addressLimits } from '../kernels/random-address.js';
import { configError, type CategoricalColumn, type LoadContext, type RawExamples } from './dataset.js';
import { checkStatesFit, notFiniteError, refuseBinaryKeys, type Encoding, type ValueKind } from './encoding.js';

const { isFinite, isInteger, isNaN } = Number;

type Category = number | string;

/** Different values of one column: fewer than V8 keeps in a Set. */
const categoryLimit = 10_000_000;

/** Categories that a message names. */
const namedCategories = 20;

/** The value of a cell: a word, or a number as it stands in the source; undefined where it is missing. */
function categoryAt({ values, words }: RawExamples, index: number): Category | undefined {
  const code = words === undefined ? 0 : words.codes[index];
  if (words !== undefined && code > 0) return words.list[code - 1];
  // Without the sign of −0.
  return isNaN(values[index]) ? undefined : values[index] + 0;
}

/** Numbers before words, numbers by size, words by code point (as their UTF-8 bytes). */
function compareCategories(one: Category, other: Category): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  if (typeof one === 'string' && typeof other === 'string') return Buffer.compare(Buffer.from(one), Buffer.from(other));
  return typeof one === 'number' ? -1 : 1;
}

function tooManyCategories(raw: RawExamples, what: string): RbmError {
  return new RbmError('data', `${raw.label}: there are too many different values: ${what}`, {
    hint: 'Check that no column is a number or a name of its row.',
  });
}

/** The different values of every column, in order. */
function categoriesOf(raw: RawExamples): Category[][] {
  const { rows, columns } = raw;
  return Array.from({ length: columns }, (_, column) => {
    const found = new Set<Category>();
    for (let row = 0; row < rows; row++) {
      const category = categoryAt(raw, row * columns + column);
      if (category === undefined) continue;
      found.add(category);
      if (found.size > categoryLimit) throw tooManyCategories(raw, `column ${column + 1} has more than ${categoryLimit}`);
    }
    return [...found].toSorted(compareCategories);
  });
}

function nameOf(raw: RawExamples, column: number): string | number {
  return raw.columnNames?.[column] ?? column + 1;
}

function unknownCategory(raw: RawExamples, row: number, column: number, category: Category, known: CategoricalColumn): RbmError {
  const { values } = known;
  const named = printable(values.slice(0, namedCategories).join(', '), 400) + (values.length > namedCategories ? ', …' : '');
  const place = raw.place(row, column);
  return new RbmError('data', `${place}: the value '${printable(String(category), 40)}' does not occur in the training file`, {
    hint: `Known values of column ${printable(String(known.column), 40)} are: ${named}.`,
  });
}

function notesOn(categories: readonly CategoricalColumn[]): string[] {
  const constant = categories.filter(({ values }) => values.length === 1).map(({ column }) => column);
  if (constant.length === 0) return [];
  const named = constant.slice(0, namedCategories).join(', ') + (constant.length > namedCategories ? ', …' : '');
  return [`One value only, and so a single unit that is always 1, in ${constant.length === 1 ? 'column' : 'columns'} ${named}.`];
}

function prepare(raw: RawExamples): Encoding {
  const { columns } = raw;
  const found = categoriesOf(raw);
  const units = found.reduce((sum, list) => sum + list.length, 0);
  if (units > addressLimits.units) {
    throw tooManyCategories(raw, `its ${columns} columns have ${units} in all; at most ${addressLimits.units} are possible`);
  }
  return encodingOf(found.map((list, column) => ({ column: nameOf(raw, column), values: list.map(String) })));
}

/** The encoding by these categories of every column: numbers are known by their shortest text. */
function encodingOf(categories: readonly CategoricalColumn[]): Encoding {
  const columns = categories.length;
  const groups = new Uint32Array(columns + 1);
  for (let column = 0; column < columns; column++) groups[column + 1] = groups[column] + categories[column].values.length;
  const units = groups[columns];
  const unitOf = categories.map(({ values }, column) => new Map(values.map((value, index) => [value, groups[column] + index])));
  return {
    layer: { kind: 'categorical', groups },
    units,
    categories,
    notes: notesOn(categories),
    encode(source, rowIndices) {
      checkStatesFit(source, `categorical values (${units} units)`, 4 * rowIndices.length * Math.ceil(units / 32));
      const states = createBinaryMatrix(rowIndices.length, units);
      for (let target = 0; target < rowIndices.length; target++) {
        const row = rowIndices[target];
        for (let column = 0; column < columns; column++) {
          const category = categoryAt(source, row * columns + column);
          if (category === undefined) continue;
          const unit = unitOf[column].get(String(category));
          if (unit === undefined) throw unknownCategory(source, row, column, category, categories[column]);
          setUnit(states, target, unit);
        }
      }
      return states;
    },
  };
}

function checkConfig(config: DataConfig, context: LoadContext): void {
  refuseBinaryKeys(config, context);
  for (const key of ['scale', 'shape']) {
    if (config[key] === undefined) continue;
    throw configError(context, `data.${key}`, 'does not go with data.values categorical', 'Leave it out: categories are no quantities or pixels.');
  }
}

/** The kind `categorical`. */
export const categoricalValues: ValueKind = {
  name: 'categorical',
  summary: 'whole numbers or (in text) words, one group of units a column, one unit a value',
  checkConfig,
  checkValues(raw, { missing }) {
    const { values, columns } = raw;
    if (values.BYTES_PER_ELEMENT === 1) return;
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (isInteger(value) || (missing === 'nan' && isNaN(value))) continue;
      const row = Math.floor(index / columns);
      if (!isFinite(value)) throw notFiniteError(raw, row, index % columns, value);
      throw new RbmError('data', `${raw.place(row, index % columns)}: the value ${value} is not a whole number`, {
        hint: 'Categories are whole numbers or words; for quantities set data.values: real.',
      });
    }
  },
  prepare,
  resume: (_, { categories = [] }) => encodingOf(categories),
};
