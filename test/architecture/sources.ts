/**
 * The source files as the architecture rules see them: rooms, imports, and names in use. Parsed, not searched, so that
 * comments and texts are never taken for code.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseSync } from '@swc/core';

/** A node of the syntax tree. */
export interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** One import (or re-export) of a file. */
export interface Import {
  /** As written: `../kernels/index.js`, `node:fs`, `yaml`. */
  readonly from: string;
  /** For our own files, the path below src; else undefined. */
  readonly target: string | undefined;
  readonly isTypeOnly: boolean;
}

/** A source file. */
export interface SourceFile {
  /** Below src, with forward slashes: `kernels/philox.ts`. */
  readonly path: string;
  /** The folder below src; of a file in src itself, its own name. */
  readonly room: string;
  readonly text: string;
  readonly tree: Node;
  readonly imports: readonly Import[];
  /** Whether AssemblyScript compiles it, not TypeScript: another language in nearly the same syntax. */
  readonly isAssembly: boolean;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** Calls `visit` for the node and everything below it, until it returns false for a branch. */
export function walk(node: unknown, visit: (node: Node) => boolean | void): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit);
  } else if (isNode(node)) {
    if (visit(node) === false) return;
    for (const value of Object.values(node)) walk(value, visit);
  } else if (typeof node === 'object' && node !== null) {
    // Wrappers without a type of their own, such as an argument.
    for (const value of Object.values(node)) walk(value, visit);
  }
}

/** Whether a path below src is one of AssemblyScript: a backend's folder `assembly`. */
export function isAssemblyPath(path: string): boolean {
  return /^kernels\/[^/]+\/assembly\//.test(path);
}

/** A relative import's target below src; AssemblyScript's imports have no extension. */
function resolveTarget(path: string, from: string): string | undefined {
  if (!from.startsWith('.')) return undefined;
  const { pathname } = new URL(from, `file:///src/${path}`);
  const target = pathname.slice('/src/'.length);
  return isAssemblyPath(path) && !target.endsWith('.js') ? `${target}.ts` : target.replace(/\.js$/, '.ts');
}

function importsOf(path: string, tree: Node): Import[] {
  const imports: Import[] = [];
  const add = (source: unknown, isTypeOnly: boolean): void => {
    const from = isNode(source) && source.type === 'StringLiteral' ? String(source.value) : '(computed)';
    imports.push({ from, target: resolveTarget(path, from), isTypeOnly });
  };
  walk(tree, (node) => {
    if (node.type === 'ImportDeclaration' || node.type === 'ExportNamedDeclaration' || node.type === 'ExportAllDeclaration') {
      if (node.source === null || node.source === undefined) return;
      const specifiers = (node.specifiers ?? []) as { isTypeOnly?: boolean }[];
      const areAllTypes = specifiers.length > 0 && specifiers.every((specifier) => specifier.isTypeOnly === true);
      add(node.source, node.typeOnly === true || areAllTypes);
    } else if (node.type === 'CallExpression') {
      const callee = node.callee as Node;
      const isRequire = callee.type === 'Identifier' && callee.value === 'require';
      if (callee.type === 'Import' || isRequire) add((node.arguments as { expression: unknown }[])[0]?.expression, false);
    }
  });
  return imports;
}

/** Parses a file. */
export function parseFile(path: string, text: string): SourceFile {
  const isAssembly = isAssemblyPath(path);
  // Decorators of functions, each on a line of its own, are AssemblyScript's and no TypeScript.
  const code = isAssembly ? text.replace(/^@\w+$/gm, '') : text;
  const tree = parseSync(code, { syntax: 'typescript', target: 'es2022' }) as unknown as Node;
  return { path, room: path.split('/')[0], text, tree, imports: importsOf(path, tree), isAssembly };
}

