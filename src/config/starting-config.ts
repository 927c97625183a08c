/**
 * The commented config that `rbm-train init` writes: the given values, and every other key that applies to them as a
 * comment with its default, so that the file shows what there is to change.
 */

import { describeKind } from './describe-kind.js';
import { choicesOf } from './document-keys.js';
import { parseConfig } from './load.js';
import { applicableRows, groupOf, type ObjectKind, objectKindOf } from './rows.js';
import type { SchemaKey } from './schema.js';
import { wrap } from './wrap.js';

type Values = Readonly<Record<string, unknown>>;

const width = 100;

/**
 * The text of a config that resolves to the same as `values`. Ends with a line break.
 *
 * @param values a valid config, unresolved (paths stay as they are)
 * @throws RbmError 'usage' where `values` is not valid
 */
export function startingConfig(keys: readonly SchemaKey[], values: Values): string {
  // Resolved only to learn which rows apply and what the defaults are.
  const { config } = parseConfig(keys, { text: JSON.stringify(values), file: 'config', directory: '/', workingDirectory: '/' });
  return `{\n${sectionLines({ kind: 'object', keys }, values, config, 1).join('\n')}\n}\n`;
}

/** The lines of one object's keys; objects of the top level are sections of their own, deeper ones stand in a line. */
function sectionLines(kind: ObjectKind, values: Values, resolved: Values, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const blocks = applicableRows(kind.keys, resolved)
    .filter((row) => row.name !== '$schema' || row.name in values)
    .map((row) => {
      const meaning = wrap(row.meaning, width, `${indent}// `);
      const choices = choicesOf(row.type).flatMap((choice) => wrap(choice, width, `${indent}// - `, `${indent}//   `));
      return [...meaning, ...choices, ...valueLines(kind, row, values, resolved, depth)];
    });
  return blocks.flatMap((block, index) => (depth === 1 && index > 0 ? ['', ...block] : block));
}

function valueLines(kind: ObjectKind, row: SchemaKey, values: Values, resolved: Values, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const name = JSON.stringify(row.name);
  const isGiven = row.name in values;
  if (row.type.kind === 'object' && depth === 1 && row.name in resolved) {
    const inner = sectionLines(row.type, isGiven ? (values[row.name] as Values) : {}, resolved[row.name] as Values, depth + 1);
    return [`${indent}${name}: {`, ...inner, `${indent}},`];
  }
  if (isGiven) return [`${indent}${name}: ${inlineJson(values[row.name])},`];
  const value = row.default ?? (objectKindOf(row.type) === undefined ? undefined : resolved[row.name]);
  if (value !== undefined) return [`${indent}// ${name}: ${inlineJson(value)},`];
  const rivals = groupOf(kind, row.name)?.names.filter((other) => other in values) ?? [];
  const instead = rivals.length > 0 ? ` (instead of ${rivals.join(', ')})` : '';
  return wrap(`${name}: ${describeKind(row.type)}${instead}`, width, `${indent}// `);
}

/** JSON in one line, with spaces inside brackets as people set them. */
function inlineJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inlineJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${inlineJson(item)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
