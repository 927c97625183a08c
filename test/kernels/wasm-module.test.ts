/**
 * The compiled kernels: made from the sources beside them, without any instruction whose result a machine may choose,
 * and with nothing but the memory from outside.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { functionNames, isSupported } from '../../src/kernels/wasm/instance.js';
import { moduleText, sourceHash } from '../../src/kernels/wasm/module.js';
import { webAssembly } from '../../src/kernels/wasm/webassembly.js';
import { projectRoot } from '../cli/support/run-cli.js';

const bytes = Buffer.from(moduleText, 'base64');

/** A module with one function that multiplies and adds four vectors: its opcode is where the other one's is. */
function moduleWith(opcode: readonly number[]): Buffer {
  const body = [0, 0x20, 0, 0x20, 0, 0x20, 0, ...opcode, 0x0b];
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const types = [1, 6, 1, 0x60, 1, 0x7b, 1, 0x7b];
  const functions = [3, 2, 1, 0];
  const code = [10, body.length + 2, 1, body.length, ...body];
  return Buffer.from([...header, ...types, ...functions, ...code]);
}

/** Prints the text of a module on stdin, by Binaryen, the compiler's own toolkit. */
const printText = `
import binaryen from 'binaryen';
import { readFileSync } from 'node:fs';
process.stdout.write(binaryen.readBinary(readFileSync(0)).emitText());
`;

async function textOf(module: Buffer): Promise<string> {
  const running = promisify(execFile)(process.execPath, ['--input-type=module', '-e', printText], { cwd: projectRoot, maxBuffer: 2 ** 27 });
  running.child.stdin?.end(module);
  return (await running).stdout;
}

/** Where constants lie in the memory. */
function dataSegments(text: string): { start: number; end: number }[] {
  return [...text.matchAll(/\(data \S+ \(i32\.const (\d+)\) "((?:[^"\\]|\\.)*)"\)/g)].map(([, start, content]) => ({
    start: Number(start),
    end: Number(start) + content.replace(/\\([0-9a-f]{2}|.)/g, '.').length,
  }));
}

/** Instructions of the relaxed kind, and fused ones, in a module's text. */
function openInstructions(text: string): string[] {
  return text.match(/\(\S*(relaxed|fma|madd)\S*/g) ?? [];
}

describe('the committed module', () => {
  test('carries the hash of the sources', () => {
    const script = readFileSync(join(projectRoot, 'scripts/build-wasm.js'), 'utf8');
    const [, list] = /^const options = \[\n(.*?),\n\];$/ms.exec(script) as RegExpExecArray;
    const options = JSON.parse(`[${list.replaceAll("'", '"')}]`) as string[];
    const folder = join(projectRoot, 'src/kernels/wasm/assembly');
    const hash = createHash('sha256').update(JSON.stringify(options));
    const sources = readdirSync(folder).filter((file) => file.endsWith('.ts'));
    for (const name of sources.toSorted()) hash.update(`\n${name}\n`).update(readFileSync(join(folder, name)));
    expect(sources.length).toBeGreaterThan(0);
    expect({ hash: sourceHash, advice: 'else: npm run build:wasm' }).toEqual({ hash: hash.digest('hex'), advice: 'else: npm run build:wasm' });
  });

  test('is what the compiler makes of them', async () => {
    // Fails where it does not end with 0; the compiler may have remarks.
    const { stdout } = await promisify(execFile)(process.execPath, ['scripts/build-wasm.js', '--check'], { cwd: projectRoot });
    expect(stdout).toBe('');
  });

  test('runs here, takes nothing but the memory, and has all kernels', () => {
    const { Module } = webAssembly as unknown as {
      Module: { new (code: Uint8Array): object; imports(module: object): object[]; exports(module: object): { name: string; kind: string }[] };
    };
    expect(isSupported()).toBe(true);
    const module = new Module(bytes);
    expect(Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
    const functions = Module.exports(module).filter(({ kind }) => kind === 'function');
    expect(functions.map(({ name }) => name).toSorted()).toEqual([...functionNames].toSorted());
  });

  test('has no instruction whose result a machine may choose', async () => {
    const text = await textOf(bytes);
    expect(text).toContain('f64x2.add');
    expect(openInstructions(text)).toEqual([]);
  });

  test('shares nothing between threads but what the host places, beyond its constants', async () => {
    const text = await textOf(bytes);
    // Threads meet on the host's side; here they only claim panels, by counting.
    expect(text).not.toMatch(/memory\.grow|\(start /);
    expect([...new Set(text.match(/[\w.]*\.atomic\.[\w.]*/g))]).toEqual(['i32.atomic.rmw.add']);
    const segments = dataSegments(text);
    expect(segments.length).toBe(text.match(/\(data /g)?.length);
    for (const { start, end } of segments) {
      expect(start).toBeGreaterThanOrEqual(1024);
      // Where the places begin that KernelMemory gives out.
      expect(end).toBeLessThanOrEqual(8192);
    }
  });

  test('and the search for such instructions finds them where they are', async () => {
    // f64x2.relaxed_madd; f64x2.mul and f64x2.add
    const [relaxed, plain] = await Promise.all([[0xfd, 0x87, 0x02], [0xfd, 0xf2, 0x01, 0xfd, 0xf0, 0x01]].map((code) => textOf(moduleWith(code))));
    expect(openInstructions(relaxed)).toEqual(['(f64x2.relaxed_madd']);
    expect(openInstructions(plain)).toEqual([]);
    expect(plain).toContain('f64x2.mul');
  });
});
