/**
 * What `rbm-train watch` shows of a run: as lines of text for a terminal, and as a JSON document.
 */

import { printable } from '../errors.js';
import { squareShape } from '../datasets/index.js';
import type { SplitFigures } from '../estimators/evaluation.js';
import { binaryLayer } from '../kernels/index.js';
import type { MeasuredEvent } from '../report/run-record.js';
import { nats } from './figures.js';
import { duration } from './progress.js';
import { pictureBands, pictureLines, picturesThatFit, shrink, sparkline, type Colours, type Pixels } from './terminal-pictures.js';
import type { RunState } from './watched-run.js';

/** What the text is drawn for. */
export interface ViewOptions {
  /** Characters to a line. */
  readonly width: number;
  /** Lines at most; undefined where it does not matter. */
  readonly height?: number;
  readonly unicode: boolean;
  readonly colours: Colours;
  /** Milliseconds since 1970, for ages; undefined where none are to be shown. */
  readonly now?: number;
}

/** A named series of figures, and what its latest value is said to be. */
interface Row {
  readonly label: string;
  readonly latest: string;
  readonly values: readonly number[];
}

/** Wider and higher pictures are shrunk to this many pixels. */
const largestPicture = 20;

/** Rows of diagnostics where the height does not limit them. */
const diagnosticRows = 12;

/** Where filters would leave fewer rows than this for the diagnostics, there are none. */
const fewestDiagnosticRows = 2;

/** Warnings that are shown, the latest ones. */
const shownWarnings = 3;

/** Share of a series that does not set the scale of its sparkline. */
const beginning = 0.25;

/** Lines of pictures where the height does not limit them. */
const pictureLinesWithoutHeight = 24;

/** What likelihoods stand for the splits, the best known: of the latest event that has figures of splits. */
const measures = [
  { key: 'meanLogLikelihood', title: 'log-likelihood' },
  { key: 'meanLogPseudoLikelihood', title: 'log pseudo-likelihood' },
  { key: 'meanReconstructionError', title: 'reconstruction error' },
] as const satisfies readonly { key: keyof SplitFigures; title: string }[];

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** A figure in few characters. */
function brief(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6 ? Number(value.toPrecision(5)).toString() : value.toExponential(2);
}

/** A likelihood with what it is: exact, or estimated with its interval. */
function describeLikelihood({ meanLogLikelihood, standardError, logLikelihoodInterval, exact }: SplitFigures, plusMinus: string): string {
  if (meanLogLikelihood === undefined) return '';
  const error = standardError === undefined ? '' : ` ${plusMinus} ${nats(standardError)}`;
  if (exact === true) return `${nats(meanLogLikelihood)}${error} exact`;
  const interval = logLikelihoodInterval === undefined ? '' : `, 95 % ${logLikelihoodInterval.map(nats).join(' to ')}`;
  return `${nats(meanLogLikelihood)} estimated${interval}`;
}

/** The best measure that the latest figures of splits have. */
function measureOf(events: readonly MeasuredEvent[]): (typeof measures)[number] | undefined {
  const splits = Object.values(events.findLast((event) => event.splits !== undefined)?.splits ?? {});
  return measures.find(({ key }) => splits.some((split) => isNumber(split[key])));
}

/** Likelihoods of every split, and the free-energy gap. */
function figureRows(events: readonly MeasuredEvent[], unicode: boolean): Row[] {
  const measure = measureOf(events);
  const rows: Row[] = [];
  if (measure !== undefined) {
    const names = new Set(events.flatMap(({ splits }) => Object.keys(splits ?? {})));
    for (const name of names) {
      const values = events.map(({ splits }) => splits?.[name]?.[measure.key]).filter(isNumber);
      const latest = events.findLast(({ splits }) => isNumber(splits?.[name]?.[measure.key]))?.splits?.[name];
      if (latest === undefined) continue;
      const value = latest[measure.key] as number;
      rows.push({ label: name, latest: measure.key === 'meanLogLikelihood' ? describeLikelihood(latest, unicode ? '±' : '+-') : nats(value), values });
    }
  }
  const gaps = events.map(({ freeEnergyGap }) => freeEnergyGap).filter(isNumber);
  if (gaps.length > 0) rows.push({ label: 'free-energy gap', latest: nats(gaps[gaps.length - 1]), values: gaps });
  return rows;
}

