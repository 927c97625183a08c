/**
 * From both phases of the gradient to new parameters.
 *
 * Plain gradient ascent, with or without momentum, is one kernel that never holds the gradient (`updateParameters`).
 * Everything else goes through a gradient as large as the model, and changes it in a fixed order: the parameterization's
 * pull-back, sparsity, centring, clipping; then the optimizer steps along it. Both ways give the same bits where both can be
 * gone. Averaging looks on and changes no step.
 */

import type { TrainingConfig } from '../../config/run-config.js';
import type { Kernels, Model, ModelParameters, VisibleStates } from '../../kernels/index.js';
import { getParameters, setParameters } from '../../model/parameters.js';
import { standardParameters, type DeclaredModel, type DeclaredParameters } from '../../model/units/index.js';
import { restoreTensors, saveTensors, type Savable, type SavedTensor } from '../../sampling/saved-states.js';
import type { Phases } from '../gradients/index.js';
import { startAveraging, type Averaging } from './averaging.js';
import { startCentring } from './centring.js';
import { startClipping } from './clipping.js';
import type { Direction, MeansOfPhases, StartDirection } from './direction.js';
import { optimizerOf, type Optimizer, type OptimizerState, type StepSizes } from './optimizers/index.js';
import { sgd } from './optimizers/sgd.js';
import { identityParameterization, type Parameterization } from './parameterization.js';
import { phaseMeans, type PhaseMeans } from './phase-means.js';
import { startSparsity } from './sparsity.js';

/** The directions in their order, by the names under which their tensors are saved. */
const directions: readonly (readonly [name: string, start: StartDirection])[] = [
  ['sparsity', startSparsity],
  ['centring', startCentring],
  ['clipping', startClipping],
];

/** Whether updates hold a gradient of their own, where the optimizer steps in the model's own parameters. */
export function needsGradient(config: TrainingConfig): boolean {
  const { sparsity, centring, clipNorm } = config;
  return optimizerOf(config) !== sgd || [sparsity, centring, clipNorm].some((asked) => asked !== undefined);
}

/** What a pipeline is made from. */
export interface UpdateContext {
  readonly kernels: Kernels;
  /** The kernels' model: what the algorithms see. */
  readonly model: Model;
  readonly config: TrainingConfig;
  /** The training data, N × n. */
  readonly examples: VisibleStates;
  readonly updatesPerEpoch: number;
  /** What steps are taken in; the model itself where left out. */
  readonly parameterization?: Parameterization;
}

/** Tensors of several parts, each name after its part's. */
function prefixed(parts: readonly (readonly [string, Readonly<Record<string, Savable>>])[]): Record<string, Savable> {
  return Object.fromEntries(parts.flatMap(([part, tensors]) => Object.entries(tensors).map(([name, tensor]) => [`${part}.${name}`, tensor])));
}

/** The means of both phases in the parameterization's units, each worked out when first asked for. */
function meansOfPhases(phases: Phases, { meansOf }: Parameterization): MeansOfPhases {
  const known: { positive?: PhaseMeans; negative?: PhaseMeans } = {};
  return {
    get positive() {
      return (known.positive ??= meansOf(phaseMeans(phases.positive)));
    },
    get negative() {
      return (known.negative ??= meansOf(phaseMeans(phases.negative)));
    },
  };
}

/** What makes new parameters, with its state. */
export class UpdatePipeline {
  /** The last step of every parameter; undefined in training without momentum. */
  readonly velocity: Model | undefined;
  /** The direction of the last step, before weight decay; undefined where updates need no gradient of their own. */
  readonly gradient: Model | undefined;

  readonly #kernels: Kernels;
  readonly #model: Model;
  readonly #config: TrainingConfig;
  readonly #parameterization: Parameterization;
  readonly #directions: readonly Direction[];
  readonly #optimizer: Optimizer;
  readonly #state: OptimizerState;
  readonly #averaging: Averaging | undefined;
  /** Room for the kernels' model of the average, where that has to be made. */
  #standard: Model | undefined;
  /** Everything but velocity and average. */
  readonly #tensors: Readonly<Record<string, Savable>>;

