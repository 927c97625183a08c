/**
 * A comparison as one page: the table of differences, curves against updates and against Gibbs steps, diagnostics side by side.
 *
 * Lines are means over the seeds, bands go from the lowest to the highest run. Wherever a figure is not known for all runs of a
 * group at an update, the group's line has no point there.
 */

import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import { printable } from '../errors.js';
import { lineChart, type Level, type LineChart, type Series } from './charts.js';
import type { ComparedGroup, Comparison, CurvePoint } from './comparison.js';
import { count, counted, figure, interval, nats } from './numbers.js';
import { pageHtml, type MadeSection } from './page.js';
import type { Picture, Table } from './section.js';
import { alternativeOf, seriesTable } from './series.js';

/** What is said on the page beside the comparison. */
export interface ComparisonTexts {
  /** Name of the data. */
  readonly data: string;
  /** Where likelihoods have their log Z from. */
  readonly source: string;
  /** What the intervals are over, a sentence each. */
  readonly intervals: readonly string[];
  /** The command that made it. */
  readonly command: string;
}

/** Figures of diagnostics that are shown first, with what to look for. */
const shownFigures: readonly { readonly path: string; readonly title: string; readonly yLabel: string; readonly caption: string; readonly yScale?: 'log' }[] = [
  {
    path: 'gradientAccuracy.relativeBias',
    title: 'Bias of the gradient, relative',
    yLabel: '|bias| / |exact gradient|',
    yScale: 'log',
    caption: 'How wrong the expected step is: 0 is exact, 1 is as far off as no step at all. It need not fall as the model improves, since the exact gradient itself goes to 0.',
  },
  {
    path: 'gradientAccuracy.negativePhaseBias',
    title: 'Bias of the negative phase',
    yLabel: '|bias| / |model’s expectation|',
    yScale: 'log',
    caption: 'How far the negative phase is from the model’s own expectation.',
  },
  {
    path: 'gradientAccuracy.cosine',
    title: 'Direction of the gradient',
    yLabel: 'cosine with the exact gradient',
    caption: '1: the expected step goes where the exact gradient points; below 0 it goes down.',
  },
  {
    path: 'spuriousMass.beyond.model',
    title: 'Spurious mass',
    yLabel: 'probability',
    caption: 'The model’s probability farther from every training example than the distance that is named in the runs’ configs or reports.',
  },
  {
    path: 'spuriousMass.imbalance',
    title: 'Imbalance among the examples',
    yLabel: 'nats',
    caption: 'How unevenly the training examples share what is not spurious: what the likelihood loses by it. 0 is as often as in the data.',
  },
  {
    path: 'spuriousMass.meanDistance',
    title: 'Distance from the data',
    yLabel: 'mean Hamming distance',
    caption: 'Mean distance of the model’s states from the nearest training example.',
  },
];

/** What examples of a split are called. */
const splitWords: Readonly<Record<string, string>> = { train: 'training' };

/** A name of a file from the path of a figure: lower case, joined by `-`. */
function pictureName(path: string): string {
  return path.replaceAll(/([a-z])([A-Z])/g, '$1-$2').replaceAll('.', '-').toLowerCase();
}

/** Curves as series of a chart; every group has the same style in every chart. */
function seriesOf(groups: readonly ComparedGroup[], curve: (group: ComparedGroup) => readonly CurvePoint[], x: 'update' | 'gibbsSteps'): Series[] {
  return groups.flatMap((group, index) => {
    const several = group.runs.length > 1;
    const points = curve(group).map((point) => ({ x: point[x], y: point.mean, ...(several && { low: point.lowest, high: point.highest }) }));
    return points.length === 0 ? [] : [{ name: printable(group.name, 60), style: index + 1, points }];
  });
}

/** A chart of curves with its numbers. */
async function curvePicture(
  name: string,
  title: string,
  caption: string,
  series: readonly Series[],
  axes: Pick<LineChart, 'xLabel' | 'yLabel' | 'xScale' | 'yScale'> & { readonly levels?: readonly Level[] },
  show: (value: number) => string,
): Promise<Picture> {
  const alternative = alternativeOf(title, series, show);
  return { name, title, alternative, caption, svg: await lineChart({ ...axes, series, alternative }), data: seriesTable(title, series, axes.xLabel, show) };
}

/** The rows of groups. */
function groupTable({ groups, baseline }: Comparison): Table {
  return {
    caption: `Groups, nats per example; differences are minus ${printable(baseline, 60)}`,
    columns: ['group', 'seeds', 'mean ± deviation over seeds', 'difference (95 % interval)', 'best, mean over seeds', 'updates', 'Gibbs steps'],
    rows: groups.map(({ name, runs, mean, deviation, difference, updates, gibbsSteps }) => {
      const best = runs.flatMap((run) => run.best?.value ?? []);
      return [
        printable(name, 60),
        runs.map(({ seed }) => printable(seed, 20)).join(' '),
        `${nats(mean)}${deviation === undefined ? '' : ` ± ${nats(deviation)}`}`,
        difference === undefined ? 'baseline' : `${nats(difference.difference)}${difference.interval === undefined ? '' : ` (${interval(difference.interval)})`}`,
        best.length === 0 ? '–' : nats(best.reduce((sum, value) => sum + value, 0) / best.length),
        count(updates),
        gibbsSteps === 0 ? '–' : count(gibbsSteps),
      ];
    }),
  };
}

