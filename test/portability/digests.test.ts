/**
 * The recorded digests: what this version of the numerics gives is what it gave before, here as on every other machine.
 *
 * The shipped configs are compared where they are trained anyway: test/cli/shipped-configs.test.ts, and .ci/run.
 * scripts/check-portability.js compares the same under other Node.js versions, compilers and processors.
 */

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { numericsVersion } from '../../src/kernels/index.js';
import { unitTypesOf } from '../../src/model/units/index.js';
import { gradientEstimators } from '../../src/training/gradients/index.js';
import { optimizers } from '../../src/training/updates/index.js';
import { projectRoot } from '../cli/support/run-cli.js';
import { recorded } from './recorded.js';

interface Report {
  readonly small: Readonly<Record<string, { readonly digest: string; readonly files?: string }>>;
  readonly commands: Readonly<Record<string, string>>;
}

function trainAll(...options: string[]): Report {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(projectRoot, 'test', 'portability', 'run.js'), ...options], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

test('are of this version of the numerics', () => {
  expect(recorded.numericsVersion).toBe(numericsVersion);
});

test('are there for every algorithm with every pair of units and every optimizer, and for every shipped config', () => {
  const names = Object.keys(recorded.small);
  for (const { name: algorithm } of gradientEstimators) {
    for (const { name: visible } of unitTypesOf('visible')) {
      for (const { name: hidden } of unitTypesOf('hidden')) {
        expect(names.filter((name) => name.startsWith(`${algorithm}, ${visible} × ${hidden}, `))).toHaveLength(1);
      }
    }
    const used = names.filter((name) => name.startsWith(`${algorithm}, `)).map((name) => name.split(', ')[2]);
    expect([...new Set(used)].toSorted()).toEqual(optimizers.map(({ name }) => name).toSorted());
  }
  // What is refused can't hide behind the record.
  expect(Object.entries(recorded.small).filter(([, digest]) => digest === 'refused').map(([name]) => name.replace(/ × .*/, ''))).toEqual(
    ['mean-field', 'pseudo-likelihood', 'ratio-matching'].flatMap((algorithm) => ['gaussian', 'gaussian', 'categorical', 'categorical'].map((units) => `${algorithm}, ${units}`)),
  );
  const configs = ['', 'papers', 'textbook'].flatMap((folder) => readdirSync(join(projectRoot, 'configs', folder)).map((file) => join(folder, file)));
  expect(Object.keys(recorded.shipped)).toEqual(configs.filter((file) => file.endsWith('.json')).toSorted());
});

test('are reproduced, and both backends leave the same files', () => {
  const wasm = trainAll();
  expect(Object.fromEntries(Object.entries(wasm.small).map(([name, { digest }]) => [name, digest]))).toEqual(recorded.small);
  const reference = trainAll('--backend', 'reference');
  expect(reference.small).toEqual(wasm.small);
  expect(reference.commands).toEqual(wasm.commands);
}, 300_000);
