/**
 * How parameters, hidden activities and free energies are distributed.
 *
 * What to look for: hidden units that are always on or always off (activities near 1 and 0), biases that have run away, and
 * free energies of fantasies that do not lie where those of the data do: then the model has its modes elsewhere.
 */

import { lineChart } from '../charts.js';
import { freeEnergiesOf } from '../../estimators/free-energies.js';
import { declaredShift } from '../../model/units/index.js';
import { activitiesOf, examplesOf, mostExamples } from '../examples.js';
import { describeValues, histogramOf, histogramTable, outlines, type NamedValues } from '../histogram.js';
import { figure } from '../numbers.js';
import { particlesOf } from '../particles.js';
import type { Picture, Section, SectionContent, SectionContext } from '../section.js';
import { splitStyles } from '../series.js';

/** Examples of each split whose free energies are shown. */
const mostEnergies = 2000;

/** Style of fantasies among the splits. */
const fantasyStyle = 4;

/** What a picture says beside its values. */
interface Texts {
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly xLabel: string;
  /** What the shares are shares of. */
  readonly what: string;
  readonly range?: readonly [number, number];
}

/** One histogram as a picture; none where there are no values. */
async function pictureOf(sets: readonly NamedValues[], { name, title, caption, xLabel, what, range }: Texts): Promise<Picture[]> {
  const histogram = histogramOf(sets, range);
  if (histogram === undefined) return [];
  const alternative = `Histogram: ${title}. ${sets.map(describeValues).join('; ')}.`;
  const svg = await lineChart({ alternative, xLabel, yLabel: `share of ${what} in a bin`, series: outlines(histogram) });
  return [{ name, title, alternative, caption, svg, data: histogramTable(title, histogram) }];
}

/** Free energies of the splits and of the model's own samples, in declared units. */
async function energies(context: SectionContext): Promise<{ sets: NamedValues[]; origin: string }> {
  const { kernels, model, run, pause } = context;
  const { energy: shift } = declaredShift(run.checkpoint.parameters);
  const sets: NamedValues[] = [];
  for (const split of ['train', 'validation', 'test'] as const) {
    const examples = examplesOf(context, split, mostEnergies);
    if (examples === undefined) continue;
    const values = await freeEnergiesOf(kernels, model, examples, { pause });
    sets.push({ name: split === 'train' ? 'training' : split, values: values.map((value) => value + shift), style: splitStyles[split] });
  }
  const { states, origin } = await particlesOf(context);
  const values = await freeEnergiesOf(kernels, model, states, { pause });
  sets.push({ name: 'fantasies', values: values.map((value) => value + shift), style: fantasyStyle });
  return { sets, origin };
}

async function make(context: SectionContext): Promise<SectionContent> {
  const { kernels, model, run, pause } = context;
  const { weights, visibleBias, hiddenBias } = run.checkpoint.parameters;
  const examples = examplesOf(context, 'train', mostExamples);
  const activities = examples && (await activitiesOf(kernels, model, examples, pause));
  const { sets, origin } = await energies(context);
  const of = { data: `Mean of p(h = 1 | v) over ${figure(examples?.rows ?? 0)} training examples, of every hidden unit.` };
  const pictures = [
    ...(await pictureOf(sets, {
      name: 'free-energies',
      title: 'Free energies of data and fantasies',
      caption: `Where fantasies lie apart from the data, the model has its modes elsewhere; where training examples lie below the others, it has learned them by heart. Fantasies: ${origin}.`,
      xLabel: 'F(v), nats',
      what: 'examples',
    })),
    ...(await pictureOf(activities === undefined ? [] : [{ name: 'hidden units', values: activities.means }], {
      name: 'hidden-activities',
      title: 'Mean activities of hidden units',
      caption: `${of.data} Units at 0 or 1 never change: they tell nothing.`,
      xLabel: 'mean activity',
      what: 'hidden units',
      range: [0, 1],
    })),
    ...(await pictureOf([{ name: 'weights', values: weights }], {
      name: 'weights',
      title: 'Weights',
      caption: 'Most are near 0 in a model that has learned something local; long tails are strong couplings, which chains cross slowly.',
      xLabel: 'weight',
      what: 'weights',
    })),
    ...(await pictureOf([{ name: 'visible', values: visibleBias }, { name: 'hidden', values: hiddenBias }], {
      name: 'biases',
      title: 'Biases',
      caption: 'Visible biases mirror how often pixels are on; hidden ones that have run far away from the others belong to units that are always on or off.',
      xLabel: 'bias',
      what: 'units',
    })),
  ];
  return { pictures };
}

/** The section. */
export const histogramsSection: Section = { name: 'histograms', title: 'Histograms', make };
