/**
 * JSON as people write it, to a located tree: comments (`//`, `#` and block comments), bare keys, single quotes, trailing
 * commas, `.5` and `+5`.
 *
 * Written by hand: the parsers at hand say "Unexpected token", without what was expected; know no `#`; and the located
 * one (momoa 3.3.13) refuses `-.5` and never returns from `["\`. Refuses what silently means something else than it
 * looks: hexadecimal numbers, NaN, infinities, unknown escapes (`"C:\data"`), line breaks in strings, words without
 * quotes; and nesting deeper than {@link depthLimit}, so that no text can exhaust the stack.
 */

import { printable } from '../errors.js';
import { readDecimal } from './decimal.js';
import { depthLimit, type ListNode, type LocatedNode, type Member, type ObjectNode, quoted } from './located-tree.js';
import { syntaxError } from './problems.js';
import { type Place, positionAt, type Source } from './source.js';

const space = /\s+/y;
const lineComment = /(?:\/\/|#)[^\r\n]*/y;
/** A bare key. Hyphens and dots are let through: "unknown key a-b" says more than "unexpected -". */
const bareKey = /[\p{ID_Start}$_][\p{ID_Continue}$.-]*/uy;
/** What stands between two punctuation marks: a number or a word. */
const run = /[\p{ID_Continue}$+.-]+/uy;
const plainCharacters = /[^"'\\\r\n]+/y;
const hexadecimalEscape = /(?:x[\da-fA-F]{2}|u[\da-fA-F]{4})/y;

const escapes: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  '\n': '',
};

/** Words of other languages, and what they are called here. */
const foreignWords: Readonly<Record<string, string>> = {
  True: 'true',
  yes: 'true',
  on: 'true',
  False: 'false',
  no: 'false',
  off: 'false',
  None: 'null',
  undefined: 'null',
};

/**
 * Parses the whole text of `source`, which must hold one value.
 *
 * @throws RbmError 'usage' at the first syntax error, with its place, a code frame, and what was expected
 */
export function parseJson(source: Source): LocatedNode {
  const parser = new JsonParser(source);
  return parser.parse();
}

/** Whether the first thing in the text after space and comments is `{`: then it is JSON, whatever the file is called. */
export function startsWithBrace(text: string): boolean {
  return text[skipSpace(text, 0)] === '{';
}

/** The offset behind space and comments; a comment that is not closed is not skipped. */
function skipSpace(text: string, from: number): number {
  let offset = from;
  for (;;) {
    const start = offset;
    if (text.startsWith('/*', offset)) offset = text.indexOf('*/', offset + 2) + 2;
    else offset += (matchAt(space, text, offset) ?? matchAt(lineComment, text, offset) ?? '').length;
    // indexOf found no end of the comment, or nothing was there to skip.
    if (offset <= start) return start;
  }
}

/** What the sticky pattern matches at an offset. */
function matchAt(pattern: RegExp, text: string, offset: number): string | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0];
}

