/** Configs as text, JSON as people write it and YAML: what strict parsers of others make of them is what ours must make. */

import { parseDocument } from 'yaml';
import { parseJson } from '../../../dist/config/parse-json.js';
import { parseYaml } from '../../../dist/config/parse-yaml.js';
import { hostileTexts } from '../draw.js';
import { hostileName } from './checks.js';
import { jsonText } from './json.js';

const keys = ['data', 'source', 'model', 'hiddenUnits', 'training', '__proto__', 'constructor', 'a-b', 'ü', '', '1', 'x y'];
const scalars = [0, 1, -1, 0.5, 1e-3, 1e300, 123_456_789, true, false, null, '', 'mnist', 'two words', 'yes', '0x10', '1e5', ...hostileTexts];

/** A value as configs have them. @param {import('../draw.js').Draw} draw @returns {unknown} */
function valueOf(draw, depth = 0) {
  if (depth > 3 || draw.chance(0.4)) return draw.pick(scalars);
  const items = Array.from({ length: draw.integer(0, 4) }, () => valueOf(draw, depth + 1));
  if (draw.chance(0.4)) return items;
  return Object.fromEntries(items.map((item) => [draw.pick(keys), item]));
}

/** What a located tree stands for; undefined where a key stands twice, as others then keep the last. */
function plain(node) {
  if (node.type === 'scalar') return node.value;
  if (node.type === 'list') {
    const items = node.items.map(plain);
    return items.includes(undefined) ? undefined : items;
  }
  const entries = node.members.map(({ name, value }) => [name, plain(value)]);
  const isUnclear = new Set(entries.map(([name]) => name)).size < entries.length || entries.some(([, value]) => value === undefined);
  return isUnclear ? undefined : Object.fromEntries(entries);
}

/** A text of a value in which −0 is 0, as in ours. */
function canonical(value) {
  return JSON.stringify(value, (_, item) => (typeof item === 'object' && item !== null && !Array.isArray(item) ? Object.fromEntries(Object.entries(item).toSorted(([one], [other]) => (one < other ? -1 : 1))) : item));
}

/** Why a place lies outside the text; undefined where none does. */
function faultOfPlaces(node, length) {
  const { start, end } = node.place;
  if (!(start >= 0 && start <= end && end <= length)) return `has a place ${start} to ${end} in a text of ${length}`;
  const below = node.type === 'object' ? node.members.map(({ value }) => value) : node.type === 'list' ? node.items : [];
  for (const child of below) {
    const fault = faultOfPlaces(child, length);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Whether a message names a place in the text. */
function namesPlace(message, text) {
  const [, line, column] = /:(\d+):(\d+): /.exec(message) ?? [];
  const lines = text.split(/\r\n|\n|\r/);
  return line >= 1 && line <= lines.length && column >= 1 && column <= lines[line - 1].length + 2;
}

/** Whether ours may refuse what others take: numbers that float64 has not, depth. */
function mayRefuse(message) {
  return /too large for|too small for|nested deeper|leading zeros|not decimal|not a finite number|unfold|%YAML|tags such|a key is plain text/.test(message);
}

/** A target of one parser. `peer` is another's reading of the same text: undefined where it refuses it. */
function target(name, parse, write, peer) {
  return {
    name,
    codes: ['usage'],
    generate(draw) {
      const value = valueOf(draw);
      return { bytes: Buffer.from(write(draw, value)), expected: JSON.parse(JSON.stringify(value)) };
    },
    run(bytes) {
      const text = bytes.toString('utf8');
      try {
        return parse({ kind: 'file', name: hostileName, text, folder: '/', order: 0 });
      } catch (error) {
        if (error?.name !== 'RbmError') throw error;
        if (!namesPlace(error.message, text)) throw new Error(`names no place in the text: ${JSON.stringify(error.message)}`, { cause: error });
        if (peer(text) !== undefined && !mayRefuse(error.message)) throw new Error(`refused what is valid: ${JSON.stringify(error.message)}`, { cause: error });
        throw error;
      }
    },
    check(node, bytes, expected) {
      const text = bytes.toString('utf8');
      const outside = faultOfPlaces(node, text.length);
      if (outside !== undefined) return outside;
      const value = plain(node);
      const wanted = expected ?? peer(text);
      if (value === undefined || wanted === undefined) return undefined;
      const [ours, others] = [canonical(value), canonical(wanted)];
      return ours === others ? undefined : `reads ${ours.slice(0, 300)} instead of ${others.slice(0, 300)}`;
    },
    memory: () => 1 << 28,
  };
}

function strictJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ownYaml(text) {
  try {
    const document = parseDocument(text, { version: '1.2', schema: 'core', uniqueKeys: false, logLevel: 'silent' });
    if (document.errors.length + document.warnings.length > 0 || document.contents === null) return undefined;
    return JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 1000 })));
  } catch {
    return undefined;
  }
}

/** YAML in blocks; texts in double quotes, as in JSON. */
function yamlText(draw, value, indent = '') {
  if (Array.isArray(value) && value.length > 0) return draw.list(value).map((item) => `\n${indent}- ${yamlText(draw, item, `${indent}  `)}`).join('');
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
  if (!isMap) return draw.lie(JSON.stringify(value), ['&a 1', '*a', '!!int "1"', '!x y', '|\n  text', '>-\n  text', "'it''s'", '0o17', '.inf', '? a', '---', '%YAML 1.1', '~', '# x']);
  return draw.list(Object.entries(value)).map(([key, item]) => `\n${indent}${draw.lie(JSON.stringify(key), ['&a b', '? c', '<<', '[d]', 'null'])}: ${yamlText(draw, item, `${indent}  `)}`).join('');
}

/** @type {import('./index.js').Target} */
export const jsonConfig = target('json-config', parseJson, (draw, value) => jsonText(draw, value), strictJson);

/** @type {import('./index.js').Target} */
export const yamlConfig = target('yaml-config', parseYaml, (draw, value) => yamlText(draw, value).trimStart(), ownYaml);
