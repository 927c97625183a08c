/**
 * What findings may hold: JSON has no word for what is not finite.
 */

import type { Finding, Findings } from './diagnostic.js';

/** Whether every number in it is finite. */
function isFinite(finding: Finding): boolean {
  if (typeof finding === 'number') return Number.isFinite(finding);
  return typeof finding !== 'object' || Object.values(finding).every(isFinite);
}

/** The findings without those in which a number is not finite. */
export function finiteFindings(findings: Findings): Findings {
  return Object.fromEntries(Object.entries(findings).filter(([, finding]) => isFinite(finding)));
}
