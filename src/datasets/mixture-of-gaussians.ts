/**
 * A mixture of Gaussians: real rows around a few centres, all components equally likely and equally wide.
 *
 * The coordinates of the centres are normal with variance separation² / (2 · dimensions), so that the root mean square of
 * the distance between two centres is `separation`. A row takes a component at random and adds N(0, deviation²) to each
 * coordinate of its centre. Every draw is addressed: centres by component and dimension, rows by row and dimension, so
 * that more examples begin with the same rows.
 */

import { uniform } from '../kernels/addressed-uniform.js';
import { inverseNormalCumulative } from '../kernels/inverse-normal.js';
import { streamKey } from '../random/index.js';
import { configError, placeInRows, type DataSource } from './dataset.js';

const { floor, sqrt } = Math;

const name = 'mixture-of-gaussians';
const onlyWith = { key: 'source', values: [name] };
const cellLimit = 1 << 28;

interface Settings {
  components: number;
  dimensions: number;
  separation: number;
  deviation: number;
  examples: number;
}

function addressOf(seed: string, what: string) {
  return { key: streamKey(seed, `data/${name}/${what}`), update: 0, step: 0, layer: 0, temperature: 0 };
}

/** examples × dimensions, row-major. */
function mixtureOfGaussians(seed: string, { components, dimensions, separation, deviation, examples }: Settings): Float64Array {
  const places = addressOf(seed, 'centres');
  const choices = addressOf(seed, 'components');
  const noise = addressOf(seed, 'noise');
  const spread = separation / sqrt(2 * dimensions);
  const centres = Float64Array.from({ length: components * dimensions }, (_, index) => {
    return spread * inverseNormalCumulative(uniform(places, floor(index / dimensions), index % dimensions));
  });
  const values = new Float64Array(examples * dimensions);
  for (let row = 0; row < examples; row++) {
    const component = floor(uniform(choices, row, 0) * components);
    for (let dimension = 0; dimension < dimensions; dimension++) {
      const variate = inverseNormalCumulative(uniform(noise, row, dimension));
      values[row * dimensions + dimension] = centres[component * dimensions + dimension] + deviation * variate;
    }
  }
  return values;
}

/** The source `mixture-of-gaussians`: `examples` rows of `dimensions` real values. */
export const mixtureOfGaussiansSource: DataSource = {
  name,
  summary: 'real rows around a few random centres, with Gaussian noise; drawn from the data’s seed (with values real only)',
  onlyValues: 'real',
  keys: [
    { name: 'components', meaning: 'number of centres, equally likely', type: { kind: 'integer', minimum: 1, maximum: 1_000_000 }, default: 2, onlyWith },
    { name: 'dimensions', meaning: 'columns', type: { kind: 'integer', minimum: 1, maximum: 1_000_000 }, default: 2, onlyWith },
    {
      name: 'separation',
      meaning: 'root mean square of the distance between two centres',
      type: { kind: 'number', minimum: 0, maximum: 1e6 },
      default: 6,
      onlyWith,
    },
    {
      name: 'deviation',
      meaning: 'standard deviation of every coordinate around its centre',
      type: { kind: 'number', minimum: 0, maximum: 1e6 },
      default: 1,
      onlyWith,
    },
    { name: 'examples', meaning: 'rows', type: { kind: 'integer', minimum: 1, maximum: 100_000_000 }, default: 1000, onlyWith },
  ],
  async load(config, context) {
    const settings = config as unknown as Settings;
    const { components, dimensions, examples } = settings;
    if (Math.max(examples, components) * dimensions > cellLimit) {
      const key = examples > components ? 'data.examples' : 'data.components';
      throw configError(context, key, `${Math.max(examples, components)} × ${dimensions} dimensions are too many values to hold`, `At most ${cellLimit} are possible.`);
    }
    const values = mixtureOfGaussians(config.seed, settings);
    const label = `${name} ${components}×${dimensions}`;
    return { name: label, label, rows: examples, columns: dimensions, values, scale: 1, place: placeInRows(label) };
  },
};