/** The scalar figures in what a diagnostic found, with their paths. */
function scalars(value: unknown, path: string, into: Map<string, number[]>, latest: Map<string, number | boolean | string>): void {
  if (isNumber(value)) {
    const series = into.get(path);
    if (series === undefined) into.set(path, [value]);
    else series.push(value);
    latest.set(path, value);
  } else if (typeof value === 'boolean' || typeof value === 'string') {
    latest.set(path, value);
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [name, member] of Object.entries(value)) scalars(member, path === '' ? name : `${path}.${name}`, into, latest);
  }
}

/** Figures that say most, and so are shown first. */
const telling = [
  'mixing.chainsFollow',
  'gradientAccuracy.cosine',
  'gradientAccuracy.relativeBias',
  'spuriousMass.beyond.model',
  'spuriousMass.meanDistance',
  'mixing.integratedAutocorrelationTime',
  'mixing.rHat',
  'mixing.flipsPerStep',
  'mixing.driftRatio',
  'mixing.freeEnergyGap',
  'fit.deadHiddenUnits',
  'fit.saturatedHiddenUnits',
  'fit.moments.visible',
  'fit.moments.products',
  'fit.largestWeight',
];

/** Figures that say how others were measured, and so are shown last. */
const aboutOthers = /StandardError$|\.(method|reference|modelSource|examples|samples|learningRate|distance)$/;

/** Where a figure stands among the others; those of equal rank stand in their own order. */
function rankOf(name: string): number {
  const place = telling.indexOf(name);
  if (place >= 0) return place;
  return telling.length + (aboutOthers.test(name) ? 1 : 0);
}

/** A figure as people read it. */
function describeFinding(value: number | boolean | string): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return isNumber(value) ? brief(value) : printable(String(value), 40);
}

/** Series of the scalar figures of diagnostics and the algorithm, the most telling ones first. */
function diagnosticRowsOf(events: readonly MeasuredEvent[]): Row[] {
  const series = new Map<string, number[]>();
  const latest = new Map<string, number | boolean | string>();
  for (const { diagnostics, algorithm } of events) {
    for (const findings of [diagnostics, algorithm]) if (findings !== undefined) scalars(findings, '', series, latest);
  }
  return [...latest]
    .toSorted(([a], [b]) => rankOf(a) - rankOf(b))
    .map(([name, value]) => ({ label: printable(name, 60), latest: describeFinding(value), values: series.get(name) ?? [] }));
}

/** A text cut to a width. */
function cut(text: string, width: number, unicode: boolean): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text;
  return unicode ? `${characters.slice(0, Math.max(0, width - 1)).join('')}…` : characters.slice(0, Math.max(0, width)).join('');
}

/** Text broken into lines of at most `width` characters, at spaces where there are some. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

const statusTexts: Readonly<Record<RunState['status'], string>> = {
  running: 'running',
  finished: 'finished',
  stopped: 'stopped, continues with --resume',
  diverged: 'diverged',
  failed: 'ended with an error',
  lost: 'its process has ended; continues with --resume',
  unknown: 'not finished',
};

/** What the picture of filters needs of the parameters: columns of W as pictures, and a scale that is common to them. */
function filtersOf({ checkpoint }: RunState, count: number, factor: number, [height, width]: readonly [number, number]): { pictures: Pixels[]; scale: number } {
  const { weights, hiddenUnits, visibleUnits } = checkpoint.parameters;
  const pictures = Array.from({ length: count }, (_, unit) => {
    const values = Float64Array.from({ length: visibleUnits }, (_value, pixel) => weights[pixel * hiddenUnits + unit]);
    return shrink({ height, width, values }, factor);
  });
  const sizes = Float64Array.from(pictures.flatMap(({ values }) => Array.from(values, Math.abs))).toSorted();
  // A single large weight does not make all others pale.
  return { pictures, scale: sizes.length === 0 ? 0 : sizes[Math.floor(0.99 * (sizes.length - 1))] || sizes[sizes.length - 1] };
}

/** [height, width] of a row of the data as a picture, as `rbm-train sample` draws it; undefined of data that are none. */
function shapeOf({ checkpoint: { identity, parameters } }: RunState): readonly [number, number] | undefined {
  const { kind } = parameters.visibleLayer ?? binaryLayer;
  return identity.shape ?? (kind === 'categorical' ? undefined : squareShape(parameters.visibleUnits));
}

/** How large filters are drawn, in pixels, and how many of the data's go into one; undefined of data that are no pictures. */
function pictureSize(state: RunState, width: number): { readonly height: number; readonly width: number; readonly factor: number } | undefined {
  const shape = shapeOf(state);
  if (shape === undefined) return undefined;
  const factor = Math.max(1, Math.ceil(Math.max(...shape) / Math.min(largestPicture, width)));
  return { height: Math.ceil(shape[0] / factor), width: Math.ceil(shape[1] / factor), factor };
}

