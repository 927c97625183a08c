/**
 * The parts of a resolved config by what they decide.
 */

import { applicableRows, defaultRelevance, objectKindOf } from './rows.js';
import type { Kind, Relevance, SchemaKey } from './schema.js';

/**
 * The sub-object of the keys with one of `relevances`. A key without a relevance has that of the object it stands in
 * (`result` at the top level); an object of which nothing is left is left out, unless it is itself of such a relevance.
 */
export function relevantConfig(
  keys: readonly SchemaKey[],
  config: Readonly<Record<string, unknown>>,
  relevances: readonly Relevance[],
): Record<string, unknown> {
  return relevantMembers(keys, config, relevances, defaultRelevance);
}

function relevantMembers(
  keys: readonly SchemaKey[],
  values: Readonly<Record<string, unknown>>,
  relevances: readonly Relevance[],
  inherited: Relevance,
): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const row of applicableRows(keys, values)) {
    if (!Object.hasOwn(values, row.name)) continue;
    const relevance = row.relevance ?? inherited;
    const value = relevantValue(row.type, values[row.name], relevances, relevance);
    if (value !== undefined) kept[row.name] = value;
  }
  return kept;
}

function relevantValue(kind: Kind, value: unknown, relevances: readonly Relevance[], relevance: Relevance): unknown {
  const isRelevant = relevances.includes(relevance);
  const objectKind = objectKindOf(kind);
  // Lists are relevant as a whole: leaving out parts of their items would make different lists equal.
  if (objectKind === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) {
    return isRelevant ? value : undefined;
  }
  const members = relevantMembers(objectKind.keys, value as Record<string, unknown>, relevances, relevance);
  return isRelevant || Object.keys(members).length > 0 ? members : undefined;
}
