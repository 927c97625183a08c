/**
 * One training run from its first (or next) update to its end: evaluations, checkpoints, metrics, results.
 *
 * The parameters depend on nothing here: whenever the run is stopped, killed or looked at, the updates stay the same.
 * It prints nothing; it reports events.
 */

import { removeFile } from '../checkpoint/atomic-write.js';
import { encodeCheckpoint, type Checkpoint, type Progress } from '../checkpoint/checkpoint.js';
import { parametersDigest } from '../checkpoint/digest.js';
import { eventsPerFile, type RunDirectory } from '../checkpoint/run-directory.js';
import { messageOf, printable, RbmError } from '../errors.js';
import { areFiguresFinite, evaluateModel, type Figures } from '../estimators/evaluation.js';
import { isFileError } from '../file-errors.js';
import { independentUnitsLogLikelihood } from '../estimators/independent-units.js';
import { LogPartitionFunctionTracker } from '../estimators/tracked-log-partition-function.js';
import { declaredShift, type DeclaredModel } from '../model/units/index.js';
import type { Extent } from '../config/schema.js';
import { extentInUpdates } from '../training/schedules.js';
import type { SavedTensor } from '../sampling/saved-states.js';
import { Trainer } from '../training/trainer.js';
import { version } from '../version.js';
import { Diagnosis } from './diagnosis.js';
import { resultFigures, type Evaluation, type Report } from './events.js';
import { ExecutionRecord, type SessionEnd } from './execution-record.js';
import { splitStates, type PreparedRun } from './prepare.js';
import { Breath, Stopped, stoppablePause, type StopRequest, type StopSignal } from './stop-request.js';

/** With `auto`, evaluations are at least this many updates apart. */
const automaticEvaluationUpdates = 500;

/** A model that is this many nats worse than independent units is not merely at its beginning. */
const uselessMargin = 1;

/**
 * So many checkpoints in a row that can't be written end the training. With the default cadence they stand for 50 minutes:
 * a full disk or a server that is away for a while costs nothing, and one that stays so costs no more than these.
 */
const failedSavesLimit = 100;

/** How a run ended. */
export type RunOutcome =
  | { readonly status: 'finished'; readonly result: RunResult }
  | { readonly status: 'stopped'; readonly signal: StopSignal; readonly update: number };

/**
 * Content of result.json. The digest is a function of the result-relevant config, the data and the numerics version; the
 * figures depend on the `evaluation` keys, too. Nothing here depends on the machine, the time or the place.
 */
export interface RunResult extends Evaluation {
  readonly version: string;
  readonly numericsVersion: number;
  readonly configHash: string;
  readonly dataFingerprint: string;
  /** Of the run's model: the averaged parameters where there is an average, else the last ones. */
  readonly digest: string;
  readonly visibleUnits: number;
  readonly hiddenUnits: number;
  readonly updates: number;
  readonly epochs: number;
  /** Best validation figure among all evaluations; its parameters are the last checkpoint's, or in best.safetensors. */
  readonly best?: Progress['best'];
}

/** What one call of {@link trainRun} works with. */
export interface TrainRequest {
  readonly prepared: PreparedRun;
  readonly directory: RunDirectory;
  /** Where to continue; a new run where left out. Taken out of the request once it is restored. */
  checkpoint?: Checkpoint;
  /** A new run takes the place of the one that is there, also where that one is still under way. */
  readonly replace?: boolean;
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
  if (validation.meanLogPseudoLikelihood === undefined) return undefined;
  return { value: validation.meanLogPseudoLikelihood, criterion: 'meanLogPseudoLikelihood' };
}

/** Whether a figure is better than the best so far; figures of another kind can't be compared, and the new kind counts. */
function isBetter(candidate: { value: number; criterion: string }, best: Progress['best']): boolean {
  return best === undefined || best.criterion !== candidate.criterion || candidate.value > best.value;
}

/** Why training ends where log-probabilities are no longer numbers. */
const overflow = 'log-probabilities are too large for float64';

/** Whether a later session could continue with these: what is not finite, no file holds. */
function areTensorsFinite(tensors: Readonly<Record<string, SavedTensor>>): boolean {
  return Object.values(tensors).every(({ values }) => values.BYTES_PER_ELEMENT === 1 || values.every((value) => Number.isFinite(value)));
}

