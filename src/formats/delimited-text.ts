/**
 * Tables of numbers as text: one row a line, separated by blanks, commas or semicolons (.amat, .csv, .txt, .data).
 *
 * Blank lines and comments from `#` to the end of the line are skipped. The first row decides the separator and the
 * number of columns; a row that differs is an error, never padded or cut. Values that are all whole numbers from 0 to
 * 255 are kept as bytes.
 */

import { printable, RbmError } from '../errors.js';
import { parseDecimal, whyNotDecimal } from './decimal.js';

/** A table as it stood in the file. */
export interface NumberTable {
  readonly rows: number;
  readonly columns: number;
  /** rows × columns, row-major. */
  readonly values: Uint8Array | Float64Array;
  /** Line of a row in the file, from 1. */
  lineOfRow(row: number): number;
}

const { isInteger } = Number;

/** Characters. */
const fieldLimit = 1000;

const tab = 0x09;
const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const hash = 0x23;
const comma = 0x2c;
const zero = 0x30;
const semicolon = 0x3b;

/** Index of the end of the line (of its `\n`, `\r` or the end of the file) from `position` on. */
function endOfLine(bytes: Uint8Array, position: number): number {
  while (position < bytes.length && bytes[position] !== newline && bytes[position] !== carriageReturn) position++;
  return position;
}

/** Index after the line break at `position`; `\r\n` is one. */
function afterLineBreak(bytes: Uint8Array, position: number): number {
  return bytes[position] === carriageReturn && bytes[position + 1] === newline ? position + 2 : position + 1;
}

function skipBlanks(bytes: Uint8Array, position: number): number {
  while (bytes[position] === space || bytes[position] === tab) position++;
  return position;
}

/** The separator that a row uses: `;`, else `,`, else blanks (0). */
function detectSeparator(bytes: Uint8Array, start: number, end: number): number {
  const line = bytes.subarray(start, end);
  const commentStart = line.indexOf(hash);
  const row = commentStart === -1 ? line : line.subarray(0, commentStart);
  if (row.includes(semicolon)) return semicolon;
  return row.includes(comma) ? comma : 0;
}

/** Whether no field of a line is a number, so that it names the columns. */
function isHeader(line: string): boolean {
  const fields = line.split(/[;,\t ]+/).map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
  return fields.every((field) => parseDecimal(field) === undefined);
}

/**
 * Decodes a table of numbers.
 *
 * @param name the file, for messages
 * @param options.header whether a first line without any number is taken for the names of the columns
 * @throws RbmError 'data' with file:line:column where a field is not a finite number or a row has another length
 */
export function readDelimitedText(bytes: Uint8Array, name: string, options: { header: boolean }): NumberTable {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = bytes;
  let position = length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let line = 1;
  let lineStart = position;
  let rows = 0;
  let columns = 0;
  let count = 0;
  let separator = 0;
  let mayBeHeader = options.header;
  // A value takes at least a digit and a separator. Bytes until the first value that is none.
  const capacity = Math.ceil((length - position) / 2);
  let small = new Uint8Array(capacity);
  let real: Float64Array | undefined;
  const lines: number[] = [];
  const endsField = new Uint8Array(256);
  for (const byte of [tab, newline, carriageReturn, space, hash]) endsField[byte] = 1;

  const fail = (at: number, message: string, hint?: string) =>
    new RbmError('data', `${printable(name)}:${line}:${at - lineStart + 1}: ${message}`, { hint });

  const parseField = (start: number, end: number): number => {
    if (end === start) {
      throw fail(start, 'a value is missing between separators', 'Every row needs a number in every column; separators are blanks, commas or semicolons.');
    }
    // A longer field is no number worth reading; messages show the start of it.
    const field = text.toString('latin1', start, Math.min(end, start + fieldLimit));
    const value = end - start > fieldLimit ? undefined : parseDecimal(field);
    if (value === undefined) {
      throw fail(start, whyNotDecimal(field), 'Data files hold numbers only, one row a line; lines that start with # are skipped.');
    }
    return value;
  };

  while (position < length) {
    lineStart = position;
    position = skipBlanks(bytes, position);
    const first = bytes[position];
    if (position >= length || first === newline || first === carriageReturn || first === hash) {
      position = afterLineBreak(bytes, endOfLine(bytes, position));
      line++;
      continue;
    }
    if (rows === 0) {
      const end = endOfLine(bytes, position);
      if (mayBeHeader && isHeader(text.toString('utf8', position, Math.min(end, position + (1 << 20))))) {
        mayBeHeader = false;
        position = afterLineBreak(bytes, end);
        line++;
        continue;
      }
      separator = detectSeparator(bytes, position, end);
      endsField[separator === 0 ? space : separator] = 1;
    }

    const rowStart = count;
    for (;;) {
      position = skipBlanks(bytes, position);
      if (rows > 0 && count - rowStart === columns) {
        throw fail(position, `row ${rows + 1} has more than the ${columns} values of the rows before it`, 'Every row must have the same number of values.');
      }
      const digit = bytes[position] - zero;
      let value: number;
      if (digit >= 0 && digit <= 9 && (position + 1 === length || endsField[bytes[position + 1]] === 1)) {
        value = digit;
        position++;
      } else {
        let end = position;
        while (end < length && endsField[bytes[end]] === 0) end++;
        value = parseField(position, end);
        position = end;
      }
      if (real === undefined && !(value >= 0 && value <= 255 && isInteger(value))) {
        real = new Float64Array(capacity);
        real.set(small.subarray(0, count));
        small = new Uint8Array(0);
      }
      if (real === undefined) small[count++] = value;
      else real[count++] = value;

      position = skipBlanks(bytes, position);
      const next = bytes[position];
      if (position >= length || next === newline || next === carriageReturn || next === hash) break;
      if (separator !== 0) {
        if (next !== separator) {
          throw fail(position, `expected '${String.fromCharCode(separator)}' before the next value`, 'The first row decides the separator: blanks, commas or semicolons.');
        }
        position++;
      }
    }
    if (rows === 0) {
      columns = count;
    } else if (count - rowStart !== columns) {
      throw fail(position, `row ${rows + 1} has ${count - rowStart} values where the rows before it have ${columns}`, 'Every row must have the same number of values.');
    }
    lines.push(line);
    rows++;
    position = afterLineBreak(bytes, endOfLine(bytes, position));
    line++;
  }
  if (rows === 0) throw new RbmError('data', `${printable(name)}: holds no row of numbers`, { hint: 'Give one row of numbers a line.' });
  // Not a copy: what was never written of the rest takes no memory.
  return { rows, columns, values: (real ?? small).subarray(0, count), lineOfRow: (row) => lines[row] };
}
