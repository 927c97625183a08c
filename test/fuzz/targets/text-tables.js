/** Tables of text: separated by blanks, commas or semicolons, with and without words and missing values; libsvm. */

import { readDelimitedText } from '../../../dist/formats/delimited-text.js';
import { readLibsvm } from '../../../dist/formats/libsvm.js';
import { hostileTexts } from '../draw.js';
import { hostileName } from './checks.js';

const badFields = ['nan', 'inf', '-inf', '1e999', '0x10', '1_000', '1,5', '"', '""', '"a', 'NA', '?', '', '١', '1e5', '-0', '.5', '5.', '1'.repeat(2000), ...hostileTexts];

/** A table, and the numbers in it: NaN for what is missing, a text for a word. */
function table(draw, options) {
  const [rows, columns] = [draw.integer(1, 5), draw.integer(1, 5)];
  const separator = draw.pick(['\t', ' ', ',', ';', ', ']);
  const lineEnd = draw.pick(['\n', '\r\n', '\r']);
  const isBlank = separator.trim() === '';
  const cells = Array.from({ length: rows * columns }, () => {
    if (options.words && draw.chance(0.2)) return draw.pick(['red', 'grün', 'a"b', 'x', 'two words', 'NA']);
    if (options.missing && draw.chance(0.1)) return NaN;
    return draw.pick([0, 1, 2, 255, 256, -1, 0.5, 1e-3, 1e21, draw.integer(-1000, 1000) / 8]);
  });
  const field = (cell) => draw.lie(typeof cell === 'string' ? `"${cell.replaceAll('"', '""')}"` : Number.isNaN(cell) ? draw.pick(isBlank || columns === 1 ? ['?', 'NA', 'nan'] : ['', '?', 'NaN']) : String(cell), badFields);
  const lines = Array.from({ length: rows }, (_, row) => draw.list(cells.slice(row * columns, (row + 1) * columns)).map(field).join(separator));
  const withComments = lines.flatMap((line) => (draw.chance(0.2) ? [draw.pick(['# a comment', '']), `${line} # so`] : [line]));
  const text = (draw.chance(0.2) ? '\ufeff' : '') + draw.list(withComments).join(draw.lie(lineEnd, ['\r', '\n\r', '\u2028'])) + (draw.chance(0.8) ? lineEnd : '');
  return { bytes: Buffer.from(text), expected: { rows, columns, cells } };
}

/** Why a table contradicts itself, or is not what was written. */
function faultOfTable({ rows, columns, values, words, lineOfRow }, bytes, expected, missing) {
  if (values.length !== rows * columns) return `has ${values.length} values in ${rows} × ${columns}`;
  if (rows * columns > 1_000_000) return undefined;
  const lineCount = bytes.toString('latin1').split(/\r\n|\n|\r/).length;
  for (let row = 0; row < rows; row++) {
    const line = lineOfRow(row);
    if (!(line >= 1 && line <= lineCount && (row === 0 || line > lineOfRow(row - 1)))) return `has row ${row} in line ${line} of ${lineCount}`;
  }
  const bad = [...values].findIndex((value) => !(Number.isFinite(value) || (missing && Number.isNaN(value))));
  if (bad >= 0) return `has ${values[bad]} at ${bad}`;
  if (expected === undefined) return undefined;
  if (rows !== expected.rows || columns !== expected.columns) return `has ${rows} × ${columns} values instead of ${expected.rows} × ${expected.columns}`;
  const wrong = expected.cells.findIndex((cell, index) => !Object.is(typeof cell === 'string' ? words?.list[words.codes[index] - 1] : values[index], cell));
  return wrong < 0 ? undefined : `has ${values[wrong]} at ${wrong} instead of ${expected.cells[wrong]}`;
}

/** Runs a reader; its errors name a line and a column that the text has. */
function located(bytes, read) {
  try {
    return read();
  } catch (error) {
    const [, line, column] = /:(\d+):(\d+): /.exec(error?.message) ?? [];
    const lines = bytes.toString('latin1').split(/\r\n|\n|\r/);
    // A line break that belongs to the line before.
    if (line !== undefined && !(line >= 1 && line <= lines.length && column >= 1 && column <= lines[line - 1].length + 2)) {
      throw new Error(`names line ${line}, column ${column}, which the text has not: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

function textTarget(name, options) {
  return {
    name,
    generate: (draw) => table(draw, options),
    run: (bytes) => located(bytes, () => readDelimitedText(bytes, hostileName, options)),
    check: (value, bytes, expected) => faultOfTable(value, bytes, expected, options.missing === true),
  };
}

/** @type {import('./index.js').Target} */
export const numberText = textTarget('text', { header: false });

/** @type {import('./index.js').Target} */
export const wordText = textTarget('text-words', { header: false, missing: true, words: true });

/** @type {import('./index.js').Target} */
export const headedText = {
  ...textTarget('text-header', { header: true }),
  generate: (draw) => ({ bytes: Buffer.concat([Buffer.from(draw.lie('a,"b ""c""",d\n', ['""\n', '"\n', `${'"'.repeat(3001)}\n`, '#\n', ',,\n', '\u001b[2J;x\n'])), table(draw, {}).bytes]) }),
};

/** @type {import('./index.js').Target} */
export const libsvm = {
  name: 'libsvm',
  generate(draw) {
    const [rows, columns] = [draw.integer(1, 5), draw.integer(1, 6)];
    const cells = Array.from({ length: rows * columns }, (_, index) => (index === columns - 1 || draw.chance(0.5) ? draw.pick([1, 255, -1, 0.5, 1e-3, 256]) : 0));
    const lines = Array.from({ length: rows }, (_, row) => {
      const entries = cells.slice(row * columns, (row + 1) * columns).flatMap((cell, column) => {
        if (cell === 0) return [];
        return [`${draw.lie(String(column + 1), ['0', '-1', '1.5', '4294967296', '1152921504606846976', '', '1e1'])}:${draw.lie(String(cell), badFields)}`];
      });
      return [draw.lie(draw.pick(['1', '-1', '+1', '1,2', '0.5']), badFields), ...draw.list(entries)].join(draw.pick([' ', '\t', '  ']));
    });
    return { bytes: Buffer.from(draw.list(lines).join(draw.pick(['\n', '\r\n']))), expected: { rows, columns, cells } };
  },
  run: (bytes) => located(bytes, () => readLibsvm(bytes, hostileName)),
  check: (value, bytes, expected) => faultOfTable(value, bytes, expected, false),
  // A table of 2^26 cells is allowed to any file.
  memory: (bytes) => 8 * 2 ** 26 + 64 * bytes.length + (1 << 20),
};
