/**
 * The schema table as a JSON Schema (draft-07), for completion, hovers and squiggles in editors.
 *
 * Never stricter than the loader: where a condition cannot be said without false errors, it is left to the loader.
 */

import { namesWith } from './describe-kind.js';
import type { ObjectKind } from './rows.js';
import type { Kind, SchemaKey } from './schema.js';

type JsonSchema = Record<string, unknown>;

/** The schema of a whole config; `id` is the address it is published at. */
export function jsonSchema(keys: readonly SchemaKey[], options: { id?: string; title: string }): JsonSchema {
  const identity = options.id === undefined ? {} : { $id: options.id };
  const $schema = 'http://json-schema.org/draft-07/schema#';
  return { $schema, ...identity, title: options.title, ...objectSchema({ kind: 'object', keys }) };
}

function kindSchema(kind: Kind): JsonSchema {
  switch (kind.kind) {
    case 'integer':
    case 'number': {
      const { kind: type, ...limits } = kind;
      return { type, ...limits };
    }
    case 'boolean':
    case 'string':
      return { type: kind.kind };
    case 'path':
      return { type: 'string', minLength: 1 };
    case 'choice':
      // `enumDescriptions` is an extension that VS Code knows; other tools ignore it.
      return { type: 'string', enum: kind.values, ...(kind.meanings && { enumDescriptions: kind.meanings }) };
    case 'list': {
      const { minimumLength: minItems, maximumLength: maxItems } = kind;
      return { type: 'array', items: kindSchema(kind.of), ...defined({ minItems, maxItems }) };
    }
    case 'map':
      return { type: 'object', additionalProperties: kindSchema(kind.of) };
    case 'any':
      return {};
    case 'oneOf':
      return { anyOf: kind.options.map(kindSchema) };
    case 'object':
      return objectSchema(kind);
  }
}

function defined(entries: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

function objectSchema(kind: ObjectKind): JsonSchema {
  const names = [...new Set(kind.keys.map((key) => key.name))];
  const properties = Object.fromEntries(names.map((name) => [name, propertySchema(kind.keys.filter((key) => key.name === name))]));
  const required = kind.keys.filter(({ required: isRequired, onlyWith, notWith }) => isRequired === true && onlyWith === undefined && notWith === undefined).map((key) => key.name);
  const conditions = [...requirements(kind), ...prohibitions(kind, names), ...exclusions(kind.atMostOneOf ?? [])];
  return {
    type: 'object',
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
    ...(kind.exactlyOneOf && { oneOf: kind.exactlyOneOf.map((name) => ({ required: [name] })) }),
    ...(conditions.length > 0 && { allOf: conditions }),
  };
}

/** One property; where several rows share the name, whatever any of them accepts. */
function propertySchema(rows: readonly SchemaKey[]): JsonSchema {
  const description = [...new Set(rows.map(describeRow))].join('\n');
  const types = [...new Map(rows.map((row) => [JSON.stringify(row.type), kindSchema(row.type)])).values()];
  const type = types.length === 1 ? types[0] : { anyOf: types };
  const [first] = rows;
  const hasDefault = first.default !== undefined && rows.every((row) => JSON.stringify(row.default) === JSON.stringify(first.default));
  return { description, ...type, ...(hasDefault && { default: first.default }) };
}

function describeRow({ meaning, onlyWith, notWith }: SchemaKey): string {
  if (notWith !== undefined) return `${meaning} (not with ${notWith})`;
  return onlyWith === undefined ? meaning : `${meaning} (only with ${onlyWith.key} ${namesWith('or', onlyWith.values)})`;
}

/** That `key` has one of `values`; holds also where it is left out. */
function hasValue(kind: ObjectKind, key: string, values: readonly string[]): JsonSchema {
  const isBoolean = kind.keys.some((row) => row.name === key && row.type.kind === 'boolean');
  return { properties: { [key]: { enum: isBoolean ? values.map((value) => value === 'true') : values } } };
}

/** `required` keys that apply only with a value of another key, or without another key. */
function requirements(kind: ObjectKind): JsonSchema[] {
  return kind.keys.flatMap(({ name, required, onlyWith, notWith }): JsonSchema[] => {
    if (required !== true) return [];
    if (notWith !== undefined) return [{ anyOf: [{ required: [notWith] }, { required: [name] }] }];
    if (onlyWith === undefined) return [];
    const { key, values } = onlyWith;
    const isDefault = kind.keys.some((row) => row.name === key && values.includes(String(row.default)));
    const condition = { ...hasValue(kind, key, values), ...(isDefault ? {} : { required: [key] }) };
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    return [{ if: condition, then: { required: [name] } }];
  });
}

/** Keys that must not be there, because another key has a value that they do not apply with. */
function prohibitions(kind: ObjectKind, names: readonly string[]): JsonSchema[] {
  return names.flatMap((name) => {
    const rows = kind.keys.filter((key) => key.name === name);
    const conditions = rows.flatMap(({ onlyWith }) => onlyWith ?? []);
    const controls = new Set(conditions.map(({ key }) => key));
    // Rows without a condition, or with different controlling keys: the loader knows.
    if (conditions.length < rows.length || controls.size !== 1) return [];
    const values = conditions.flatMap((condition) => condition.values);
    return [{ if: hasValue(kind, conditions[0].key, values), else: { properties: { [name]: false } } }];
  });
}

/** No two of `names` together. */
function exclusions(names: readonly string[]): JsonSchema[] {
  return names.flatMap((first, index) => names.slice(index + 1).map((second) => ({ not: { required: [first, second] } })));
}
