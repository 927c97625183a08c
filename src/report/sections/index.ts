/**
 * Registry of the report's sections, in the order in which the page shows them. To add one: its file, and a row here.
 */

import type { Section } from '../section.js';
import { algorithmSection } from './algorithm.js';
import { chainEvolutionSection } from './chain-evolution.js';
import { energiesSection } from './energies.js';
import { fantasiesSection } from './fantasies.js';
import { filtersSection } from './filters.js';
import { fitSection } from './fit.js';
import { gradientAccuracySection } from './gradient-accuracy.js';
import { histogramsSection } from './histograms.js';
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
  filtersSection,
  fantasiesSection,
  chainEvolutionSection,
  histogramsSection,
  algorithmSection,
  otherDiagnosticsSection,
  reproduceSection,
];
