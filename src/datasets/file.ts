/**
 * Data from a file of the user: the source's row and its keys. The readers (`file-reader.ts`) are loaded when there is
 * a file to read.
 */

import type { DataConfig, SplitConfig } from '../config/run-config.js';
import type { DataSource, LoadContext } from './dataset.js';

const name = 'file';
const onlyWith = { key: 'source', values: [name] };
const formats = ['idx', 'npy', 'npz', 'text', 'libsvm'] as const;

/** A format of files, by the name that a config gives it. */
export type FileFormat = (typeof formats)[number];

/** The source `file`. */
export const fileSource: DataSource = {
  name,
  summary: 'a file: IDX, .npy, .npz, text table (.amat, .csv, .txt, .data) or libsvm, each also gzipped',
  keys: [
    { name: 'path', meaning: 'the file', type: { kind: 'path' }, required: true, onlyWith },
    {
      name: 'format',
      meaning: 'format of the file, and of the files of validation and test',
      type: {
        kind: 'choice',
        values: ['auto', ...formats],
        meanings: [
          'recognised by content, then by name',
          'images as MNIST has them',
          'one numpy array, rows × columns or rows × height × width',
          'archive of numpy arrays; `key` says which',
          'one row a line, separated by blanks, commas or semicolons; # starts a comment; .csv and .tsv may have a header',
          '`label index:value …`, indices from 1; labels are dropped',
        ],
      },
      default: 'auto',
      onlyWith,
    },
    { name: 'key', meaning: 'name of the array inside an .npz; not needed where there is only one', type: { kind: 'string' }, onlyWith },
    {
      name: 'columns',
      meaning: 'number of columns of a libsvm file; the largest index where left out',
      type: { kind: 'integer', minimum: 1, maximum: 1 << 26 },
      onlyWith,
    },
    {
      name: 'header',
      meaning:
        'whether the first line of a text table names the columns; where left out, that of a .csv or .tsv does if it has no number',
      type: { kind: 'boolean' },
      onlyWith,
    },
    {
      name: 'scale',
      meaning: 'every value is divided by this; where left out, 255 for IDX files of unsigned bytes, else 1; not with categories',
      type: { kind: 'number', exclusiveMinimum: 0 },
      onlyWith,
    },
  ],
  async load(config, context) {
    const place = { path: config.path as string, array: config.key as string | undefined, arrayKey: 'data.key' };
    const { readExamples } = await import('./file-reader.js');
    return readExamples(config, place, context);
  },
  async loadSplit(config: DataConfig, split: SplitConfig, context: LoadContext) {
    const arrayKey = split === config.validation ? 'data.validation.key' : 'data.test.key';
    const { readExamples } = await import('./file-reader.js');
    return readExamples(config, { path: split.path ?? (config.path as string), array: split.key, arrayKey }, context);
  },
};
