/**
 * The documentation of every key, made from the schema table: for `--help` in a terminal, and as a markdown table.
 */

import { describeKind, namesWith } from './describe-kind.js';
import { groupOf, isOneKeyObject, type ListedKey, listKeys } from './rows.js';
import type { Kind, Relevance, SchemaKey } from './schema.js';
import { wrap } from './wrap.js';

/** What the relevances mean, for the legend of the documentation. */
export const relevanceMeanings: Readonly<Record<Relevance, string>> = {
  result: 'decides the trained parameters; part of the config hash',
  data: 'decides the data, and so their fingerprint',
  length: 'how long to train; a resumed run may ask for more',
  execution: 'changes no bit of the parameters',
};

/** The pieces of one key's documentation. */
interface Documentation {
  path: string;
  kind: string;
  status: string;
  relevance: Relevance;
  meaning: string;
  /** When the key applies, or '' where it always does. */
  when: string;
  /** `value: meaning` for each value of a choice. */
  choices: string[];
}

/**
 * Documents all keys.
 *
 * @param options `markdown`: a table instead of text for a terminal of `width` (80) columns; `relevance`: whether each key's
 *   is given (true), which means something for the keys of a run only
 */
export function documentKeys(keys: readonly SchemaKey[], options: { width?: number; markdown?: boolean; relevance?: boolean } = {}): string {
  const { width = 80, markdown = false, relevance = true } = options;
  const documented = listKeys(keys).filter(({ parent }) => !isOneKeyObject(parent)).map(documentKey);
  return markdown ? markdownTable(documented, relevance) : documented.map((entry) => terminalText(entry, width, relevance)).join('\n\n');
}

function documentKey({ path, key, parent, relevance }: ListedKey): Documentation {
  const section = path.slice(0, path.length - key.name.length);
  const { onlyWith, notWith } = key;
  const conditions = [
    ...(onlyWith === undefined ? [] : [`only with ${section}${onlyWith.key} ${namesWith('or', onlyWith.values)}`]),
    ...(notWith === undefined ? [] : [`not with ${section}${notWith}`]),
  ];
  const when = conditions.join('; ');
  const meaning = key.meaning;
  const status = statusOf(key, groupOf(parent, key.name));
  return { path, kind: describeKind(key.type), status, relevance, meaning, when, choices: choicesOf(key.type) };
}

function statusOf(key: SchemaKey, group: ReturnType<typeof groupOf>): string {
  if (key.default !== undefined) return `default ${JSON.stringify(key.default)}`;
  if (group !== undefined) return `${group.needsOne ? 'exactly' : 'at most'} one of ${namesWith('and', group.names)}`;
  if (key.required === true) return 'required';
  const inner = key.type.kind === 'object' ? key.type.keys : [];
  const mustBeNamed = inner.some(({ required, onlyWith }) => required === true && onlyWith === undefined);
  const hasDefaults = !mustBeNamed && inner.some((row) => row.default !== undefined);
  return hasDefaults ? 'its keys have their own defaults' : 'optional';
}

/** `value: meaning` of every choice that the kind offers. */
export function choicesOf(kind: Kind): string[] {
  if (kind.kind === 'oneOf') return kind.options.flatMap(choicesOf);
  if (kind.kind !== 'choice' || kind.meanings === undefined) return [];
  const { meanings } = kind;
  return kind.values.map((value, index) => `${value}: ${meanings[index]}`);
}

function terminalText({ path, kind, status, relevance, meaning, when, choices }: Documentation, width: number, withRelevance: boolean): string {
  const facts = [kind, status, ...(when === '' ? [] : [when]), ...(withRelevance ? [relevance] : [])].join('; ');
  const indent = '    ';
  const lines = [path, ...wrap(facts, width, indent), ...wrap(meaning, width, indent)];
  for (const choice of choices) lines.push(...wrap(choice, width, `${indent}- `, `${indent}  `));
  return lines.join('\n');
}

function markdownTable(entries: readonly Documentation[], withRelevance: boolean): string {
  const rows = entries.map(({ path, kind, status, relevance, meaning, when, choices }) => {
    const details = [meaning, ...choices.map((choice) => choice.replace(/^([^:]*):/, '`$1`:'))];
    if (when !== '') details.push(when);
    return [`\`${path}\``, kind, status, ...(withRelevance ? [relevance] : []), details.join('<br>')].map(cell).join(' | ');
  });
  const columns = ['key', 'value', 'default', ...(withRelevance ? ['relevance'] : []), 'meaning'];
  const head = `| ${columns.join(' | ')} |\n| ${columns.map(() => '---').join(' | ')} |`;
  return `${head}\n${rows.map((row) => `| ${row} |\n`).join('')}`;
}

/** Text as the content of one cell; the `<br>` between details is the only markup that stays. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/<(?!br>)/g, '&lt;').replaceAll(/\s+/g, ' ');
}