class Run {
  readonly #request: TrainRequest;
  readonly #trainer: Trainer;
  readonly #interval: number;
  readonly #pause: () => Promise<void>;
  /** Lines of metrics.jsonl up to now. */
  #lines: string[] = [];
  /** How many files of events are full. */
  #closedMetrics = 0;
  /** The last of these, as long as they are not written. */
  readonly #fullFiles: string[][] = [];
  #evaluated = false;
  #best: Progress['best'];
  /** Update of the checkpoint that this session continues from. */
  readonly #fromUpdate: number | undefined;
  #savedUpdate = -1;
  /** When a checkpoint was last written, or tried to be. */
  #savedTime = performance.now();
  /** Checkpoints that could not be written since the last one that could. */
  #failedSaves = 0;
  /** The best parameters so far, where they could not be written when they were there. */
  #unsavedBest: { readonly checkpoint: Checkpoint<DeclaredModel>; readonly content: readonly Uint8Array[] } | undefined;
  #evaluation: Evaluation | undefined;
  /** What evaluations take log Z from, where it is tracked. */
  #tracker: LogPartitionFunctionTracker | undefined;
  readonly #diagnosis: Diagnosis;
  readonly #record: ExecutionRecord;

  constructor(request: TrainRequest, trainer: Trainer, diagnosis: Diagnosis) {
    const { prepared, checkpoint, stop } = request;
    const { config, updatesPerEpoch } = prepared;
    this.#request = { ...request, checkpoint: undefined };
    this.#fromUpdate = checkpoint?.progress.update;
    this.#record = new ExecutionRecord(prepared, request.directory, this.#fromUpdate);
    this.#trainer = trainer;
    this.#diagnosis = diagnosis;
    this.#interval = evaluationInterval(config.evaluation.every, updatesPerEpoch);
    this.#pause = stoppablePause(stop);
    if (checkpoint !== undefined) {
      this.#restore(checkpoint);
      this.#evaluated = checkpoint.progress.evaluated;
      this.#best = checkpoint.progress.best;
      this.#savedUpdate = checkpoint.progress.update;
      this.#lines = [...checkpoint.metrics];
      this.#closedMetrics = checkpoint.progress.closedMetrics ?? 0;
      // Versions before this one closed no files of events.
      while (this.#lines.length > eventsPerFile) this.#fullFiles.push(this.#lines.splice(0, eventsPerFile));
      this.#closedMetrics += this.#fullFiles.length;
    }
  }

  #restore({ progress, parameters, velocity, state, updates, tracking, diagnostics }: Checkpoint): void {
    const { kernels, tracking: wanted } = this.#request.prepared;
    try {
      this.#trainer.restore(progress.update, parameters, velocity, state, updates);
      if (wanted !== undefined && tracking !== undefined) {
        this.#tracker = LogPartitionFunctionTracker.restore(kernels, this.#trainer.model, wanted.settings, tracking);
      }
    } catch (error) {
      const file = this.#request.directory.checkpoint(progress.update);
      throw new RbmError('data', `${printable(file)}: ${printable(messageOf(error))}`, {
        hint: 'The file is damaged, or a newer rbm-train wrote it: use that one, or remove the file to continue from the checkpoint before.',
        cause: error,
      });
    }
    // No result depends on them, so another version's, or those of other settings, are no reason to stop.
    for (const name of this.#diagnosis.restore(diagnostics ?? new Map())) {
      this.#request.report({ type: 'warning', message: `nothing of diagnostics.${name} up to update ${progress.update} was saved: it starts afresh there` });
    }
  }

