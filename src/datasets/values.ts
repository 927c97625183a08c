/**
 * The registry of the kinds of values that data can have.
 *
 * To add a kind, write its file and add it here.
 */

import type { DataConfig } from '../config/run-config.js';
import { binaryValues } from './binarize.js';
import { categoricalValues } from './categorical.js';
import { configError, type DataSource, type LoadContext } from './dataset.js';
import type { ValueKind } from './encoding.js';
import { realValues } from './real.js';

/** Every kind, in the order in which help shows them; the first one where a config does not say. */
export const valueKinds: readonly ValueKind[] = [binaryValues, realValues, categoricalValues];

/**
 * The kind that a config asks for.
 *
 * @throws what `context.fail` makes, where the source has no such values, or other keys do not go with it
 */
export function valueKindOf(config: DataConfig, source: DataSource, context: LoadContext): ValueKind {
  const wanted = config.values ?? valueKinds[0].name;
  const kind = valueKinds.find(({ name }) => name === wanted);
  if (kind === undefined) {
    throw configError(context, 'data.values', `there is no kind of values '${wanted}'`, `Kinds are: ${valueKinds.map(({ name }) => name).join(', ')}.`);
  }
  const { onlyValues = wanted } = source;
  if (onlyValues !== wanted) {
    const key = config.values === undefined ? 'data.source' : 'data.values';
    throw configError(context, key, `the values of '${source.name}' are ${onlyValues}, not ${wanted}`, `Set data.values: ${onlyValues}.`);
  }
  kind.checkConfig(config, context);
  return kind;
}
