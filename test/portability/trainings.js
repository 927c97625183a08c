/**
 * The trainings whose digests are recorded in digests.json: the shipped configs, and small ones for every algorithm with
 * every pair of unit types, and for what else takes part in the numbers.
 *
 * Plain JavaScript on dist/, because it runs on other hosts than the tests (see scripts/check-portability.js).
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unitTypesOf } from '../../dist/model/units/index.js';
import { gradientEstimators } from '../../dist/training/gradients/index.js';
import { optimizers } from '../../dist/training/updates/index.js';

const configs = fileURLToPath(new URL('../../configs/', import.meta.url));

/**
 * @typedef {{name: string, file: string, updates: (number | 'full')[]}} Shipped lengths whose digests are recorded
 * @typedef {{name: string, config: string}} Small `config` is the text of one, of six updates
 */

/** Shipped configs that are trained in full within seconds. */
const fullLength = ['cd1.json', 'exact.json', 'ising.json', 'gaussian-mixture.json', 'bars-and-stripes.json', 'papers/bars-and-stripes-cd1-32.json'];

/** @type {readonly Shipped[]} every shipped config */
export const shipped = ['', 'papers', 'textbook']
  .flatMap((folder) => readdirSync(join(configs, folder)).map((file) => (folder === '' ? file : `${folder}/${file}`)))
  .filter((name) => name.endsWith('.json'))
  .toSorted()
  .map((name) => ({ name, file: join(configs, name), updates: fullLength.includes(name) ? [3, 'full'] : [3] }));

const barsAndStripes = "{ source: 'bars-and-stripes', height: 3, width: 3, validation: { count: 4 } }";
const data = {
  binary: barsAndStripes,
  ising: barsAndStripes,
  gaussian: "{ source: 'mixture-of-gaussians', values: 'real', dimensions: 5, examples: 18, standardize: 'columns', validation: { count: 4 } }",
  categorical: "{ source: 'file', path: 'words.csv', values: 'categorical', validation: { count: 4 } }",
};

/** What the trainings read beside their configs, by name. */
export const files = {
  'words.csv': Array.from({ length: 18 }, (_, row) => `${['red', 'green', 'blue'][row % 3]},${row % 2},${['a', 'b', 'c', 'd'][(row * row) % 4]}\n`).join(''),
  'incomplete.csv': Array.from({ length: 18 }, (_, row) => `${[0, 1, 2, 3, 4].map((unit) => ((row + unit) % 5 === 0 ? '?' : (row >> unit) & 1)).join(',')}\n`).join(''),
};

/** Updates of every small training; after half of them it is stopped and continued. */
export const smallUpdates = 6;

/** @returns {Small} */
function small(name, { source = barsAndStripes, model = '', algorithm = "'sml', chains: 6", steps = 'learningRate: 0.1', evaluation = '' }) {
  const config = `{ seed: 'portability', data: ${source}, model: { hiddenUnits: 4, weights: { standardDeviation: 0.5 }, ${model} },
  training: { algorithm: ${algorithm}, updates: ${smallUpdates}, batchSize: 5, ${steps} },
  evaluation: { every: { updates: 2 }, ${evaluation} } }
`;
  return { name, config };
}

const ownSettings = { 'fast-sml': ', fastLearningRate: 0.1', 'tempered-sml': ', rungs: 4', 'mean-field': ', expansionOrder: 3' };
const withChains = gradientEstimators.filter(({ usesPersistentChains }) => usesPersistentChains).map(({ name }) => name);
const algorithmOf = (name) => `'${name}'${withChains.includes(name) ? ', chains: 6' : ''}${ownSettings[name] ?? ''}`;

/**
 * Every algorithm × visible × hidden units, with the optimizers in turn, so that every algorithm and every pair of unit types
 * meets every optimizer; what can't be combined is recorded as refused.
 */
const combinations = gradientEstimators.flatMap(({ name: algorithm }, first) =>
  unitTypesOf('visible').flatMap(({ name: visible }, second) =>
    unitTypesOf('hidden').map(({ name: hidden }, third) => {
      const { name: optimizer, usesMomentum } = optimizers[(first + second + 2 * third) % optimizers.length];
      return small(`${algorithm}, ${visible} × ${hidden}, ${optimizer}`, {
        source: data[visible],
        model: `visible: { units: '${visible}'${visible === 'gaussian' ? ", variance: 'learned'" : ''} }, hidden: { units: '${hidden}' }`,
        algorithm: algorithmOf(algorithm),
        steps: `optimizer: '${optimizer}', learningRate: 0.02${usesMomentum ? ', momentum: 0.5' : ''}`,
      });
    }),
  ),
);

/** @type {readonly Small[]} */
export const smallTrainings = [
  ...combinations,
  small('everything between gradient and step', {
    steps: `learningRate: { schedule: 'exponential', initial: 0.2, final: 0.01, horizon: { updates: 5 } }, optimizer: 'nesterov', momentum: 0.5,
    weightDecay: { l1: 0.0001, l2: 0.001 }, sparsity: { target: 0.1, cost: 0.1 }, centring: { offsets: 'both' }, clipNorm: 1, averaging: { from: { updates: 2 } }`,
  }),
  small('fixed variance of Gaussian units', { source: data.gaussian, model: "visible: { units: 'gaussian', varianceValue: 0.3 }" }),
  small('missing values', { source: "{ source: 'file', path: 'incomplete.csv', missing: 'nan' }" }),
  small('grey values drawn afresh every epoch', { source: "{ source: 'mnist', binarize: 'dynamic', train: { count: 10 }, validation: { count: 5 } }" }),
  small('estimated likelihood', { evaluation: "logLikelihood: 'estimated', annealing: { temperatures: 20, chains: 10 }" }),
  small('tracked likelihood', { evaluation: "logLikelihood: 'tracked', tracking: { temperatures: 20, chains: 10, every: { updates: 1 } }" }),
];
