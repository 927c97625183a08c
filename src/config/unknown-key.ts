/**
 * The message about a key that does not exist: what was probably meant, or what is valid.
 */

import { namesWith } from './describe-kind.js';
import { quoted } from './located-tree.js';
import { listKeys, type ObjectKind } from './rows.js';
import type { SchemaKey } from './schema.js';
import { closest, isSameWord } from './suggest.js';

/**
 * What to say about `name`, which is no key of `parent`.
 *
 * @param rootKeys the whole table, where the key may stand at another path
 * @param valid the names to offer; those of `parent` that apply
 */
export function unknownKeyText(name: string, parent: ObjectKind, rootKeys: readonly SchemaKey[], valid: readonly string[]): string {
  if (/^[^:]+:[^:]+$/.test(name)) return `unknown key ${quoted(name)}; in YAML a space follows the colon`;
  const here = closest(name, new Set([...valid, ...parent.keys.map((key) => key.name)]));
  const elsewhere = pathsOf(name, rootKeys);
  if (elsewhere.length > 0 && (here === undefined || !isSameWord(here, name))) {
    return `unknown key here; did you mean ${namesWith('or', here === undefined || elsewhere.includes(name) ? elsewhere : [here, ...elsewhere])}?`;
  }
  if (here !== undefined) return `unknown key; did you mean "${here}"?`;
  if (valid.length === 0) return 'unknown key; no keys are valid here';
  return `unknown key; valid here: ${[...new Set(valid)].join(', ')}`;
}

/** The few paths nearest to the top level where a key of that name stands. */
function pathsOf(name: string, rootKeys: readonly SchemaKey[]): string[] {
  const found = listKeys(rootKeys).filter(({ path, key }) => isSameWord(key.name, name) || path === name);
  const top = Math.min(...found.map(depthOf));
  return [...new Set(found.filter((entry) => depthOf(entry) === top).map(({ path }) => path))].slice(0, 3);
}

function depthOf({ path }: { path: string }): number {
  return path.split('.').length;
}
