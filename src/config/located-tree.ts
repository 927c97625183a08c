/**
 * What the parsers make of a config text: values that know where they stand.
 *
 * An object keeps all its members in order, duplicates and `__proto__` included: finding fault with them is the
 * validation's business. Numbers are finite and never −0 (the parsers see to it).
 */

import { printable } from '../errors.js';
import type { Place } from './source.js';

/** A string, number, boolean or null. */
export interface ScalarNode {
  readonly type: 'scalar';
  readonly value: string | number | boolean | null;
  readonly place: Place;
}

/** A list of values. */
export interface ListNode {
  readonly type: 'list';
  readonly items: readonly LocatedNode[];
  readonly place: Place;
}

/** An object; `members` in the order of the text. */
export interface ObjectNode {
  readonly type: 'object';
  readonly members: readonly Member[];
  readonly place: Place;
}

/** One `key: value` of an object. */
export interface Member {
  readonly name: string;
  /** Where the key stands. */
  readonly namePlace: Place;
  readonly value: LocatedNode;
}

/** A value with its place. */
export type LocatedNode = ScalarNode | ListNode | ObjectNode;

/** Deepest nesting that the parsers accept; real configs need about 5. */
export const depthLimit = 64;

/** Where a member is pointed at: its key for an object, which may span many lines, else its value. */
export function memberPlace(member: Member): Place {
  return member.value.type === 'object' ? member.namePlace : member.value.place;
}

/** A plain JSON value as a located tree, all of it at one place. */
export function nodeFromValue(value: unknown, place: Place): LocatedNode {
  if (Array.isArray(value)) {
    return { type: 'list', items: value.map((item) => nodeFromValue(item, place)), place };
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, item]) => ({
      name,
      namePlace: place,
      value: nodeFromValue(item, place),
    }));
    return { type: 'object', members, place };
  }
  return { type: 'scalar', value: value as ScalarNode['value'], place };
}

/** A value in the words of a message: `the string "5"`, `0.5`, `a list`. */
export function describeNode(node: LocatedNode): string {
  if (node.type === 'object') return 'an object';
  if (node.type === 'list') return 'a list';
  return typeof node.value === 'string' ? `the string ${quoted(node.value)}` : String(node.value);
}

/** Text from outside in double quotes, safe to print and short. */
export function quoted(text: string): string {
  return `"${printable(text, 60)}"`;
}
