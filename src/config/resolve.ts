/**
 * Validation of a located tree against the schema table, and its resolution: defaults filled in, paths absolute.
 *
 * All problems are collected, none is thrown; a key that depends on a wrong one is not complained about. The rules:
 * - A key left out gets its default. An object left out, without a default, gets those of its own keys, if they make it
 *   a valid object with at least one key; otherwise it stays absent. So `model.weights` is always there, while a split
 *   of the data, or an object that needs one of several keys, is there only if it was named.
 * - Several rows may share a name where each has its own `onlyWith`; the first that applies counts.
 * - A value of kind `oneOf` with a string option is a string: the seed 5 is resolved as `"5"`.
 * - A key of the config's own text that stops applying because of an override (`--set training.algorithm=…`) is dropped silently;
 *   one that is itself an override, or contradicts the file, is a problem.
 */

import { resolve as resolvePath } from 'node:path';
import { printable } from '../errors.js';
import { describeKind, namesWith } from './describe-kind.js';
import { describeNode, type ListNode, type LocatedNode, type Member, memberPlace, nodeFromValue, type ObjectNode, quoted } from './located-tree.js';
import type { Problem } from './problems.js';
import { isApplicable, isOneKeyObject, type ObjectKind } from './rows.js';
import type { Kind, SchemaKey } from './schema.js';
import { comparePlaces, describePlace, isOverride, isOwn, type Place, type Source } from './source.js';
import { closest } from './suggest.js';
import { unknownKeyText } from './unknown-key.js';

/** What resolution needs and collects. */
export interface Context {
  readonly rootKeys: readonly SchemaKey[];
  /** Where defaults come from; relative paths among them are resolved against its folder. */
  readonly defaults: Source;
  readonly problems: Problem[];
  /** Place of every key that was given, by path. */
  readonly places: Map<string, Place>;
}

/**
 * Resolves a whole config.
 *
 * @returns the resolved object; meaningful only where `context.problems` is still empty
 */
export function resolveConfig(context: Context, root: LocatedNode): Record<string, unknown> {
  const kind: ObjectKind = { kind: 'object', keys: context.rootKeys };
  if (root.type !== 'object') {
    report(context, root.place, '', `expected an object with the keys ${rowNames(kind.keys).join(', ')}; found ${describeNode(root)}`);
    return {};
  }
  const { source, start } = root.place;
  return resolveObject(context, kind, root, '', { source, start, end: start + 1 });
}

function report(context: Context, place: Place, path: string, text: Problem['text']): undefined {
  context.problems.push({ place, path, text });
  return undefined;
}

/** The same context with nowhere to complain to: for trying whether a value fits. */
function trial(context: Context): Context {
  return { ...context, problems: [], places: new Map() };
}

function rowNames(rows: readonly SchemaKey[]): string[] {
  return [...new Set(rows.map((row) => row.name))];
}

/** @param label where the object as a whole is pointed at: its key */
function resolveObject(context: Context, kind: ObjectKind, node: ObjectNode, path: string, label: Place): Record<string, unknown> {
  return new ObjectResolution(context, kind, node, path, label).run();
}

/** The value, or `undefined` after a problem was reported. */
function resolveValue(context: Context, kind: Kind, node: LocatedNode, path: string, label: Place): unknown {
  switch (kind.kind) {
    case 'object':
      if (node.type !== 'object') return mismatch(context, kind, node, path);
      return resolveObject(context, kind, node, path, label);
    case 'list':
      if (node.type !== 'list') return mismatch(context, kind, node, path);
      return resolveList(context, kind, node, path);
    case 'map':
      if (node.type !== 'object') return mismatch(context, kind, node, path);
      return resolveMap(context, kind, node, path);
    case 'any':
      if (node.type === 'object') return resolveMap(context, { kind: 'map', of: kind }, node, path);
      return node.type === 'list' ? resolveList(context, { kind: 'list', of: kind }, node, path) : node.value;
    case 'oneOf':
      return resolveOneOf(context, kind.options, node, path, label);
    default:
      if (node.type !== 'scalar' || node.value === null) return mismatch(context, kind, node, path);
      return resolveScalar(context, kind, node, path);
  }
}

/** Reports that a value is of the wrong kind, with a remedy where one is likely. */
function mismatch(context: Context, kind: Kind, node: LocatedNode, path: string): undefined {
  let remedy = '';
  if (node.type === 'scalar' && typeof node.value === 'string') {
    const unquoted = node.value.trim();
    const isNumber = unquoted !== '' && Number.isFinite(Number(unquoted));
    if (isNumber && accepts(kind, ['integer', 'number'])) remedy = '; remove the quotes';
    if (accepts(kind, ['boolean'])) remedy = '; write true or false, without quotes';
  }
  const keys = kind.kind === 'object' && !isOneKeyObject(kind) ? ` with the keys ${rowNames(kind.keys).join(', ')}` : '';
  return report(context, node.place, path, `expected ${describeKind(kind)}${keys}; found ${describeNode(node)}${remedy}`);
}

