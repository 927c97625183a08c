/**
 * CPU time of commands that do next to nothing, against Node itself.
 */

import { fileURLToPath } from 'node:url';

import { executable, measuredNode } from '../measured-node.js';
import { statistics } from '../rounds.js';
import { formatNumber, formatRange, formatTable } from '../table.js';

const config = fileURLToPath(new URL('../../configs/cd1.json', import.meta.url));

/** One process is over in a fraction of a second, so there are more rounds of them. */
const roundsFactor = 3;

const commands = {
  'node -e 0': ['-e', '0'],
  'rbm-train --version': [executable, '--version'],
  'rbm-train --help': [executable, '--help'],
  'rbm-train --config configs/cd1.json --dry-run': [executable, '--config', config, '--dry-run'],
};

/** @param {import('../run.js').BenchContext} context */
export async function startup({ options, folder, progress }) {
  progress('startup');
  const names = Object.keys(commands);
  const raw = Object.fromEntries(names.map((name) => [name, []]));
  // The first round fills the dataset's cache and the file system's, and is discarded.
  for (let round = -1; round < options.rounds * roundsFactor; round++) {
    for (const name of names) {
      const usage = await measuredNode(commands[name], folder);
      if (round >= 0) raw[name].push(usage);
    }
  }
  const of = (name, clock) => statistics(raw[name].map((usage) => usage[clock]));
  const node = of('node -e 0', 'cpuSeconds').median;
  const rows = names.map((name) => {
    const cpu = of(name, 'cpuSeconds');
    return [name, formatRange(cpu, 1e3), formatNumber((cpu.median - node) * 1e3), formatRange(of(name, 'wallSeconds'), 1e3)];
  });
  const title = `Start-up: median (min–max) of ${options.rounds * roundsFactor} interleaved runs (dry run: the dataset comes from its cache)`;
  return { text: formatTable(title, ['command', 'CPU ms', 'CPU ms beyond Node', 'wall ms'], rows), raw };
}
