/**
 * Where the model puts its probability: at which distance from the training data, and which modes it should not have.
 */

import type { Finding, Findings } from '../../diagnostics/index.js';
import { writePng } from '../../formats/png.js';
import { barChart, lineChart, type BarChart } from '../charts.js';
import { figureCharts, findingsTable } from '../diagnostic-charts.js';
import { count, counted, figure, percent } from '../numbers.js';
import type { Picture, Section } from '../section.js';
import { lastFindings, numberAt, numbersAt, someOf } from '../series.js';

/** A mode that the model should not have. */
interface Mode {
  readonly state: string;
  /** Of this state alone, where log Z is known; else the share of the samples that lead to the mode. */
  readonly probability?: number;
  readonly share?: number;
  readonly distance?: number;
}

function isFindings(value: Finding | undefined): value is Findings {
  return typeof value === 'object' && !Array.isArray(value);
}

/** The worst modes as far as they can be shown: states of so many units. */
function worstModes(findings: Findings, visibleUnits: number): Mode[] {
  const list = findings.worst;
  if (!Array.isArray(list)) return [];
  return (list as readonly Finding[]).flatMap((item) => {
    if (!isFindings(item)) return [];
    const { state } = item;
    if (typeof state !== 'string' || !/^[01]+$/.test(state) || state.length !== visibleUnits) return [];
    return [{ state, probability: numberAt(item, 'probability'), share: numberAt(item, 'share'), distance: numberAt(item, 'distance') }];
  });
}

/** A picture of a state, a pixel a unit: units that are on are white, as `sample` has them. */
function modePicture({ state, probability, share, distance }: Mode, index: number, [height, width]: readonly [number, number]): Picture {
  const grey = Uint8Array.from(state, (unit) => (unit === '1' ? 255 : 0));
  const where = distance === undefined ? '' : `, ${counted(distance, 'unit')} away from the nearest training example`;
  const how = probability === undefined ? (share === undefined ? 'Probability unknown' : `${percent(share)} of the samples lead here`) : `Probability ${percent(probability)}`;
  const words = `${how}${where}.`;
  return {
    name: `spurious-mode-${index + 1}`,
    title: `Spurious mode ${index + 1}`,
    alternative: `A state of ${height} × ${width} units with ${counted(state.split('1').length - 1, 'unit')} on. ${words}`,
    caption: words,
    png: { bytes: writePng({ width, height, grey }), width, height, scale: Math.max(1, Math.min(24, Math.floor(112 / Math.max(height, width)))) },
  };
}

/** More distances than these are a line. */
const mostBars = 40;

/** Mass by distance: bars, or lines where there are many. */
async function massChart(chart: BarChart): Promise<string> {
  if (chart.categories.length <= mostBars) return await barChart(chart);
  const series = chart.series.map(({ name, values }) => ({ name, points: values.flatMap((y, x) => (y === undefined ? [] : [{ x, y }])) }));
  return await lineChart({ ...chart, series });
}

function introduction(findings: Findings): string {
  const how = findings.method === 'exact' ? 'Here all visible states were visited, so the mass is exact.' : findings.method === 'tempered' ? 'Here it is estimated from tempered samples; bands are 95 % intervals.' : '';
  return (
    'Contrastive divergence only looks near the data: it can leave high probability far from them, or deal it out unevenly among examples that lie far apart. ' +
    `This is how much there is, and where. ${how}`
  ).trim();
}

function beyondCaption(findings: Findings): string {
  const distance = numberAt(findings, 'beyond.distance');
  if (distance === 0) return 'The probability of states that are no training example: what lies there above the held-out data’s is spurious.';
  const where = distance === undefined ? 'far from every training example' : `farther than ${counted(distance, 'unit')} from every training example`;
  return `The probability of states ${where}: what lies there above the held-out data’s is spurious.`;
}

/** The section. */
export const spuriousMassSection: Section = {
  name: 'spurious-mass',
  title: 'Spurious mass',
  async make({ run }) {
    const last = lastFindings(run, 'spuriousMass');
    if (last === undefined) return undefined;
    const { findings, update } = last;
    const pictures: Picture[] = [];
    const model = numbersAt(findings, 'model');
    const heldOut = numbersAt(findings, 'heldOut');
    if (model !== undefined) {
      const used = Math.max(...[model, heldOut ?? []].map((masses) => masses.findLastIndex((mass) => mass > 1e-6))) + 1;
      const categories = Array.from({ length: Math.max(1, used) }, (_, distance) => String(distance));
      const series = [
        { name: 'model', values: categories.map((_, distance) => model[distance]) },
        ...(heldOut === undefined ? [] : [{ name: 'held-out data', values: categories.map((_, distance) => heldOut[distance]) }]),
      ];
      const largest = model.indexOf(Math.max(...model));
      const alternative =
        `Share of the probability at each Hamming distance from the nearest training example, at update ${count(update)}: the model has ${percent(model[0])} at distance 0 ` +
        `and most, ${percent(model[largest])}, at distance ${largest}${heldOut === undefined ? '' : `; held-out data has ${percent(heldOut[0])} at distance 0`}.`;
      pictures.push({
        name: 'mass-by-distance',
        title: 'Mass by distance from the training data',
        alternative,
        caption: `At update ${count(update)}. Where the model has more than held-out data, it believes in states that nobody has seen.`,
        svg: await massChart({ xLabel: 'Hamming distance from the nearest training example', yLabel: 'share of the probability', alternative, categories, series }),
        data: { caption: 'Mass by distance', columns: ['distance', ...series.map(({ name }) => name)], rows: someOf([...categories.entries()], 32).map(([distance, name]) => [name, ...series.map(({ values }) => (values[distance] === undefined ? '–' : figure(values[distance])))]) },
      });
    }
    pictures.push(
      ...(await figureCharts(run, 'spuriousMass', [
        {
          name: 'mass-beyond',
          title: 'Mass far from the data',
          yLabel: 'share of the probability',
          figures: [
            ['beyond.model', 'model', 'beyond.standardError'],
            ['beyond.heldOut', 'held-out data'],
          ],
          yIncludes: [0],
          caption: beyondCaption(findings),
        },
        {
          name: 'mean-distance',
          title: 'Mean distance from the training data',
          yLabel: 'units',
          figures: [
            ['meanDistance', 'model', 'meanDistanceStandardError'],
            ['heldOutMeanDistance', 'held-out data'],
          ],
          caption: 'How many units lie between a state of the model and the nearest training example, on average.',
        },
        {
          name: 'imbalance',
          title: 'Uneven shares of the training examples',
          yLabel: 'nats per example',
          figures: [['imbalance', 'model']],
          yIncludes: [0],
          caption: 'What the mean log-likelihood loses because the examples have other shares of the probability than in the data: 0 where all are as often as there.',
        },
      ])),
    );
    const shape = run.checkpoint.identity.shape;
    if (shape !== undefined) {
      const modes = worstModes(findings, run.checkpoint.parameters.visibleUnits).slice(0, 12);
      for (const [index, mode] of modes.entries()) pictures.push(modePicture(mode, index, shape));
    }
    const tables = findingsTable(run, 'spuriousMass');
    if (pictures.length + tables.length === 0) return undefined;
    return { paragraphs: [introduction(findings)], pictures, tables };
  },
};
