/**
 * Likelihood curves with their intervals; where log Z is not known, pseudo-likelihoods. Warnings and the best update are marked.
 */

import { lineChart, type Rule, type Series } from '../charts.js';
import { criterionOf } from '../criterion.js';
import { nats } from '../numbers.js';
import type { RunRecord } from '../run-record.js';
import type { Picture, Section } from '../section.js';
import { alternativeOf, pointsOf, seriesTable, splitSeries, updatesOf, warningRules } from '../series.js';

/** The update whose parameters are best, as a rule. */
function bestRule({ checkpoint, result }: RunRecord): Rule[] {
  const best = (result?.best ?? checkpoint.progress.best) as { update?: unknown } | undefined;
  return typeof best?.update === 'number' ? [{ x: best.update, kind: 'best' }] : [];
}

/** The last three quarters of the series, where the first steps make the rest look flat. */
function laterPart(series: readonly Series[]): Series[] | undefined {
  const from = Math.max(...series.map(({ points }) => points[Math.floor(points.length / 4)]?.x ?? 0));
  const later = series.map((one) => ({ ...one, points: one.points.filter(({ x }) => x >= from) }));
  const rangeOf = (all: readonly Series[]): number => {
    const values = all.flatMap(({ points }) => points.map(({ y }) => y));
    return values.reduce((a, b) => Math.max(a, b), -Infinity) - values.reduce((a, b) => Math.min(a, b), Infinity);
  };
  if (series.every(({ points }) => points.length < 12) || rangeOf(later) > rangeOf(series) / 4) return undefined;
  return later;
}

/** The section. */
export const likelihoodSection: Section = {
  name: 'likelihood',
  title: 'How likely the data is',
  async make({ run }) {
    const criterion = criterionOf(run);
    if (criterion === undefined) return undefined;
    const series = splitSeries(run, criterion.read);
    const rules = [...bestRule(run), ...warningRules(run)];
    const texts = { xLabel: 'update', yLabel: `mean ${criterion.name}, nats per example` };
    const isEstimated = run.events.some(({ splits }) => Object.values(splits ?? {}).some(({ exact }) => exact === false));
    const bands =
      criterion.name === 'log-likelihood'
        ? `The bands are 95 % intervals of the mean over the examples${isEstimated ? ', with the error of the estimated log Z' : '; log Z is exact'}.`
        : 'log Z is not known, so this is the pseudo-likelihood: the product of each unit’s probability given all others.';
    const chart = async (name: string, title: string, shown: readonly Series[], caption: string): Promise<Picture> => {
      const alternative = alternativeOf(`Mean ${criterion.name} over updates`, shown, nats);
      const from = Math.min(...shown.flatMap(({ points }) => points.slice(0, 1).map(({ x }) => x)));
      const [, to] = updatesOf(run);
      const svg = await lineChart({ ...texts, alternative, series: shown, xDomain: [from, to], rules: rules.filter(({ x }) => x >= from) });
      return { name, title, alternative, caption, svg, data: seriesTable(`Mean ${criterion.name}, nats per example`, shown, 'update', nats) };
    };
    const pictures = [await chart('likelihood', `Mean ${criterion.name}`, series, bands)];
    const later = laterPart(series);
    if (later !== undefined) pictures.push(await chart('likelihood-later', 'The same without its first quarter', later, 'The first updates change so much that the later ones look flat above; here they are alone.'));
    const errors = splitSeries(run, ({ meanReconstructionError }) => (meanReconstructionError === undefined ? undefined : { y: meanReconstructionError }));
    if (errors.length > 0) {
      const alternative = alternativeOf('Mean reconstruction error over updates', errors);
      pictures.push({
        name: 'reconstruction-error',
        title: 'Reconstruction error',
        alternative,
        caption: 'Easy to compute and easy to misread: it also falls when the chains stop mixing.',
        svg: await lineChart({ xLabel: 'update', xDomain: updatesOf(run), yLabel: 'squared error per example', alternative, series: errors }),
        data: seriesTable('Mean reconstruction error', errors),
      });
    }
    const partition = pointsOf(run, ({ logPartitionFunction }) => logPartitionFunction);
    if (partition.length > 1) {
      const one = [{ name: 'log Z', points: partition }];
      const alternative = alternativeOf('Log partition function over updates', one, nats);
      pictures.push({
        name: 'log-partition-function',
        title: 'Log partition function',
        alternative,
        caption: 'What the model’s free energies are normalised by: log p(v) = −F(v) − log Z.',
        svg: await lineChart({ xLabel: 'update', xDomain: updatesOf(run), yLabel: 'log Z, nats', alternative, series: one }),
        data: seriesTable('Log partition function, nats', one, 'update', nats),
      });
    }
    return { pictures };
  },
};