/** The rows of runs. */
function runTable({ groups }: Comparison): Table {
  return {
    caption: 'Runs, nats per example',
    columns: ['run', 'group', 'seed', 'value', 'best', 'at update', 'log Z', 'verdict'],
    rows: groups.flatMap(({ name, runs }) =>
      runs.map(({ path, seed, value, best, logPartitionFunction: estimate }) => [
        printable(path),
        printable(name, 60),
        printable(seed, 20),
        nats(value),
        best === undefined ? '–' : nats(best.value),
        best === undefined ? '–' : count(best.update),
        estimate === undefined ? '–' : nats(estimate.logZ),
        estimate === undefined ? '–' : estimate.exact ? 'exact' : `${estimate.estimator}, ${estimate.verdict.status}`,
      ]),
    ),
  };
}

function summarySection(comparison: Comparison, texts: ComparisonTexts): MadeSection {
  const { groups, quantity, split, examples } = comparison;
  const warned = groups.flatMap(({ name, runs }) => {
    const own = runs.flatMap(({ seed, warnings }) => warnings.slice(0, 1).map((warning) => ({ seed, ...warning })));
    if (own.length === 0) return [];
    const where = own.map(({ seed, update }) => `seed ${printable(seed, 20)} at update ${count(update)}`).join(', ');
    return [{ kind: 'warning' as const, text: `While training ${printable(name, 60)} (${where}): ${printable(own[0].message, 400)}` }];
  });
  return {
    name: 'comparison',
    title: 'Side by side',
    content: {
      remarks: warned,
      paragraphs: [
        `${quantity === 'log-likelihood' ? 'Log-likelihood' : 'Log pseudo-likelihood'} of the same ${counted(examples, `${splitWords[split] ?? split} example`)}; ${texts.source}.`,
        ...texts.intervals,
      ],
      tables: [groupTable(comparison)],
    },
  };
}

async function curveSection({ groups, quantity, split }: Comparison): Promise<MadeSection | undefined> {
  const against = seriesOf(groups, ({ curve }) => curve, 'update');
  if (against.length === 0) return undefined;
  const band = groups.some(({ runs }) => runs.length > 1) ? 'Lines: means over the seeds; bands: from the lowest to the highest run.' : 'One run each.';
  const yLabel = `${quantity} of ${splitWords[split] ?? split} examples, nats`;
  const pictures = [await curvePicture('likelihood-by-updates', 'Against updates', band, against, { xLabel: 'updates', yLabel }, nats)];
  // What is before the first step has no place on a logarithmic axis.
  const walking = groups.map((group) => ({ ...group, curve: group.gibbsSteps === 0 ? [] : group.curve.filter(({ gibbsSteps }) => gibbsSteps > 0) }));
  const bySteps = seriesOf(walking, ({ curve }) => curve, 'gibbsSteps');
  if (bySteps.length > 0) {
    const left = groups.filter(({ gibbsSteps }) => gibbsSteps === 0).map(({ name }) => name);
    const caption = `Steps of single chains: what sampling costs.${left.length === 0 ? '' : ` Not here, since without Gibbs steps: ${left.join(', ')}.`}`;
    pictures.push(await curvePicture('likelihood-by-gibbs-steps', 'Against Gibbs steps', caption, bySteps, { xLabel: 'Gibbs steps', yLabel, xScale: 'log' }, nats));
  }
  return { name: 'likelihood', title: quantity === 'log-likelihood' ? 'Likelihood' : 'Pseudo-likelihood', content: { pictures } };
}

async function diagnosticsSection({ groups }: Comparison): Promise<MadeSection | undefined> {
  const pictures: Picture[] = [];
  for (const { path, title, yLabel, caption, yScale } of shownFigures) {
    const series = seriesOf(groups, ({ diagnostics }) => diagnostics[path] ?? [], 'update');
    const isShown = series.some(({ points }) => points.some(({ y }) => yScale !== 'log' || y > 0));
    if (isShown) pictures.push(await curvePicture(pictureName(path), title, caption, series, { xLabel: 'updates', yLabel, ...(yScale && { yScale }) }, figure));
  }
  return pictures.length === 0 ? undefined : { name: 'diagnostics', title: 'Diagnostics', content: { pictures } };
}

/** The page's HTML. */
export async function comparisonHtml(comparison: Comparison, texts: ComparisonTexts): Promise<string> {
  const { groups } = comparison;
  const runs = groups.reduce((sum, group) => sum + group.runs.length, 0);
  const sections = [
    summarySection(comparison, texts),
    await curveSection(comparison),
    await diagnosticsSection(comparison),
    {
      name: 'runs',
      title: 'Runs',
      content: { tables: [runTable(comparison)], listings: [{ caption: 'The command', text: printable(texts.command, 5000) }] },
    },
  ];
  return pageHtml({
    title: `${printable(texts.data, 60)}: ${counted(groups.length, 'training')} side by side`,
    subtitle: `${counted(runs, 'run')} · baseline ${printable(comparison.baseline, 60)}`,
    sections: sections.filter((section) => section !== undefined),
  });
}

/**
 * Writes the page.
 *
 * @throws RbmError 'runtime' where it can't be written
 */
export async function writeComparisonPage(file: string, comparison: Comparison, texts: ComparisonTexts): Promise<void> {
  writeFileAtomically(file, await comparisonHtml(comparison, texts));
}