  constructor({ kernels, model, config, examples, updatesPerEpoch, parameterization = identityParameterization(model) }: UpdateContext) {
    const { master } = parameterization;
    const started = directions.flatMap(([name, start]) => {
      const direction = start({ kernels, model: master, config, examples, parameterization });
      return direction === undefined ? [] : [{ name, direction }];
    });
    this.#kernels = kernels;
    this.#model = model;
    this.#config = config;
    this.#parameterization = parameterization;
    this.#directions = started.map(({ direction }) => direction);
    this.#optimizer = optimizerOf(config);
    this.#state = this.#optimizer.start({ kernels, model: master, config });
    this.velocity = this.#optimizer.usesMomentum ? this.#state.means.first : undefined;
    const isNeeded = needsGradient(config) || master.weights !== model.weights;
    this.gradient = isNeeded ? kernels.createModel(model.visibleUnits, model.hiddenUnits) : undefined;
    this.#averaging = startAveraging(kernels, master, config, updatesPerEpoch);
    this.#tensors = {
      ...prefixed(started.map(({ name, direction }) => [name, direction.tensors] as const)),
      ...prefixed([['optimizer', this.#state.tensors]]),
      // A checkpoint's own parameters are the average then.
      ...(this.#averaging !== undefined && {
        last: master,
        ...(master.visibleLogVariance !== undefined && { 'last.visibleLogVariance': master.visibleLogVariance }),
      }),
    };
  }

  /** The average of the parameters after so many updates, in declared units; undefined where there is none yet. */
  averageAfter(updates: number): DeclaredModel | undefined {
    return this.#averaging?.hasBegun(updates) === true ? this.#averaging.average : undefined;
  }

  /** The run's model after so many updates: the average where there is one, else the parameters that steps are taken in. */
  resultAfter(updates: number): DeclaredModel {
    return this.averageAfter(updates) ?? this.#parameterization.master;
  }

  /** The kernels' model of declared parameters, ready to be read; the same memory from call to call, or these parameters' own. */
  async standardOf(declared: DeclaredModel): Promise<Model> {
    const { master } = this.#parameterization;
    if (declared === master) return this.#model;
    if (master.weights === this.#model.weights) return declared;
    this.#standard ??= this.#kernels.createModel(declared.visibleUnits, declared.hiddenUnits, declared.visibleLayer);
    this.#parameterization.refresh(declared, this.#standard);
    await this.#finish();
    return this.#standard;
  }

  /**
   * Makes new parameters.
   *
   * @param updates number of updates after this one
   * @returns whether all parameters are finite afterwards
   * @throws Error where a thread of the kernels has died
   */
  async step(phases: Phases, sizes: StepSizes, updates: number): Promise<boolean> {
    const outcome = this.gradient === undefined ? this.#stepAtOnce(phases, sizes) : await this.#stepAlong(this.gradient, phases, sizes);
    this.#averaging?.include(this.#parameterization.master, updates);
    await this.#finish();
    return outcome.finite;
  }

  /** Everything that a resumed run needs beside the result and the velocity, by name. */
  tensors(): Record<string, SavedTensor> {
    return saveTensors(this.#tensors);
  }

  /**
   * Continues where a checkpoint left off.
   *
   * @param result the run's model then
   * @throws RangeError where names, shapes or values are not those of this run
   */
  restore(updates: number, result: DeclaredParameters, velocity: ModelParameters | undefined, tensors: ReadonlyMap<string, SavedTensor>): void {
    const own = this.resultAfter(updates);
    if (own.visibleLogVariance?.length !== result.visibleLogVariance?.length) throw new RangeError('its variances are not those of this training');
    setParameters(own, result);
    if (result.visibleLogVariance !== undefined) own.visibleLogVariance?.set(result.visibleLogVariance);
    if ((velocity === undefined) !== (this.velocity === undefined)) {
      throw new RangeError(velocity === undefined ? 'it has no velocity (momentum)' : 'it has a velocity, but training has no momentum');
    }
    if (velocity !== undefined && this.velocity !== undefined) setParameters(this.velocity, velocity);
    restoreTensors(this.#tensors, tensors);
    const { master } = this.#parameterization;
    if (master.weights === this.#model.weights) return;
    // Not by the kernels, who may still be at work when somebody looks at the restored model.
    const { units, visibleLogVariance } = master;
    setParameters(this.#model, standardParameters({ ...getParameters(master), units, visibleLogVariance }));
  }

  #stepAtOnce({ positive, negative }: Phases, sizes: StepSizes): { readonly finite: boolean } {
    const { l1, l2 } = this.#config.weightDecay;
    return this.#kernels.updateParameters(this.#model, this.velocity, positive, negative, { ...sizes, l1, l2 });
  }

  async #stepAlong(gradient: Model, phases: Phases, sizes: StepSizes): Promise<{ readonly finite: boolean }> {
    const kernels = this.#kernels;
    const { master } = this.#parameterization;
    kernels.accumulateGradient(gradient, phases.positive, phases.negative, { scale: 1, decay: 0 });
    await this.#parameterization.pullBack(gradient, phases);
    const means = meansOfPhases(phases, this.#parameterization);
    for (const direction of this.#directions) {
      await this.#finish();
      await direction.apply(gradient, means);
    }
    const { learningRate } = sizes;
    const rule = this.#optimizer.nextRule(this.#state, this.#config, sizes);
    const outcome = kernels.stepParameters(master, gradient, this.#state.means, { ...rule, learningRate, ...this.#config.weightDecay });
    const areOthersFinite = this.#parameterization.stepOthers?.(learningRate) ?? true;
    await this.#finish();
    this.#parameterization.refresh();
    return { finite: outcome.finite && areOthersFinite };
  }

  /** Waits for the kernels, where there is something to wait for. */
  async #finish(): Promise<void> {
    const pending = this.#kernels.finish();
    if (pending !== undefined) await pending;
  }
}
