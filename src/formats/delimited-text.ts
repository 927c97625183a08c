/**
 * Tables as text: one row a line, separated by blanks, commas or semicolons (.amat, .csv, .txt, .data).
 *
 * Blank lines and comments from `#` to the end of the line are skipped. The first row decides the separator and the
 * number of columns; a row that differs is an error, never padded or cut. Values that are all whole numbers from 0 to
 * 255 are kept as bytes.
 *
 * Fields are numbers. Where the caller asks for it, they may also be missing, or words: in double quotes (a quote within
 * is doubled) or as they stand, without the blanks around them. A quoted number is a number, a quoted `NA` is a word.
 */

import { printable, RbmError } from '../errors.js';
import { isMissingMark, parseDecimal, whyNotDecimal } from './decimal.js';

/** The words of a table. */
export interface Words {
  /** The different ones, in order of appearance. */
  readonly list: readonly string[];
  /** rows × columns, row-major: 1 + index into `list`; 0 for a number or a missing value. */
  readonly codes: Uint32Array;
}

/** A table as it stood in the file. */
export interface NumberTable {
  readonly rows: number;
  readonly columns: number;
  /** rows × columns, row-major; NaN where a value is missing, 0 where it is a word. */
  readonly values: Uint8Array | Float64Array;
  /** Absent where there is none. */
  readonly words?: Words;
  /** Names of the columns, where a line of as many names stood above the first row. */
  readonly columnNames?: readonly string[];
  /** Whether a first line was taken for the names of the columns without being told to. */
  readonly hasGuessedHeader?: boolean;
  /** Line of a row in the file, from 1. */
  lineOfRow(row: number): number;
}

/** What a table may hold. */
export interface TextOptions {
  /** Whether a first line without any number is taken for the names of the columns; `always`: the first line, whatever it is. */
  readonly header: boolean | 'always';
  /** Whether values may be missing: nothing between separators, `?`, `NA` or `nan`. */
  readonly missing?: boolean;
  /** Whether fields may be words. */
  readonly words?: boolean;
}

const { isInteger } = Number;

/** Characters. */
const fieldLimit = 1000;

/** Different words: more than V8 keeps in a Map are no categories. */
const wordLimit = 10_000_000;

const tab = 0x09;
const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const quote = 0x22;
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

/** Index of the quote that closes the one at `start`; undefined where the line ends before it. */
function closingQuote(bytes: Uint8Array, start: number): number | undefined {
  for (let position = start + 1; position < bytes.length; position++) {
    const byte = bytes[position];
    if (byte === newline || byte === carriageReturn) return undefined;
    if (byte !== quote) continue;
    if (bytes[position + 1] !== quote) return position;
    position++;
  }
  return undefined;
}

/** The separator that a row uses: `;`, else `,`, else blanks (0). What stands in quotes does not count where there are words. */
function detectSeparator(bytes: Uint8Array, start: number, end: number, words: boolean): number {
  let separator = 0;
  // Byte by byte: a line may be longer than a string can be.
  for (let position = start; position < end; position++) {
    const byte = bytes[position];
    if (byte === hash) break;
    if (byte === semicolon) return semicolon;
    if (byte === comma) separator = comma;
    if (words && byte === quote) {
      const close = bytes.indexOf(quote, position + 1);
      if (close !== -1 && close < end) position = close;
    }
  }
  return separator;
}

function unquoted(field: string): string {
  const trimmed = field.trim();
  return /^".*"$/s.test(trimmed) ? trimmed.slice(1, -1).replaceAll('""', '"') : trimmed;
}

/** Whether no field of a line is a number, so that it names the columns; nor a mark of a missing value, where those count. */
function isHeader(line: string, missing: boolean): boolean {
  const fields = line.split(/[;,\t ]+/).map(unquoted);
  if (missing && (fields.every((field) => field === '') || fields.some((field) => field !== '' && isMissingMark(field)))) return false;
  return fields.every((field) => parseDecimal(field) === undefined);
}

