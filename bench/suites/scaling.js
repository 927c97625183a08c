/**
 * How the cost per example grows with visible units, hidden units, batch and threads; as SVG plots.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { defaultBackend } from '../../dist/kernels/index.js';
import { oursWithThreads, threadCounts, trainingContenders } from '../contenders.js';
import { bernoulliData } from '../data.js';
import { costs, interleave, statistics } from '../rounds.js';
import { prepareCase } from '../start.js';
import { logLogPlot } from '../svg.js';
import { formatNumber, formatTable } from '../table.js';

/** The density of thresholded MNIST. */
const density = 0.13;
const base = { visibleUnits: 784, hiddenUnits: 500, batch: 100 };

const axes = [
  { key: 'visibleUnits', file: 'cost-visible-units', label: 'visible units n', values: [50, 100, 200, 400, 784, 1600, 3200] },
  { key: 'hiddenUnits', file: 'cost-hidden-units', label: 'hidden units m', values: [10, 30, 100, 300, 1000, 2000] },
  { key: 'batch', file: 'cost-batch', label: 'examples per mini-batch, and chains', values: [1, 3, 10, 30, 100, 300, 1000] },
];

function scalingCase(shape) {
  return { ...base, algorithm: 'sml', k: 1, learningRate: 0.01, data: bernoulliData(shape.visibleUnits ?? base.visibleUnits, density), ...shape };
}

/** Fewer and shorter runs than in the tables: a plot has many points. */
function runOptions({ rounds, seconds }, warn) {
  return { rounds: Math.min(rounds, 3), seconds: Math.min(seconds, 0.3), warn };
}

/** Median cost in µs per example of every contender, by name. */
function medians(measured, clock, batch) {
  return new Map([...measured].map(([id, { rounds }]) => [id, statistics(costs(rounds, clock, batch)).median * 1e6]));
}

/** Writes a plot and returns its table. `lines`: cost by x, by name. */
function present({ folder, file, title, xLabel, yLabel, xTicks, xs, lines }) {
  const series = [...lines].map(([name, costByX]) => ({ name, points: [...costByX] }));
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${file}.svg`);
  writeFileSync(path, logLogPlot({ title, xLabel, yLabel, xTicks, series }));
  const rows = xs.map((x) => [x.toString(), ...series.map(({ points }) => {
    const point = points.find(([px]) => px === x);
    return point && formatNumber(point[1]);
  })]);
  return formatTable(`${title}: ${yLabel} (${path})`, [xLabel, ...series.map(({ name }) => name)], rows);
}

function addPoint(lines, name, x, cost) {
  if (!lines.has(name)) lines.set(name, new Map());
  lines.get(name).set(x, cost);
}

async function scaleAxis({ key, file, label, values }, { options, folder, versions, warn, progress }) {
  const contenders = trainingContenders(1, versions);
  const lines = new Map();
  for (const value of values) {
    progress(`scaling: ${label} = ${value}`);
    const { settings } = await prepareCase(scalingCase({ [key]: value }), folder);
    const measured = await interleave(contenders, settings, runOptions(options, warn));
    for (const [id, cost] of medians(measured, 'cpuSeconds', settings.batch)) addPoint(lines, id, value, cost);
  }
  const fixed = { visibleUnits: `n = ${base.visibleUnits}`, hiddenUnits: `m = ${base.hiddenUnits}`, batch: `batch ${base.batch}` };
  delete fixed[key];
  const title = `SML, ${Object.values(fixed).join(', ')}, 13 % on, 1 thread`;
  const text = present({ folder: options.output, file, title, xLabel: label, yLabel: 'CPU µs per example', xs: values, lines });
  return { text, raw: Object.fromEntries([...lines].map(([id, costByX]) => [id, [...costByX]])) };
}

async function scaleThreads({ options, folder, warn, progress }) {
  const lines = new Map();
  for (const [visibleUnits, hiddenUnits] of [[784, 500], [784, 20], [2000, 1000]]) {
    progress(`scaling: threads, ${visibleUnits}×${hiddenUnits}`);
    const { settings } = await prepareCase(scalingCase({ visibleUnits, hiddenUnits }), folder);
    const contenders = threadCounts.map((count) => oursWithThreads('train.js', count));
    const measured = await interleave(contenders, settings, runOptions(options, warn));
    const costById = medians(measured, 'wallSeconds', settings.batch);
    contenders.forEach(({ id }, index) => {
      if (costById.has(id)) addPoint(lines, `${visibleUnits}×${hiddenUnits}`, threadCounts[index], costById.get(id));
    });
  }
  const title = `${defaultBackend}: SML, batch 100, 13 % on`;
  const text = present({
    folder: options.output,
    file: 'cost-threads',
    title,
    xLabel: 'threads',
    yLabel: 'wall-clock µs per example',
    xTicks: threadCounts,
    xs: threadCounts,
    lines,
  });
  return { text, raw: Object.fromEntries([...lines].map(([id, costByX]) => [id, [...costByX]])) };
}

/** @param {import('../run.js').BenchContext} context */
export async function scaling(context) {
  const texts = [];
  const raw = {};
  for (const axis of axes) {
    const result = await scaleAxis(axis, context);
    texts.push(result.text);
    raw[axis.key] = result.raw;
  }
  const threads = await scaleThreads(context);
  return { text: [...texts, threads.text].join('\n'), raw: { ...raw, threads: threads.raw } };
}
