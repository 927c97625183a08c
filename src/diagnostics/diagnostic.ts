/**
 * The contract of a diagnostic: what training does to the model, in named figures, while it goes on.
 *
 * A diagnostic looks and changes nothing: neither the parameters nor the state of the algorithm nor any random number of
 * training, so that the digest is the same with it and without. Its figures are a function of progress alone: what it
 * remembers from update to update stands in tensors that the checkpoint holds, and its random numbers come from streams
 * named `diagnostics/<name>/…`. A diagnostic is one file and one row in `index.ts`.
 */

import type { SchemaKey } from '../config/schema.js';
import type { Kernels, Model, Phase, VisibleStates } from '../kernels/index.js';
import type { Cooperation } from '../model/cooperation.js';
import type { Savable } from '../sampling/saved-states.js';

/** A figure as JSON has it; every number is finite (what can't be said is left out). */
export type Finding = number | boolean | string | readonly Finding[] | { readonly [name: string]: Finding };

/** Named figures, in the order in which they are shown. */
export type Findings = Readonly<Record<string, Finding>>;

/** Something that the user should know at the moment it happens. */
export interface DiagnosticWarning {
  /** In plain words: what happens, what to do. One line. */
  readonly message: string;
  /** The numbers that it was concluded from. */
  readonly evidence: Findings;
}

/** Both phases of an update. */
export interface ObservedPhases {
  readonly positive: Phase;
  readonly negative: Phase;
}

/** What is trained, as far as a diagnostic must know before it starts. */
export interface DiagnosedTraining {
  readonly visibleUnits: number;
  readonly hiddenUnits: number;
  /** Kind of the visible layer: binary ({0,1} and ±1), gaussian, categorical. */
  readonly visibleLayer: Model['visibleLayer'];
  /** Name of the training algorithm, as the config has it. */
  readonly algorithm: string;
  /** Gibbs steps per update; undefined of algorithms without. */
  readonly gibbsSteps?: number;
  /** Number of persistent chains; undefined of algorithms without. */
  readonly persistentChains?: number;
  /** Training examples, N. */
  readonly examples: number;
  readonly batchRows: number;
  readonly updatesPerEpoch: number;
  /** Splits of the data that there are: `train`, and maybe `validation` and `test`. */
  readonly splits: readonly string[];
  /** Whether log Z is affordable at every evaluation. */
  readonly isEnumerable: boolean;
}

/** What a diagnostic works with. */
export interface DiagnosticContext {
  readonly kernels: Kernels;
  /** The parameters in training, in standard units; they change from update to update. */
  readonly model: Model;
  readonly training: DiagnosedTraining;
  /** Examples in standard units, by split; `train` is always there. */
  readonly splits: Readonly<Record<string, VisibleStates>>;
  /** The run's seed. */
  readonly seed: string;
  /** The values of the diagnostic's own keys. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Updates done. */
  readonly update: () => number;
  /** Learning rate of the next update. */
  readonly learningRate: () => number;
  /**
   * Both phases as the algorithm would draw them next, for these examples as the mini-batch, from the present parameters and
   * from its present state; neither changes. `replica` numbers independent draws of the random numbers, which are not those
   * of training. Valid until the next call.
   */
  readonly drawPhases: (examples: VisibleStates, replica: number) => Promise<ObservedPhases>;
}

/** A diagnostic at work. */
export interface RunningDiagnostic {
  /** What it carries from update to update; a resumed run copies the saved values into it. */
  readonly tensors: Readonly<Record<string, Savable>>;
  /**
   * Looks at an update that has just been done: the context's model is as it is after it. Called after every update, so it
   * costs next to nothing (see `cost` of the diagnostic). The phases are those that the update was made of, their hidden means
   * under the parameters before it.
   *
   * @returns a warning where there is one to give now
   */
  observe?(phases: ObservedPhases): DiagnosticWarning | undefined | Promise<DiagnosticWarning | undefined>;
  /**
   * The figures of now. Changes none of its tensors: a measurement more or less must not change later ones.
   *
   * @throws whatever `cooperation.pause` throws
   */
  measure(cooperation: Cooperation): Promise<Findings>;
}

/** A diagnostic. */
export interface Diagnostic {
  /** Its key in the config's `diagnostics` and in metrics. */
  readonly name: string;
  /** One line: what it tells. */
  readonly summary: string;
  /** One line: what it costs at most, and what holds it to that. */
  readonly cost: string;
  /** Whether it is measured at every evaluation where the config says nothing. */
  readonly byDefault: boolean;
  /** Keys of its section beside `every`. */
  readonly keys: readonly SchemaKey[];
  /** Why it has nothing to say of such a training, where it has not: an error where it was asked for, silence otherwise. */
  refuse?(training: DiagnosedTraining, settings: Readonly<Record<string, unknown>>): { message: string; hint: string } | undefined;
  /** Bytes of its tensors; none where left out. */
  savedBytes?(training: DiagnosedTraining, settings: Readonly<Record<string, unknown>>): number;
  start(context: DiagnosticContext): RunningDiagnostic | Promise<RunningDiagnostic>;
}