/** The names in a header; undefined where they are not as many as the columns. */
function namesIn(header: string | undefined, separator: number, columns: number): string[] | undefined {
  if (header === undefined) return undefined;
  const field = separator === 0 ? /"(?:[^"]|"")*"|[^ \t]+/g : new RegExp(`(?:^|${String.fromCharCode(separator)})("(?:[^"]|"")*"|[^${String.fromCharCode(separator)}]*)`, 'g');
  const names = Array.from(header.trim().matchAll(field), (match) => unquoted(match[1] ?? match[0]));
  return names.length === columns ? names : undefined;
}

/**
 * Decodes a table.
 *
 * @param name the file, for messages
 * @throws RbmError 'data' with file:line:column where a field is not a finite number (nor what `options` allow beside
 *   it) or a row has another length
 */
export function readDelimitedText(bytes: Uint8Array, name: string, options: TextOptions): NumberTable {
  const { missing: allowsMissing = false, words: allowsWords = false } = options;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = bytes;
  let position = length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let line = 1;
  let lineStart = position;
  let rows = 0;
  let columns = 0;
  let count = 0;
  let separator = 0;
  let mayBeHeader = options.header !== false;
  let header: string | undefined;
  // A value takes at least a digit and a separator; a missing one only the separator, or the end of the file.
  const capacity = allowsMissing ? length - position + 1 : Math.ceil((length - position) / 2);
  // Bytes until the first value that is none.
  let small = new Uint8Array(capacity);
  let real: Float64Array | undefined;
  // A row takes at least a value and a line break. An array of numbers would not hold as many rows as a file.
  const lines = new Uint32Array(Math.ceil(length / 2) + 1);
  const codeOfWord = new Map<string, number>();
  let codes: Uint32Array | undefined;
  const endsField = new Uint8Array(256);
  for (const byte of [tab, newline, carriageReturn, space, hash]) endsField[byte] = 1;

  const fail = (at: number, message: string, hint?: string) =>
    new RbmError('data', `${printable(name)}:${line}:${at - lineStart + 1}: ${message}`, { hint });
  const things = allowsWords ? 'number or word' : 'number';
  const missingHint = `Every row needs a ${things} in every column; separators are blanks, commas or semicolons. Set data.missing: nan where values may be missing.`;

  /** Notes that the next cell is this word. */
  const addWord = (word: string, start: number): number => {
    if (word.includes('\ufffd')) throw fail(start, 'this word is not text in UTF-8', 'Save the file as UTF-8.');
    let code = codeOfWord.get(word);
    if (code === undefined) {
      if (codeOfWord.size === wordLimit) {
        throw fail(start, `there are more than ${wordLimit} different words`, 'Check that no column is a name of its row.');
      }
      code = codeOfWord.size + 1;
      codeOfWord.set(word, code);
    }
    codes ??= new Uint32Array(capacity);
    codes[count] = code;
    return 0;
  };

  const parseField = (start: number, end: number): number => {
    if (end === start) {
      if (allowsMissing) return NaN;
      throw fail(start, 'a value is missing between separators', missingHint);
    }
    // A longer field is no value worth reading; messages show the start of it.
    const isTooLong = end - start > fieldLimit;
    const field = text.toString('latin1', start, isTooLong ? start + fieldLimit : end);
    const value = isTooLong ? undefined : parseDecimal(field);
    if (value !== undefined) return value;
    if (isMissingMark(field)) {
      if (allowsMissing) return NaN;
      if (allowsWords) throw fail(start, `'${field}' is a missing value`, 'Set data.missing: nan, or put it in double quotes if it is a category.');
    }
    if (allowsWords && !isTooLong) return addWord(text.toString('utf8', start, end), start);
    throw fail(
      start,
      whyNotDecimal(field),
      allowsWords
        ? `Words have at most ${fieldLimit} characters.`
        : `Data files hold numbers only, one row a line; lines that start with # are skipped.${isMissingMark(field) ? ' Set data.missing: nan where values may be missing.' : ''}`,
    );
  };

  /** Reads a field in quotes; returns its value and the index after it. */
  const parseQuoted = (start: number): [value: number, end: number] => {
    const close = closingQuote(bytes, start);
    if (close === undefined) throw fail(start, 'the quote is not closed in this line', 'A quote within a quoted word is written twice.');
    const next = bytes[close + 1];
    if (close + 1 < length && endsField[next] === 0 && next !== space && next !== tab) {
      throw fail(close + 1, 'a value goes on after its closing quote', 'A quote within a quoted word is written twice.');
    }
    if (close - start > fieldLimit) throw fail(start, `this word has more than ${fieldLimit} characters`, 'Use shorter names for the categories.');
    const word = text.toString('utf8', start + 1, close).replaceAll('""', '"');
    return [parseDecimal(word) ?? addWord(word, start), close + 1];
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
      const start = text.toString('utf8', position, Math.min(end, position + (1 << 20)));
      if (mayBeHeader && (options.header === 'always' || isHeader(start, allowsMissing))) {
        mayBeHeader = false;
        header = start;
        position = afterLineBreak(bytes, end);
        line++;
        continue;
      }
      separator = detectSeparator(bytes, position, end, allowsWords);
      endsField[separator === 0 ? space : separator] = 1;
      // Words may have blanks within where something else separates them.
      if (allowsWords && separator !== 0) endsField[space] = endsField[tab] = 0;
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
      } else if (allowsWords && bytes[position] === quote) {
        [value, position] = parseQuoted(position);
      } else {
        let end = position;
        while (end < length && endsField[bytes[end]] === 0) end++;
        const next = end;
        while (end > position && (bytes[end - 1] === space || bytes[end - 1] === tab)) end--;
        value = parseField(position, end);
        position = next;
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
    lines[rows] = line;
    rows++;
    position = afterLineBreak(bytes, endOfLine(bytes, position));
    line++;
  }
  if (rows === 0) throw new RbmError('data', `${printable(name)}: holds no row of numbers`, { hint: 'Give one row of numbers a line.' });
  return {
    rows,
    columns,
    // Not a copy: what was never written of the rest takes no memory.
    values: (real ?? small).subarray(0, count),
    words: codes && { list: [...codeOfWord.keys()], codes: codes.subarray(0, count) },
    columnNames: namesIn(header, separator, columns),
    hasGuessedHeader: header !== undefined && options.header !== 'always',
    lineOfRow: (row) => lines[row],
  };
}
