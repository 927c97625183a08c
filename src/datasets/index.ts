/**
 * The datasets room: the registry of sources, their config keys, and the way from a config to a dataset.
 *
 * To add a source, write its file and add it to `dataSources`.
 */

import type { DataConfig } from '../config/run-config.js';
import type { Kind, SchemaKey } from '../config/schema.js';
import { printable } from '../errors.js';
import { barsAndStripesSource } from './bars-and-stripes.js';
import { configError, type DataSource, type Dataset, type Examples, type LoadContext } from './dataset.js';
import type { DecidedEncoding } from './encoding.js';
import { fileSource } from './file.js';
import { fourModesSource } from './four-modes.js';
import { labelledShifterSource } from './labelled-shifter.js';
import { loadFrom, loadRowsLike } from './load.js';
import { mixtureOfGaussiansSource } from './mixture-of-gaussians.js';
import { mnistPatchesSource } from './mnist-patches.js';
import { mnistSource } from './mnist.js';
import { valueKinds } from './values.js';

export type { CategoricalColumn, DataSource, Dataset, Examples, LoadContext, RawExamples, SplitName, Standardization } from './dataset.js';
export {
  describeDataset,
  type BinarySplitFigures,
  type CategoryFigures,
  type CommonSplitFigures,
  type DatasetFigures,
  type RealColumnFigures,
  type RealSplitFigures,
} from './describe.js';
export { renderRows, squareShape, type PictureOptions } from './picture.js';

/** Every source, in the order in which help shows them. */
export const dataSources: readonly DataSource[] = [
  mnistSource,
  fileSource,
  barsAndStripesSource,
  labelledShifterSource,
  fourModesSource,
  mixtureOfGaussiansSource,
  mnistPatchesSource,
];

/** The keys of a split; one that may be a file of its own has more of them. */
function splitKind(options: { separate: boolean }): Kind {
  const keys: SchemaKey[] = [
    { name: 'count', meaning: 'number of rows', type: { kind: 'integer', minimum: 1 } },
    {
      name: 'fraction',
      meaning: 'share of all rows of the source, rounded down to whole rows',
      type: { kind: 'number', exclusiveMinimum: 0, maximum: 1 },
    },
  ];
  if (!options.separate) return { kind: 'object', keys, exactlyOneOf: ['count', 'fraction'] };
  keys.push(
    { name: 'path', meaning: 'a file of its own (source `file` only)', type: { kind: 'path' } },
    {
      name: 'key',
      meaning: 'name of the array inside an .npz: of `path`, or of data.path where that is left out',
      type: { kind: 'string' },
    },
  );
  return { kind: 'object', keys, atMostOneOf: ['count', 'fraction', 'path'] };
}

/** The rows of the `data` section. */
export const dataKeys: readonly SchemaKey[] = [
  {
    name: 'source',
    meaning: 'where the examples come from',
    type: {
      kind: 'choice',
      values: dataSources.map((source) => source.name),
      meanings: dataSources.map((source) => source.summary),
    },
    required: true,
  },
  ...dataSources.flatMap((source) => source.keys),
  {
    name: 'seed',
    meaning: 'seed of everything random about the data: generated values, the split, stochastic and dynamic binarization',
    type: { kind: 'oneOf', options: [{ kind: 'string' }, { kind: 'integer' }] },
    default: 'data',
  },
  {
    name: 'values',
    meaning: `what the values are, and so what the visible units are; ${valueKinds[0].name} where left out`,
    type: {
      kind: 'choice',
      values: valueKinds.map(({ name }) => name),
      meanings: valueKinds.map(({ summary }) => summary),
    },
  },
  {
    name: 'missing',
    meaning: 'whether values may be missing; refuse where left out',
    type: {
      kind: 'choice',
      values: ['refuse', 'nan'],
      meanings: [
        'every value must be there',
        'a value that is NaN (in text: nan, NA, ? or nothing between separators) is not known; held-out rows with such values are left out',
      ],
    },
  },
  {
    name: 'standardize',
    meaning: 'how real values are standardized, by figures of the training rows; none where left out',
    type: {
      kind: 'choice',
      values: ['none', 'columns', 'global'],
      meanings: [
        'not at all',
        'every column minus its mean, divided by its standard deviation (by 1 where it is constant)',
        'all values minus their mean, divided by their standard deviation',
      ],
    },
    onlyWith: { key: 'values', values: ['real'] },
  },
  {
    name: 'binarize',
    meaning: 'how values in [0, 1] become 0 or 1; binary values only',
    type: {
      kind: 'choice',
      values: ['none', 'threshold', 'stochastic', 'dynamic', 'signs'],
      meanings: [
        'not at all: they must be 0 or 1 already',
        '1 where the value is greater than `threshold`',
        '1 with the value as its probability, drawn once',
        '1 with the value as its probability, drawn afresh every epoch; evaluations use one fixed draw',
        '−1 becomes 0 and 1 stays; other values are refused',
      ],
    },
    default: 'none',
  },
  {
    name: 'threshold',
    meaning: 'values greater than this become 1',
    type: { kind: 'number', minimum: 0, exclusiveMaximum: 1 },
    default: 0.5,
    onlyWith: { key: 'binarize', values: ['threshold'] },
  },
  { name: 'invert', meaning: 'swap 0 and 1 after binarization; binary values only', type: { kind: 'boolean' }, default: false },
  {
    name: 'shuffle',
    meaning:
      'shuffle the rows (seeded) before they are divided by count or fraction, and keep that order; without a division the rows stay in stored order',
    type: { kind: 'boolean' },
    default: true,
  },
  {
    name: 'train',
    meaning: 'how many rows train: the first ones of what validation and test leave; all of it where left out',
    type: splitKind({ separate: false }),
  },
  {
    name: 'validation',
    meaning: 'rows held out for choosing and stopping: those before the test rows, or a set of their own',
    type: splitKind({ separate: true }),
  },
  {
    name: 'test',
    meaning: 'rows held out for the final figure: the last ones of the source, or a set of their own',
    type: splitKind({ separate: true }),
  },
  {
    name: 'shape',
    meaning: '[height, width] of a row shown as a picture; the source’s own where left out',
    type: { kind: 'list', of: { kind: 'integer', minimum: 1 }, minimumLength: 2, maximumLength: 2 },
  },
];

/**
 * Loads the data that a resolved config names: read or generated, checked, divided, made states of units, hashed.
 *
 * @throws RbmError 'data' for what is wrong with the data, naming file, row and column; for an impossible value of a
 * config key, what `context.fail` makes of it
 */
export async function loadDataset(config: DataConfig, context: LoadContext = {}): Promise<Dataset> {
  return await loadFrom(sourceOf(config, context), config, context);
}

/**
 * Reads rows as those of an earlier source were, whatever is missing in them: all rows of the source, not divided.
 *
 * @param decided columns of that source, and what its training rows decided
 * @throws as {@link loadDataset}
 */
export async function loadPartialRows(
  config: DataConfig,
  decided: DecidedEncoding & { readonly columns: number },
  context: LoadContext = {},
): Promise<Examples> {
  return await loadRowsLike(sourceOf(config, context), config, decided, context);
}

function sourceOf(config: DataConfig, context: LoadContext): DataSource {
  const source = dataSources.find(({ name }) => name === config.source);
  if (source !== undefined) return source;
  const known = dataSources.map(({ name }) => name).join(', ');
  throw configError(context, 'data.source', `there is no source '${printable(config.source)}'`, `Sources are: ${known}.`);
}
