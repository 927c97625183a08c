/**
 * What the model brings forth by itself, beside the data it should resemble.
 */

import type { Examples } from '../../datasets/index.js';
import { isBinaryMatrix, selectVisibleRows } from '../../kernels/index.js';
import { standardStates } from '../../model/units/index.js';
import { examplesOf, knownNumbers, numbersOf, shapeOf, shownNumbers, spreadRows } from '../examples.js';
import { greyPlace, imageOf, joinImages, mostPixels, tileGrid, tilesPerLine, type Pixels, type Shape } from '../images.js';
import { figure } from '../numbers.js';
import { nearestDistances, particlesOf, shownParticles, smoothed, type Particles } from '../particles.js';
import { planePixels, planeRange } from '../plane.js';
import type { Picture, Section, SectionContent, SectionContext, Table } from '../section.js';

const { floor, max, min } = Math;

/** Examples that the distance to the nearest one is looked for among. */
const comparedExamples = 2000;

/** Grids wider than this stand below each other. */
const mostWidthBeside = 320;

/** Rows of few columns are also a table: so many rows of so many columns. */
const tableRows = 8;
const tableColumns = 12;

/** What both grids show. */
interface Rows {
  readonly count: number;
  /** count × n, as the data had them; NaN where they are missing. */
  readonly values: Float64Array;
}

function meanOf(values: ArrayLike<number>): number {
  let [sum, known] = [0, 0];
  for (let index = 0; index < values.length; index++) {
    if (Number.isNaN(values[index])) continue;
    sum += values[index];
    known += 1;
  }
  return sum / known;
}

/** The least and the largest known value of all rows. */
function rangeOf(rows: readonly Rows[]): [number, number] {
  let [least, largest] = [Infinity, -Infinity];
  for (const { values } of rows) {
    for (const value of values) {
      if (value < least) least = value;
      if (value > largest) largest = value;
    }
  }
  return [least, largest];
}

/** Rows as pictures in a grid, or, without a shape, as lines of one image. */
function gridOf({ count, values }: Rows, shape: Shape | undefined, place: (value: number) => number): Pixels {
  const n = values.length / count;
  if (shape === undefined) return tileGrid(1, [count, n], 1, (_, index) => place(values[index]));
  return tileGrid(count, shape, tilesPerLine(count, shape), (tile, index) => place(values[tile * n + index]));
}

/** Training examples to show, at most so many. */
function shownExamples({ run, dataset }: SectionContext, most: number): Rows | undefined {
  const train: Examples | undefined = dataset?.splits.train;
  if (train === undefined || train.rows === 0) return undefined;
  const rows = spreadRows(train.rows, most);
  const states = standardStates(selectVisibleRows(train.states, rows), run.checkpoint.parameters);
  return { count: rows.length, values: shownNumbers(knownNumbers(train, states, rows), run) };
}

/** How the particles compare with the data, in numbers. */
function comparison(context: SectionContext, { states }: Particles, data: Rows | undefined): string[] {
  const examples = examplesOf(context, 'train', comparedExamples);
  const isReal = !isBinaryMatrix(states);
  const own = shownNumbers(numbersOf(states), context.run);
  const what = isReal ? 'the mean of all values' : 'the share of units that are on';
  const sentences = [`Over ${states.rows} samples ${what} is ${figure(meanOf(own))}${data === undefined || examples === undefined ? '' : `, over ${examples.rows} training examples ${figure(meanOf(shownNumbers(numbersOf(examples), context.run)))}`}.`];
  const distances = examples && nearestDistances(states, examples);
  if (distances !== undefined && examples !== undefined) {
    const same = distances.filter((distance) => distance === 0).length;
    sentences.push(`From a sample to the nearest of ${examples.rows} training examples ${figure(meanOf(distances))} of ${states.columns} units differ in the mean; ${same} of ${states.rows} samples are training examples themselves.`);
  }
  return [sentences.join(' ')];
}

/** The image: examples and particles, beside each other where there is room. */
function picture(shape: Shape | undefined, isReal: boolean, data: Rows | undefined, samples: Rows, origin: string): Picture {
  const shown = [...(data === undefined ? [] : [data]), samples];
  const [least, largest] = isReal ? rangeOf(shown) : [0, 1];
  const place = greyPlace(least, largest);
  const grids = shown.map((rows) => gridOf(rows, shape, place));
  const isBeside = grids[0].width <= mostWidthBeside;
  const [first, second] = isBeside ? ['Left', 'right'] : ['Above', 'below'];
  const n = samples.values.length / samples.count;
  const form = shape === undefined ? `a row of ${n} pixels each` : `${shape[0]} × ${shape[1]} pixels each`;
  const shades = isReal ? `black is ${figure(least)} and white ${figure(largest)}` : 'white is 1 and black 0';
  const ofSamples = `${samples.count} ${origin}`;
  const grey = isReal ? 'Of samples the mean E[v | h] is shown' : 'Samples are shown as probabilities p(v = 1 | h), in grey';
  return {
    name: 'fantasies',
    title: data === undefined ? 'Fantasy particles' : 'Training examples and fantasy particles',
    alternative: `${data === undefined ? '' : `${first}: ${data.count} training examples; ${second}: `}${samples.count} fantasy particles of the model, ${form}; ${shades}. The mean brightness is ${data === undefined ? '' : `${figure(meanOf(data.values))} of the examples and `}${figure(meanOf(samples.values))} of the particles.`,
    caption: `${data === undefined ? 'Fantasy particles' : `${first} training examples, ${second} fantasy particles`}: ${ofSamples}. ${grey}: the noise of drawing v is left out.`,
    png: imageOf(joinImages(grids, isBeside ? 'beside' : 'below'), 'grey'),
  };
}

