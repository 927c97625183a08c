/**
 * What is installed with the tool: few packages, named in the README with their reasons, checked by their checksums, without
 * scripts of their own, under licences that MIT may include.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { projectRoot } from '../cli/support/run-cli.js';

interface LockedPackage {
  readonly version: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const read = (name: string): string => readFileSync(join(projectRoot, name), 'utf8');
const manifest = JSON.parse(read('package.json')) as Record<'scripts' | 'dependencies' | 'devDependencies', Record<string, string>>;
const { '': _own, ...locked } = (JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> }).packages;
const shipped = Object.entries(locked).filter(([, { dev }]) => dev !== true);

/** Megabytes of a folder's files. */
function megabytes(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(folder, name)));
  return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0) / 1e6;
}

test('the README has every runtime dependency, with its size and licence', () => {
  const rows = [...read('README.md').matchAll(/^\| `([^`]+)` \| [^|]+ \| ([\d.]+) MB \| (\S+) \|$/gm)];
  expect(rows.map(([, name]) => name).toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
  for (const [, name, size, licence] of rows) {
    expect({ name, licence }).toEqual({ name, licence: locked[`node_modules/${name}`].license });
    expect(Math.abs(megabytes(join(projectRoot, 'node_modules', name)) - Number(size))).toBeLessThan(0.06);
  }
});

test('and counts what these need', () => {
  expect(read('README.md')).toContain('with six more that they need, below 0.2 MB together');
  const others = shipped.map(([path]) => path).filter((path) => !(path.replace('node_modules/', '') in manifest.dependencies));
  expect(others).toHaveLength(6);
  expect(others.reduce((sum, path) => sum + megabytes(join(projectRoot, path)), 0)).toBeLessThan(0.2);
});

test('nothing that ships runs a script at its installation, and all is under MIT, ISC, BSD or Apache 2.0', () => {
  expect(shipped.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([]);
  expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
  expect(shipped.filter(([, { license = '' }]) => !/^(MIT|ISC|BSD-[23]-Clause|Apache-2\.0)$/.test(license))).toEqual([]);
});

test('the lock file has a checksum for every package, and the manifest exact versions only', () => {
  expect(Object.entries(locked).filter(([, { integrity = '' }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity)).map(([path]) => path)).toEqual([]);
  const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});
