/**
 * How near the training algorithm's gradient comes to the exact one.
 */

import { figureCharts, findingsTable } from '../diagnostic-charts.js';
import type { Section } from '../section.js';

/** The section. */
export const gradientAccuracySection: Section = {
  name: 'gradient-accuracy',
  title: 'Gradient accuracy',
  async make({ run }) {
    const pictures = await figureCharts(run, 'gradientAccuracy', [
      {
        name: 'gradient-cosine',
        title: 'Direction of the expected gradient',
        yLabel: 'cosine',
        figures: [['cosine', 'cosine with the exact gradient']],
        caption: 'The cosine between the gradient that the algorithm follows on average and the exact one: 1 is the right direction, 0 a right angle.',
        levels: [{ y: 1, label: '' }],
      },
      {
        name: 'gradient-bias',
        title: 'Bias and noise of the gradient',
        yLabel: 'relative to the exact gradient’s norm',
        figures: [
          ['relativeBias', 'bias'],
          ['relativeStandardDeviation', 'standard deviation'],
        ],
        caption: 'Bias is what averaging does not remove; noise is what one update adds. Near the optimum the exact gradient vanishes, and both grow relative to it.',
        mayBeLog: true,
      },
      {
        name: 'gradient-norms',
        title: 'Norms of the gradients',
        yLabel: 'Euclidean norm',
        figures: [
          ['exactNorm', 'exact'],
          ['norm', 'algorithm'],
          ['biasNorm', 'bias'],
        ],
        caption: 'How long the exact gradient is, and how far the algorithm’s lies from it.',
        mayBeLog: true,
      },
    ]);
    const tables = findingsTable(run, 'gradientAccuracy');
    return pictures.length + tables.length === 0 ? undefined : { pictures, tables };
  },
};
