/**
 * The diagnostics of one run: which there are, when they are measured, what they carry from update to update.
 */

import { configError, type LoadedConfig } from '../config/index.js';
import type { RunConfig } from '../config/run-config.js';
import type { Extent } from '../config/schema.js';
import {
  diagnostics,
  finiteFindings,
  type DiagnosedTraining,
  type Diagnostic,
  type DiagnosticContext,
  type DiagnosticWarning,
  type Findings,
  type ObservedPhases,
  type RunningDiagnostic,
} from '../diagnostics/index.js';
import type { Cooperation } from '../model/cooperation.js';
import { restoreTensors, saveTensors, type SavedTensor } from '../sampling/saved-states.js';
import { extentInUpdates } from '../training/schedules.js';

/** A diagnostic that a run is to have. */
export interface WantedDiagnostic {
  readonly diagnostic: Diagnostic;
  /** Updates between measurements; undefined: at every evaluation. */
  readonly every: number | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * The diagnostics that the config asks for, or that there are by default.
 *
 * @throws RbmError 'usage' where one that was asked for has nothing to say of such a training
 */
export function wantedDiagnostics(loaded: LoadedConfig, config: RunConfig, training: DiagnosedTraining): WantedDiagnostic[] {
  // Likelihoods are of whole rows; where every row has a missing value, there is nothing to look at.
  if (!training.splits.includes('train')) return [];
  return diagnostics.flatMap((diagnostic) => {
    const { name, byDefault } = diagnostic;
    const { every = 'never', ...settings } = config.diagnostics?.[name] ?? {};
    if (every === 'never') return [];
    const refusal = diagnostic.refuse?.(training, settings);
    if (refusal === undefined) {
      return [{ diagnostic, every: every === 'evaluations' ? undefined : extentInUpdates(every as Extent, training.updatesPerEpoch), settings }];
    }
    // A resolved config names the default ones, too: nobody need have asked for them.
    if (byDefault) return [];
    throw configError(loaded, `diagnostics.${name}`, refusal.message, refusal.hint);
  });
}

/** Bytes of what diagnostics carry from update to update. */
export function diagnosticBytes({ wanted, training }: { readonly wanted: readonly WantedDiagnostic[]; readonly training: DiagnosedTraining }): number {
  return wanted.reduce((sum, { diagnostic, settings }) => sum + (diagnostic.savedBytes?.(training, settings) ?? 0), 0);
}

/** A diagnostic at work, and when it is measured. */
type Working = WantedDiagnostic & { readonly running: RunningDiagnostic };

/** Diagnostics at work. */
export class Diagnosis {
  readonly #running: readonly Working[];
  /** What was found last, by diagnostic. */
  readonly #latest = new Map<string, { readonly update: number; readonly findings: Findings }>();

  private constructor(running: readonly Working[]) {
    this.#running = running;
  }

  /**
   * Starts all of them.
   *
   * @param context of a diagnostic with these settings
   */
  static async start(wanted: readonly WantedDiagnostic[], context: (settings: WantedDiagnostic['settings']) => DiagnosticContext): Promise<Diagnosis> {
    const running = [];
    for (const one of wanted) running.push({ ...one, running: await one.diagnostic.start(context(one.settings)) });
    return new Diagnosis(running);
  }

  /** Whether any of them looks at every update. */
  get observes(): boolean {
    return this.#running.some(({ running }) => running.observe !== undefined);
  }

  /** Lets those that look at every update see the last one. */
  async observe(phases: ObservedPhases): Promise<{ diagnostic: string; warning: DiagnosticWarning }[]> {
    const warnings = [];
    for (const { diagnostic, running } of this.#running) {
      const answer = running.observe?.(phases);
      const warning = answer instanceof Promise ? await answer : answer;
      if (warning !== undefined) warnings.push({ diagnostic: diagnostic.name, warning: { ...warning, evidence: finiteFindings(warning.evidence) } });
    }
    return warnings;
  }

  /** Whether some are due at this update by a cadence of their own. */
  isDue(update: number): boolean {
    return this.#running.some(({ every }) => every !== undefined && update % every === 0);
  }

  /**
   * Measures those that are due; undefined where none is.
   *
   * @param atEvaluation whether there is an evaluation at this update
   * @throws whatever `cooperation.pause` throws
   */
  async measure(update: number, atEvaluation: boolean, cooperation: Cooperation): Promise<Record<string, Findings> | undefined> {
    const due = this.#running.filter(({ every }) => (every === undefined ? atEvaluation : update % every === 0));
    if (due.length === 0) return undefined;
    const findings: Record<string, Findings> = {};
    for (const { diagnostic: { name }, running } of due) {
      // At the last update, there may be an evaluation beside what was due by itself.
      const before = this.#latest.get(name);
      findings[name] = before?.update === update ? before.findings : finiteFindings(await running.measure(cooperation));
      this.#latest.set(name, { update, findings: findings[name] });
    }
    return findings;
  }

  /** What they carry from update to update, by name. */
  tensors(): Record<string, SavedTensor> {
    const named = this.#running.map(({ diagnostic, running }) => Object.entries(saveTensors(running.tensors)).map(([name, tensor]) => [`${diagnostic.name}.${name}`, tensor] as const));
    return Object.fromEntries(named.flat());
  }

  /**
   * Takes over what a checkpoint has of them.
   *
   * @returns the names of those that it has nothing of, or of other settings: they start afresh
   */
  restore(tensors: ReadonlyMap<string, SavedTensor>): string[] {
    return this.#running.filter(({ diagnostic: { name }, running }) => {
      const own = [...tensors].filter(([key]) => key.startsWith(`${name}.`)).map(([key, tensor]) => [key.slice(name.length + 1), tensor] as const);
      try {
        restoreTensors(running.tensors, new Map(own));
        return false;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return true;
      }
    }).map(({ diagnostic }) => diagnostic.name);
  }
}