function accepts(kind: Kind, kinds: readonly Kind['kind'][]): boolean {
  return kinds.includes(kind.kind) || (kind.kind === 'oneOf' && kind.options.some((option) => accepts(option, kinds)));
}

type ScalarKind = Exclude<Kind, { kind: 'object' | 'list' | 'map' | 'any' | 'oneOf' }>;

function resolveScalar(context: Context, kind: ScalarKind, node: LocatedNode & { type: 'scalar' }, path: string): unknown {
  const { value, place } = node;
  switch (kind.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? value : mismatch(context, kind, node, path);
    case 'string':
      return typeof value === 'string' ? value : mismatch(context, kind, node, path);
    case 'path':
      if (typeof value !== 'string' || value === '') return mismatch(context, kind, node, path);
      if (value.includes('\0')) return report(context, place, path, `a path has no NUL characters; found ${quoted(value)}`);
      return resolvePath(place.source.folder, value);
    case 'choice': {
      if (typeof value === 'string' && kind.values.includes(value)) return value;
      const meant = typeof value === 'string' ? meantChoice(kind, value) : undefined;
      if (meant === undefined) return mismatch(context, kind, node, path);
      return report(context, place, path, `expected ${describeKind(kind)}; found ${describeNode(node)}; did you mean "${meant}"?`);
    }
    case 'integer':
    case 'number':
      return typeof value === 'number' ? resolveNumber(context, kind, value, node, path) : mismatch(context, kind, node, path);
  }
}

/** The word that a wrong one most likely stands for: by what people call it, else by its letters. */
function meantChoice({ values, synonyms = {} }: Extract<Kind, { kind: 'choice' }>, value: string): string | undefined {
  const known = closest(value, Object.keys(synonyms));
  const similar = closest(value, values);
  if (known === undefined) return similar;
  const isExact = known.toLowerCase() === value.toLowerCase();
  return isExact || similar === undefined ? synonyms[known] : similar;
}

