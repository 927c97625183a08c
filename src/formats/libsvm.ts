/**
 * The sparse text format of libsvm: `label index:value index:value …`, one row a line, indices from 1, ascending.
 *
 * Labels are checked to be numbers and dropped; a line may also leave its label out. What is not named is 0. The rows
 * are handed out dense, and refused where that would take far more memory than the file.
 */

import { printable, RbmError } from '../errors.js';
import { isMissingMark, parseDecimal, whyNotDecimal } from './decimal.js';
import type { NumberTable } from './delimited-text.js';

const lineLimit = 1 << 28;
const alwaysAllowedCells = 1 << 26;
const neverExceededCells = 2 ** 31;
const cellsPerByte = 1024;
const expected = 'A line is `label index:value index:value …` with whole indices from 1 in ascending order.';

/** Whether a line of text looks like a row of this format (an `index:value` in it). */
export function looksLikeLibsvm(line: string): boolean {
  return /(^|[ \t])\d+:[+-]?[\d.]/.test(line);
}

/** The first of the labels between commas that is no number; one by one: there may be more than an array should hold. */
function wrongLabel(token: string): string | undefined {
  for (const [label] of token.matchAll(/(?<=^|,)[^,]*/g)) if (parseDecimal(label) === undefined) return label;
  return undefined;
}

/**
 * Decodes a libsvm file to dense rows.
 *
 * @param name the file, for messages
 * @param columns number of columns; the largest index where left out
 * @param missing whether `index:nan` (or `NA`, `?`, nothing) is a missing value, NaN in the table
 * @throws RbmError 'data' with file:line:column where a token is wrong; where the dense table would be too large
 */
export function readLibsvm(bytes: Uint8Array, name: string, columns?: number, missing = false): NumberTable {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // An entry takes at least a blank, a digit, a colon and a digit.
  const capacity = Math.ceil(bytes.length / 4);
  const entryColumns = new Uint32Array(capacity);
  const entryValues = new Float64Array(capacity);
  // A row takes at least a digit and a line break. An array of numbers would not hold as many rows as a file.
  const rowEnds = new Uint32Array(Math.ceil(bytes.length / 2) + 1);
  const lines = new Uint32Array(rowEnds.length);
  let rows = 0;
  let count = 0;
  let largest = 0;
  let onlyBytes = true;

  let line = 0;
  for (let start = 0; start < bytes.length; ) {
    line++;
    const found = text.indexOf(0x0a, start);
    const end = found === -1 ? bytes.length : found;
    const fail = (column: number, message: string, hint = expected) =>
      new RbmError('data', `${printable(name)}:${line}:${column}: ${message}`, { hint });
    if (end - start > lineLimit) throw fail(1, `the line has ${end - start} bytes; at most ${lineLimit} are read`);
    const content = text.toString('latin1', start, end).replace(/#.*$|\r$/s, '');
    start = end + 1;

    let previous = 0;
    let isFirst = true;
    for (const match of content.matchAll(/[^ \t\r]+/g)) {
      const [token] = match;
      const column = match.index + 1;
      const colon = token.indexOf(':');
      if (isFirst && colon === -1) {
        isFirst = false;
        const wrong = wrongLabel(token);
        if (wrong !== undefined) throw fail(column, `the label ${whyNotDecimal(wrong)}`);
        continue;
      }
      isFirst = false;
      if (colon === -1) throw fail(column, `'${printable(token, 40)}' is not index:value`);
      const indexText = token.slice(0, colon);
      if (!/^\d{1,10}$/.test(indexText)) throw fail(column, `the index '${printable(indexText, 40)}' is not a whole number`);
      const index = Number(indexText);
      if (index === 0) throw fail(column, 'the index is 0; indices count from 1', 'Add 1 to every index of the file.');
      if (index <= previous) {
        throw fail(column, `the index ${index} follows ${previous}; indices must ascend within a line`);
      }
      if (index > 0xffffffff || (columns !== undefined && index > columns)) {
        throw fail(column, `the index ${index} is beyond the last column, ${columns ?? 0xffffffff}`, 'Set data.columns to the number of columns.');
      }
      const valueText = token.slice(colon + 1);
      const value = missing && isMissingMark(valueText) ? NaN : parseDecimal(valueText);
      if (value === undefined) throw fail(column + colon + 1, whyNotDecimal(valueText));
      previous = index;
      if (index > largest) largest = index;
      if (!(value >= 0 && value <= 255 && Number.isInteger(value))) onlyBytes = false;
      entryColumns[count] = index - 1;
      entryValues[count] = value;
      count++;
    }
    if (isFirst) continue;
    lines[rows] = line;
    rowEnds[rows] = count;
    rows++;
  }

  const width = columns ?? largest;
  const file = printable(name);
  if (rows === 0) throw new RbmError('data', `${file}: holds no row`, { hint: expected });
  if (width === 0) throw new RbmError('data', `${file}: names no index, so the number of columns is unknown`, { hint: 'Set data.columns.' });
  const cells = rows * width;
  if (cells > Math.min(neverExceededCells, Math.max(alwaysAllowedCells, cellsPerByte * bytes.length))) {
    throw new RbmError('data', `${file}: ${rows} rows × ${width} columns are too many for a file of ${bytes.length} bytes`, {
      hint: 'Check for a mistaken large index; very sparse data of this size need fewer columns.',
    });
  }
  const values = onlyBytes ? new Uint8Array(cells) : new Float64Array(cells);
  for (let row = 0, entry = 0; row < rows; row++) {
    for (; entry < rowEnds[row]; entry++) values[row * width + entryColumns[entry]] = entryValues[entry];
  }
  return { rows, columns: width, values, lineOfRow: (row) => lines[row] };
}
