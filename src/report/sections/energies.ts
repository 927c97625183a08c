/**
 * Free energies: of both phases of training, of the splits, and the gaps between them.
 */

import { lineChart, type Series } from '../charts.js';
import { nats } from '../numbers.js';
import type { Picture, Section } from '../section.js';
import { alternativeOf, diagnosticSeries, pointsOf, seriesTable, splitSeries, updatesOf, warningRules } from '../series.js';

/** The section. */
export const energiesSection: Section = {
  name: 'energies',
  title: 'Free energies',
  async make({ run }) {
    const chart = async (name: string, title: string, yLabel: string, series: readonly Series[], caption: string, hasZero = false): Promise<Picture[]> => {
      if (series.length === 0) return [];
      const alternative = alternativeOf(`${title} over updates`, series, nats);
      const levels = hasZero ? [{ y: 0, label: '' }] : [];
      const svg = await lineChart({ xLabel: 'update', xDomain: updatesOf(run), yLabel, alternative, series, levels, rules: warningRules(run, 'mixing') });
      return [{ name, title, alternative, caption, svg, data: seriesTable(title, series, 'update', nats) }];
    };
    const phases = diagnosticSeries(run, 'fit', [
      ['positiveFreeEnergy', 'positive phase (data)', 'positiveFreeEnergyStandardError'],
      ['negativeFreeEnergy', 'negative phase (samples)', 'negativeFreeEnergyStandardError'],
    ]);
    const chains = diagnosticSeries(run, 'mixing', [['freeEnergyGap', 'chains − data', 'freeEnergyGapStandardError']]);
    const gap = [{ name: 'validation − train', points: pointsOf(run, ({ freeEnergyGap }) => freeEnergyGap) }].filter(({ points }) => points.length > 0);
    const ofSplits = splitSeries(run, ({ meanFreeEnergy }) => (meanFreeEnergy === undefined ? undefined : { y: meanFreeEnergy }));
    const pictures = [
      ...(await chart('phase-energies', 'Free energies of both phases', 'mean F(v), nats', phases, 'Training lowers the data’s and raises the samples’. Where the samples’ lies far below, the model has modes that the data has not.')),
      ...(await chart('chain-energy-gap', 'Free-energy gap between chains and data', 'nats', chains, 'Near zero where the chains look like the data to the model.', true)),
      ...(await chart('split-energies', 'Free energies of the data', 'mean F(v), nats', ofSplits, 'They move with log Z; only their differences mean something by themselves.')),
      ...(await chart('energy-gap', 'Free-energy gap, validation − train', 'nats per example', gap, 'Grows when the model overfits. It needs no partition function.', true)),
    ];
    return pictures.length === 0 ? undefined : { pictures };
  },
};
