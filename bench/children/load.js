/**
 * Loads a dataset once, in a fresh process, and prints what the loading took (not the start of Node or of our modules).
 *
 *   node bench/children/load.js '<data section of a config, as JSON>'
 */

import { loadDataset } from '../../dist/datasets/index.js';

const config = JSON.parse(process.argv[2]);
const wall = process.hrtime.bigint();
const cpu = process.cpuUsage();
const dataset = await loadDataset(config);
const used = process.cpuUsage(cpu);
const wallSeconds = Number(process.hrtime.bigint() - wall) / 1e9;
const { rows } = dataset.splits.train.states;
process.stdout.write(`${JSON.stringify({ cpuSeconds: (used.user + used.system) / 1e6, wallSeconds, rows })}\n`);
