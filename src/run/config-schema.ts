/**
 * The whole schema table: the common rows, and the rows that algorithms, data sources and backends bring along.
 *
 * To add a key, add its row here, or in the file of the algorithm, source or backend that it belongs to.
 */

import { extentKind, type Kind, type SchemaKey } from '../config/schema.js';
import { dataKeys } from '../datasets/index.js';
import { diagnostics } from '../diagnostics/index.js';
import { addressLimits, backends, defaultBackend } from '../kernels/index.js';
import { unitTypesOf } from '../model/units/index.js';
import { gradientEstimators, gradientKeys } from '../training/gradients/index.js';
import { defaultCompletionSteps } from '../training/missing-values.js';
import { momentumOptimizers, optimizerKeys, updateKeys } from '../training/updates/index.js';

type NumberKind = Extract<Kind, { kind: 'number' }>;

const probability = { kind: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.5 } as const;
const nonNegative = { kind: 'number', minimum: 0 } as const;

/** Where an exponential schedule starts and ends: it can neither leave 0 nor reach it. */
function aboveZero(value: NumberKind): Kind {
  return { ...value, minimum: undefined, exclusiveMinimum: 0 };
}

/** A number ≥ 0, or an object that names a schedule, each with a horizon of its own. */
function scheduleKind(value: NumberKind): Kind {
  const schedule: SchemaKey[] = [
    {
      name: 'schedule',
      meaning: 'how the value changes; t is the number of updates done',
      type: {
        kind: 'choice',
        values: ['linear', 'exponential', 'inverse', 'step'],
        meanings: [
          'from initial to final in a straight line over the horizon, then constant',
          'from initial to final along initial·(final/initial)^(t/horizon), then constant',
          'initial / (1 + t/halfLife)',
          'initial before `at`, final from there on',
        ],
      },
      required: true,
    },
    {
      name: 'initial',
      meaning: 'value at the first update',
      type: value,
      required: true,
      onlyWith: { key: 'schedule', values: ['linear', 'inverse', 'step'] },
    },
    {
      name: 'initial',
      meaning: 'value at the first update',
      type: aboveZero(value),
      required: true,
      onlyWith: { key: 'schedule', values: ['exponential'] },
    },
    {
      name: 'final',
      meaning: 'value at the end of the horizon',
      type: value,
      required: true,
      onlyWith: { key: 'schedule', values: ['linear', 'step'] },
    },
    {
      name: 'final',
      meaning: 'value at the end of the horizon',
      type: aboveZero(value),
      required: true,
      onlyWith: { key: 'schedule', values: ['exponential'] },
    },
    {
      name: 'horizon',
      meaning: 'when the final value is reached; independent of how long training lasts, so that training longer never changes earlier updates',
      type: extentKind(),
      required: true,
      onlyWith: { key: 'schedule', values: ['linear', 'exponential'] },
    },
    {
      name: 'halfLife',
      meaning: 'when the value has fallen to half of initial',
      type: extentKind(),
      required: true,
      onlyWith: { key: 'schedule', values: ['inverse'] },
    },
    {
      name: 'at',
      meaning: 'when the value changes from initial to final',
      type: extentKind(),
      required: true,
      onlyWith: { key: 'schedule', values: ['step'] },
    },
  ];
  return { kind: 'oneOf', options: [value, { kind: 'object', keys: schedule }] };
}

const weightsKeys: SchemaKey[] = [
  {
    name: 'distribution',
    meaning: 'distribution that the initial weights are drawn from',
    type: { kind: 'choice', values: ['normal', 'uniform'], meanings: ['N(0, standardDeviation²)', 'U(−range, range)'] },
    default: 'normal',
  },
  {
    name: 'standardDeviation',
    meaning: 'σ of the initial weights',
    type: nonNegative,
    default: 0.01,
    onlyWith: { key: 'distribution', values: ['normal'] },
  },
  {
    name: 'range',
    meaning: 'half the width of the uniform distribution',
    type: nonNegative,
    required: true,
    onlyWith: { key: 'distribution', values: ['uniform'] },
  },
];

