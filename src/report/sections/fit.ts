/**
 * How the model fits: moments of data and samples, hidden units that do nothing, sizes of the parameters, steps of training.
 */

import { barChart, lineChart } from '../charts.js';
import { figureCharts, findingsTable, lastNumbers } from '../diagnostic-charts.js';
import { count, figure } from '../numbers.js';
import type { Picture, Section } from '../section.js';
import { alternativeOf, pointsOf, seriesTable } from '../series.js';

/** The section. */
export const fitSection: Section = {
  name: 'fit',
  title: 'Fit and parameters',
  async make({ run }) {
    const pictures: Picture[] = await figureCharts(run, 'fit', [
      {
        name: 'moments',
        title: 'Moments: data against samples',
        yLabel: 'root mean square difference',
        figures: [
          ['visibleMomentDifference', '⟨v⟩'],
          ['hiddenMomentDifference', '⟨h⟩'],
          ['weightMomentDifference', '⟨vh⟩'],
        ],
        caption: 'Differences between the two phases’ means: what the gradient is made of. They shrink to the sampling noise as training converges.',
        mayBeLog: true,
      },
      {
        name: 'idle-units',
        title: 'Dead and saturated hidden units',
        yLabel: 'share of the hidden units',
        figures: [
          ['deadUnits', 'dead (hardly ever on)'],
          ['saturatedUnits', 'saturated (hardly ever off)'],
        ],
        caption: 'Hidden units that are the same for all examples are no features of them.',
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
    ]);
    const singular = lastNumbers(run, 'fit', 'singularValues', 'singularValuesOfWeights');
    if (singular !== undefined && singular.length > 1) {
      const alternative = `Singular values of the weights at the last measurement: ${count(singular.length)} values from ${figure(Math.max(...singular))} down to ${figure(Math.min(...singular))}.`;
      const svg = await barChart({
        xLabel: 'number',
        yLabel: 'singular value',
        alternative,
        categories: singular.map((_, index) => String(index + 1)),
        series: [{ name: 'singular value', values: singular }],
      });
      const data = { caption: 'Singular values of the weights', columns: ['number', 'singular value'], rows: singular.slice(0, 12).map((value, index) => [String(index + 1), figure(value)]) };
      pictures.push({ name: 'singular-values', title: 'Singular values of the weights', alternative, caption: 'Few large ones mean that few directions of the data are modelled.', svg, data });
    }
    const steps = [
      { name: 'learning rate', points: pointsOf(run, ({ learningRate }) => learningRate) },
      { name: 'momentum', points: pointsOf(run, ({ momentum }) => momentum) },
    ].filter(({ points }) => points.length > 1);
    for (const [index, one] of steps.entries()) {
      const isConstant = one.points.every(({ y }) => y === one.points[0].y);
      if (isConstant) continue;
      const alternative = alternativeOf(`The ${one.name} over updates`, [one]);
      const svg = await lineChart({ xLabel: 'update', yLabel: one.name, alternative, series: [{ ...one, style: index + 1 }] });
      pictures.push({ name: one.name.replace(' ', '-'), title: index === 0 ? 'Learning rate' : 'Momentum', alternative, caption: 'As the config’s schedule has it.', svg, data: seriesTable(one.name, [one]) });
    }
    const tables = findingsTable(run, 'fit');
    return pictures.length + tables.length === 0 ? undefined : { pictures, tables };
  },
};
