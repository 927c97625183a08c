/**
 * A run for TensorBoard: figures as scalars, and the weights of hidden units as a picture where the data have a shape.
 *
 * Steps are updates. Metrics hold no times, so that they are the same on every machine, and neither do these files: an event's
 * wall time is its update in seconds since 1970, and TensorBoard's axis of relative time counts updates.
 */

import type { ImageSummary, ScalarSummary, SummaryEvent } from '../formats/tensorboard-events.js';
import type { ModelParameters } from '../model/parameters.js';
import { imageOf, mostPixels, signedPlace, tileGrid, tilesPerLine, type Shape } from './images.js';
import { metricsTable } from './metrics-table.js';
import type { RunRecord } from './run-record.js';

const { abs, floor, max, min } = Math;

/** Name of the file in its directory: TensorBoard looks for `tfevents`; the number is that of no time. */
export const eventFileName = 'events.out.tfevents.0000000000.rbm-train';

/** The model whose weights are shown. */
export interface ShownModel {
  readonly parameters: ModelParameters;
  readonly update: number;
  /** [height, width] of an example as a picture, where it has one. */
  readonly shape?: Shape;
}

/** Figures of splits that stand side by side in one group, a tag for every split. */
const groups: Readonly<Record<string, string>> = {
  meanLogLikelihood: 'logLikelihood',
  meanFreeEnergy: 'freeEnergy',
  meanLogPseudoLikelihood: 'logPseudoLikelihood',
  meanReconstructionError: 'reconstructionError',
};

/**
 * The tag of a figure by its path in the metrics: `logLikelihood/train`, `training/learningRate`, `fit/moments/visible`,
 * `fit/singularValues/0`; undefined of what is no curve.
 */
export function tagOf(path: string): string | undefined {
  const [first, ...others] = path.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  if (first === 'splits') {
    const [split, figure, ...rest] = others;
    const group = rest.length === 0 && Object.hasOwn(groups, figure) ? groups[figure] : undefined;
    return group && `${group}/${split}`;
  }
  if (first === 'diagnostics') return others.join('/');
  if (first === 'algorithm') return ['algorithm', ...others].join('/');
  if (first === 'learningRate' || first === 'momentum') return `training/${first}`;
  return first === 'logPartitionFunction' || first === 'freeEnergyGap' ? `model/${first}` : undefined;
}

/** Hidden units that are shown at most. */
const mostUnits = 100;

/** The weights of the first hidden units as pictures in a grid: orange positive, blue negative, white 0. */
function filters({ weights, hiddenUnits: m }: ModelParameters, shape: Shape): ImageSummary | undefined {
  const [height, width] = shape;
  const count = min(mostUnits, m, floor(mostPixels / ((height + 1) * (width + 1))));
  if (count < 1) return undefined;
  let largest = 0;
  for (let index = 0; index < weights.length; index++) if (index % m < count) largest = max(largest, abs(weights[index]));
  const place = signedPlace(largest);
  const pixels = tileGrid(count, shape, tilesPerLine(count, shape), (unit, pixel) => place(weights[pixel * m + unit]));
  const { bytes, width: gridWidth, height: gridHeight } = imageOf(pixels, 'signed');
  return { tag: 'weights/filters', width: gridWidth, height: gridHeight, png: bytes };
}

/** The run's figures, an event for every update at which something was measured, and the picture of a model of it. */
export function tensorboardEvents({ events }: Pick<RunRecord, 'events'>, { parameters, update, shape }: ShownModel): SummaryEvent[] {
  const { rows } = metricsTable(events);
  const scalars = rows.map((row, index): SummaryEvent => {
    const step = events[index].update;
    const summaries: ScalarSummary[] = [];
    for (const [path, value] of row) {
      const tag = tagOf(path);
      if (tag !== undefined && typeof value === 'number') summaries.push({ tag, value });
    }
    return { step, wallTime: step, summaries };
  });
  const image = shape && filters(parameters, shape);
  const pictures = image === undefined ? [] : [{ step: update, wallTime: update, summaries: [image] }];
  return [...scalars, ...pictures].toSorted((left, right) => left.step - right.step);
}
