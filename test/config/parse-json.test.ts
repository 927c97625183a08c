/** JSON as people write it: what is read, what is refused, and where every value stands. */

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { LocatedNode } from '../../src/config/located-tree.js';
import { parseJson, startsWithBrace } from '../../src/config/parse-json.js';
import { positionAt, type Source } from '../../src/config/source.js';
import { errorOf, outcomeOf } from './helpers.js';

function sourceOf(text: string): Source {
  return { kind: 'file', name: 'a.json', text, folder: '/', order: 0 };
}

/** The value without places. Own properties are defined, not assigned: `__proto__` is a key like any other. */
function plain(node: LocatedNode): unknown {
  if (node.type === 'scalar') return node.value;
  if (node.type === 'list') return node.items.map(plain);
  const object = {};
  for (const { name, value } of node.members) {
    Object.defineProperty(object, name, { value: plain(value), enumerable: true, configurable: true, writable: true });
  }
  return object;
}

function read(text: string): unknown {
  return plain(parseJson(sourceOf(text)));
}

describe('what people write', () => {
  test.each<[string, unknown]>([
    ['{a: 1}', { a: 1 }],
    ["{'a b': 'it\\'s', \"c\": 'say \"hi\"'}", { 'a b': "it's", c: 'say "hi"' }],
    ['{a: [1, 2,], b: {},}', { a: [1, 2], b: {} }],
    ['// one\n{a: 1, # two\n/* three\n three */ b: 2} // four', { a: 1, b: 2 }],
    ['{a: "# no comment // here /* either */"}', { a: '# no comment // here /* either */' }],
    ['{a: .5, b: -.5, c: +5, d: 5., e: 1E-3, f: -0}', { a: 0.5, b: -0.5, c: 5, d: 5, e: 0.001, f: 0 }],
    ['{a: "\\u00e9\\x41\\n\\t\\/\\\\"}', { a: 'éA\n\t/\\' }],
    ['{a: "one \\\ntwo \\\r\nthree"}', { a: 'one two three' }],
    ['{$schema: null, größe: true, a-b: false}', { $schema: null, größe: true, 'a-b': false }],
    ['\r\n{\r\n\ta: 1\r\n}\r\n', { a: 1 }],
    ['[]', []],
  ])('%j', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  test('−0 becomes 0, for equal bits', () => {
    expect(Object.is(read('-0'), 0)).toBe(true);
    expect(Object.is(read('-0.0e5'), 0)).toBe(true);
  });

  test('whatever JSON.stringify prints is read as itself', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(JSON.stringify(read(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test('comments anywhere between tokens change nothing', () => {
    const comment = fc.constantFrom(' ', '\n', '// "c" {\n', '# \'c\' }\n', '/* "\n# */', '/**/');
    fc.assert(
      fc.property(fc.array(comment, { minLength: 9, maxLength: 9 }), fc.string(), (c, string) => {
        const key = JSON.stringify(string);
        const text = `${c[0]}{${c[1]}${key}${c[2]}:${c[3]}[${c[4]}${key}${c[5]},${c[6]}1${c[7]}]}${c[8]}`;
        expect(read(text)).toEqual({ [string]: [string, 1] });
      }),
    );
  });

  test('duplicates and __proto__ are kept for the validation to see', () => {
    const node = parseJson(sourceOf('{a: 1, a: 2, __proto__: 3}'));
    expect(node.type === 'object' && node.members.map((member) => member.name)).toEqual(['a', 'a', '__proto__']);
  });
});

describe('places', () => {
  test('every node covers its own text', () => {
    const text = '{\n  # c\n  a: [1, "x"],\r\n  "b c": {d: true}, // e\n}';
    const node = parseJson(sourceOf(text));
    if (node.type !== 'object') throw new Error('no object');
    const covered = (place: { start: number; end: number }): string => text.slice(place.start, place.end);
    expect(covered(node.place)).toBe(text);
    expect(node.members.map((member) => covered(member.namePlace))).toEqual(['a', '"b c"']);
    expect(node.members.map((member) => covered(member.value.place))).toEqual(['[1, "x"]', '{d: true}']);
    const list = node.members[0].value;
    expect(list.type === 'list' && list.items.map((item) => covered(item.place))).toEqual(['1', '"x"']);
    expect(positionAt(text, node.members[1].namePlace.start)).toEqual({ line: 4, column: 3 });
  });

  test('lines and columns agree with counting characters', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '\n', '\r\n', '\r', '😀')), fc.nat(), (parts, at) => {
        const index = at % (parts.length + 1);
        const before = parts.slice(0, index).join('');
        // "\r" followed by "\n" is one break, but not one that can be counted from the text before alone.
        fc.pre(!(before.endsWith('\r') && parts[index] === '\n'));
        const lines = before.split(/\r\n|\n|\r/);
        expect(positionAt(parts.join(''), before.length)).toEqual({ line: lines.length, column: lines[lines.length - 1].length + 1 });
      }),
    );
  });
});