/** Lines of a heading and one band of filters; 0 where there are none. */
function leastFilterLines(state: RunState, width: number): number {
  const size = pictureSize(state, width);
  return size === undefined ? 0 : 1 + Math.ceil(size.height / 2);
}

/** The filters of the first hidden units, as many as fit. */
function filterLines(state: RunState, options: ViewOptions, lines: number): string[] {
  const { width, colours, unicode } = options;
  const shape = shapeOf(state);
  const size = pictureSize(state, width);
  const { hiddenUnits } = state.checkpoint.parameters;
  if (shape === undefined || size === undefined || lines < leastFilterLines(state, width)) return [];
  const { across, down } = picturesThatFit(size, width, lines - 1);
  const count = Math.min(hiddenUnits, across * down);
  const { pictures, scale } = filtersOf(state, count, size.factor, shape);
  const which = count === hiddenUnits ? `of all ${count} hidden units` : `of hidden units 1 to ${count} of ${hiddenUnits}`;
  const style = { colours, unicode, scale };
  const marks = colours === 'none' || !unicode ? 'full +, empty −' : 'red +, blue −';
  return [cut(`filters ${which} (${unicode ? marks : marks.replace('−', '-')})`, width, unicode), ...pictureBands(pictures.map((picture) => pictureLines(picture, style)), across)];
}

/** A share as a bar. */
function bar(share: number, width: number, unicode: boolean): string {
  const done = Math.max(0, Math.min(width, Math.floor(share * width)));
  return (unicode ? '█' : '=').repeat(done) + (unicode ? '░' : '-').repeat(width - done);
}

/** How far the run is. */
function progressLine(state: RunState, { now, unicode, width }: ViewOptions): string {
  const { update, length, updatesPerEpoch, savedTime, secondsLeft, config, status } = state;
  const parts: string[] = [];
  if (length === undefined) {
    parts.push(`update ${update}`);
  } else {
    const share = length === 0 ? 1 : Math.min(1, update / length);
    parts.push(`${bar(share, width < 60 ? 8 : 16, unicode)} ${Math.floor(share * 100)}%`, `update ${update}/${length}`);
  }
  if (updatesPerEpoch !== undefined) {
    const epochs = config.training.epochs ?? (length === undefined ? undefined : length / updatesPerEpoch);
    parts.push(`epoch ${brief(Number((update / updatesPerEpoch).toFixed(1)))}${epochs === undefined ? '' : `/${brief(Number(epochs.toFixed(1)))}`}`);
  } else if (config.training.epochs !== undefined) {
    parts.push(`of ${config.training.epochs} epochs`);
  }
  if (now !== undefined && savedTime !== undefined && status !== 'finished') {
    const age = Math.max(0, (now - savedTime) / 1000);
    parts.push(`saved ${duration(age)} ago`);
    if (secondsLeft !== undefined && secondsLeft > age) parts.push(`about ${duration(secondsLeft - age)} left`);
  }
  return parts.join('  ');
}

/** What is trained, in a few words. */
function describeRun({ config, checkpoint }: RunState, unicode: boolean): string {
  const { visibleUnits, hiddenUnits } = checkpoint.parameters;
  const { algorithm, k } = config.training;
  const steps = k === undefined ? '' : `-${k}`;
  return printable(`${algorithm}${steps} on ${config.data.source}, ${visibleUnits} ${unicode ? '×' : 'x'} ${hiddenUnits} units`);
}

/**
 * The state as lines of text, none wider than the width (escape sequences of colours not counted) and no more than the height.
 */