/** A recursive-descent parser; `offset` is the next character to read. */
class JsonParser {
  readonly #source: Source;
  readonly #text: string;
  #offset = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#text = source.text;
  }

  parse(): LocatedNode {
    this.#skipSpace();
    const value = this.#value(1);
    this.#skipSpace();
    if (this.#offset < this.#text.length) this.#unexpected('the end of the config');
    return value;
  }

  #value(depth: number): LocatedNode {
    const start = this.#offset;
    const character = this.#text[start];
    if (character === '{' || character === '[') {
      if (depth > depthLimit) throw this.#error(start, start + 1, `nested deeper than ${depthLimit} levels`);
      return character === '{' ? this.#object(depth) : this.#list(depth);
    }
    if (character === '"' || character === "'") {
      const value = this.#string();
      return { type: 'scalar', value, place: this.#place(start) };
    }
    const word = this.#match(run);
    if (word === undefined) return this.#unexpected('a value');
    if (word === 'true' || word === 'false') return { type: 'scalar', value: word === 'true', place: this.#place(start) };
    if (word === 'null') return { type: 'scalar', value: null, place: this.#place(start) };
    if (!/^[\d+.-]|^(?:Infinity|NaN)$/.test(word)) {
      const known = Object.hasOwn(foreignWords, word) ? foreignWords[word] : undefined;
      // On the command line the shell has eaten the quotes.
      if (known === undefined && this.#source.kind === 'override') return { type: 'scalar', value: word, place: this.#place(start) };
      const remedy = known === undefined ? `text stands in quotes: ${quoted(word)}` : `write ${known}`;
      throw this.#error(start, this.#offset, `expected a value, found the word ${printable(word, 60)}; ${remedy}`);
    }
    const number = readDecimal(word, printable(word, 60));
    if ('reason' in number) throw this.#error(start, this.#offset, number.reason);
    return { type: 'scalar', value: number.value, place: this.#place(start) };
  }

  #object(depth: number): ObjectNode {
    const start = this.#offset++;
    const members: Member[] = [];
    this.#skipSpace();
    while (!this.#take('}')) {
      const keyStart = this.#offset;
      const name = this.#key(start);
      const namePlace = this.#place(keyStart);
      this.#skipSpace();
      if (!this.#take(':')) this.#unexpected(`":" after the key ${quoted(name)}`, start);
      this.#skipSpace();
      members.push({ name, namePlace, value: this.#value(depth + 1) });
      this.#separator('}', start);
    }
    return { type: 'object', members, place: this.#place(start) };
  }

  #list(depth: number): ListNode {
    const start = this.#offset++;
    const items: LocatedNode[] = [];
    this.#skipSpace();
    while (!this.#take(']')) {
      items.push(this.#value(depth + 1));
      this.#separator(']', start);
    }
    return { type: 'list', items, place: this.#place(start) };
  }

  /** A comma, or nothing before the closing bracket. */
  #separator(closing: string, openedAt: number): void {
    this.#skipSpace();
    if (this.#take(',')) this.#skipSpace();
    else if (this.#text[this.#offset] !== closing) this.#unexpected(`"," or "${closing}"`, openedAt);
  }

  #key(openedAt: number): string {
    const character = this.#text[this.#offset];
    if (character === '"' || character === "'") return this.#string();
    return this.#match(bareKey) ?? this.#unexpected('a key or "}"', openedAt);
  }

  #string(): string {
    const start = this.#offset;
    const quote = this.#text[start];
    const parts: string[] = [];
    this.#offset++;
    while (!this.#take(quote)) {
      const plain = this.#match(plainCharacters);
      const character = this.#text[this.#offset];
      if (plain !== undefined) {
        parts.push(plain);
      } else if (character === '\\') {
        parts.push(this.#escape());
      } else if (character === '"' || character === "'") {
        parts.push(character);
        this.#offset++;
      } else {
        throw this.#error(start, this.#offset, `the string that starts here is not closed on its line; expected ${quote}`);
      }
    }
    return parts.join('');
  }

  /** The character that an escape stands for; a backslash at the end of a line joins it with the next. */
  #escape(): string {
    const start = this.#offset++;
    const code = this.#match(hexadecimalEscape);
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (this.#text.startsWith('\r\n', this.#offset)) this.#offset++;
    const character = this.#text[this.#offset] ?? '';
    if (!Object.hasOwn(escapes, character)) {
      const shown = printable(`\\${character}`);
      throw this.#error(start, this.#offset + character.length, `unknown escape ${shown}; a backslash itself is written \\\\`);
    }
    this.#offset++;
    return escapes[character];
  }

  #skipSpace(): void {
    this.#offset = skipSpace(this.#text, this.#offset);
    if (this.#text.startsWith('/*', this.#offset)) {
      throw this.#error(this.#offset, this.#offset + 2, 'the comment that starts here is not closed; expected */');
    }
  }

  /** Takes what the sticky pattern matches here. */
  #match(pattern: RegExp): string | undefined {
    const match = matchAt(pattern, this.#text, this.#offset);
    this.#offset += match?.length ?? 0;
    return match;
  }

  #take(character: string): boolean {
    if (this.#text[this.#offset] !== character) return false;
    this.#offset++;
    return true;
  }

  #place(start: number): Place {
    return { source: this.#source, start, end: this.#offset };
  }

  #error(start: number, end: number, text: string): Error {
    return syntaxError({ source: this.#source, start, end }, text);
  }

  /** Fails at the next character; at the end of the text, with the bracket that is still open. */
  #unexpected(expected: string, openedAt?: number): never {
    const start = this.#offset;
    if (start >= this.#text.length) {
      const end = this.#source.kind === 'file' ? 'the end of the file' : 'the end of the text';
      const opened = openedAt === undefined ? '' : this.#opened(openedAt);
      throw this.#error(start, start, `expected ${expected}, found ${end}${opened}`);
    }
    const found = this.#match(run) ?? String.fromCodePoint(this.#text.codePointAt(start) ?? 0);
    throw this.#error(start, start + found.length, `expected ${expected}, found ${quoted(found)}`);
  }

  #opened(offset: number): string {
    const { line, column } = positionAt(this.#text, offset);
    return `; the "${this.#text[offset]}" of line ${line}, column ${column} is not closed`;
  }
}
