/**
 * `--set training.epochs=5`: values of the command line, or values that are known already, put over those of the file.
 *
 * - The value is JSON as in a file, where a single word needs no quotes; a key that takes text (a string, a path, a
 *   choice) takes what stands after the `=` as it is.
 * - A later override of the same key wins.
 * - Setting one of a group of which at most one can be given drops the others of the file.
 *
 * The values are not checked here: they join the tree and are validated with it.
 */

import { describeKind } from './describe-kind.js';
import { type LocatedNode, type Member, nodeFromValue, type ObjectNode } from './located-tree.js';
import { parseJson } from './parse-json.js';
import type { Problem } from './problems.js';
import { objectKindOf, type ObjectKind } from './rows.js';
import type { Kind, SchemaKey } from './schema.js';
import { printable } from '../errors.js';
import { isOwn, type Place, type Source } from './source.js';
import { unknownKeyText } from './unknown-key.js';

/** A JSON value to be put at a dotted key, as `--set` does. Whatever is wrong with it is reported at its place. */
export interface GivenValue {
  readonly key: string;
  readonly value: unknown;
  readonly place: Place;
}

/**
 * The tree with all overrides applied, in order.
 *
 * @param overrides `path=value` each, or values that are known
 * @param folder relative paths among the values are resolved against it
 * @param problems receives what is wrong with the paths
 * @throws RbmError 'usage' for a value that cannot be parsed
 */
export function applyOverrides(
  keys: readonly SchemaKey[],
  root: ObjectNode,
  overrides: readonly (string | GivenValue)[],
  folder: string,
  problems: Problem[],
): ObjectNode {
  let tree = root;
  for (const [index, override] of overrides.entries()) {
    if (typeof override !== 'string') {
      const place: Place = { ...override.place, source: { ...override.place.source, folder, order: index + 1 } };
      const names = override.key.split('.');
      const kinds = kindsAt(keys, names);
      if (typeof kinds === 'string') problems.push({ place, path: '', text: kinds });
      else tree = withMember(tree, { kind: 'object', keys }, names, nodeFromValue(override.value, place), place);
      continue;
    }
    const equals = override.indexOf('=');
    const path = equals === -1 ? override : override.slice(0, equals);
    const text = equals === -1 ? '' : override.slice(equals + 1);
    const source: Source = { kind: 'override', name: `--set ${override}`, text, folder, order: index + 1 };
    const place: Place = { source, start: 0, end: text.length };
    const report = (problem: string): number => problems.push({ place, path: '', text: problem });
    const names = path.trim().split('.');
    if (equals === -1 || names.includes('')) {
      report('expected key=value, such as training.epochs=5');
      continue;
    }
    const kinds = kindsAt(keys, names);
    if (typeof kinds === 'string') report(kinds);
    else tree = withMember(tree, { kind: 'object', keys }, names, readValue(source, kinds), place);
  }
  return tree;
}

/** What is wrong with a dotted key as one to put a value at: it does not exist; `undefined` where it does. */
export function keyProblem(keys: readonly SchemaKey[], key: string): string | undefined {
  const kinds = kindsAt(keys, key.split('.'));
  return typeof kinds === 'string' ? kinds : undefined;
}

/** The kinds of the rows at a path (several rows may share a name), or what is wrong with the path. */
function kindsAt(keys: readonly SchemaKey[], names: readonly string[]): readonly Kind[] | string {
  let parent: ObjectKind = { kind: 'object', keys };
  let kinds: readonly Kind[] = [parent];
  for (const [index, name] of names.entries()) {
    const path = names.slice(0, index).join('.');
    const objects = kinds.flatMap((kind) => settableObject(kind) ?? []);
    if (objects.length === 0) {
      return `${path} has no keys of its own; it is ${kinds.map(describeKind).join(' or ')}`;
    }
    parent = { ...objects[0], keys: objects.flatMap((object) => object.keys) };
    kinds = parent.keys.filter((row) => row.name === name).map((row) => row.type);
    if (kinds.length === 0) {
      const valid = parent.keys.map((row) => row.name);
      const wrong = names.slice(0, index + 1).join('.');
      return `${wrong === '' ? '""' : printable(wrong)}: ${unknownKeyText(name, parent, keys, valid)}`;
    }
  }
  return kinds;
}

/** The object whose keys a path can name; a list, or a map, is set as a whole. */
function settableObject(kind: Kind): ObjectKind | undefined {
  return kind.kind === 'list' ? undefined : objectKindOf(kind);
}

function takesText(kind: Kind): boolean {
  if (kind.kind === 'oneOf') return kind.options.some((option) => option.kind === 'string' || option.kind === 'path');
  return kind.kind === 'string' || kind.kind === 'path' || kind.kind === 'choice';
}

function readValue(source: Source, kinds: readonly Kind[]): LocatedNode {
  const text = source.text.trim();
  const isWord = /^[a-z][\w-]*$/i.test(text) && !['true', 'false', 'null'].includes(text);
  if (!kinds.some(takesText) && !isWord) return parseJson(source);
  return { type: 'scalar', value: isWord ? text : source.text, place: { source, start: 0, end: source.text.length } };
}

/** A copy of `node` with the value at the path `names`; objects on the way that are not there are made. */
function withMember(node: ObjectNode, kind: ObjectKind, names: readonly string[], value: LocatedNode, place: Place): ObjectNode {
  const [name, ...below] = names;
  const rivals = [kind.exactlyOneOf, kind.atMostOneOf].flatMap((group) => (group?.includes(name) === true ? group : []));
  const isReplaced = (member: Member): boolean =>
    member.name !== name && rivals.includes(member.name) && isOwn(member.value.place);
  const members = node.members.filter((member) => !isReplaced(member));

  const index = members.findIndex((member) => member.name === name);
  const existing = index === -1 ? undefined : members[index];
  const member = existing === undefined || below.length === 0 ? { name, namePlace: place, value } : { ...existing };
  if (below.length > 0) {
    const old = existing?.value;
    const inner: ObjectNode = old?.type === 'object' ? old : { type: 'object', members: [], place };
    const objects = kind.keys.filter((row) => row.name === name).flatMap((row) => settableObject(row.type) ?? []);
    const innerKind: ObjectKind = { ...objects[0], keys: objects.flatMap((object) => object.keys) };
    member.value = withMember(inner, innerKind, below, value, place);
  }
  return { ...node, members: index === -1 ? [...members, member] : members.with(index, member) };
}
