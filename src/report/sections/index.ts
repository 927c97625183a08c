/**
 * Registry of the report's sections, in the order in which the page shows them. To add one: its file, and a row here.
 */

import type { Section } from '../section.js';
import { algorithmSection } from './algorithm.js';
import { energiesSection } from './energies.js';
import { fitSection } from './fit.js';
import { gradientAccuracySection } from './gradient-accuracy.js';
import { likelihoodSection } from './likelihood.js';
import { mixingSection } from './mixing.js';
import { otherDiagnosticsSection } from './other-diagnostics.js';
import { reproduceSection } from './reproduce.js';
import { spuriousMassSection } from './spurious-mass.js';
import { summarySection } from './summary.js';

/** All sections. */
export const sections: readonly Section[] = [
  summarySection,
  likelihoodSection,
  energiesSection,
  gradientAccuracySection,
  spuriousMassSection,
  mixingSection,
  fitSection,
  algorithmSection,
  otherDiagnosticsSection,
  reproduceSection,
];
