/**
 * Block YAML (1.2, core schema) to a located tree.
 *
 * Refuses what a config has no use for and what means something else than it looks: custom tags, other YAML versions,
 * several documents, keys that are not text, numbers in other than decimal notation, aliases that unfold to more than
 * {@link nodeLimit} values.
 */

import { createRequire } from 'node:module';
import { printable, type RbmError } from '../errors.js';
import { readDecimal } from './decimal.js';
import { depthLimit, type LocatedNode, type Member, quoted } from './located-tree.js';
import { syntaxError } from './problems.js';
import type { Place, Source } from './source.js';

/** Loads the package when there is YAML to parse: it takes as long as half of our own modules, and most configs are JSON. */
const require = createRequire(import.meta.url);
const loadYaml = () => require('yaml') as typeof import('yaml');

/** A config has about 50 values; a few aliases of aliases unfold to billions. */
const nodeLimit = 100_000;

/** Characters: the package takes quadratic time over many keys, anchors or comments; 1 MiB of them took minutes. */
const textLimit = 65_536;

/** Columns; the deepest keys of a config stand at about 10. */
const indentationLimit = 250;

/** What the package's lexer puts before the text of a scalar. */
const scalarMark = '\u001f';

const coreTag = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;

/** Our words for the package's errors that speak of its own API or of JavaScript. */
const messages: Readonly<Partial<Record<string, string>>> = {
  MULTIPLE_DOCS: 'a second document starts here; a config is one',
  RESOURCE_EXHAUSTION: `nested deeper than ${depthLimit} levels`,
};

/** The part of the `yaml` package's nodes that is used here. */
interface YamlNode {
  range?: readonly number[] | null;
  tag?: string;
  anchor?: string;
}

/**
 * Parses the whole text of `source`.
 *
 * @throws RbmError 'usage' at the first syntax error, with its place and a code frame
 */
export function parseYaml(source: Source): LocatedNode {
  const { isAlias, isMap, isScalar, isSeq } = loadYaml();
  const fault = (start: number, end: number, text: string): RbmError => syntaxError({ source, start, end }, text);
  if (source.text.length > textLimit) throw fault(textLimit, textLimit + 1, `a YAML config has at most ${textLimit} characters; write it as JSON`);
  const tooDeep = nestedTooDeeply(source.text);
  if (tooDeep !== undefined) throw fault(tooDeep, tooDeep + 1, messages.RESOURCE_EXHAUSTION ?? '');
  const document = parse(source, fault);
  const [error] = [...document.errors, ...document.warnings].toSorted((first, second) => first.pos[0] - second.pos[0]);
  if (error !== undefined) {
    throw fault(error.pos[0], error.pos[1], messages[error.code] ?? `YAML: ${printable(error.message, 120)}`);
  }
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
    throw fault(0, 0, 'configs are YAML 1.2; remove the %YAML directive');
  }

  const anchors = new Map<string, unknown>();
  let nodes = 0;

  function placeOf(node: YamlNode): Place {
    const [start, end] = node.range ?? [0, 0];
    return { source, start, end };
  }

  function convert(node: unknown, depth: number): LocatedNode {
    const place = placeOf(node as YamlNode);
    const refuse = (text: string): RbmError => syntaxError(place, text);
    if (++nodes > nodeLimit) throw refuse(`aliases unfold to more than ${nodeLimit} values`);
    if (depth > depthLimit) throw refuse(`nested deeper than ${depthLimit} levels`);
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined) throw refuse(`no anchor &${printable(node.source, 60)} stands before this alias`);
      return convert(target, depth + 1);
    }
    const { anchor, tag } = node as YamlNode;
    if (anchor !== undefined) anchors.set(anchor, node);
    if (tag !== undefined && !coreTag.test(tag)) throw refuse(`tags such as ${quoted(tag)} are not accepted`);

    if (isMap(node)) {
      const members = node.items.map((pair) => member(pair.key, pair.value, place, depth));
      return { type: 'object', members, place };
    }
    if (isSeq(node)) return { type: 'list', items: node.items.map((item) => convert(item, depth + 1)), place };

    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number') {
      const written = (node as { source?: string }).source ?? '';
      const number = readDecimal(written, printable(written, 60));
      if ('reason' in number) throw refuse(number.reason);
      return { type: 'scalar', value: number.value, place };
    }
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return { type: 'scalar', value, place };
    throw refuse('expected text, a number, true, false, a list or a mapping');
  }

  function member(key: unknown, value: unknown, objectPlace: Place, depth: number): Member {
    if (!isScalar(key) || key.value === null) {
      const place = key === null ? objectPlace : placeOf(key as YamlNode);
      throw syntaxError(place, 'a key is plain text');
    }
    if (key.anchor !== undefined) anchors.set(key.anchor, key);
    const namePlace = placeOf(key);
    const name = typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
    // `? key` without a colon has no value node at all.
    if (value === null) return { name, namePlace, value: { type: 'scalar', value: null, place: namePlace } };
    return { name, namePlace, value: convert(value, depth + 1) };
  }

  if (document.contents === null) throw fault(0, 0, 'expected a mapping of keys to values, found no value');
  return convert(document.contents, 1);
}

/**
 * Where the text is nested more deeply than any config; undefined where it is not. The package itself recurses, and takes
 * quadratic time, before it looks: 60 KiB of brackets end the process, and no `catch` sees it.
 */
function nestedTooDeeply(text: string): number | undefined {
  const { Lexer } = loadYaml();
  let offset = 0;
  let brackets = 0;
  // Of a line: every level of blocks takes at least a blank of indentation, or a sign before another.
  let blocks = 0;
  let previous = '\n';
  for (const token of new Lexer().lex(text)) {
    const isMark = token === scalarMark || token === '\u0002' || token === '\u0018';
    if (previous === scalarMark) {
      // The text of a scalar; it may look like a sign.
    } else if (token === '\n' || token === '\r\n') blocks = 0;
    else if (token === '[' || token === '{') brackets++;
    else if (token === ']' || token === '}') brackets--;
    else if (previous.endsWith('\n') && token.trim() === '') blocks += token.length;
    else if (brackets === 0 && (token === '-' || token === '?' || token === ':')) blocks++;
    // Blanks before a comment, or before nothing, are no levels.
    const isContent = token.trim() !== '' && !token.startsWith('#');
    if (isContent && (brackets > depthLimit || blocks > indentationLimit)) return offset;
    if (!isMark) offset += token.length;
    previous = token;
  }
  return undefined;
}

/** The package's document; whatever it throws (it overflows the stack on deep nesting) is a syntax error of the text. */
function parse(source: Source, fault: (start: number, end: number, text: string) => RbmError) {
  try {
    // Duplicate keys are found by the validation, together with all other problems.
    return loadYaml().parseDocument(source.text, { version: '1.2', schema: 'core', uniqueKeys: false, prettyErrors: false });
  } catch {
    throw fault(0, 0, 'the YAML cannot be read: it is nested too deeply, or damaged');
  }
}
