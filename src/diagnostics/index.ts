/**
 * Registry of diagnostics. To add one: its file, and a row here.
 */

import type { Diagnostic } from './diagnostic.js';
import { fit } from './fit.js';
import { gradientAccuracy } from './gradient-accuracy.js';
import { mixing } from './mixing.js';
import { spuriousMass } from './spurious-mass.js';

export { finiteFindings } from './finite-findings.js';
export type {
  DiagnosedTraining,
  Diagnostic,
  DiagnosticContext,
  DiagnosticWarning,
  Finding,
  Findings,
  ObservedPhases,
  RunningDiagnostic,
} from './diagnostic.js';

/** All diagnostics, by the names that a config may give, in the order in which their figures are shown. */
export const diagnostics: readonly Diagnostic[] = [fit, mixing, gradientAccuracy, spuriousMass];
