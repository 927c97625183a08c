/**
 * How near the training algorithm's gradient comes to the exact one.
 */

import { figureCharts, findingsTable } from '../diagnostic-charts.js';
import type { Section } from '../section.js';
import { lastFindings } from '../series.js';

/** How the algorithm's side was had, in words. */
const methods: Readonly<Record<string, string>> = {
  propagated: 'The algorithm’s expectation is exact here: the distribution of its samples was carried through its Gibbs steps, without any sampling.',
  deterministic: 'The algorithm samples nothing, so its gradient is what it is.',
  sampled: 'The algorithm’s expectation is estimated from repeated draws of its phases: bands are 95 % intervals, and where they are wide, the cosine jumps.',
};

/** The section. */
export const gradientAccuracySection: Section = {
  name: 'gradient-accuracy',
  title: 'Gradient accuracy',
  async make({ run }) {
    const pictures = await figureCharts(run, 'gradientAccuracy', [
      {
        name: 'gradient-cosine',
        title: 'Direction of the expected gradient',
        yLabel: 'cosine with the exact gradient',
        figures: [
          ['cosine', 'the algorithm on average'],
          ['cosineGivenChains', 'with its chains as they stand'],
        ],
        caption: 'The cosine between the gradient that the algorithm follows on average and the exact one: 1 is the right direction, 0 a right angle.',
        levels: [{ y: 1, label: '' }],
      },
      {
        name: 'gradient-bias',
        title: 'Bias and noise of the gradient',
        yLabel: 'relative to the exact gradient',
        figures: [
          ['relativeBias', 'bias', 'relativeBiasStandardError'],
          ['relativeBiasGivenChains', 'bias with the chains as they stand', 'relativeBiasGivenChainsStandardError'],
          ['relativeStandardDeviation', 'standard deviation of an update'],
        ],
        caption: 'Bias is what averaging does not remove; the standard deviation is what a single update adds. Near the optimum the exact gradient vanishes, and both grow relative to it.',
        mayBeLog: true,
      },
      {
        name: 'gradient-norms',
        title: 'The exact gradient and the bias',
        yLabel: 'Euclidean norm',
        figures: [
          ['exactNorm', 'exact gradient'],
          ['bias', 'bias of the algorithm'],
        ],
        caption: 'Training comes to rest where the bias is as long as the gradient: from there on it follows something else than the likelihood.',
        mayBeLog: true,
      },
      {
        name: 'negative-phase-bias',
        title: 'Bias of the negative phase',
        yLabel: 'relative to the negative phase',
        figures: [['negativePhaseBias', 'bias']],
        caption: 'The same bias relative to the negative phase itself: how inaccurate the samples’ side of the gradient is.',
        mayBeLog: true,
      },
    ]);
    const tables = findingsTable(run, 'gradientAccuracy');
    if (pictures.length + tables.length === 0) return undefined;
    const method = lastFindings(run, 'gradientAccuracy')?.findings.method;
    const how = typeof method === 'string' && Object.hasOwn(methods, method) ? ` ${methods[method]}` : '';
    return { paragraphs: [`How near the gradient that the algorithm follows comes to that of the likelihood.${how}`], pictures, tables };
  },
};