  async run(): Promise<RunOutcome> {
    const { prepared, directory, replace, stop, report } = this.#request;
    const { length, updatesPerEpoch } = prepared;
    const trainer = this.#trainer;
    directory.collectTemporaryFiles();
    this.#record.claim(replace === true);
    if (this.#fromUpdate === undefined) {
      // From the first moment there is a checkpoint to come back to, and a start that no other file decides.
      if (prepared.config.model.from !== undefined) directory.writeStart(this.#checkpoint());
      this.#save();
    } else {
      this.#closeMetrics();
      directory.removeDamagedCheckpoints(this.#fromUpdate);
      this.#warnOfLostFiles();
    }
    this.#record.writeAsOwner(directory.config, () => directory.writeJson(directory.config, prepared.config));
    // Of a shorter training: it is no longer this run's result, and its last event was off the cadence.
    if (trainer.update < length && directory.hasResult() && !this.#isResultOwn()) {
      removeFile(directory.result);
      this.#goesOnWithout(() => removeFile(directory.report), 'it shows the shorter training until there is another');
      directory.replaceMetrics(this.#closedMetrics, this.#lines);
    }
    const examples = prepared.dataset.splits.train.rows;
    report({ type: 'start', update: trainer.update, length, updatesPerEpoch, examples });

    const breath = new Breath();
    try {
      await this.#startTracking();
      for (;;) {
        if (!this.#evaluated) await this.#measureOnCadence();
        if (trainer.update >= length) break;
        if (this.#isCheckpointDue()) this.#saveOnCadence();
        if (stop.signal !== undefined) throw new Stopped(stop.signal);
        if (!(await trainer.step())) throw this.#diverged('some parameters are no longer finite numbers');
        this.#evaluated = false;
        await this.#track();
        if (this.#diagnosis.observes) await this.#observe();
        report({ type: 'update', update: trainer.update });
        if (breath.isDue) await breath.take();
      }
      return { status: 'finished', result: await this.#finish() };
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === 'ERR_COMPUTE_THREAD' || code === 'ERR_KERNEL_MEMORY') throw this.#kernelsFailed(error);
      if (!(error instanceof Stopped)) throw error;
      this.#save();
      this.#endExecution('stopped');
      return { status: 'stopped', signal: error.signal, update: trainer.update };
    }
  }

  /** Whether the result that is there is that of this very training: a twin has come to its end, and who has seen that may rely on it. */
  #isResultOwn(): boolean {
    const { prepared, directory } = this.#request;
    const { configHash, dataFingerprint, numericsVersion } = prepared.identity;
    try {
      const result = directory.readJson(directory.result) ?? {};
      return result.configHash === configHash && result.dataFingerprint === dataFingerprint && result.numericsVersion === numericsVersion && result.updates === prepared.length;
    } catch {
      // Damaged: nobody's.
      return false;
    }
  }

  /** Makes the tracker of log Z, where one is wanted and no checkpoint had its state. */
  async #startTracking(): Promise<void> {
    const { prepared, report } = this.#request;
    const { model, update } = this.#trainer;
    if (prepared.tracking === undefined || this.#tracker !== undefined) return;
    const tracker = await LogPartitionFunctionTracker.start(prepared.kernels, model, prepared.tracking.settings, update, {
      pause: this.#pause,
      progress: (share) => report({ type: 'evaluating', update, share }),
    });
    if (!tracker.isFinite) throw this.#diverged(overflow);
    this.#tracker = tracker;
    if (update === 0) return;
    const { chains } = prepared.tracking.settings;
    report({ type: 'warning', message: `no log Z tracked with ${chains} chains up to update ${update} was saved: tracking starts afresh there` });
  }

  /** Follows log Z to the present parameters, where that is due. */
  async #track(): Promise<void> {
    const { tracking } = this.#request.prepared;
    const { model, update } = this.#trainer;
    if (tracking === undefined || this.#tracker === undefined || update % tracking.every !== 0) return;
    await this.#tracker.advance(model, update);
    if (!this.#tracker.isFinite) throw this.#diverged(overflow);
  }

  /** Lets diagnostics see the last update, and passes on what they warn of. */
  async #observe(): Promise<void> {
    const { phases, update, updatesPerEpoch } = this.#trainer;
    if (phases === undefined) return;
    for (const { diagnostic, warning } of await this.#diagnosis.observe(phases)) {
      this.#request.report({ type: 'warning', message: `update ${update}: ${warning.message}` });
      this.#pushLine(JSON.stringify({ event: 'warning', update, epoch: update / updatesPerEpoch, diagnostic, ...warning }));
    }
  }

  async #evaluate(): Promise<Evaluation> {
    const { declared, average, update, figures: algorithm } = this.#trainer;
    const figures = await this.#figuresOf(declared);
    const averaged = average === undefined ? undefined : await this.#figuresOf(average);
    const diagnostics = await this.#diagnosis.measure(update, true, { pause: this.#pause });
    const evaluation = {
      figures,
      ...(averaged !== undefined && { averaged }),
      ...(algorithm !== undefined && { algorithm }),
      ...(diagnostics !== undefined && { diagnostics }),
    };
    this.#request.report({ type: 'evaluation', update, ...evaluation });
    return evaluation;
  }

  async #figuresOf(declared: DeclaredModel): Promise<Figures> {
    const { prepared, report } = this.#request;
    const { update } = this.#trainer;
    const tracker = this.#tracker;
    const figures = await evaluateModel(
      prepared.kernels,
      await this.#trainer.standardOf(declared),
      splitStates(prepared.dataset, declared),
      {
        logPartitionFunction: tracker === undefined ? prepared.logPartitionFunction : (evaluated) => tracker.estimate(evaluated),
        shift: declaredShift(declared),
        pseudoLikelihoodExamples: prepared.config.evaluation.pseudoLikelihoodExamples,
      },
      { pause: this.#pause, progress: (share) => report({ type: 'evaluating', update, share }) },
    );
    if (!areFiguresFinite(figures)) throw this.#diverged(overflow);
    return figures;
  }

  /** One line of metrics.jsonl: progress and figures, no times. */
  #metricsLine({ figures, averaged, algorithm, diagnostics }: Evaluation): string {
    const { update, updatesPerEpoch, stepSizes } = this.#trainer;
    const inLine = ({ logPartitionFunction, ...others }: Figures): object => ({
      ...(logPartitionFunction !== undefined && { logPartitionFunction: logPartitionFunction.logZ }),
      ...others,
    });
    return JSON.stringify({
      event: 'evaluation',
      update,
      epoch: update / updatesPerEpoch,
      ...stepSizes,
      ...inLine(figures),
      ...(averaged !== undefined && { averaged: inLine(averaged) }),
      ...(algorithm !== undefined && { algorithm }),
      ...(diagnostics !== undefined && { diagnostics }),
    });
  }

  /** Evaluates and measures what is due, once. */
  async #measureOnCadence(): Promise<void> {
    const { update, updatesPerEpoch } = this.#trainer;
    if (this.#isEvaluationDue()) {
      await this.#evaluateOnCadence();
    } else if (this.#diagnosis.isDue(update)) {
      const diagnostics = await this.#diagnosis.measure(update, false, { pause: this.#pause });
      this.#pushLine(JSON.stringify({ event: 'diagnostics', update, epoch: update / updatesPerEpoch, diagnostics }));
    } else return;
    this.#evaluated = true;
  }

  #isEvaluationDue(): boolean {
    return this.#interval !== Infinity && this.#trainer.update % this.#interval === 0;
  }

  async #evaluateOnCadence(): Promise<void> {
    const { prepared, directory } = this.#request;
    const { update } = this.#trainer;
    const evaluation = await this.#evaluate();
    this.#evaluation = evaluation;
    this.#pushLine(this.#metricsLine(evaluation));
    const candidate = validationFigure(resultFigures(evaluation));
    if (candidate === undefined) return;
    if (!isBetter(candidate, this.#best)) return;
    this.#best = { update, ...candidate };
    if (!prepared.config.checkpoint.best) return;
    const checkpoint = this.#checkpoint();
    this.#unsavedBest = undefined;
    const write = (): void => this.#record.writeAsOwner(directory.best, () => directory.writeBest(checkpoint));
    if (this.#goesOnWithout(write, 'it is written with the next checkpoint')) return;
    this.#unsavedBest = { checkpoint, content: Array.from(encodeCheckpoint(checkpoint), (piece) => Uint8Array.from(piece)) };
  }

  /**
   * One more event. When a file of them is full depends on their number alone, and one line always stays: it says to twins,
   * and to who continues, which events metrics.jsonl goes on with.
   */
  #pushLine(line: string): void {
    if (this.#lines.length === eventsPerFile) {
      this.#fullFiles.push(this.#lines);
      this.#closedMetrics++;
      this.#lines = [];
    }
    this.#lines.push(line);
  }

  /** Writes the files of events that have become full, before a checkpoint counts them. */
  #closeMetrics(): void {
    const { directory } = this.#request;
    for (let lines = this.#fullFiles[0]; lines !== undefined; lines = this.#fullFiles[0]) {
      const number = this.#closedMetrics - this.#fullFiles.length + 1;
      this.#record.writeAsOwner(directory.closedMetrics(number), () => directory.closeMetrics(number, lines));
      this.#fullFiles.shift();
    }
  }

  #checkpoint(): Checkpoint<DeclaredModel> {
    const { prepared } = this.#request;
    const { result, velocity, update } = this.#trainer;
    const [state, updates] = [this.#trainer.gradientTensors(), this.#trainer.updateTensors()];
    // A mean of squares that has overflowed leaves the parameters finite, and never lets them move again.
    if (!areTensorsFinite(state) || !areTensorsFinite(updates)) throw this.#diverged('what is carried from update to update is no longer finite');
    return {
      parameters: result,
      velocity,
      state: new Map(Object.entries(state)),
      updates: new Map(Object.entries(updates)),
      ...(this.#tracker !== undefined && { tracking: new Map(Object.entries(this.#tracker.tensors())) }),
      diagnostics: new Map(Object.entries(this.#diagnosis.tensors())),
      metrics: this.#lines,
      progress: { update, evaluated: this.#evaluated, best: this.#best, ...(this.#closedMetrics > 0 && { closedMetrics: this.#closedMetrics }) },
      identity: prepared.identity,
    };
  }

  /** Saves the best parameters where that is still to be done, then the checkpoint, which counts them and holds the metrics, then publishes these. */
  #save(): void {
    const { prepared, directory, report } = this.#request;
    const { update } = this.#trainer;
    const best = this.#unsavedBest;
    if (best !== undefined) this.#record.writeAsOwner(directory.best, () => directory.writeBest(best.checkpoint, best.content));
    this.#unsavedBest = undefined;
    this.#closeMetrics();
    const warn = (message: string): void => report({ type: 'warning', message });
    this.#record.writeAsOwner(directory.checkpoint(update), () => directory.writeCheckpoint(this.#checkpoint(), prepared.config.checkpoint.keep, warn));
    directory.writeMetrics(this.#closedMetrics, this.#lines);
    this.#savedUpdate = update;
    this.#savedTime = performance.now();
    this.#failedSaves = 0;
    report({ type: 'checkpoint', update, file: directory.checkpoint(update) });
  }

  /** As {@link #save}, while there is more to do: what fails is tried again when the next checkpoint is due. */
  #saveOnCadence(): void {
    if (this.#failedSaves + 1 === failedSavesLimit) this.#save();
    else if (!this.#goesOnWithout(() => this.#save(), 'training goes on, and saves when the next checkpoint is due')) this.#failedSaves++;
    this.#savedTime = performance.now();
  }

  /** Does what training can go on without where the file system fails; whether it was done. */
  #goesOnWithout(action: () => void, consequence: string): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (!isFileError(error)) throw error;
      this.#request.report({ type: 'warning', isFailure: true, message: `update ${this.#trainer.update}: ${messageOf(error)}; ${consequence}` });
      return false;
    }
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
    const { result: model, update, updatesPerEpoch } = this.#trainer;
    const isOnCadence = this.#isEvaluationDue();
    const evaluation = (isOnCadence ? this.#evaluation : undefined) ?? (await this.#evaluate());
    this.#save();
    // An evaluation off the cadence is published after the checkpoint, which does not count it: a run that is
    // continued with more epochs has the same events as one that was never stopped.
    this.#record.check();
    if (!isOnCadence) directory.writeMetrics(this.#closedMetrics, [...this.#lines, this.#metricsLine(evaluation)]);
    const { configHash, dataFingerprint, numericsVersion } = prepared.identity;
    const figures = resultFigures(evaluation);
    this.#warnOfUselessModel(figures);
    const last = validationFigure(figures);
    const best = last !== undefined && isBetter(last, this.#best) ? { update, ...last } : this.#best;
    const result: RunResult = {
      version,
      numericsVersion,
      configHash,
      dataFingerprint,
      digest: parametersDigest(model),
      visibleUnits: model.visibleUnits,
      hiddenUnits: model.hiddenUnits,
      updates: update,
      epochs: update / updatesPerEpoch,
      ...evaluation,
      best,
    };
    this.#record.writeAsOwner(directory.result, () => directory.writeJson(directory.result, result));
    this.#endExecution('finished');
    return result;
  }

  /** What is in no other file, and training does not make again. */
  #warnOfLostFiles(): void {
    const { prepared, directory, report } = this.#request;
    for (const file of directory.missingMetrics(this.#closedMetrics)) {
      report({ type: 'warning', message: `${printable(file)} is missing: its ${eventsPerFile} events are lost` });
    }
    if (this.#best === undefined || !prepared.config.checkpoint.best || directory.holdsBest()) return;
    const what = `the parameters of update ${this.#best.update}, the best so far, are lost until others are better`;
    report({ type: 'warning', message: `${printable(directory.best)} is missing or damaged: ${what}` });
  }

  /** A model worse than one without any hidden unit has learned nothing: mostly the steps were too large. */
  #warnOfUselessModel(figures: Figures): void {
    const { prepared, report } = this.#request;
    const reached = figures.splits.train?.meanLogLikelihood;
    const { units, visibleLogVariance } = prepared.parameters;
    const { splits, layer } = prepared.dataset;
    // With missing values, the examples that are evaluated are not those that the yardstick is of.
    if (reached === undefined || splits.train.missing !== undefined || this.#trainer.update === 0) return;
    const independent = independentUnitsLogLikelihood(splits.train.states, layer, units?.variance === 'learned' ? 'learned' : visibleLogVariance);
    if (reached >= independent - uselessMargin) return;
    const better = this.#betterBefore(reached + uselessMargin);
    report({
      type: 'warning',
      message:
        `the model is worse on its training data (${reached.toFixed(3)} nats) than independent units would be ` +
        `(${independent.toFixed(3)} nats): ` +
        (better === undefined
          ? 'train longer, or with a smaller training.learningRate'
          : `training went astray, for at update ${better.update} it had ${better.value.toFixed(3)} nats: use a smaller training.learningRate`),
    });
  }

  /** The best log-likelihood of the training data among the evaluations before, if it is above a limit. */
  #betterBefore(limit: number): { value: number; update: number } | undefined {
    let better: { value: number; update: number } | undefined;
    for (const line of this.#lines) {
      const { update, splits, averaged } = JSON.parse(line) as { update: number; splits?: Figures['splits']; averaged?: Figures };
      const value = (averaged ?? { splits }).splits?.train?.meanLogLikelihood;
      if (value !== undefined && value > (better?.value ?? limit)) better = { value, update };
    }
    return better;
  }

  /** The parameters may be half updated: nothing is saved, and the run continues from its last checkpoint. */
  #kernelsFailed(cause: unknown): RbmError {
    this.#record.check();
    this.#endExecution('failed');
    return new RbmError('runtime', `${printable(messageOf(cause), 300)}, in update ${this.#trainer.update}`, {
      hint: `Run it again: a training goes on from its last checkpoint (update ${this.#savedUpdate}) with --resume. If it fails again, use --threads 1.`,
      cause,
    });
  }

  #diverged(reason: string): RbmError {
    const { directory } = this.#request;
    const { update } = this.#trainer;
    const good = directory.checkpointUpdates().filter((saved) => saved < update)[0];
    this.#record.check();
    // What led here; the checkpoint to continue from does not count these events.
    const publish = (): void => {
      this.#closeMetrics();
      directory.writeMetrics(this.#closedMetrics, this.#lines);
    };
    this.#goesOnWithout(publish, 'the last events are missing there');
    this.#endExecution('diverged');
    return new RbmError('diverged', `training diverged at update ${update}: ${reason}`, {
      hint:
        (good === undefined ? '' : `The last good checkpoint is ${printable(directory.checkpoint(good))} (update ${good}). `) +
        'Lower training.learningRate, training.momentum or training.weightDecay.',
    });
  }

  /** No result depends on execution.json: how the session ended is told in any case. */
  #endExecution(end: SessionEnd): void {
    this.#goesOnWithout(() => this.#record.write(end, this.#trainer.update), 'nothing else depends on it');
  }
}

/** Starts the diagnostics. */
function startDiagnosis({ kernels, config, dataset, diagnostics }: PreparedRun, trainer: Trainer): Promise<Diagnosis> {
  return Diagnosis.start(diagnostics.wanted, (settings) => ({
    kernels,
    model: trainer.model,
    training: diagnostics.training,
    // Of units with learned variances, standard units change with them.
    get splits() {
      return splitStates(dataset, trainer.declared);
    },
    seed: config.seed,
    settings,
    update: () => trainer.update,
    learningRate: () => trainer.stepSizes.learningRate,
    drawPhases: (examples, replica) => trainer.drawPhases(examples, replica),
  }));
}

/**
 * Trains until the configured length, a stop request, or divergence.
 *
 * @throws RbmError 'diverged' where parameters or likelihoods are no longer finite; 'runtime' where files can't be
 * written
 */
export async function trainRun(request: TrainRequest): Promise<RunOutcome> {
  const { prepared } = request;
  const { kernels, config, parameters, dataset } = prepared;
  const trainer = await Trainer.create(kernels, config.training, parameters, dataset.splits.train, config.seed);
  const run = new Run(request, trainer, await startDiagnosis(prepared, trainer));
  // It is as large as the model: nobody is to keep it while the run goes on.
  request.checkpoint = undefined;
  return run.run();
}
