/**
 * One training run from its first (or next) update to its end: evaluations, checkpoints, metrics, results.
 *
 * The parameters depend on nothing here: whenever the run is stopped, killed or looked at, the updates stay the same.
 * It prints nothing; it reports events.
 */

import { hostname } from 'node:os';
import type { Checkpoint, Progress } from '../checkpoint/checkpoint.js';
import { parametersDigest } from '../checkpoint/digest.js';
import type { RunDirectory } from '../checkpoint/run-directory.js';
import { RbmError } from '../errors.js';
import { evaluateModel, type Figures } from '../estimators/evaluation.js';
import type { Extent } from '../config/schema.js';
import { extentInUpdates } from '../training/schedules.js';
import { Trainer } from '../training/trainer.js';
import { version } from '../version.js';
import type { Report } from './events.js';
import { binarySplits, type PreparedRun } from './prepare.js';
import { Breath, Stopped, stoppablePause, type StopRequest, type StopSignal } from './stop-request.js';

/** With `auto`, evaluations are at least this many updates apart. */
const automaticEvaluationUpdates = 500;

/** How a run ended. */
export type RunOutcome =
  | { readonly status: 'finished'; readonly result: RunResult }
  | { readonly status: 'stopped'; readonly signal: StopSignal; readonly update: number };

/** Content of result.json: a function of the result-relevant config, the data and the numerics version. */
export interface RunResult {
  readonly version: string;
  readonly numericsVersion: number;
  readonly configHash: string;
  readonly dataFingerprint: string;
  readonly digest: string;
  readonly visibleUnits: number;
  readonly hiddenUnits: number;
  readonly updates: number;
  readonly epochs: number;
  /** Figures of the final parameters; likelihoods in nats per example. */
  readonly figures: Figures;
  /** Best validation figure among the evaluations during training. */
  readonly best?: Progress['best'];
}

/** What one call of {@link trainRun} works with. */
export interface TrainRequest {
  readonly prepared: PreparedRun;
  readonly directory: RunDirectory;
  /** Where to continue; a new run where left out. */
  readonly checkpoint?: Checkpoint;
  readonly stop: StopRequest;
  readonly report: Report;
}

/** Updates between evaluations; Infinity for none beside the end. */
export function evaluationInterval(every: Extent | 'auto' | 'never', updatesPerEpoch: number): number {
  if (every === 'never') return Infinity;
  if (every !== 'auto') return extentInUpdates(every, updatesPerEpoch);
  return Math.ceil(automaticEvaluationUpdates / updatesPerEpoch) * updatesPerEpoch;
}

/** The validation figure that decides which parameters are best: larger is better. */
function validationFigure(figures: Figures): { value: number; criterion: string } | undefined {
  const { validation } = figures.splits;
  if (validation === undefined) return undefined;
  if (validation.meanLogLikelihood !== undefined) {
    return { value: validation.meanLogLikelihood, criterion: 'meanLogLikelihood' };
  }
  return { value: validation.meanLogPseudoLikelihood, criterion: 'meanLogPseudoLikelihood' };
}

function areFiguresFinite(figures: Figures): boolean {
  const { logPartitionFunction, splits } = figures;
  if (logPartitionFunction !== undefined && !Number.isFinite(logPartitionFunction.logZ)) return false;
  return Object.values(splits).every((split) =>
    Object.values(split).every((value) => typeof value !== 'number' || Number.isFinite(value)),
  );
}

class Run {
  readonly #request: TrainRequest;
  readonly #trainer: Trainer;
  readonly #interval: number;
  readonly #pause: () => Promise<void>;
  /** Lines of metrics.jsonl up to now. */
  #lines: string[] = [];
  #evaluated = false;
  #best: Progress['best'];
  #savedUpdate = -1;
  #savedTime = performance.now();
  #figures: Figures | undefined;
  readonly #startTime = new Date();
  readonly #startCpu = process.cpuUsage();