function resolveNumber(
  context: Context,
  kind: Extract<Kind, { kind: 'integer' | 'number' }>,
  value: number,
  node: LocatedNode,
  path: string,
): number | undefined {
  if (kind.kind === 'integer' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return report(context, node.place, path, `expected ${describeKind(kind)}; ${value} is beyond 2^53, where integers are no longer exact`);
  }
  const isWhole = kind.kind === 'number' || Number.isInteger(value);
  const { minimum = -Infinity, maximum = Infinity } = kind;
  const { exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = kind.kind === 'number' ? kind : {};
  const inRange = value >= minimum && value <= maximum && value > exclusiveMinimum && value < exclusiveMaximum;
  return isWhole && inRange ? value : mismatch(context, kind, node, path);
}

function resolveList(context: Context, kind: Extract<Kind, { kind: 'list' }>, node: ListNode, path: string): unknown {
  const { length } = node.items;
  if (length < (kind.minimumLength ?? 0) || length > (kind.maximumLength ?? Infinity)) {
    return report(context, node.place, path, `expected ${describeKind(kind)}; found a list of length ${length}`);
  }
  return node.items.map((item, index) => {
    const itemPath = `${path}[${index}]`;
    context.places.set(itemPath, item.place);
    return resolveValue(context, kind.of, item, itemPath, item.place);
  });
}

/** The members in the order of the text. `fromEntries`, unlike assignment, takes `__proto__` for a key like any other. */
function resolveMap(context: Context, kind: Extract<Kind, { kind: 'map' }>, node: ObjectNode, path: string): unknown {
  const members = withoutDuplicates(context, node.members, (name) => mapPath(path, name));
  return Object.fromEntries(
    [...members].map(([name, member]) => {
      const memberPath = mapPath(path, name);
      const problem = kind.checkKey?.(name);
      if (problem !== undefined) report(context, member.namePlace, memberPath, problem);
      const place = memberPlace(member);
      context.places.set(memberPath, place);
      return [name, resolveValue(context, kind.of, member.value, memberPath, place)];
    }),
  );
}

/** The first member of each name; the others are reported. */
function withoutDuplicates(context: Context, members: readonly Member[], pathOf: (name: string) => string): Map<string, Member> {
  const unique = new Map<string, Member>();
  for (const member of members) {
    const first = unique.get(member.name);
    if (first === undefined) {
      unique.set(member.name, member);
    } else {
      const text = (): string => `duplicate key; it stands already at ${describePlace(first.namePlace)}; keep one`;
      report(context, member.namePlace, pathOf(member.name), text);
    }
  }
  return unique;
}

/**
 * The path of a member of a `map`, whose keys may have dots and brackets: `grid["training.k"]`. No key can be mistaken for a
 * path through several objects, nor for an item of a list.
 */
export function mapPath(path: string, name: string): string {
  return `${path}[${JSON.stringify(name)}]`;
}

/** The first option that fits; where none does, what is wrong with the option of the value's own type, if there is one. */
function resolveOneOf(context: Context, options: readonly Kind[], node: LocatedNode, path: string, label: Place): unknown {
  const fitting = options.find((option) => {
    const attempt = trial(context);
    resolveValue(attempt, option, node, path, label);
    return attempt.problems.length === 0;
  });
  const isText = options.some((option) => option.kind === 'string');
  if (fitting !== undefined) {
    const value = resolveValue(context, fitting, node, path, label);
    return isText && typeof value === 'number' ? String(value) : value;
  }
  if (isText && accepts({ kind: 'oneOf', options }, ['integer']) && node.type === 'scalar' && Number.isInteger(node.value)) {
    const { source, start, end } = node.place;
    const written = isOwn(node.place) ? source.text.slice(start, end) : String(node.value);
    return report(context, node.place, path, `${printable(written, 60)} can't be told from its neighbours as a number; put it in quotes`);
  }
  const meant = options.find((option) => hasTypeOf(option, node));
  const isOtherWord = meant?.kind === 'choice' && node.type === 'scalar' && meantChoice(meant, String(node.value)) === undefined;
  if (meant === undefined || isOtherWord) return mismatch(context, { kind: 'oneOf', options }, node, path);
  return resolveValue(context, meant, node, path, label);
}

/** Whether a value that does not fit is at least of the option's type, so that the option's complaint is the helpful one. */
function hasTypeOf(option: Kind, node: LocatedNode): boolean {
  if (node.type !== 'scalar') return option.kind === node.type;
  if (typeof node.value === 'number') return option.kind === 'integer' || option.kind === 'number';
  return typeof node.value === 'string' && option.kind === 'choice';
}

/** The resolution of one object, row by row: a row may depend on those before it. */
class ObjectResolution {
  readonly #context: Context;
  readonly #kind: ObjectKind;
  readonly #path: string;
  readonly #label: Place;
  readonly #members: Map<string, Member>;
  readonly #values: Record<string, unknown> = {};
  /** Names whose rows were decided: one of them applied. */
  readonly #applied = new Set<string>();
  /** Names that are wrong, or missing, or depend on such: nothing is said about what depends on them. */
  readonly #undecided = new Set<string>();

  constructor(context: Context, kind: ObjectKind, node: ObjectNode, path: string, label: Place) {
    this.#context = context;
    this.#kind = kind;
    this.#path = path;
    this.#label = label;
    this.#members = withoutDuplicates(context, node.members, (name) => this.#pathOf(quotedPathPart(name)));
  }

  run(): Record<string, unknown> {
    for (const row of this.#kind.keys) {
      if (this.#applied.has(row.name)) continue;
      const controls = [row.onlyWith?.key, row.notWith];
      if (controls.some((control) => control !== undefined && this.#undecided.has(control))) {
        this.#undecided.add(row.name);
      } else if (this.#applies(row)) {
        this.#applied.add(row.name);
        this.#resolveRow(row);
      }
    }
    this.#dropInvalidated();
    this.#reportInapplicable();
    this.#checkGroup(this.#kind.exactlyOneOf, true);
    this.#checkGroup(this.#kind.atMostOneOf, false);
    this.#reportUnknown();
    return this.#values;
  }

  get #defaultPlace(): Place {
    return { source: this.#context.defaults, start: 0, end: 0 };
  }

  #pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #report(place: Place, name: string, text: Problem['text']): void {
    report(this.#context, place, this.#pathOf(name), text);
  }

  #applies(row: SchemaKey): boolean {
    return isApplicable(row, this.#values);
  }

  #resolveRow(row: SchemaKey): void {
    const member = this.#members.get(row.name);
    const value = member === undefined ? this.#absent(row) : this.#given(row, member);
    if (value !== undefined) this.#values[row.name] = value;
  }

  #given(row: SchemaKey, member: Member): unknown {
    const path = this.#pathOf(row.name);
    const place = memberPlace(member);
    this.#context.places.set(path, place);
    if (member.value.type === 'scalar' && member.value.value === null) {
      this.#undecided.add(row.name);
      const remedy = row.required === true ? `expected ${describeKind(row.type)}` : 'leave the key out';
      return report(this.#context, place, path, `has no value (null); ${remedy}`);
    }
    const before = this.#context.problems.length;
    const value = resolveValue(this.#context, row.type, member.value, path, place);
    if (this.#context.problems.length > before) this.#undecided.add(row.name);
    return value;
  }

  #absent(row: SchemaKey): unknown {
    if (row.required === true) {
      this.#undecided.add(row.name);
      this.#report(this.#label, row.name, `missing (${row.meaning}); expected ${describeKind(row.type)}`);
      return undefined;
    }
    if (this.#isReplacedInGroup(row.name)) return undefined;
    const path = this.#pathOf(row.name);
    if (row.default !== undefined) {
      const node = nodeFromValue(row.default, this.#defaultPlace);
      // Defaults have no place in the file, so none is recorded.
      return resolveValue({ ...this.#context, places: new Map() }, row.type, node, path, node.place);
    }
    if (row.type.kind !== 'object') return undefined;
    const empty = nodeFromValue({}, this.#defaultPlace) as ObjectNode;
    const attempt = trial(this.#context);
    const value = resolveObject(attempt, row.type, empty, path, empty.place);
    return attempt.problems.length === 0 && Object.keys(value).length > 0 ? value : undefined;
  }

  /** Whether another key of the same group was given, so that this one's default does not count. */
  #isReplacedInGroup(name: string): boolean {
    const groups = [this.#kind.exactlyOneOf, this.#kind.atMostOneOf];
    return groups.some((group) => group?.includes(name) === true && group.some((other) => this.#members.has(other)));
  }

  /** Drops keys of the config's own text whose controlling key an override has changed (or dropped). */
  #dropInvalidated(): void {
    const changed = new Set<string>();
    for (const [name, member] of this.#members) {
      if (isOverride(member.value.place)) changed.add(name);
    }
    for (const { name, onlyWith, notWith } of this.#kind.keys) {
      const isOverridden = [onlyWith?.key, notWith].some((control) => control !== undefined && changed.has(control));
      if (!isOverridden || !this.#isInapplicable(name)) continue;
      const member = this.#members.get(name);
      if (member === undefined || !isOwn(member.value.place)) continue;
      this.#members.delete(name);
      changed.add(name);
    }
  }

  /** Whether a key was named though none of its rows applies, for a reason that is known. */
  #isInapplicable(name: string): boolean {
    return this.#members.has(name) && !this.#applied.has(name) && !this.#undecided.has(name);
  }

  #reportInapplicable(): void {
    for (const name of rowNames(this.#kind.keys)) {
      const member = this.#members.get(name);
      if (member === undefined || !this.#isInapplicable(name)) continue;
      const excluding = this.#kind.keys.find((row) => row.name === name && row.notWith !== undefined && row.notWith in this.#values);
      if (excluding?.notWith !== undefined) {
        const other = this.#pathOf(excluding.notWith);
        this.#report(member.namePlace, name, `does not go with ${other}; remove one of the two`);
        continue;
      }
      const conditions = this.#kind.keys.flatMap(({ name: other, onlyWith }) => (other === name && onlyWith ? [onlyWith] : []));
      const controls = [...new Set(conditions.map(({ key }) => key))];
      const when = controls.map((control) => {
        const values = conditions.filter(({ key }) => key === control).flatMap((condition) => condition.values);
        return `${this.#pathOf(control)} ${namesWith('or', values)}`;
      });
      const now = controls.map((control) => `${control} is ${control in this.#values ? `"${String(this.#values[control])}"` : 'not given'}`);
      this.#report(member.namePlace, name, `applies only with ${when.join(', or ')}; here ${now.join(', ')}; remove the key`);
    }
  }

  #checkGroup(group: readonly string[] | undefined, needsOne: boolean): void {
    if (group === undefined || !group.some((name) => this.#applied.has(name))) return;
    const given = group.flatMap((name) => this.#members.get(name) ?? []);
    given.sort((first, second) => comparePlaces(first.namePlace, second.namePlace));
    const quantity = needsOne ? 'exactly' : 'at most';
    for (const extra of given.slice(1)) {
      this.#report(extra.namePlace, extra.name, `${quantity} one of ${namesWith('and', group)} can be given; "${given[0].name}" is given, too`);
    }
    if (needsOne && given.length === 0 && !group.some((name) => name in this.#values)) {
      report(this.#context, this.#label, this.#path, `exactly one of ${namesWith('and', group)} is needed; none is given`);
    }
  }

  #reportUnknown(): void {
    const known = new Set(rowNames(this.#kind.keys));
    const valid = rowNames(this.#kind.keys.filter((row) => this.#applies(row)));
    for (const [name, member] of this.#members) {
      if (known.has(name)) continue;
      const text = (): string => unknownKeyText(name, this.#kind, this.#context.rootKeys, valid);
      this.#report(member.namePlace, quotedPathPart(name), text);
    }
  }
}

/** A key of the file as a part of a path: as it is where it is a plain word, else in quotes. */
function quotedPathPart(name: string): string {
  return /^[\w$-]{1,60}$/.test(name) ? name : quoted(name);
}