/** Rows of a bias; only the visible one can start from the data. */
function biasKeys(layer: 'visible' | 'hidden'): SchemaKey[] {
  const fromData = layer === 'visible';
  const values = fromData ? ['log-odds', 'constant', 'uniform'] : ['constant', 'uniform'];
  const meanings = [
    'log(mean / (1 − mean)) of each unit over the training data, so that the model starts at the right marginals; of ising units half of it, of categorical ones log(mean), of gaussian ones the mean',
    'the same value for every unit',
    'U(−range, range)',
  ];
  const keys: SchemaKey[] = [
    {
      name: 'start',
      meaning: `how the ${layer} biases start`,
      type: { kind: 'choice', values, meanings: fromData ? meanings : meanings.slice(1) },
      default: fromData ? 'log-odds' : 'constant',
    },
    {
      name: 'value',
      meaning: 'the constant',
      type: { kind: 'number' },
      default: 0,
      onlyWith: { key: 'start', values: ['constant'] },
    },
    {
      name: 'range',
      meaning: 'half the width of the uniform distribution',
      type: nonNegative,
      required: true,
      onlyWith: { key: 'start', values: ['uniform'] },
    },
  ];
  if (fromData) {
    keys.push(
      {
        name: 'smoothing',
        meaning: 'pseudo-count added to both values of every unit, so that units that never change keep finite biases',
        type: nonNegative,
        default: 1,
        onlyWith: { key: 'start', values: ['log-odds'] },
      },
      {
        name: 'clip',
        meaning: 'the mean is clipped to [clip, 1 − clip] (after smoothing)',
        type: probability,
        onlyWith: { key: 'start', values: ['log-odds'] },
      },
    );
  }
  return keys;
}

/** The choice of a layer's units. */
function unitsKey(layer: 'visible' | 'hidden', meaning: string): SchemaKey {
  const types = unitTypesOf(layer);
  return {
    name: 'units',
    meaning,
    type: {
      kind: 'choice',
      values: types.map(({ name }) => name),
      meanings: types.map(({ summary }) => summary),
      synonyms: { bernoulli: 'binary', spin: 'ising', normal: 'gaussian', real: 'gaussian', softmax: 'categorical', multinomial: 'categorical' },
    },
    required: true,
  };
}

const visibleKeys: SchemaKey[] = [
  unitsKey('visible', 'kind of the visible units; the data must be of that kind (binary data for ising, too: 0 stands for −1)'),
  {
    name: 'variance',
    meaning: 'variance of every unit given the hidden ones',
    type: {
      kind: 'choice',
      values: ['fixed', 'learned'],
      meanings: [
        'varianceValue',
        'log variance of every unit a parameter of its own, with the learning rate of the others, no momentum, and no further than 10 from where it starts; the bias of cd makes it too small: use sml',
      ],
    },
    default: 'fixed',
    onlyWith: { key: 'units', values: ['gaussian'] },
  },
  {
    name: 'varianceValue',
    meaning: 'the fixed variance, or the one that learning starts from; 1 where left out, which suits standardized data',
    type: { kind: 'number', minimum: 1e-100, maximum: 1e100 },
    onlyWith: { key: 'units', values: ['gaussian'] },
  },
];