/** All of src. */
export function readSources(): SourceFile[] {
  const folder = fileURLToPath(new URL('../../src', import.meta.url));
  return readdirSync(folder, { recursive: true })
    .map((name) => String(name).replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts'))
    .toSorted()
    .map((name) => parseFile(name, readFileSync(join(folder, name), 'utf8')));
}

/** Looks at each file once, however many rules ask. */
function remembered(look: (file: SourceFile) => Set<string>): (file: SourceFile) => ReadonlySet<string> {
  const known = new WeakMap<SourceFile, ReadonlySet<string>>();
  return (file) => {
    const answer = known.get(file) ?? look(file);
    known.set(file, answer);
    return answer;
  };
}

/** Nodes of types that hold an expression. */
const typedExpressions = ['TsAsExpression', 'TsSatisfiesExpression', 'TsNonNullExpression', 'TsConstAssertion', 'TsTypeAssertion', 'TsInstantiation'];

/** Names used as values: `process`, `Date`; not the keys of objects, the members behind a dot, or types. */
export const namesUsed = remembered((file) => {
  const names = new Set<string>();
  const visit = (node: Node): boolean | void => {
    if (node.type.startsWith('Ts') && !typedExpressions.includes(node.type)) return false;
    if (node.type === 'ImportDeclaration') return false;
    if (node.type === 'Identifier') names.add(String(node.value));
    if (node.type === 'MemberExpression') {
      walk(node.object, visit);
      if (isNode(node.property) && node.property.type === 'Computed') walk(node.property, visit);
      return false;
    }
    if (node.type === 'KeyValueProperty' || node.type === 'KeyValuePatternProperty') {
      if (isNode(node.key) && node.key.type === 'Computed') walk(node.key, visit);
      walk(node.value, visit);
      return false;
    }
    if ((node.type === 'ClassMethod' || node.type === 'ClassProperty' || node.type === 'MethodProperty') && isNode(node.key) && node.key.type === 'Identifier') {
      walk(Object.entries(node).filter(([key]) => key !== 'key').map(([, value]) => value), visit);
      return false;
    }
  };
  walk(file.tree, visit);
  return names;
});

function findMembers(file: SourceFile, object: string): Set<string> {
  const members = new Set<string>();
  const isObject = (node: unknown): boolean => isNode(node) && node.type === 'Identifier' && node.value === object;
  const visit = (node: Node): boolean | void => {
    if (node.type === 'MemberExpression' && isObject(node.object)) {
      const property = node.property as Node;
      if (property.type === 'Identifier') members.add(String(property.value));
      else {
        const { expression } = property as unknown as { expression?: Node };
        members.add(expression?.type === 'StringLiteral' ? String(expression.value) : '*');
      }
      return false;
    }
    if (node.type === 'VariableDeclarator' && isObject(node.init)) {
      const pattern = node.id as Node;
      const properties = pattern.type === 'ObjectPattern' ? (pattern.properties as Node[]) : [{ type: 'unknown' }];
      for (const property of properties) {
        const key = property.key as Node | undefined;
        members.add(key?.type === 'Identifier' ? String(key.value) : '*');
      }
      return false;
    }
    if (node.type === 'KeyValueProperty') {
      walk(node.value, visit);
      return false;
    }
    if (node.type === 'MemberExpression') {
      walk(node.object, visit);
      if (isNode(node.property) && node.property.type === 'Computed') walk(node.property, visit);
      return false;
    }
    if (isObject(node)) members.add('*');
  };
  walk(file.tree, visit);
  return members;
}

const membersOf = {
  Math: remembered((file) => findMembers(file, 'Math')),
  process: remembered((file) => findMembers(file, 'process')),
};

/**
 * Members of a global object in use: of `Math`, `exp` and `sqrt`. Destructuring counts; a use that does not say which
 * member it means (`const m = Math`, `Math[name]`) gives `*`.
 */
export function membersUsed(file: SourceFile, object: keyof typeof membersOf): ReadonlySet<string> {
  return membersOf[object](file);
}

/** Operators in use: `**`, `+=`. */
export const operatorsUsed = remembered((file) => {
  const operators = new Set<string>();
  walk(file.tree, (node) => {
    if (typeof node.operator === 'string') operators.add(node.operator);
  });
  return operators;
});
