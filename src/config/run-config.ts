/**
 * The resolved config: what the rest of the house reads, every default filled in, every path absolute.
 *
 * The shapes here mirror the schema table; the loader has already refused everything that does not fit them.
 */

import type { Extent } from './schema.js';

/** How grey or real values in [0, 1], or −1 and 1, become binary. */
export type Binarization = 'none' | 'threshold' | 'stochastic' | 'dynamic' | 'signs';

/** What the values of the data are, and so what the visible units are. */
export type ValuesKind = 'binary' | 'real' | 'categorical';

/** Where a validation or test set comes from: split off the source by number or share, or a file of its own. */
export interface SplitConfig {
  count?: number;
  fraction?: number;
  path?: string;
  /** Name of the array inside an `.npz`. */
  key?: string;
}

/** The `data` section. Keys of one source only (`height`, `path`, …) are read by that source's file. */
export interface DataConfig {
  source: string;
  /** Seed string of everything random about the data: generation, split, stochastic binarization. */
  seed: string;
  /** `binary` where left out. */
  values?: ValuesKind;
  /** `refuse` where left out; `nan`: cells may be missing. */
  missing?: 'refuse' | 'nan';
  /** With `values: real`; `none` where left out. */
  standardize?: 'none' | 'columns' | 'global';
  binarize: Binarization;
  /** With `binarize: threshold`: values > threshold become 1. */
  threshold?: number;
  /** After binarization: 1 − v. */
  invert: boolean;
  shuffle: boolean;
  train?: SplitConfig;
  validation?: SplitConfig;
  test?: SplitConfig;
  /** [height, width] of a row shown as a picture; the source's own where left out. */
  shape?: [number, number];
  [key: string]: unknown;
}

/** How the parameters of one tensor start. */
export interface WeightsConfig {
  distribution: 'normal' | 'uniform';
  /** With `normal`: σ. */
  standardDeviation?: number;
  /** With `uniform`: values from U(−range, range). */
  range?: number;
}

/** How a bias starts. */
export interface BiasConfig {
  start: 'log-odds' | 'constant' | 'uniform';
  value?: number;
  range?: number;
  /** With `log-odds`, of binary units: the mean is (on + smoothing) / (examples + 2·smoothing). */
  smoothing?: number;
  /** With `log-odds`: the mean is clipped to [clip, 1 − clip]. */
  clip?: number;
}

/** What the visible units are. */
export interface VisibleUnitsConfig {
  units: 'binary' | 'ising' | 'gaussian' | 'categorical';
  /** With `gaussian`. */
  variance?: 'fixed' | 'learned';
  /** With `gaussian`: the variance, or the one that learning starts from; 1 where left out. */
  varianceValue?: number;
}

/** The `model` section. */
export interface ModelConfig {
  /** As the data are where left out. */
  visible?: VisibleUnitsConfig;
  /** Binary where left out. */
  hidden?: { units: 'binary' | 'ising' };
  /** m; absent with `from`. */
  hiddenUnits?: number;
  /** Checkpoint or foreign model file to start from instead of random parameters. */
  from?: string;
  weights?: WeightsConfig;
  visibleBias?: BiasConfig;
  hiddenBias?: BiasConfig;
}

/** A value that may change over training. A plain number is constant. */
export type ScheduleConfig =
  | number
  | { schedule: 'linear' | 'exponential'; initial: number; final: number; horizon: Extent }
  | { schedule: 'inverse'; initial: number; halfLife: Extent }
  | { schedule: 'step'; initial: number; final: number; at: Extent };

/** The `training` section. Keys of one algorithm or optimizer only (`chains`, …) are read by that one's file. */
export interface TrainingConfig {
  algorithm: string;
  k?: number;
  /** Gibbs steps that complete the missing values of a mini-batch. */
  completionSteps?: number;
  batchSize: number | 'full';
  order: 'shuffled' | 'stored';
  epochs?: number;
  updates?: number;
  learningRate: ScheduleConfig;
  /** sgd where left out. */
  optimizer?: string;
  /** Absent for optimizers without. */
  momentum?: ScheduleConfig;
  weightDecay: { l1: number; l2: number };
  /** Share of the examples that hidden units are to be on in. */
  sparsity?: { target: number; cost: number; decay: number };
  centring?: { offsets: 'data' | 'model' | 'both'; slidingFactor: number };
  /** Largest Euclidean norm of the gradient. */
  clipNorm?: number;
  averaging?: { decay?: number; from?: Extent };
  [key: string]: unknown;
}

/** The `evaluation` section. */
export interface EvaluationConfig {
  every: Extent | 'auto' | 'never';
  logLikelihood: 'auto' | 'exact' | 'estimated' | 'tracked' | 'never';
  /** With `estimated`: how to anneal. */
  annealing?: { temperatures: number; chains: number };
  /** With `tracked`: how often the chains follow the parameters, how many, and the annealing they start from. */
  tracking?: { every: Extent; chains: number; temperatures: number };
  /** Largest cost (states × units of the larger layer) of one exact log partition function. */
  exactCostLimit: number;
  /** At most this many examples of each split enter pseudo-likelihood and reconstruction error (the first ones). */
  pseudoLikelihoodExamples: number;
}

/** The sections of `diagnostics`, by diagnostic; keys beside `every` are read by that diagnostic's file. */
export type DiagnosticsConfig = Readonly<Record<string, { readonly every: Extent | 'evaluations' | 'never'; readonly [key: string]: unknown } | undefined>>;

/** The `checkpoint` section. */
export interface CheckpointConfig {
  every: Extent & { seconds?: number };
  keep: number;
  best: boolean;
}

/** The `log` section. */
export interface LogConfig {
  every: Extent & { seconds?: number };
}

/** The `execution` section. */
export interface ExecutionConfig {
  backend: string;
  threads: number | 'auto';
}

/** A whole resolved config. */
export interface RunConfig {
  seed: string;
  output: string;
  data: DataConfig;
  model: ModelConfig;
  training: TrainingConfig;
  evaluation: EvaluationConfig;
  /** Absent in configs of earlier versions. */
  diagnostics?: DiagnosticsConfig;
  checkpoint: CheckpointConfig;
  /** Whether a page is made at the end; absent in configs of earlier versions. */
  report?: boolean;
  log: LogConfig;
  execution: ExecutionConfig;
}