const modelKeys: SchemaKey[] = [
  {
    name: 'visible',
    meaning: 'what the visible units are; as the data are where left out (binary; gaussian of variance 1 for real values; categorical)',
    type: { kind: 'object', keys: visibleKeys },
  },
  {
    name: 'hidden',
    meaning: 'what the hidden units are; binary where left out',
    type: { kind: 'object', keys: [unitsKey('hidden', 'kind of the hidden units')] },
  },
  {
    name: 'from',
    meaning: 'checkpoint (.safetensors) or model of another tool (.npz, .safetensors, .mat of MATLAB: a weight matrix and two biases) to start from, instead of random parameters',
    type: { kind: 'path' },
    // Its content enters the config hash (run/prepare), not its path.
    relevance: 'data',
  },
  {
    name: 'hiddenUnits',
    meaning: 'number of hidden units m; with `from`, the model file decides',
    type: { kind: 'integer', minimum: 1, maximum: 1 << 26 },
    required: true,
    notWith: 'from',
  },
  { name: 'weights', meaning: 'initial weights W (n × m)', type: { kind: 'object', keys: weightsKeys }, notWith: 'from' },
  {
    name: 'visibleBias',
    meaning: 'initial visible bias a (n)',
    type: { kind: 'object', keys: biasKeys('visible') },
    notWith: 'from',
  },
  {
    name: 'hiddenBias',
    meaning: 'initial hidden bias b (m)',
    type: { kind: 'object', keys: biasKeys('hidden') },
    notWith: 'from',
  },
];

