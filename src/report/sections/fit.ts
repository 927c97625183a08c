/**
 * How the model fits: moments of data and samples, hidden units that do nothing, sizes of the parameters, steps of training.
 */

import { lineChart } from '../charts.js';
import { figureCharts, findingsTable } from '../diagnostic-charts.js';
import { counted } from '../numbers.js';
import type { RunRecord } from '../run-record.js';
import type { Picture, Section } from '../section.js';
import { alternativeOf, findingAt, lastFindings, pointsOf, seriesTable, updatesOf } from '../series.js';

/** What the model's side of the moments is, in words. */
const modelSides: Readonly<Record<string, string>> = {
  exact: 'The model’s side is exact.',
  chains: 'The model’s side is the persistent chains.',
  reconstructions: 'The model’s side is reconstructions of the same examples, which are closer to the data than the model is.',
  'mean-field': 'The model’s side is mean-field magnetisations.',
};

function momentsCaption(run: RunRecord): string {
  const source = findingAt(lastFindings(run, 'fit')?.findings, 'moments.modelSource');
  const side = typeof source === 'string' && Object.hasOwn(modelSides, source) ? ` ${modelSides[source]}` : '';
  return `What the gradient is made of. The differences shrink as training converges, to what the sampling leaves.${side}`;
}

/** The section. */
export const fitSection: Section = {
  name: 'fit',
  title: 'Fit and parameters',
  async make({ run }) {
    const pictures: Picture[] = await figureCharts(run, 'fit', [
      {
        name: 'moments',
        title: 'Moments: data against model',
        yLabel: 'root mean square difference',
        figures: [
          ['moments.visible', '⟨v⟩'],
          ['moments.hidden', '⟨h⟩'],
          ['moments.products', '⟨vh⟩'],
        ],
        caption: momentsCaption(run),
        mayBeLog: true,
      },
      {
        name: 'idle-units',
        title: 'Hidden units that hardly ever change',
        yLabel: 'hidden units',
        figures: [
          ['deadHiddenUnits', 'dead (off for nearly all examples)'],
          ['alwaysOnHiddenUnits', 'always on'],
          ['saturatedHiddenUnits', 'saturated (either, always surely)'],
        ],
        yIncludes: [0, 4],
        caption: `Of ${counted(run.checkpoint.parameters.hiddenUnits, 'hidden unit')}. Those that are the same for all examples are no features of them.`,
      },
      {
        name: 'hidden-activity',
        title: 'Mean activity of the hidden units',
        yLabel: 'mean of E[h | v]',
        figures: [['meanHiddenActivity', 'mean over units and examples']],
        caption: 'How much of the hidden layer is on for an example.',
      },
      {
        name: 'norms',
        title: 'Norms of the parameters',
        yLabel: 'Euclidean norm',
        figures: [
          ['weightNorm', 'weights'],
          ['visibleBiasNorm', 'visible bias'],
          ['hiddenBiasNorm', 'hidden bias'],
        ],
        caption: 'Weights that keep growing make conditionals sharper and mixing slower.',
      },
      {
        name: 'singular-values',
        title: 'Largest singular values of the weights',
        yLabel: 'singular value',
        figures: [1, 2, 3, 4, 5].map((number) => [`singularValues.${number - 1}`, `σ${'₁₂₃₄₅'[number - 1]}`] as const),
        caption: 'Few large ones mean that few directions of the data are modelled; each that rises from the others is one more that is learned.',
      },
      {
        name: 'effective-rank',
        title: 'Effective rank of the weights',
        yLabel: 'Σσ² / σ₁²',
        figures: [['effectiveRank', 'effective rank']],
        caption: '1 where the weights have one direction only.',
      },
    ]);
    const steps = [
      { name: 'learning rate', points: pointsOf(run, ({ learningRate }) => learningRate) },
      { name: 'momentum', points: pointsOf(run, ({ momentum }) => momentum) },
    ].filter(({ points }) => points.length > 1);
    for (const [index, one] of steps.entries()) {
      const isConstant = one.points.every(({ y }) => y === one.points[0].y);
      if (isConstant) continue;
      const alternative = alternativeOf(`The ${one.name} over updates`, [one]);
      const svg = await lineChart({ xLabel: 'update', xDomain: updatesOf(run), yLabel: one.name, alternative, series: [{ ...one, style: index + 1 }] });
      pictures.push({ name: one.name.replace(' ', '-'), title: index === 0 ? 'Learning rate' : 'Momentum', alternative, caption: 'As the config’s schedule has it.', svg, data: seriesTable(one.name, [one]) });
    }
    const tables = findingsTable(run, 'fit');
    return pictures.length + tables.length === 0 ? undefined : { pictures, tables };
  },
};
