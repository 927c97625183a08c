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
        name: 'autocorrelation-time',
        title: 'Integrated autocorrelation time',
        yLabel: 'updates',
        figures: [['integratedAutocorrelationTime', 'autocorrelation time']],
        caption: 'After so many updates a chain has forgotten where it was. It grows as the modes of the model drift apart.',
        mayBeLog: true,
      },
      {
        name: 'r-hat',
        title: 'R-hat',
        yLabel: 'R-hat',
        figures: [['rHat', 'R-hat']],
        caption: 'How much the chains differ from each other beyond what each varies by itself; 1 where they all walk over the same states.',
        levels: [{ y: 1, label: '' }],
      },
      {
        name: 'flips',
        title: 'Flips per Gibbs step',
        yLabel: 'share of the visible units',
        figures: [['flipsPerStep', 'share of units that change']],
        caption: 'Chains whose units hardly change stand in modes of their own.',
      },
      {
        name: 'drift',
        title: 'Drift of the parameters per mixing time',
        yLabel: 'drift',
        figures: [['driftPerMixingTime', 'drift']],
        caption: 'How far training moves the parameters while the chains forget where they were. Where it is large, they sample a model that is no longer there.',
        mayBeLog: true,
      },
    ]);
    const tables = findingsTable(run, 'mixing');
    return pictures.length + tables.length === 0 ? undefined : { pictures, tables };
  },
};