export function viewLines(state: RunState, options: ViewOptions): string[] {
  const { width, height = Infinity, unicode, colours } = options;
  const paint = (code: number, text: string): string => (colours === 'none' ? text : `\u001b[${code}m${text}\u001b[0m`);
  const [bold, dim, yellow, green, red] = [1, 2, 33, 32, 31].map((code) => (text: string) => paint(code, text));
  const fit = (text: string): string => cut(text, width, unicode);
  const status = statusTexts[state.status];
  const statusColour = { running: green, finished: green, diverged: red, failed: red, stopped: yellow, lost: yellow, unknown: dim }[state.status];
  const title = fit(`${printable(state.name, 60)}: ${status}`);
  const separator = title.indexOf(': ');
  const lines = [
    separator < 0 ? bold(title) : `${bold(title.slice(0, separator))}: ${statusColour(title.slice(separator + 2))}`,
    dim(fit(describeRun(state, unicode))),
    fit(progressLine(state, options)),
  ];

  const rowsOf = (rows: readonly Row[]): string[] => {
    const labelWidth = Math.min(Math.max(...rows.map(({ label }) => Array.from(label).length)), Math.max(8, Math.floor(width * 0.45)));
    const latestWidth = Math.max(...rows.map(({ latest }) => Array.from(latest).length));
    return rows.map(({ label, latest, values }) => {
      const head = `  ${cut(label, labelWidth, unicode).padEnd(labelWidth)}  ${latest.padEnd(Math.min(latestWidth, 44))}`;
      const room = width - Array.from(head).length - 2;
      // A single value is no course.
      return values.length > 1 && room >= 4 ? `${head}  ${sparkline(values, Math.min(room, 60), unicode, values.length < 8 ? 0 : beginning)}` : fit(head.trimEnd());
    });
  };

  const evaluated = state.events.findLast((event) => event.splits !== undefined);
  const measure = measureOf(state.events);
  const figures = figureRows(state.events, unicode);
  if (figures.length > 0 && evaluated !== undefined) {
    const heading = measure === undefined ? 'figures' : `${measure.title}${measure.key === 'meanReconstructionError' ? '' : ', nats per example'}`;
    lines.push('', dim(fit(`${heading} (update ${evaluated.update})`)), ...rowsOf(figures));
  } else {
    lines.push('', dim(fit('no evaluation yet')));
  }

  const warnings = state.warnings.slice(-shownWarnings).map(({ update, diagnostic, message }) => {
    return wrap(printable(`update ${update}: ${diagnostic === '' ? '' : `${diagnostic}: `}${message}`, 500), Math.max(20, width - 4));
  });
  const warningLines = warnings.flatMap((parts) => parts.map((part, index) => yellow(fit(`${index === 0 ? (unicode ? '▲ ' : '! ') : '  '}${part}`))));
  if (state.warnings.length > 0) {
    const earlier = state.warnings.length - warnings.length;
    lines.push('', yellow(fit(`warnings${earlier === 0 ? '' : ` (${earlier} earlier ones not shown)`}`)), ...warningLines);
  }

  const diagnostics = diagnosticRowsOf(state.events);
  if (diagnostics.length > 0) {
    // A blank line and a heading; then, behind another blank line, one band of filters, unless it leaves too few rows.
    const left = height - lines.length - 2;
    const besideFilters = left - 1 - leastFilterLines(state, width);
    const room = Math.min(diagnosticRows, besideFilters < fewestDiagnosticRows ? left : besideFilters);
    const shown = diagnostics.slice(0, Math.max(0, room));
    if (shown.length > 0) {
      const more = diagnostics.length - shown.length;
      lines.push('', dim(fit(`diagnostics${more === 0 ? '' : ` (${more} more in metrics.jsonl)`}`)), ...rowsOf(shown));
    }
  }

  const filters = filterLines(state, options, height === Infinity ? pictureLinesWithoutHeight : height - lines.length - 1);
  if (filters.length > 0) lines.push('', ...filters);
  return lines.slice(0, Math.max(1, height));
}

/** The state as a JSON document: what the text shows, without pictures. */
export function viewDocument(state: RunState): object {
  const { name, path, status, update, length, updatesPerEpoch, events, warnings, savedTime, checkpoint, config } = state;
  const { visibleUnits, hiddenUnits } = checkpoint.parameters;
  const evaluated = events.findLast((event) => event.splits !== undefined);
  const diagnostics: Record<string, unknown> = {};
  for (const event of events) {
    for (const [diagnostic, findings] of Object.entries(event.diagnostics ?? {})) diagnostics[diagnostic] = { update: event.update, ...findings };
  }
  return {
    name,
    path,
    status,
    finished: status === 'finished',
    algorithm: config.training.algorithm,
    visibleUnits,
    hiddenUnits,
    update,
    ...(length !== undefined && { length, share: length === 0 ? 1 : Math.min(1, update / length) }),
    ...(updatesPerEpoch !== undefined && { epoch: update / updatesPerEpoch }),
    ...(savedTime !== undefined && { saved: new Date(savedTime).toISOString() }),
    ...(evaluated !== undefined && {
      evaluation: {
        update: evaluated.update,
        ...(evaluated.logPartitionFunction !== undefined && { logPartitionFunction: evaluated.logPartitionFunction }),
        splits: evaluated.splits,
        ...(evaluated.freeEnergyGap !== undefined && { freeEnergyGap: evaluated.freeEnergyGap }),
      },
    }),
    ...(Object.keys(diagnostics).length > 0 && { diagnostics }),
    warnings,
  };
}
