/** What is committed agrees with the schema table: the generated files, and the configs that ship. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { loadConfig } from '../../src/config/index.js';
import type { RunConfig } from '../../src/config/run-config.js';
import { configKeys } from '../../src/run/config-schema.js';
import { generatedFiles } from '../../src/run/generated-files.js';
import { prepareRun } from '../../src/run/prepare.js';
import { planSweep } from '../../src/sweep/plan.js';
import { loadSweepFile } from '../../src/sweep/sweep-file.js';

const project = fileURLToPath(new URL('../..', import.meta.url));

test.each([...generatedFiles()])('%s is up to date (npm run generate)', (name, text) => {
  expect(readFileSync(join(project, name), 'utf8')).toBe(text);
});

test('generated files are those that are known', () => {
  expect([...generatedFiles().keys()]).toEqual(['schema.json', 'configs/KEYS.md']);
});

const shipped = readdirSync(join(project, 'configs'), { recursive: true })
  .map((name) => join('configs', String(name)))
  .filter((name) => ['.json', '.yaml', '.yml'].includes(extname(name)))
  .toSorted();
const isSweep = (name: string): boolean => dirname(name) === join('configs', 'sweeps');
const configs = shipped.filter((name) => !isSweep(name));
const sweeps = shipped.filter(isSweep);

describe('configs that ship', () => {
  test('are there', () => {
    expect(configs).toEqual(expect.arrayContaining(['configs/cd1.json', 'configs/exact.json', 'configs/bars-and-stripes.json']));
  });

  test.each(configs)('%s is valid, and its run can start', async (name) => {
    const loaded = await loadConfig(configKeys, { file: name, workingDirectory: project });
    const config = loaded.config as unknown as RunConfig;
    const { path } = config.data;
    if (typeof path === 'string' && !existsSync(path)) {
      // Data outside the repository need not be on this machine; the config itself has been checked.
      process.stderr.write(`SKIPPED preparing ${name}: ${path} is not there\n`);
      return;
    }
    const prepared = await prepareRun(loaded);
    expect(prepared.length).toBeGreaterThan(0);
    expect(prepared.parameters.visibleUnits).toBe(prepared.dataset.columns);
  });

  test.each(sweeps)('%s can be planned', async (name) => {
    const sweepFile = await loadSweepFile({ file: name, workingDirectory: project });
    const directory = join(project, 'runs', 'sweep');
    const { manifest, twins } = await planSweep({ sweepFile, directory, results: join(directory, 'tasks') });
    expect(manifest.tasks).toHaveLength(sweepFile.settings.length);
    expect(twins).toEqual([]);
  });

  test.each(shipped)('%s says what it is for', (name) => {
    expect(readFileSync(join(project, name), 'utf8')).toMatch(/^(\/\/|#) \S/);
  });
});