  constructor(request: TrainRequest) {
    const { prepared, checkpoint, directory, stop } = request;
    const { config, kernels, parameters, dataset, updatesPerEpoch } = prepared;
    this.#request = request;
    this.#trainer = new Trainer(kernels, config.training, checkpoint?.parameters ?? parameters, dataset.splits.train, config.seed);
    this.#interval = evaluationInterval(config.evaluation.every, updatesPerEpoch);
    this.#pause = stoppablePause(stop);
    if (checkpoint !== undefined) {
      this.#trainer.restore(checkpoint.progress.update, checkpoint.velocity, checkpoint.state);
      this.#evaluated = checkpoint.progress.evaluated;
      this.#best = checkpoint.progress.best;
      this.#savedUpdate = checkpoint.progress.update;
      this.#lines = directory.readMetrics(checkpoint.progress.metricsLines);
      if (this.#lines.length < checkpoint.progress.metricsLines) {
        const missing = checkpoint.progress.metricsLines - this.#lines.length;
        request.report({ type: 'warning', message: `${directory.metrics} lacks ${missing} of its lines; training goes on without them` });
      }
    }
  }

  async run(): Promise<RunOutcome> {
    const { prepared, directory, stop, report, checkpoint } = this.#request;
    const { length, updatesPerEpoch } = prepared;
    const trainer = this.#trainer;
    directory.collectTemporaryFiles();
    directory.writeJson(directory.config, prepared.config);
    const examples = prepared.dataset.splits.train.rows;
    report({ type: 'start', update: trainer.update, length, updatesPerEpoch, examples });
    // From the first moment there is a checkpoint to come back to.
    if (checkpoint === undefined) this.#save();

    const breath = new Breath();
    try {
      for (;;) {
        if (!this.#evaluated && trainer.update % this.#interval === 0) await this.#evaluateOnCadence();
        if (trainer.update >= length) break;
        if (this.#isCheckpointDue()) this.#save();
        if (stop.signal !== undefined) throw new Stopped();
        if (!trainer.step()) throw this.#diverged('some parameters are no longer finite numbers');
        this.#evaluated = false;
        report({ type: 'update', update: trainer.update });
        if (breath.isDue) await breath.take();
      }
      return { status: 'finished', result: await this.#finish() };
    } catch (error) {
      const { signal } = stop;
      if (!(error instanceof Stopped) || signal === undefined) throw error;
      this.#save();
      this.#writeExecution('stopped');
      return { status: 'stopped', signal, update: trainer.update };
    }
  }

  async #evaluate(): Promise<Figures> {
    const { prepared, report } = this.#request;
    const { update } = this.#trainer;
    const figures = await evaluateModel(
      prepared.kernels,
      this.#trainer.parameters,
      binarySplits(prepared.dataset),
      {
        logLikelihood: prepared.exactLogLikelihood,
        pseudoLikelihoodExamples: prepared.config.evaluation.pseudoLikelihoodExamples,
      },
      { pause: this.#pause, progress: (share) => report({ type: 'evaluating', update, share }) },
    );
    if (!areFiguresFinite(figures)) throw this.#diverged('log-probabilities are too large for float64');
    report({ type: 'evaluation', update, figures });
    return figures;
  }

  /** One line of metrics.jsonl: progress and figures, no times. */
  #metricsLine(figures: Figures): string {
    const { update, updatesPerEpoch, stepSizes } = this.#trainer;
    const { logPartitionFunction, ...others } = figures;
    return JSON.stringify({
      event: 'evaluation',
      update,
      epoch: update / updatesPerEpoch,
      ...stepSizes,
      ...(logPartitionFunction !== undefined && { logPartitionFunction: logPartitionFunction.logZ }),
      ...others,
    });
  }

  async #evaluateOnCadence(): Promise<void> {
    const { prepared, directory } = this.#request;
    const { update } = this.#trainer;
    const figures = await this.#evaluate();
    this.#figures = figures;
    this.#lines.push(this.#metricsLine(figures));
    this.#evaluated = true;
    const candidate = validationFigure(figures);
    if (candidate === undefined) return;
    if (this.#best !== undefined && candidate.value <= this.#best.value) return;
    this.#best = { update, ...candidate };
    if (prepared.config.checkpoint.best) directory.writeBest(this.#checkpoint());
  }

  #checkpoint(): Checkpoint {
    const { prepared } = this.#request;
    const { parameters, velocity, gradientState, update } = this.#trainer;
    return {
      parameters,
      velocity,
      state: new Map(Object.entries(gradientState.tensors)),
      progress: { update, metricsLines: this.#lines.length, evaluated: this.#evaluated, best: this.#best },
      identity: prepared.identity,
    };
  }

  /** Publishes the metrics, then the checkpoint: never a checkpoint whose events are not there. */
  #save(): void {
    const { prepared, directory, report } = this.#request;
    const { update } = this.#trainer;
    directory.writeMetrics(this.#lines);
    directory.writeCheckpoint(this.#checkpoint(), prepared.config.checkpoint.keep);
    this.#savedUpdate = update;
    this.#savedTime = performance.now();
    report({ type: 'checkpoint', update, file: directory.checkpoint(update) });
  }

  #isCheckpointDue(): boolean {
    const { every } = this.#request.prepared.config.checkpoint;
    const { update, updatesPerEpoch } = this.#trainer;
    if (update === this.#savedUpdate) return false;
    if (every.seconds !== undefined) return performance.now() - this.#savedTime >= every.seconds * 1000;
    return update % extentInUpdates(every, updatesPerEpoch) === 0;
  }

  async #finish(): Promise<RunResult> {
    const { prepared, directory } = this.#request;
    const { parameters, update, updatesPerEpoch } = this.#trainer;
    const figures = (this.#evaluated ? this.#figures : undefined) ?? (await this.#evaluate());
    this.#save();
    // An evaluation off the cadence is published after the checkpoint, which does not count it: a run that is
    // continued with more epochs has the same events as one that was never stopped.
    if (!this.#evaluated) directory.writeMetrics([...this.#lines, this.#metricsLine(figures)]);
    const { configHash, dataFingerprint, numericsVersion } = prepared.identity;
    const result: RunResult = {
      version,
      numericsVersion,
      configHash,
      dataFingerprint,
      digest: parametersDigest(parameters),
      visibleUnits: parameters.visibleUnits,
      hiddenUnits: parameters.hiddenUnits,
      updates: update,
      epochs: update / updatesPerEpoch,
      figures,
      best: this.#best,
    };
    directory.writeJson(directory.result, result);
    this.#writeExecution('finished');
    return result;
  }

  #diverged(reason: string): RbmError {
    const { directory } = this.#request;
    const { update } = this.#trainer;
    const good = directory.checkpointUpdates().filter((saved) => saved < update)[0];
    this.#writeExecution('diverged');
    return new RbmError('diverged', `training diverged at update ${update}: ${reason}`, {
      hint:
        (good === undefined ? '' : `The last good checkpoint is ${directory.checkpoint(good)} (update ${good}). `) +
        'Lower training.learningRate, training.momentum or training.weightDecay.',
    });
  }

  /** Appends this session to execution.json: the one file that says when and where. */
  #writeExecution(end: 'finished' | 'stopped' | 'diverged'): void {
    const { prepared, directory, checkpoint } = this.#request;
    const { user, system } = process.cpuUsage(this.#startCpu);
    let earlier: unknown;
    try {
      earlier = directory.readJson(directory.execution)?.sessions;
    } catch {
      // Damaged: it holds nothing that a result depends on.
    }
    const session = {
      start: this.#startTime.toISOString(),
      end: new Date().toISOString(),
      ended: end,
      fromUpdate: checkpoint?.progress.update ?? 0,
      toUpdate: this.#trainer.update,
      cpuSeconds: (user + system) / 1e6,
      host: hostname(),
      platform: `${process.platform} ${process.arch}`,
      node: process.version,
      version,
      backend: prepared.kernels.name,
    };
    directory.writeJson(directory.execution, { sessions: [...(Array.isArray(earlier) ? earlier : []), session] });
  }
}

/**
 * Trains until the configured length, a stop request, or divergence.
 *
 * @throws RbmError 'diverged' where parameters or likelihoods are no longer finite; 'runtime' where files can't be
 * written
 */
export async function trainRun(request: TrainRequest): Promise<RunOutcome> {
  return new Run(request).run();
}
