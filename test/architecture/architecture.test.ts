/** The rules of the house hold, and each of them notices when it is broken. */

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { dataSources } from '../../src/datasets/index.js';
import { backends } from '../../src/kernels/index.js';
import { gradientEstimators } from '../../src/training/gradients/index.js';
import { optimizers } from '../../src/training/updates/index.js';
import { numericRooms, rules } from './rules.js';
import { parseFile, readSources, type SourceFile } from './sources.js';

const sources = readSources();

/** All of src, with one file replaced or added. */
function withFile(path: string, text: string): SourceFile[] {
  return [...sources.filter((file) => file.path !== path), parseFile(path, text)];
}

/** All of src, with lines added to a file that is there. */
function withLines(path: string, lines: string): SourceFile[] {
  const file = sources.find((candidate) => candidate.path === path);
  if (file === undefined) throw new Error(`${path} is not there`);
  return withFile(path, `${file.text}\n${lines}\n`);
}

describe('src', () => {
  test('is read: all rooms of the design that exist so far', () => {
    const rooms = new Set(sources.map(({ room }) => room));
    expect([...rooms]).toEqual(expect.arrayContaining(['cli', 'run', 'config', 'datasets', 'checkpoint', 'formats', ...numericRooms]));
    expect(sources.length).toBeGreaterThan(80);
    expect(sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(300);
  });

  test.each([...rules])('$name', (rule) => {
    // The reason is part of what a violation prints.
    expect({ reason: rule.reason, violations: rule.violations(sources) }).toEqual({ reason: rule.reason, violations: [] });
  });
});

describe('a broken rule is noticed', () => {
  const rule = (name: string) => {
    const found = rules.filter((candidate) => candidate.name.includes(name));
    expect(found).toHaveLength(1);
    return found[0];
  };

  test.each<[rule: string, violation: string, files: SourceFile[]]>([
    ['one way', 'kernels import the errors', withLines('kernels/philox.ts', "import { RbmError } from '../errors.js';")],
    ['one way', 'random imports a type of the kernels', withLines('random/streams.ts', "import type { Kernels } from '../kernels/index.js';")],
    ['one way', 'the model imports the sampler', withLines('model/parameters.ts', "import { createChains } from '../sampling/gibbs.js';")],
    ['one way', 'the model imports a value of the config', withLines('model/parameters.ts', "import { canonicalJson } from '../config/index.js';")],
    ['one way', 'an estimator re-exports from training', withLines('estimators/mean.ts', "export { Trainer } from '../training/trainer.js';")],
    ['one way', 'datasets import the training', withLines('datasets/mnist.ts', "import type { Trainer } from '../training/trainer.js';")],
    ['one way', 'checkpoints import the config', withLines('checkpoint/digest.ts', "import { loadConfig } from '../config/index.js';")],
    ['one way', 'a run imports the command line', withLines('run/prepare.ts', "import { main } from '../cli/main.js';")],
    ['one way', 'the library exports the command line', withLines('index.ts', "export * from './cli/main.js';")],
    ['one way', 'formats import a model', withLines('formats/npy.ts', "import type { ModelParameters } from '../model/parameters.js';")],
    ['one way', 'an import at run time', withLines('kernels/philox.ts', "export const later = import('../errors.js');")],
    ['one way', 'an import whose name is computed', withLines('kernels/philox.ts', 'export const later = (name: string) => import(name);')],
    ['one way', 'a room that nobody knows', withFile('utilities/index.ts', '/** Things. */\nexport {};')],
    ['that are there', 'no extension', withLines('kernels/philox.ts', "import type { Kernels } from './kernels';")],
    ['that are there', 'a file that is not there', withLines('kernels/philox.ts', "import { x } from './missing.js';")],
    ['that are there', 'an extension in AssemblyScript', withLines('kernels/wasm/assembly/sampling.ts', "import { philoxPair as pair } from './philox.js';")],
    ['that are there', 'a file that is not there in AssemblyScript', withLines('kernels/wasm/assembly/sampling.ts', "import { x } from './missing';")],
    ['stands alone', 'AssemblyScript imports a file outside', withLines('kernels/wasm/assembly/sampling.ts', "import { exp } from '../../elementary';")],
    ['stands alone', 'AssemblyScript imports a module of Node.js', withLines('kernels/wasm/assembly/sampling.ts', "import 'node:zlib';")],
    ['stands alone', 'a backend imports AssemblyScript', withLines('kernels/wasm/memory.ts', "import { exp } from './assembly/elementary.js';")],
    ['cycles', 'two files import each other', withLines('kernels/philox.ts', "import { uniform } from './addressed-uniform.js';")],
    ['files are touched', 'training writes files', withLines('training/trainer.ts', "import { writeFileSync } from 'node:fs';")],
    ['files are touched', 'a run writes files by itself', withLines('run/prepare.ts', "import { readFile } from 'node:fs/promises';")],
    ['files are touched', 'kernels start processes', withLines('kernels/philox.ts', "import 'node:child_process';")],
    ['files are touched', 'kernels start threads of their own', withLines('kernels/philox.ts', "import 'node:worker_threads';")],
    ['files are touched', 'a backend with threads reads files', withLines('kernels/wasm/memory.ts', "import 'node:fs';")],
    ['npm package', 'a second user of seedrandom', withLines('datasets/mnist.ts', "import seedrandom from 'seedrandom';")],
    ['npm package', 'a package that nobody knows', withLines('cli/main.ts', "import chalk from 'chalk';")],
    ['npm package', 'a Node.js module without its prefix', withLines('training/trainer.ts', "import { readFileSync } from 'fs';")],
    ['process is touched', 'training reads the environment', withLines('training/trainer.ts', 'const debug = process.env.DEBUG;')],
    ['process is touched', 'a run exits', withLines('run/train-run.ts', 'function leave() { process.exit(1); }')],
    ['process is touched', 'a format writes to stderr', withLines('formats/npy.ts', "const { stderr } = process; stderr.write('x');")],
    ['process is touched', 'the process under another name', withLines('run/prepare.ts', 'const p = process;')],
    ['console', 'training prints', withLines('training/trainer.ts', "function show() { console.log('x'); }")],
    ['leaves to the implementation', 'Math.exp', withLines('kernels/philox.ts', 'const e = Math.exp(1);')],
    ['leaves to the implementation', 'Math.log by destructuring', withLines('training/schedules.ts', 'const { log: logarithm } = Math;')],
    ['leaves to the implementation', "Math['tanh']", withLines('model/parameters.ts', "const t = Math['tanh'](1);")],
    ['leaves to the implementation', 'Math under another name', withLines('estimators/mean.ts', 'const M = Math;')],
    ['leaves to the implementation', 'Math handed over', withLines('estimators/mean.ts', 'const f = Object.keys(Math);')],
    ['leaves to the implementation', 'Math.exp in AssemblyScript, behind a decorator', withLines('kernels/wasm/assembly/sampling.ts', '/** e^x. */\n// @ts-ignore: decorator\n@inline\nexport function e(x: f64): f64 {\n  return <f64>Math.exp(x);\n}')],
    ['leaves to the implementation', '**', withLines('sampling/gibbs.ts', 'const p = (x: number) => x ** 2;')],
    ['leaves to the implementation', '**=', withLines('random/streams.ts', 'let p = 3; p **= 2;')],
    ['no clock', 'Date', withLines('training/trainer.ts', 'const now = Date.now();')],
    ['no clock', 'performance', withLines('estimators/mean.ts', 'const now = performance.now();')],
    ['no clock', 'a date where the time to wait is measured', withLines('kernels/wasm/thread-pool.ts', 'const now = Date.now();')],
    ['no clock', 'a clock in a type assertion', withLines('kernels/philox.ts', 'const now = <unknown>performance.now();')],
    ['no clock', 'a global by another way', withLines('kernels/philox.ts', "const e = globalThis['Math'];")],
    ['Math.random', 'in the command line', withLines('cli/main.ts', 'const r = Math.random();')],
    ['Math.random', 'by destructuring', withLines('datasets/mnist.ts', 'const { random } = Math;')],
    ['docstring', 'a function without', withLines('kernels/philox.ts', 'export function bare(): void {}')],
    ['docstring', 'a constant without', withLines('kernels/philox.ts', '\n// Not a docstring.\nexport const bare = 1;')],
    ['docstring', 'a decorated function without, in AssemblyScript', withLines('kernels/wasm/assembly/sampling.ts', '\n// @ts-ignore: decorator\n@inline\nexport function bare(): void {}')],
    ['docstring', 'a class without', withLines('run/events.ts', '\nexport abstract class Bare {}')],
    ['docstring', 'a file without an opening comment', withFile('kernels/extra.ts', 'const x = 1;')],
  ])('%s: %s', (name, _, files) => {
    const { violations } = rule(name);
    expect(violations(files).length).toBe(violations(sources).length + 1);
  });

  test('what only looks like a violation is none', () => {
    const harmless = `
// Math.exp(x) ** 2, Date.now(), console.log
/** process.exit and Math.random in a docstring. */
const text = "import 'node:fs'; Math.exp(1); Date.now(); process.exit()";
const object = { Date: 1, process: 2, console: 3, Math: 4, exp: 5 };
const member = object.Date + object.process + object.console + object.Math + object.exp + Math.sqrt(2) + Math.floor(1.5);
type Clock = Date;
`;
    const files = withLines('training/trainer.ts', harmless);
    for (const { violations } of rules) expect(violations(files)).toEqual(violations(sources));
  });
});

describe('registries', () => {
  const src = fileURLToPath(new URL('../../src', import.meta.url));
  const modulesIn = async (folder: string, without: readonly string[]): Promise<[string, unknown[]][]> => {
    const names = readdirSync(`${src}/${folder}`).filter((name) => name.endsWith('.ts') && !without.includes(name));
    return Promise.all(
      names.map(async (name) => {
        const module = (await import(`../../src/${folder}/${name.replace(/\.ts$/, '.js')}`)) as Record<string, unknown>;
        return [name, Object.values(module)] as [string, unknown[]];
      }),
    );
  };

  test('every training algorithm’s file is in the registry, and the registry has nothing else', async () => {
    const modules = await modulesIn('training/gradients', ['index.ts', 'gradient-estimator.ts']);
    const registered = modules.map(([name, values]) => [name, values.filter((value) => gradientEstimators.some((row) => row === value)).length]);
    expect(registered).toEqual(modules.map(([name]) => [name, 1]));
    expect(gradientEstimators).toHaveLength(modules.length);
  });

  test('every optimizer’s file is in the registry, and the registry has nothing else', async () => {
    const modules = await modulesIn('training/updates/optimizers', ['index.ts', 'optimizer.ts']);
    const registered = modules.map(([name, values]) => [name, values.filter((value) => optimizers.some((row) => row === value)).length]);
    expect(registered).toEqual(modules.map(([name]) => [name, 1]));
    expect(optimizers).toHaveLength(modules.length);
  });

  test('every source of data is in the registry', async () => {
    const modules = await modulesIn('datasets', ['index.ts']);
    const isSource = (value: unknown): boolean => typeof value === 'object' && value !== null && 'load' in value && 'summary' in value;
    const sourcesThere = modules.flatMap(([, values]) => values.filter(isSource));
    expect(sourcesThere.length).toBeGreaterThan(3);
    expect(sourcesThere.every((source) => dataSources.some((row) => row === source))).toBe(true);
    expect(dataSources).toHaveLength(sourcesThere.length);
  });

  test('every folder of the kernels is a backend of that name', () => {
    const folders = readdirSync(`${src}/kernels`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).toSorted()).toEqual(backends.map(({ name }) => name).toSorted());
  });

  test.each([
    ['training algorithms', gradientEstimators],
    ['sources of data', dataSources],
    ['backends', backends],
  ])('%s have names of their own, and a line of explanation each', (_, rows: readonly { name: string; summary: string }[]) => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    for (const { name, summary } of rows) {
      expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(summary.length).toBeGreaterThan(10);
    }
  });
});
