/**
 * Reads a file of the user as examples: IDX, npy, npz, text tables and libsvm, each of them also gzipped.
 *
 * Recognised by content first, then by name. Only regular files are read; a file whose format is not known is refused,
 * never guessed at as numbers.
 */

import { basename, extname } from 'node:path';

import type { DataConfig } from '../config/run-config.js';
import { printable, RbmError } from '../errors.js';
import { readWholeFile } from '../read-file.js';
import { readDelimitedText, type NumberTable } from '../formats/delimited-text.js';
import { gunzip, looksLikeGzip } from '../formats/gzip.js';
import { looksLikeIdx, readIdx } from '../formats/idx.js';
import { looksLikeLibsvm, readLibsvm } from '../formats/libsvm.js';
import { looksLikeNpy, readNpy } from '../formats/npy.js';
import { openNpz, type NpzArchive } from '../formats/npz.js';
import { looksLikeZip } from '../formats/zip.js';
import { configError, placeInRows, type LoadContext, type RawExamples } from './dataset.js';
import type { FileFormat } from './file.js';

const readable = 'Readable are IDX, .npy, .npz, text tables (.amat, .csv, .txt, .data) and libsvm, each also gzipped.';

/** Formats that users may well try, by their first bytes. */
const unreadable: readonly { format: string; start: readonly number[] }[] = [
  { format: 'a PNG picture', start: [0x89, 0x50, 0x4e, 0x47] },
  { format: 'an HDF5 file', start: [0x89, 0x48, 0x44, 0x46] },
  { format: 'a Parquet file', start: [0x50, 0x41, 0x52, 0x31] },
  { format: 'a Python pickle', start: [0x80] },
  { format: 'text in UTF-16', start: [0xff, 0xfe] },
  { format: 'text in UTF-16', start: [0xfe, 0xff] },
  { format: 'xz data', start: [0xfd, 0x37, 0x7a] },
  { format: 'bzip2 data', start: [0x42, 0x5a, 0x68] },
  { format: 'zstd data', start: [0x28, 0xb5, 0x2f, 0xfd] },
];

/** Reads a whole file and unpacks it where it is gzipped. */
function readBytes(path: string): Uint8Array {
  const fail = (message: string) => new RbmError('data', `${printable(path)}: ${message}`, { hint: readable });
  const hint = 'Paths in a config are relative to the folder of the config file.';
  const bytes = readWholeFile(path, { code: 'data', hint });
  if (bytes.length === 0) throw fail('is empty');
  const unpacked = looksLikeGzip(bytes) ? gunzip(bytes, path) : bytes;
  if (unpacked.length === 0) throw fail('is empty once unpacked');
  return unpacked;
}

/** The file's extension, of the unpacked file where it ends in `.gz`. */
function extensionOf(path: string): string {
  const lower = basename(path).toLowerCase();
  return extname(lower.endsWith('.gz') ? lower.slice(0, -'.gz'.length) : lower);
}

