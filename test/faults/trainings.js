/**
 * Small trainings for the faults: one for every algorithm, and what else a checkpoint can hold. They save and evaluate so
 * often that a random instant falls into the writing of a file as likely as not.
 */

const barsAndStripes = "{ source: 'bars-and-stripes', height: 3, width: 3, validation: { count: 4 } }";
const gaussians = "{ source: 'mixture-of-gaussians', values: 'real', dimensions: 6, examples: 40, standardize: 'columns', validation: { count: 8 } }";

/** @typedef {{name: string, config: string, threads?: number}} Training */

/** @returns {Training} */
function training(name, algorithm, { data = barsAndStripes, model = '', steps = 'learningRate: 0.1, momentum: 0.5', evaluation = '', threads = undefined, updates = 60 } = {}) {
  const config = `{
    seed: 'faults', data: ${data}, model: { hiddenUnits: 4, ${model} },
    training: { ${algorithm}, updates: ${updates}, batchSize: 4, ${steps} },
    evaluation: { every: { updates: 3 }, ${evaluation} },
    checkpoint: { every: { updates: 2 } }, log: { every: { updates: 1 } },
  }
`;
  return { name, config, threads };
}

const everything = `learningRate: 0.01, optimizer: 'nesterov', momentum: 0.5, sparsity: { target: 0.1, cost: 0.1 },
  centring: { offsets: 'both' }, clipNorm: 1, averaging: { from: { updates: 20 } }`;

/** @type {readonly Training[]} */
export const trainings = [
  training('cd', "algorithm: 'cd', k: 1"),
  training('sml', "algorithm: 'sml', chains: 6", { threads: 2 }),
  training('tempered-sml', "algorithm: 'tempered-sml', chains: 3, rungs: 4"),
  training('fast-sml', "algorithm: 'fast-sml', chains: 6, fastLearningRate: 0.1"),
  training('exact', "algorithm: 'exact'"),
  training('mean-field', "algorithm: 'mean-field', expansionOrder: 2, chains: 6"),
  training('pseudo-likelihood', "algorithm: 'pseudo-likelihood'"),
  training('ratio-matching', "algorithm: 'ratio-matching'"),
  training('sml with everything', "algorithm: 'sml', chains: 6", { steps: everything, threads: 2 }),
  training('adam', "algorithm: 'cd'", { steps: "learningRate: 0.01, optimizer: 'adam'" }),
  training('gaussian units', "algorithm: 'sml', chains: 6", { data: gaussians, model: "visible: { units: 'gaussian', variance: 'learned' }", steps: 'learningRate: 0.01' }),
  training('tracked log Z', "algorithm: 'sml', chains: 6", { evaluation: "logLikelihood: 'tracked'" }),
];

/** Has one of everything that a training writes, and little else. */
export const shortTraining = training('short', "algorithm: 'cd', k: 1", { updates: 4 });

/** Spends nearly all of its time in exact log Z: a quarter of a second each, with four evaluations. */
export const slowEvaluation = {
  name: 'slow evaluation',
  config: `{
    seed: 'faults', data: { source: 'bars-and-stripes', height: 6, width: 6, validation: { count: 4 } }, model: { hiddenUnits: 25 },
    training: { algorithm: 'cd', updates: 6, batchSize: 4 },
    evaluation: { every: { updates: 3 }, logLikelihood: 'exact', exactCostLimit: 2e9 },
    checkpoint: { every: { updates: 2 } }, log: { every: { updates: 1 } },
  }
`,
};

/** Parameters and momentum are 8 MB each. */
export const largeModel = {
  name: 'large model',
  threads: 2,
  config: `{
    seed: 'faults', data: { source: 'mixture-of-gaussians', values: 'real', dimensions: 500, examples: 100, standardize: 'columns', validation: { count: 8 } },
    model: { hiddenUnits: 2000, visible: { units: 'gaussian' } },
    training: { algorithm: 'sml', chains: 10, updates: 4, batchSize: 10, learningRate: 0.001, momentum: 0.5 },
    evaluation: { every: { updates: 2 } }, checkpoint: { every: { updates: 2 } }, log: { every: { updates: 1 } },
  }
`,
};
