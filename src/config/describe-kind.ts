/**
 * What a key accepts, in words: for messages, help and documentation.
 */

import { isOneKeyObject } from './rows.js';
import type { Kind } from './schema.js';

interface Range {
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  exclusiveMaximum?: number;
}

/** The limits of a number: ` ≥ 1`, ` > 0 and < 0.5`, or nothing. */
function describeRange({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Range): string {
  const limits: string[] = [];
  if (minimum !== undefined) limits.push(`≥ ${minimum}`);
  if (exclusiveMinimum !== undefined) limits.push(`> ${exclusiveMinimum}`);
  if (maximum !== undefined) limits.push(`≤ ${maximum}`);
  if (exclusiveMaximum !== undefined) limits.push(`< ${exclusiveMaximum}`);
  return limits.length === 0 ? '' : ` ${limits.join(' and ')}`;
}

/** `a`, `a or b`, `a, b or c`. */
export function joinWith(word: 'or' | 'and', items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${word} ${items[items.length - 1]}`;
}

/** `"a"`, `"a" or "b"`, … of names of our own. */
export function namesWith(word: 'or' | 'and', names: readonly string[]): string {
  return joinWith(
    word,
    names.map((name) => `"${name}"`),
  );
}

function describeLength(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum !== undefined && minimum === maximum) return ` of length ${minimum}`;
  const limits = describeRange({ minimum, maximum });
  return limits === '' ? '' : ` of length${limits}`;
}

/** A kind as a noun with its limits: `an integer ≥ 1`, `"full" or an integer ≥ 1`. */
export function describeKind(kind: Kind): string {
  switch (kind.kind) {
    case 'integer':
      return `an integer${describeRange(kind)}`;
    case 'number':
      return `a number${describeRange(kind)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'a string';
    case 'path':
      return 'a path';
    case 'choice':
      return namesWith('or', kind.values);
    case 'list':
      return `a list${describeLength(kind.minimumLength, kind.maximumLength)}${kind.of.kind === 'any' ? '' : `, each ${describeKind(kind.of)}`}`;
    case 'map':
      return kind.of.kind === 'any' ? 'an object' : `an object, each value ${describeKind(kind.of)}`;
    case 'any':
      return 'any value';
    case 'oneOf':
      return joinWith('or', kind.options.map(describeKind));
    case 'object': {
      if (!isOneKeyObject(kind)) return 'an object';
      return joinWith(
        'or',
        kind.keys.map((key) => `{ ${key.name}: ${describeKind(key.type)} }`),
      );
    }
  }
}
