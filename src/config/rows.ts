/**
 * Walking the schema table: which rows apply, which keys stand below a key, and all keys as a flat list of paths.
 */

import type { Kind, Relevance, SchemaKey } from './schema.js';

/** An `object` kind. */
export type ObjectKind = Extract<Kind, { kind: 'object' }>;

/** The object that a value of this kind may be: the kind itself, the items of a list, or one option of several. */
export function objectKindOf(kind: Kind): ObjectKind | undefined {
  if (kind.kind === 'object') return kind;
  if (kind.kind === 'list') return objectKindOf(kind.of);
  if (kind.kind !== 'oneOf') return undefined;
  for (const option of kind.options) {
    const found = objectKindOf(option);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether the controlling value of an `onlyWith` is one of those that it names. */
function isControlledBy(values: readonly string[], value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value) && values.includes(String(value));
}

/** Whether a row applies to the resolved values of the object that it stands in. */
export function isApplicable({ onlyWith, notWith }: SchemaKey, values: Readonly<Record<string, unknown>>): boolean {
  if (notWith !== undefined && values[notWith] !== undefined) return false;
  if (onlyWith === undefined) return true;
  const value = values[onlyWith.key];
  return value === undefined ? onlyWith.orAbsent === true : isControlledBy(onlyWith.values, value);
}

/** The rows of an object that apply to its resolved values. */
export function applicableRows(keys: readonly SchemaKey[], values: Readonly<Record<string, unknown>>): SchemaKey[] {
  return keys.filter((row) => isApplicable(row, values));
}

/** The group of keys that `name` stands in, of which exactly one must be given, or at most one can be. */
export function groupOf(kind: ObjectKind, name: string): { needsOne: boolean; names: readonly string[] } | undefined {
  if (kind.exactlyOneOf?.includes(name) === true) return { needsOne: true, names: kind.exactlyOneOf };
  if (kind.atMostOneOf?.includes(name) === true) return { needsOne: false, names: kind.atMostOneOf };
  return undefined;
}

/** Whether an object is nothing but a choice of one of its keys, such as `{ epochs: 2 }`: it is described in one line. */
export function isOneKeyObject(kind: ObjectKind): boolean {
  return kind.keys.length > 0 && kind.keys.every((key) => kind.exactlyOneOf?.includes(key.name) === true);
}

/** A row with its path (`training.epochs`), the object it stands in, and the relevance it has or inherits. */
export interface ListedKey {
  readonly path: string;
  readonly key: SchemaKey;
  readonly parent: ObjectKind;
  readonly relevance: Relevance;
}

/** Relevance of a key without one at the top level: the side on which nothing is wrongly taken for equal. */
export const defaultRelevance: Relevance = 'result';

/**
 * All rows of the table, each object's own before those of the next. Objects in lists stand under the list's name, those in
 * maps under the map's name and a star for the key.
 */
export function listKeys(
  keys: readonly SchemaKey[],
  parent: ObjectKind = { kind: 'object', keys },
  prefix = '',
  inherited: Relevance = defaultRelevance,
): ListedKey[] {
  return keys.flatMap((key) => {
    const path = prefix + key.name;
    const relevance = key.relevance ?? inherited;
    const isMap = key.type.kind === 'map';
    const inner = objectKindOf(key.type.kind === 'map' ? key.type.of : key.type);
    const below = inner === undefined ? [] : listKeys(inner.keys, inner, isMap ? `${path}.*.` : `${path}.`, relevance);
    return [{ path, key, parent, relevance }, ...below];
  });
}
