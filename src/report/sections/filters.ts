/**
 * What every hidden unit looks for: its weights as an image where the data have a shape, else all weights as one image.
 *
 * The units that tell most are shown: those whose E[h | v] varies most over the data and whose weights are large (a unit that
 * is always on or off is a bias; a small one says nothing). Alike ones stand next to each other.
 */

import { activitiesOf, examplesOf, mostExamples, shapeOf, type Activities } from '../examples.js';
import { imageOf, mostPixels, signedPlace, tileGrid, tilesPerLine, type Shape } from '../images.js';
import { figure } from '../numbers.js';
import { commonMagnitude, cosines, largestFirst, orderByLikeness, weightNorms } from '../receptive-fields.js';
import type { Picture, Section, SectionContent, SectionContext, Table } from '../section.js';

const { floor, min } = Math;

/** At most so many units are shown. */
const mostUnits = 100;

/** Without a shape, larger weights are not shown: more pixels, or more hidden units to order, than anybody can look at. */
const mostWeights = 100_000;
const mostRows = 500;

/** Colours reach to the magnitude that this share of the weights does not exceed, or to the largest where it is near. */
const shareInRange = 0.995;
const nearLargest = 1.5;

/** The units in the order shown, and how that order came about. */
interface ShownUnits {
  readonly units: Uint32Array;
  readonly order: string;
}

/** The most useful units, alike ones next to each other in a grid. */
function chooseUnits(weights: Float64Array, hiddenUnits: number, count: number, perLine: number, activities: Activities | undefined, examples: number): ShownUnits {
  const norms = weightNorms(weights, hiddenUnits);
  const useful = activities === undefined ? norms : norms.map((norm, unit) => norm * activities.variances[unit]);
  const chosen = largestFirst(useful, count);
  const units = orderByLikeness(cosines(weights, hiddenUnits, chosen), count, perLine).map((place) => chosen[place]);
  const measure = activities === undefined ? 'the norm of their weights' : `the norm of their weights × the variance of E[h | v] over ${examples} training examples`;
  const which = count === hiddenUnits ? `all ${count} hidden units` : `the ${count} most useful of ${hiddenUnits} hidden units`;
  return { units, order: `${which}; the first is the most useful one (by ${measure}), and units with alike weights stand next to each other` };
}

/** How far the colours of some weights reach, and what is to be said of it. */
function rangeOf(values: Float64Array): { limit: number; words: string } {
  let [least, largest] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  const most = Math.max(-least, largest);
  const common = commonMagnitude(values, shareInRange);
  const limit = most <= nearLargest * common || common === 0 ? most : common;
  const beyond = limit < most ? ', and what lies beyond has the last colour' : '';
  return { limit, words: `the weights lie between ${figure(least)} and ${figure(largest)}; colours reach from ${figure(-limit)} to ${figure(limit)}${beyond}` };
}

/** The weights of the units, unit after unit: units × n. */
function weightsOf(weights: Float64Array, hiddenUnits: number, units: Uint32Array): Float64Array {
  const n = weights.length / hiddenUnits;
  return Float64Array.from({ length: units.length * n }, (_, index) => weights[(index % n) * hiddenUnits + units[floor(index / n)]]);
}

/** Units in a line of the table, where the image has one in a row. */
const unitsInLine = 20;

const colours = 'Orange weights are positive, blue ones negative, and white is 0.';

/** Which unit stands where, for who can't see it or wants to look one up. */
function placesTable(units: Uint32Array, perLine: number): Table {
  const lines = Array.from({ length: Math.ceil(units.length / perLine) }, (_, line) => [...units.subarray(line * perLine, (line + 1) * perLine)]);
  return {
    caption: 'Which hidden units these are, from left to right, counted from 1',
    columns: ['line', 'units'],
    rows: lines.map((line, index) => [String(index + 1), line.map((unit) => unit + 1).join(' ')]),
  };
}

/** Of every unit an image. */
function shapedPicture(weights: Float64Array, hiddenUnits: number, [height, width]: Shape, perLine: number, { units, order }: ShownUnits): Picture {
  const values = weightsOf(weights, hiddenUnits, units);
  const { limit, words } = rangeOf(values);
  const place = signedPlace(limit);
  const pixels = tileGrid(units.length, [height, width], perLine, (tile, index) => place(values[tile * height * width + index]));
  return {
    name: 'filters',
    title: 'Weights of hidden units',
    alternative: `Weights of ${units.length} hidden units as images of ${height} × ${width} pixels, ${perLine} in a line: ${words}.`,
    caption: `${colours} Shown are ${order}.`,
    png: imageOf(pixels, 'signed'),
    data: placesTable(units, perLine),
  };
}

/** All weights as one image: a hidden unit to a row. */
function matrixPicture(weights: Float64Array, hiddenUnits: number, { units, order }: ShownUnits): Picture {
  const values = weightsOf(weights, hiddenUnits, units);
  const n = weights.length / hiddenUnits;
  const { limit, words } = rangeOf(values);
  const place = signedPlace(limit);
  const pixels = tileGrid(1, [units.length, n], 1, (_, index) => place(values[index]));
  return {
    name: 'filters',
    title: 'Weights',
    alternative: `The weights as one image, ${units.length} hidden units from top to bottom and ${n} visible units from left to right: ${words}.`,
    caption: `${colours} Rows are ${order}.`,
    png: imageOf(pixels, 'signed'),
    data: placesTable(units, min(units.length, unitsInLine)),
  };
}

async function make(context: SectionContext): Promise<SectionContent | undefined> {
  const { kernels, model, run, pause } = context;
  const { weights, visibleUnits: n, hiddenUnits: m } = run.checkpoint.parameters;
  const shape = shapeOf(context);
  const isShaped = shape !== undefined;
  const count = isShaped ? min(mostUnits, m, floor(mostPixels / ((shape[0] + 1) * (shape[1] + 1)))) : m;
  if (count < 1 || (!isShaped && (n * m > mostWeights || m > mostRows))) {
    return { paragraphs: [`The weights (${n} visible × ${m} hidden units) are too many to be shown as an image.`] };
  }
  const perLine = isShaped ? tilesPerLine(count, shape) : 1;
  const examples = examplesOf(context, 'train', mostExamples);
  const activities = examples && (await activitiesOf(kernels, model, examples, pause));
  const shown = chooseUnits(weights, m, count, perLine, activities, examples?.rows ?? 0);
  const picture = isShaped ? shapedPicture(weights, m, shape, perLine, shown) : matrixPicture(weights, m, shown);
  return { pictures: [picture] };
}

/** What the hidden units look for. */
export const filtersSection: Section = { name: 'filters', title: 'Filters', make };
