/**
 * Verdict and headline figures: what a reader in a hurry needs.
 */

import { parametersDigest } from '../../checkpoint/digest.js';
import type { SplitFigures } from '../../estimators/evaluation.js';
import { criterionOf, type Criterion } from '../criterion.js';
import { count, counted, figure, interval, nats } from '../numbers.js';
import type { RunRecord } from '../run-record.js';
import type { Headline, Section, Table } from '../section.js';
import { splitsOf } from '../series.js';
import { judge } from '../verdict.js';

/** What a figure is, in a few words. */
function kindOf(figures: SplitFigures, criterion: Criterion): string {
  if (criterion.name !== 'log-likelihood') return 'log pseudo-likelihood';
  return figures.exact === true ? 'exact log Z' : 'estimated log Z';
}

/** The last figures of a split that can be judged. */
function lastFigures(run: RunRecord, split: string, { read }: Criterion): { update: number; figures: SplitFigures } | undefined {
  const event = run.events.findLast(({ splits }) => splits?.[split] !== undefined && read(splits[split]) !== undefined);
  const figures = event?.splits?.[split];
  return event === undefined || figures === undefined ? undefined : { update: event.update, figures };
}

function splitHeadline(run: RunRecord, split: string, criterion: Criterion): Headline[] {
  const last = lastFigures(run, split, criterion);
  const point = last && criterion.read(last.figures);
  if (last === undefined || point === undefined) return [];
  const { standardError } = last.figures;
  const isLikelihood = criterion.name === 'log-likelihood';
  const error = isLikelihood && standardError !== undefined ? `± ${nats(standardError)} ` : '';
  return [{ label: `${split} ${criterion.name}`, value: nats(point.y), note: `${error}nats per example${isLikelihood ? `, ${kindOf(last.figures, criterion)}` : ''}` }];
}

function isDensity({ checkpoint }: RunRecord): boolean {
  return checkpoint.parameters.units?.visible === 'gaussian';
}

/** Best and last figure of every split. */
function figuresTable(run: RunRecord, criterion: Criterion): Table {
  const rows = splitsOf(run).flatMap((split) => {
    const last = lastFigures(run, split, criterion);
    const lastPoint = last && criterion.read(last.figures);
    if (last === undefined || lastPoint === undefined) return [];
    const points = run.events.flatMap(({ update, splits }) => {
      const point = splits?.[split] === undefined ? undefined : criterion.read(splits[split]);
      return point === undefined ? [] : [{ update, value: point.y }];
    });
    const best = points.reduce((a, b) => (b.value > a.value ? b : a));
    const { examples, meanReconstructionError } = last.figures;
    const { low, high } = lastPoint;
    return [[
      split,
      examples === undefined ? '–' : count(examples),
      nats(lastPoint.y),
      low === undefined || high === undefined ? '–' : interval([low, high]),
      kindOf(last.figures, criterion),
      `${nats(best.value)} at update ${count(best.update)}`,
      meanReconstructionError === undefined ? '–' : figure(meanReconstructionError),
    ]];
  });
  return {
    caption: `Mean ${criterion.name}, nats per example, of the run’s model at its last evaluation and at its best`,
    columns: ['split', 'examples', 'last', '95 % interval', 'what it is', 'best', 'reconstruction error'],
    rows,
  };
}

/** The section. */
export const summarySection: Section = {
  name: 'summary',
  title: 'Verdict',
  make({ run }) {
    const criterion = criterionOf(run);
    const { update } = run.checkpoint.progress;
    const epoch = run.events.findLast((event) => event.update === update)?.epoch;
    const digest = typeof run.result?.digest === 'string' ? run.result.digest : parametersDigest(run.checkpoint.parameters);
    return {
      headlines: [
        ...(criterion === undefined ? [] : splitsOf(run).flatMap((split) => splitHeadline(run, split, criterion))),
        { label: update === 1 ? 'update' : 'updates', value: count(update), ...(epoch !== undefined && epoch > 0 && { note: counted(Number(epoch.toFixed(2)), 'epoch') }) },
        { label: 'digest of the parameters', value: `${digest.slice(0, 8)}…`, note: run.result === undefined ? 'of the latest checkpoint' : 'in full at the end of the page' },
      ],
      remarks: judge(run),
      ...(isDensity(run) && { paragraphs: ['Likelihoods of real values are those of densities: they can be positive, and depend on the unit of measurement.'] }),
      ...(criterion !== undefined && { tables: [figuresTable(run, criterion)] }),
    };
  },
};
