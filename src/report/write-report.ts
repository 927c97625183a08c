/**
 * From a run directory to its report: every section that has something to show, as one page or as pictures.
 */

import { basename, join } from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-write.js';
import type { RunDirectory } from '../checkpoint/run-directory.js';
import type { Dataset } from '../datasets/index.js';
import { messageOf, printable } from '../errors.js';
import { createModel } from '../model/parameters.js';
import { standardParameters } from '../model/units/index.js';
import { loadKernelsFor } from '../run/kernels.js';
import { count, counted } from './numbers.js';
import { pageHtml, type MadeSection, type Page } from './page.js';
import { pictureFiles, type PictureFormat } from './picture-files.js';
import { readRun } from './read-run.js';
import type { RunRecord } from './run-record.js';
import type { Picture, Section } from './section.js';
import { sections as allSections } from './sections/index.js';

/** What reports are made with. */
export interface ReportRequest {
  /** The run's data; sections that need them are left out without. */
  readonly dataset?: Dataset;
  readonly pause?: () => Promise<void>;
  /** Told of what is damaged, or could not be made. */
  readonly warn: (message: string) => void;
  /** All where left out. */
  readonly sections?: readonly Section[];
}

/** A report that has been written. */
export interface Report {
  readonly file: string;
  readonly bytes: number;
  /** Sections on the page. */
  readonly sections: number;
  readonly pictures: number;
}

/** What a run is, in a line; equal runs have equal titles, wherever they lie. */
export function titleOf({ config }: Pick<RunRecord, 'config'>): string {
  const { data, training } = config;
  const path = data.path;
  const source = typeof path === 'string' ? basename(path) : data.source;
  const steps = training.k === undefined ? '' : `-${training.k}`;
  return printable(`${source}, ${training.algorithm}${steps}`);
}

function subtitleOf({ config, checkpoint, result }: RunRecord): string {
  const { parameters, progress } = checkpoint;
  const { visibleUnits, hiddenUnits, units } = parameters;
  const kind = units === undefined ? '' : ` (${units.visible} × ${units.hidden})`;
  const state = result === undefined ? 'so far, not finished' : 'finished';
  return `RBM of ${count(visibleUnits)} visible × ${count(hiddenUnits)} hidden units${kind} · ${counted(progress.update, 'update')}, ${state} · seed ${printable(String(config.seed), 40)}`;
}

/** The sections of a run that have something to show; one that fails says so in its place. */
async function makeSections(run: RunRecord, { dataset, pause, warn, sections = allSections }: ReportRequest): Promise<MadeSection[]> {
  const { parameters } = run.checkpoint;
  const kernels = await loadKernelsFor(parameters);
  const made: MadeSection[] = [];
  try {
    const model = createModel(kernels, standardParameters(parameters));
    for (const { name, title, make } of sections) {
      await pause?.();
      try {
        const content = await make({ run, ...(dataset !== undefined && { dataset }), kernels, model, ...(pause !== undefined && { pause }) });
        if (content !== undefined) made.push({ name, title, content });
      } catch (error) {
        // Whoever asked for a stop wants no page.
        await pause?.();
        const message = printable(messageOf(error), 300);
        warn(`the section “${title}” of the report could not be made: ${message}`);
        made.push({ name, title, content: { remarks: [{ kind: 'warning', text: `This section could not be made: ${message}` }] } });
      }
    }
  } finally {
    await kernels.close();
  }
  return made;
}

/** The page of a run. */
export async function makePage(run: RunRecord, request: ReportRequest): Promise<Page> {
  return { title: titleOf(run), subtitle: subtitleOf(run), sections: await makeSections(run, request) };
}

/** The pictures on a page, in order. */
function picturesOf({ sections }: Page): Picture[] {
  return sections.flatMap(({ content }) => content.pictures ?? []);
}

/**
 * Writes the report of a run.
 *
 * @param file the file to write; report.html in the run where left out
 * @throws RbmError where there is no run, or the file can't be written; whatever `pause` throws
 */
export async function writeReport(directory: RunDirectory, request: ReportRequest & { readonly file?: string }): Promise<Report> {
  const page = await makePage(readRun(directory, request.warn), request);
  const html = pageHtml(page);
  const { file = directory.report } = request;
  if (request.file === undefined) directory.writeReport(html);
  else writeFileAtomically(file, html);
  return { file, bytes: Buffer.byteLength(html, 'utf8'), sections: page.sections.length, pictures: picturesOf(page).length };
}

/**
 * Writes every picture of the report as a file of its own, named as the picture is.
 *
 * @param folder made where it is not there
 * @param request format left out: charts as SVG, images as PNG
 * @returns the files
 * @throws RbmError as {@link writeReport}
 */
export async function writePictures(directory: RunDirectory, folder: string, request: ReportRequest & { readonly format?: PictureFormat }): Promise<string[]> {
  const page = await makePage(readRun(directory, request.warn), request);
  const files: string[] = [];
  for (const { name, bytes } of picturesOf(page).flatMap((picture) => pictureFiles(picture, request.format))) {
    const file = join(folder, name);
    writeFileAtomically(file, bytes);
    files.push(file);
  }
  return files;
}