/** Rows of two real columns as points in the plane. */
function planePicture(data: Rows | undefined, samples: Rows, origin: string): Picture {
  const shown = [...(data === undefined ? [] : [data]), samples];
  const range = planeRange(shown.map(({ values }) => values));
  const [[left, right], [bottom, top]] = range;
  const what = data === undefined ? `${samples.count} fantasy particles of the model` : `Left: ${data.count} training examples; right: ${samples.count} fantasy particles of the model`;
  return {
    name: 'fantasies',
    title: data === undefined ? 'Fantasy particles' : 'Training examples and fantasy particles',
    alternative: `${what}, as points in the plane: column 1 from ${figure(left)} at the left to ${figure(right)} at the right, column 2 from ${figure(bottom)} at the bottom to ${figure(top)} at the top. The mean of all values is ${data === undefined ? '' : `${figure(meanOf(data.values))} of the examples and `}${figure(meanOf(samples.values))} of the particles.`,
    caption: `${data === undefined ? 'Fantasy particles' : 'Left training examples, right fantasy particles'}: ${origin}. The brighter a square, the more points lie in it.`,
    png: imageOf(joinImages(shown.map(({ values }) => planePixels(values, range)), 'beside'), 'grey'),
  };
}

/** Cells of a row of numbers: of categorical data the words. */
function cellsOf(values: Float64Array, { checkpoint }: SectionContext['run']): string[] {
  const { categories } = checkpoint.identity;
  if (categories === undefined) return Array.from(values, (value) => figure(value));
  let first = 0;
  return categories.map(({ values: names }) => {
    const place = values.subarray(first, first + names.length).indexOf(1);
    first += names.length;
    return names[place] ?? '';
  });
}

/** Some rows in words and numbers, where there are few columns and no shape. */
function table({ run }: SectionContext, data: Rows | undefined, states: Rows): Table | undefined {
  const n = states.values.length / states.count;
  const { categories } = run.checkpoint.identity;
  const names = categories?.map(({ column }) => (typeof column === 'number' ? `column ${column}` : column)) ?? Array.from({ length: n }, (_, unit) => `column ${unit + 1}`);
  if (names.length > tableColumns) return undefined;
  const rowsOf = (what: string, { count, values }: Rows): string[][] =>
    Array.from({ length: min(count, tableRows) }, (_, row) => [what, ...cellsOf(values.subarray(row * n, (row + 1) * n), run)]);
  return {
    caption: data === undefined ? 'Some samples' : 'Some training examples and some samples',
    columns: ['', ...names],
    rows: [...(data === undefined ? [] : rowsOf('example', data)), ...rowsOf('sample', states)],
  };
}

async function make(context: SectionContext): Promise<SectionContent> {
  const { model, run } = context;
  const shape = shapeOf(context);
  const n = model.visibleUnits;
  const most = min(shownParticles, floor(mostPixels / (2 * (shape === undefined ? n : (shape[0] + 1) * (shape[1] + 1)))));
  const particles = await particlesOf(context);
  const data = shownExamples(context, max(1, most));
  const isReal = model.visibleLayer.kind === 'gaussian';
  const paragraphs = comparison(context, particles, data);
  if (most < 1) return { paragraphs: [...paragraphs, `Examples of ${n} units are too large to be shown as images.`] };
  const every = { count: particles.states.rows, values: shownNumbers(numbersOf(particles.states), run) };
  if (isReal && n === 2 && shape === undefined) {
    return { paragraphs, pictures: [planePicture(shownExamples(context, comparedExamples), every, particles.origin)] };
  }
  const count = min(most, particles.states.rows);
  const samples = { count, values: shownNumbers(await smoothed(context, particles.states, count), run) };
  const ofRows = shape === undefined ? table(context, data, { count, values: every.values.subarray(0, count * n) }) : undefined;
  return { paragraphs, pictures: [picture(shape, isReal, data, samples, particles.origin)], ...(ofRows !== undefined && { tables: [ofRows] }) };
}

/** What the model brings forth. */
export const fantasiesSection: Section = { name: 'fantasies', title: 'Fantasy particles', make };