const trainingKeys: SchemaKey[] = [
  {
    name: 'algorithm',
    meaning: 'where the samples of the negative phase come from',
    type: {
      kind: 'choice',
      values: gradientEstimators.map((estimator) => estimator.name),
      meanings: gradientEstimators.map((estimator) => estimator.summary),
      synonyms: Object.fromEntries(
        gradientEstimators.flatMap(({ name, synonyms }) => synonyms.map((synonym) => [synonym, name])),
      ),
    },
    required: true,
  },
  ...gradientKeys,
  {
    name: 'epochs',
    meaning: 'how long to train, in passes over the training data',
    type: { kind: 'integer', minimum: 0 },
    relevance: 'length',
  },
  {
    name: 'updates',
    meaning: 'how long to train, in parameter updates',
    type: { kind: 'integer', minimum: 0, maximum: 2 ** 40 - 1 },
    relevance: 'length',
  },
  {
    name: 'batchSize',
    meaning: 'examples per mini-batch; the last one of an epoch may be smaller; `full` for all examples',
    type: { kind: 'oneOf', options: [{ kind: 'integer', minimum: 1 }, { kind: 'choice', values: ['full'] }] },
    default: 100,
  },
  {
    name: 'order',
    meaning: 'order of the examples in an epoch',
    type: {
      kind: 'choice',
      values: ['shuffled', 'stored'],
      meanings: ['a new seeded permutation every epoch', 'as they stand in the data'],
    },
    default: 'shuffled',
  },
  {
    name: 'completionSteps',
    meaning: `Gibbs steps that complete the missing values of a mini-batch (data.missing) in every update; ${defaultCompletionSteps} where left out`,
    type: { kind: 'integer', minimum: 1, maximum: addressLimits.step - 1 },
  },
  {
    name: 'learningRate',
    meaning: 'step size on the gradient of the mean log-likelihood: a number or a schedule',
    type: scheduleKind(nonNegative),
    default: 0.05,
  },
  ...optimizerKeys,
  {
    name: 'momentum',
    meaning: 'share of the last step that is added to the next: a number or a schedule',
    type: scheduleKind({ kind: 'number', minimum: 0, exclusiveMaximum: 1 }),
    default: 0,
    onlyWith: { key: 'optimizer', values: momentumOptimizers, orAbsent: true },
  },
  {
    name: 'weightDecay',
    meaning: 'penalties on the weights (not on the biases)',
    type: {
      kind: 'object',
      keys: [
        { name: 'l2', meaning: 'λ of the penalty (λ/2)·Σ W²: the gradient loses λ·W', type: nonNegative, default: 0 },
        { name: 'l1', meaning: 'λ of the penalty λ·Σ |W|: the gradient loses λ·sign(W)', type: nonNegative, default: 0 },
      ],
    },
  },
  ...updateKeys,
  {
    name: 'averaging',
    meaning: 'the run’s model is an average of the parameters after many updates ({} for all of them, with equal weights), not the last ones',
    type: {
      kind: 'object',
      keys: [
        {
          name: 'decay',
          meaning: 'share of the average that is kept from update to update: an exponential average of the latest updates; equal weights where left out',
          type: { kind: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
        },
        { name: 'from', meaning: 'where averaging begins; until then, the run’s model is the last parameters', type: extentKind() },
      ],
    },
  },
];

const evaluationKeys: SchemaKey[] = [
  {
    name: 'every',
    meaning:
      'when to evaluate beside the end: `auto` (the smallest whole number of epochs with at least 500 updates), `never`, or an extent',
    type: { kind: 'oneOf', options: [{ kind: 'choice', values: ['auto', 'never'] }, extentKind()] },
    default: 'auto',
  },
  {
    name: 'logLikelihood',
    meaning: 'mean log-likelihood of every split, in nats per example',
    type: {
      kind: 'choice',
      values: ['auto', 'exact', 'estimated', 'tracked', 'never'],
      meanings: [
        'exact where its cost is within exactCostLimit, else left out (pseudo-likelihood and the free-energy gap remain)',
        'exact; refused before training starts where it costs more than exactCostLimit',
        'estimated by a short annealed importance sampling each time: an optimistic figure, marked as estimated',
        'log Z followed along the training by importance weights between successive parameters, marked as estimated; errors add up',
        'left out',
      ],
    },
    default: 'auto',
  },
  {
    name: 'annealing',
    meaning: 'the annealed importance sampling of estimated log-likelihoods',
    type: {
      kind: 'object',
      keys: [
        { name: 'temperatures', meaning: 'steps from the base rate to the model', type: { kind: 'integer', minimum: 1, maximum: 100_000_000 }, default: 1000 },
        { name: 'chains', meaning: 'chains, each of which gives a weight', type: { kind: 'integer', minimum: 10, maximum: 1_000_000 }, default: 100 },
      ],
    },
    onlyWith: { key: 'logLikelihood', values: ['estimated'] },
  },
  {
    name: 'tracking',
    meaning: 'how log Z is followed along the training',
    type: {
      kind: 'object',
      keys: [
        { name: 'every', meaning: 'when the chains follow the parameters; evaluations in between weigh them anew, without a move', type: extentKind(), default: { updates: 10 } },
        { name: 'chains', meaning: 'chains, each of which carries a weight', type: { kind: 'integer', minimum: 10, maximum: 100_000 }, default: 100 },
        {
          name: 'temperatures',
          meaning: 'steps of the annealing that tracking starts from',
          type: { kind: 'integer', minimum: 1, maximum: 100_000_000 },
          default: 1000,
        },
      ],
    },
    onlyWith: { key: 'logLikelihood', values: ['tracked'] },
  },
  {
    name: 'exactCostLimit',
    meaning: 'largest cost of one exact log partition function: 2^(units of the smaller layer) × units of the larger layer',
    type: { kind: 'number', minimum: 1 },
    default: 2 ** 33,
  },
  {
    name: 'pseudoLikelihoodExamples',
    meaning: 'pseudo-likelihood and reconstruction error use at most this many examples of each split, the first ones',
    type: { kind: 'integer', minimum: 1 },
    default: 100,
  },
];

const diagnosticsKeys: SchemaKey[] = diagnostics.map(({ name, summary, cost, byDefault, keys }) => ({
  name,
  meaning: `${summary} (${cost})`,
  type: {
    kind: 'object',
    keys: [
      {
        name: 'every',
        meaning: 'when to measure: `evaluations`, `never`, or an extent',
        type: { kind: 'oneOf', options: [{ kind: 'choice', values: ['evaluations', 'never'] }, extentKind()] },
        ...(byDefault ? { default: 'evaluations' } : { required: true }),
      },
      ...keys,
    ],
  },
}));

const checkpointKeys: SchemaKey[] = [
  {
    name: 'every',
    meaning: 'when to write a checkpoint beside the end; where one can’t be written, training warns, goes on, and tries again with the next (100 failures in a row end it)',
    type: extentKind({ seconds: true }),
    default: { seconds: 30 },
  },
  { name: 'keep', meaning: 'how many of the latest checkpoints are kept', type: { kind: 'integer', minimum: 1 }, default: 2 },
  {
    name: 'best',
    meaning: 'also keep the parameters with the best validation log-likelihood (pseudo-likelihood where that is unknown) as best.safetensors',
    type: { kind: 'boolean' },
    default: true,
  },
];

/** The rows of the top level. */
export const configKeys: readonly SchemaKey[] = [
  {
    name: '$schema',
    meaning: 'address of schema.json, for editors; ignored',
    type: { kind: 'string' },
    relevance: 'execution',
  },
  {
    name: 'seed',
    meaning: 'seed of everything random about training (initial parameters, order of examples, Gibbs sampling); the data have their own',
    type: { kind: 'oneOf', options: [{ kind: 'string' }, { kind: 'integer' }] },
    default: '1',
    relevance: 'result',
  },
  {
    name: 'output',
    meaning: 'run directory; where left out, runs/<name of the config file> in the working folder',
    type: { kind: 'path' },
    relevance: 'execution',
  },
  {
    name: 'data',
    meaning: 'the examples',
    type: { kind: 'object', keys: dataKeys },
    required: true,
    relevance: 'data',
  },
  {
    name: 'model',
    meaning: 'the RBM and its initial parameters',
    type: { kind: 'object', keys: modelKeys },
    required: true,
    relevance: 'result',
  },
  {
    name: 'training',
    meaning: 'algorithm, length and step sizes',
    type: { kind: 'object', keys: trainingKeys, exactlyOneOf: ['epochs', 'updates'] },
    required: true,
    relevance: 'result',
  },
  {
    name: 'evaluation',
    meaning: 'which figures are computed, and when',
    type: { kind: 'object', keys: evaluationKeys },
    relevance: 'execution',
  },
  {
    name: 'diagnostics',
    meaning: 'what training does to the model, measured while it goes on; the figures stand in metrics.jsonl and in the report',
    type: { kind: 'object', keys: diagnosticsKeys },
    relevance: 'execution',
  },
  {
    name: 'checkpoint',
    meaning: 'when the state is saved, and what is kept',
    type: { kind: 'object', keys: checkpointKeys },
    relevance: 'execution',
  },
  {
    name: 'report',
    meaning: 'write report.html at the end: charts and pictures of the run in one file (`rbm-train report` makes it at any time)',
    type: { kind: 'boolean' },
    default: true,
    relevance: 'execution',
  },
  {
    name: 'log',
    meaning: 'lines of progress where stderr is not a terminal',
    type: {
      kind: 'object',
      keys: [
        { name: 'every', meaning: 'when to log', type: extentKind({ seconds: true }), default: { seconds: 10 } },
      ],
    },
    relevance: 'execution',
  },
  {
    name: 'execution',
    meaning: 'how the numbers are computed; changes no bit of them',
    type: {
      kind: 'object',
      keys: [
        {
          name: 'backend',
          meaning: 'numeric kernels',
          type: {
            kind: 'choice',
            values: backends.map((backend) => backend.name),
            meanings: backends.map((backend) => backend.summary),
          },
          default: defaultBackend,
        },
        {
          name: 'threads',
          meaning: 'threads that share the work; `auto` for one per core where the model is large enough to gain from it',
          type: { kind: 'oneOf', options: [{ kind: 'integer', minimum: 1, maximum: 256 }, { kind: 'choice', values: ['auto'] }] },
          default: 'auto',
        },
      ],
    },
    relevance: 'execution',
  },
];
