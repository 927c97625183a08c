/**
 * Whether the chains mix and follow the model.
 */

import { figureCharts, findingsTable } from '../diagnostic-charts.js';
import type { Section } from '../section.js';

/** The section. */
export const mixingSection: Section = {
  name: 'mixing',
  title: 'Mixing of the chains',
  async make({ run }) {
    const pictures = await figureCharts(run, 'mixing', [
      {
        name: 'mixing-time',
        title: 'How long the chains remember',
        yLabel: 'updates',
        figures: [
          ['mixingTime', 'mixing time'],
          ['integratedAutocorrelationTime', 'autocorrelation time, the slowest figure'],
        ],
        caption: 'After about so many updates a chain has forgotten where it was. It grows as the modes of the model drift apart.',
        mayBeLog: true,
      },
      {
        name: 'drift',
        title: 'Does the model run away from its chains?',
        yLabel: 'nats',
        figures: [
          ['driftPerMixingTime', 'drift per mixing time'],
          ['freeEnergySpread', 'spread of the chains'],
        ],
        caption: 'How far training moves the chains’ free energies while they forget where they were, against how much they differ among themselves. The nearer the drift comes to that, the more they sample a model that is no longer there.',
        mayBeLog: true,
      },
      {
        name: 'learning-rate-limit',
        title: 'Learning rate that the chains can follow',
        yLabel: 'learning rate',
        figures: [
          ['learningRate', 'learning rate'],
          ['learningRateLimit', 'limit by the rule of the diagnostic'],
        ],
        caption: 'Above the limit, the parameters drift faster than the chains mix.',
        mayBeLog: true,
      },
      {
        name: 'r-hat',
        title: 'R-hat across chains',
        yLabel: 'R-hat',
        figures: [['rHat', 'R-hat']],
        caption: 'How much the chains differ from each other beyond what each varies by itself; 1 where they all walk over the same states.',
        levels: [{ y: 1, label: '' }],
      },
      {
        name: 'flips',
        title: 'Flips per Gibbs step',
        yLabel: 'share of the visible units',
        yIncludes: [0],
        figures: [['flipsPerStep', 'share of units that change']],
        caption: 'Chains whose units hardly change stand in modes of their own.',
      },
    ]);
    const tables = findingsTable(run, 'mixing');
    if (pictures.length + tables.length === 0) return undefined;
    const paragraphs = ['The negative phase is as good as its chains: they must forget where they were before training has changed the model that they sample.'];
    return { paragraphs, pictures, tables };
  },
};