describe('syntax errors say what and where', () => {
  test.each<[string, string]>([
    ['{a: 1', '1:6: expected "," or "}", found the end of the file; the "{" of line 1, column 1 is not closed'],
    ['{\n  a: [1, 2\n', '3:1: expected "," or "]", found the end of the file; the "[" of line 2, column 6 is not closed'],
    ['{a 1}', '1:4: expected ":" after the key "a", found "1"'],
    ['{a = 1}', '1:4: expected ":" after the key "a", found "="'],
    ['{a: 1 b: 2}', '1:7: expected "," or "}", found "b"'],
    ['{a: 1;}', '1:6: expected "," or "}", found ";"'],
    ['{a: 1,, b: 2}', '1:7: expected a key or "}", found ","'],
    ['{1: 2}', '1:2: expected a key or "}", found "1"'],
    ['[1, 2}', '1:6: expected "," or "]", found "}"'],
    ['[,]', '1:2: expected a value, found ","'],
    ['{a: 1} {b: 2}', '1:8: expected the end of the config, found "{"'],
    ['{a: cd}', '1:5: expected a value, found the word cd; text stands in quotes: "cd"'],
    ['{a: True}', '1:5: expected a value, found the word True; write true'],
    ['{a: None}', '1:5: expected a value, found the word None; write null'],
    ['{a: constructor}', 'text stands in quotes: "constructor"'],
    ['{a: "x\n}', '1:5: the string that starts here is not closed on its line; expected "'],
    ["{a: 'x", "1:5: the string that starts here is not closed on its line; expected '"],
    ['["\\', '1:3: unknown escape \\'],
    ['{a: "C:\\data"}', '1:8: unknown escape \\d; a backslash itself is written \\\\'],
    ['["\\u12"]', '1:3: unknown escape \\u'],
    ['{a: 1} /* x', '1:8: the comment that starts here is not closed; expected */'],
    ['[0x1F]', '1:2: 0x1F is not decimal'],
    ['[-0x1F]', '1:2: -0x1F is not decimal'],
    ['[007]', '1:2: 007 has leading zeros'],
    ['[1_000]', '1:2: 1_000 has digit separators'],
    ['[NaN]', '1:2: NaN is not a finite number'],
    ['[-Infinity]', '1:2: -Infinity is not a finite number'],
    ['[1e999]', '1:2: 1e999 is too large for a 64-bit floating-point number'],
    ['[1e-999]', '1:2: 1e-999 is too small for a 64-bit floating-point number'],
    ['[1.2.3]', '1:2: 1.2.3 is not a number'],
    ['[5x]', '1:2: 5x is not a number'],
    ['[`x`]', '1:2: expected a value, found "`"'],
    ['{\u001b[31m: 1}', 'found "\\u001b"'],
    ['['.repeat(65) + ']'.repeat(65), '1:65: nested deeper than 64 levels'],
  ])('%j', (text, message) => {
    const error = errorOf(() => parseJson(sourceOf(text)));
    expect(error.code).toBe('usage');
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/^a\.json:\d+:\d+: /);
    expect(error.frame).toMatch(/ \| [^\n]*\n +\| *\^+$/);
  });

  test('the frame marks the place', () => {
    const { frame } = errorOf(() => parseJson(sourceOf('{\n\ta: cd,\n}')));
    expect(frame).toBe('  2 |  a: cd,\n    |     ^^');
  });

  test('the frame of a long line is a window of it', () => {
    const { frame = '' } = errorOf(() => parseJson(sourceOf(`[${'1, '.repeat(50_000)}x, ${'1, '.repeat(50_000)}]`)));
    const [line, carets] = frame.split('\n');
    expect(line.length).toBeLessThan(120);
    expect(line[carets.indexOf('^')]).toBe('x');
  });

  test('nesting up to the limit is fine, and far beyond it does not exhaust the stack', () => {
    expect(JSON.stringify(read('['.repeat(64) + ']'.repeat(64)))).toHaveLength(128);
    expect(errorOf(() => parseJson(sourceOf('{a:'.repeat(300_000)))).message).toContain('nested deeper');
  });

  test('any garbage is a value or an RbmError', () => {
    const token = fc.constantFrom('{', '}', '[', ']', ':', ',', '"', "'", '\\', '#', '//', '/*', '*/', '\n', 'a', '-', '.5', 'true', ' ', '\0');
    const garbage = fc.oneof(fc.array(token).map((tokens) => tokens.join('')), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(garbage, (text) => {
        expect(outcomeOf(() => parseJson(sourceOf(text)))).toMatch(/^ok$|^RbmError a\.json:\d+:\d+: /);
      }),
      { numRuns: 2000 },
    );
  });

  test('a megabyte of anything is refused in time that does not grow with its square: that would be many minutes', () => {
    for (const piece of ['{', '"', "'\\", '//', '/*', '# \n', ' ', 'a', '1', ',', '\\', '{a:{},']) {
      const start = process.cpuUsage();
      errorOf(() => parseJson(sourceOf(`[${piece.repeat((1 << 20) / piece.length)}`)));
      expect(process.cpuUsage(start).user / 1e6).toBeLessThan(20);
    }
  });
});

test('JSON is recognised by its brace', () => {
  for (const text of ['{', ' \n{', '# c\n{', '// c\n/* c */ {']) expect(startsWithBrace(text)).toBe(true);
  for (const text of ['', 'a: {', '# {', '/* { */', '- {']) expect(startsWithBrace(text)).toBe(false);
  expect(startsWithBrace('/*'.repeat(1 << 19))).toBe(false);
  expect(startsWithBrace('//\n'.repeat(1 << 18))).toBe(false);
  expect(startsWithBrace(' '.repeat(1 << 20))).toBe(false);
});