/** The first line of a text that is neither blank nor a comment. */
function firstDataLine(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1 << 16)).toString('latin1');
  return start.split(/\r?\n/).find((line) => /^[ \t]*[^# \t]/.test(line)) ?? '';
}

/** The format of a file whose config does not say. */
function recognise(bytes: Uint8Array, path: string): FileFormat {
  if (looksLikeNpy(bytes)) return 'npy';
  if (looksLikeZip(bytes)) return 'npz';
  const fail = (what: string) =>
    new RbmError('data', `${printable(path)}: ${what}`, { hint: `${readable} Convert the file, or set data.format if it is one of them.` });
  const known = unreadable.find(({ start }) => start.every((byte, index) => bytes[index] === byte));
  if (known !== undefined) throw fail(`is ${known.format}, which is not read`);
  if (looksLikeIdx(bytes)) return 'idx';
  if (bytes.subarray(0, 4096).includes(0)) throw fail('is of no known format');
  if (['.libsvm', '.svmlight', '.svm'].includes(extensionOf(path)) || looksLikeLibsvm(firstDataLine(bytes))) return 'libsvm';
  return 'text';
}

/**
 * Rows and columns of an array with two or more dimensions; pictures (rows × height × width) have a shape.
 *
 * @param array name of the array in brackets where the file has several, else empty
 */
function toExamples(
  path: string,
  array: string,
  shape: readonly number[],
  values: Uint8Array | Float64Array,
  scale: number,
): RawExamples {
  const label = printable(path + array);
  if (shape.length < 2) {
    throw new RbmError('data', `${label}: has ${shape.length} dimension(s), but rows × columns are needed`, {
      hint: 'Give an array of two dimensions, or of three for pictures (rows × height × width). Labels are not needed.',
    });
  }
  const [rows, ...rest] = shape;
  // Channels or other axes of length 1 don't make a picture anything else.
  const sides = rest.length === 2 ? rest : rest.filter((length) => length !== 1);
  return {
    name: printable(basename(path) + array),
    label,
    rows,
    columns: rest.reduce((product, length) => product * length, 1),
    values,
    scale,
    shape: sides.length === 2 ? [sides[0], sides[1]] : undefined,
    place: placeInRows(label),
  };
}

/** A table of text, whose cells are found by line. */
function tableToExamples(path: string, table: NumberTable, scale: number): RawExamples {
  const label = printable(path);
  const { rows, columns, values, words, columnNames } = table;
  const place = (row: number, column: number) => `${label}:${table.lineOfRow(row)}: row ${row + 1}, column ${column + 1}`;
  return { name: printable(basename(path)), label, rows, columns, values, scale, words, columnNames, place };
}

/** Whether every column has a word in some row, so that a first line of words need not be its names. */
function hasWordsInEveryColumn({ rows, columns, words }: NumberTable): boolean {
  if (words === undefined) return false;
  const hasWord = new Uint8Array(columns);
  for (let index = 0; index < rows * columns; index++) if (words.codes[index] > 0) hasWord[index % columns] = 1;
  return !hasWord.includes(0);
}

/** The array of an archive that the config names, or the only one with rows and columns. */
function chooseArray(archive: NpzArchive, path: string, wanted: string | undefined, configKey: string, context: LoadContext): string {
  const names = printable(archive.names.join(', '), 400);
  if (wanted !== undefined) {
    if (archive.names.includes(wanted)) return wanted;
    throw configError(context, configKey, `${printable(path)} has no array '${printable(wanted)}'`, `Its arrays are: ${names}.`);
  }
  if (archive.names.length === 1) return archive.names[0];
  throw configError(context, configKey, `${printable(path)} has ${archive.names.length} arrays, and ${configKey} does not say which`, `Set ${configKey} to one of: ${names}.`);
}

/** Where to read what from. */
export interface ExamplesPlace {
  path: string;
  array: string | undefined;
  /** The config key that names the array. */
  arrayKey: string;
}

/**
 * Reads one set of examples.
 *
 * @throws RbmError 'data' where the file can't be read; for an impossible value of a config key, what `context` makes
 */
export function readExamples(config: DataConfig, { path, array, arrayKey }: ExamplesPlace, context: LoadContext): RawExamples {
  const bytes = readBytes(path);
  const wanted = (config.format ?? 'auto') as FileFormat | 'auto';
  const format = wanted === 'auto' ? recognise(bytes, path) : wanted;
  const scale = config.scale as number | undefined;
  if (array !== undefined && format !== 'npz') {
    throw configError(context, arrayKey, `names an array of an .npz archive, but ${printable(path)} is read as ${format}`, 'Leave the key out.');
  }
  if (config.columns !== undefined && format !== 'libsvm') {
    throw configError(context, 'data.columns', `is for libsvm files, but ${printable(path)} is read as ${format}`, 'Leave the key out.');
  }
  if (config.header !== undefined && format !== 'text') {
    throw configError(context, 'data.header', `is for text tables, but ${printable(path)} is read as ${format}`, 'Leave the key out.');
  }
  const isCategorical = config.values === 'categorical';
  const missing = config.missing === 'nan';
  switch (format) {
    case 'idx': {
      const { shape, type, values } = readIdx(bytes, path);
      return toExamples(path, '', shape, values, scale ?? (type === 'u1' && !isCategorical ? 255 : 1));
    }
    case 'npy': {
      const { shape, values } = readNpy(bytes, path);
      return toExamples(path, '', shape, values, scale ?? 1);
    }
    case 'npz': {
      const archive = openNpz(bytes, path);
      const chosen = chooseArray(archive, path, array, arrayKey, context);
      const { shape, values } = archive.read(chosen);
      return toExamples(path, `[${chosen}]`, shape, values, scale ?? 1);
    }
    case 'text': {
      const named = ['.csv', '.tsv'].includes(extensionOf(path));
      const header = config.header === undefined ? named : config.header === true && 'always';
      const table = readDelimitedText(bytes, path, { header, missing, words: isCategorical });
      if (table.hasGuessedHeader && hasWordsInEveryColumn(table)) {
        const question = `does not say whether the first line of ${printable(path)} names the columns or is a row: every column has words in other lines, too`;
        throw configError(context, 'data.header', question, 'Set data.header: true or data.header: false.');
      }
      return tableToExamples(path, table, scale ?? 1);
    }
    case 'libsvm':
      return tableToExamples(path, readLibsvm(bytes, path, config.columns as number | undefined, missing), scale ?? 1);
  }
}
