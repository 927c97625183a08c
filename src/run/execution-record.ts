/**
 * execution.json: whose a run directory is, and who worked there when. No result depends on it, but every write does: a
 * training whose directory was removed, or taken over by another, writes nothing more there.
 *
 * Two processes on the same training may share a directory: they write the same bits.
 */

import { hostname } from 'node:os';
import { removeFile } from '../checkpoint/atomic-write.js';
import type { RunDirectory } from '../checkpoint/run-directory.js';
import { printable, RbmError } from '../errors.js';
import { isFileError } from '../file-errors.js';
import { version } from '../version.js';
import type { PreparedRun } from './prepare.js';

/** Sessions that are kept, the latest: a batch loop may continue a run thousands of times. */
const keptSessions = 100;

/** What tells one training in a directory from another: what it computes, and when it took the place of an equal one. */
const ownerKeys = ['configHash', 'dataFingerprint', 'numericsVersion', 'restarted'];

/** How a session stands, or has ended. */
export type SessionEnd = 'running' | 'finished' | 'stopped' | 'diverged' | 'failed';

/** This session in the record of a run directory. */
export class ExecutionRecord {
  readonly #prepared: PreparedRun;
  readonly #directory: RunDirectory;
  /** Update that this session continues from; undefined for a new run. */
  readonly #fromUpdate: number | undefined;
  /** What the record says of whose the directory is. */
  #owner: Readonly<Record<string, unknown>> = {};
  readonly #startTime = new Date();
  readonly #startCpu = process.cpuUsage();

  /** @param fromUpdate update that the session continues from; a new run where left out */
  constructor(prepared: PreparedRun, directory: RunDirectory, fromUpdate: number | undefined) {
    this.#prepared = prepared;
    this.#directory = directory;
    this.#fromUpdate = fromUpdate;
  }

  /** What the directory says of its training, where it says anything. */
  #training(): Readonly<Record<string, unknown>> | undefined {
    try {
      const training = this.#directory.readJson(this.#directory.execution)?.training;
      return training === undefined ? undefined : ((training ?? {}) as Record<string, unknown>);
    } catch {
      // Damaged: nobody else's, at least.
      return this.#owner;
    }
  }

  /**
   * Makes the directory this training's, before anything is written there: whoever trains another one in it finds out.
   *
   * @param replace whether a new run takes the place of the one that is there, also where that one is still under way
   * @throws RbmError 'runtime' where another training has started there since it was found free, or it can't be written
   */
  claim(replace: boolean): void {
    const { identity } = this.#prepared;
    const { configHash, dataFingerprint, numericsVersion } = identity;
    const directory = this.#directory;
    const isNew = this.#fromUpdate === undefined;
    // One that takes the place of the same training differs from it by this: its files are none of the old one's.
    const restarted = isNew && replace ? this.#startTime.toISOString() : this.#training()?.restarted;
    this.#owner = { configHash, dataFingerprint, numericsVersion, ...(restarted !== undefined && { restarted }) };
    if (isNew && !replace && directory.holdsRun()) this.check();
    directory.make();
    this.write('running', this.#fromUpdate ?? 0);
    if (!isNew) return;
    // Also what the last owner has written up to this moment; what it writes later, it removes itself.
    if (replace) directory.clear();
    else directory.removeOthers(identity);
  }

  #isOwn(training: Readonly<Record<string, unknown>>): boolean {
    return ownerKeys.every((key) => training[key] === this.#owner[key]);
  }

  /** @throws RbmError 'runtime' where the directory is no longer this training's: taken over (with --force, say) or removed */
  check(): void {
    const training = this.#training();
    const isLost = training === undefined;
    // Whoever takes it over writes the record first: where only that is gone, nobody has.
    if (isLost ? this.#directory.holdsRun() : this.#isOwn(training)) return;
    const what = isLost ? 'the run directory was removed, moved or emptied' : 'another training has been started in this directory';
    const hint = isLost ? 'Where it is now, the run continues with --resume.' : 'Give every training an --output of its own.';
    throw new RbmError('runtime', `${printable(this.#directory.path)}: ${what} meanwhile`, {
      hint: `This training has stopped without writing more. ${hint}`,
    });
  }

  /**
   * Writes a file of this training, and takes it back where the directory has changed hands just then.
   *
   * @throws RbmError 'runtime' as {@link check}, and what `write` throws
   */
  writeAsOwner(file: string, write: () => void): void {
    this.check();
    write();
    try {
      this.check();
    } catch (error) {
      removeFile(file);
      throw error;
    }
  }

  /**
   * Writes this session into the record: at its start, so that killed ones leave a trace, and again at its end.
   *
   * @throws RbmError 'runtime' where it can't be written, or at its end as {@link check}
   */
  write(end: SessionEnd, toUpdate: number): void {
    if (end !== 'running') this.check();
    const { kernels } = this.#prepared;
    const { user, system } = process.cpuUsage(this.#startCpu);
    const { sessions, leftOut } = this.#otherSessions();
    const session = {
      start: this.#startTime.toISOString(),
      end: new Date().toISOString(),
      ended: end,
      fromUpdate: this.#fromUpdate ?? 0,
      toUpdate,
      cpuSeconds: (user + system) / 1e6,
      host: hostname(),
      processId: process.pid,
      platform: `${process.platform} ${process.arch}`,
      node: process.version,
      version,
      backend: kernels.name,
      threads: kernels.threads,
    };
    const outdated = Math.max(0, sessions.length + 1 - keptSessions);
    const sessionsLeftOut = leftOut + outdated;
    this.#directory.writeJson(this.#directory.execution, {
      training: this.#owner,
      ...(sessionsLeftOut > 0 && { sessionsLeftOut }),
      sessions: [...sessions.slice(outdated), session],
    });
  }

  /** The other sessions on this training, and how many were left out before; none of a training that this one replaces. */
  #otherSessions(): { sessions: readonly unknown[]; leftOut: number } {
    let written: Record<string, unknown> | undefined;
    try {
      written = this.#directory.readJson(this.#directory.execution);
    } catch (error) {
      if (isFileError(error)) throw error;
      // Damaged: it holds nothing that a result depends on.
    }
    const isReplaced = this.#owner.restarted !== undefined && !this.#isOwn((written?.training ?? {}) as Record<string, unknown>);
    const { sessions, sessionsLeftOut } = isReplaced ? {} : (written ?? {});
    const start = this.#startTime.toISOString();
    const isOther = ({ start: otherStart, processId }: Record<string, unknown>): boolean => otherStart !== start || processId !== process.pid;
    return {
      sessions: Array.isArray(sessions) ? sessions.filter(isFlat).filter(isOther) : [],
      leftOut: Number.isSafeInteger(sessionsLeftOut) ? (sessionsLeftOut as number) : 0,
    };
  }
}

/** Whether something is what a session looks like: a damaged record may hold anything, at any depth. */
function isFlat(session: unknown): session is Record<string, unknown> {
  if (typeof session !== 'object' || session === null || Array.isArray(session)) return false;
  return Object.values(session).every((value) => typeof value !== 'object' || value === null);
}
