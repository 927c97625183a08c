/**
 * `rbm-train report`: the page that shows what training did, or its pictures as files.
 */

import { resolve } from 'node:path';
import type { RunDirectory } from '../checkpoint/run-directory.js';
import type { Dataset } from '../datasets/index.js';
import { exitCodes, isRbmError, messageOf, printable, RbmError } from '../errors.js';
import { pictureFormats, type PictureFormat } from '../report/picture-files.js';
import { writePictures, writeReport, type ReportRequest } from '../report/write-report.js';
import { loadRunConfig, openRunDirectory } from '../run/open-run.js';
import { loadRunDataset } from '../run/prepare.js';
import { stoppablePause } from '../run/stop-request.js';
import { jsonText } from './json-output.js';
import { refuseEmpty, type CommonOptions, type DefineCommand } from './options.js';
import { warner } from './remarks.js';
import type { Terminal } from './terminal.js';

interface ReportOptions extends CommonOptions {
  output?: string;
  pictures?: string;
  format?: string;
}

/** Checks what can be checked without the run. */
function checkOptions({ output, pictures, format }: ReportOptions): void {
  for (const [name, value] of Object.entries({ output, pictures, format })) {
    refuseEmpty(`--${name}`, value);
  }
  if (output !== undefined && pictures !== undefined) {
    throw new RbmError('usage', '--output names the page, --pictures a folder for its pictures: they exclude each other', { hint: 'Call the command twice.' });
  }
  if (format === undefined) return;
  if (pictures === undefined) throw new RbmError('usage', '--format is that of the pictures', { hint: 'Name a folder for them with --pictures.' });
  if (!pictureFormats.includes(format as PictureFormat)) {
    throw new RbmError('usage', `--format ${printable(format)}: there is no such format`, { hint: `Formats are: ${pictureFormats.join(', ')}.` });
  }
}

/** The data that the run was trained on; undefined, with a warning, where they can't be had. */
export async function dataOf(directory: RunDirectory, terminal: Terminal, warn: (message: string) => void): Promise<Dataset | undefined> {
  const without = 'the report shows no data';
  const loaded = await loadRunConfig(directory, [], terminal.workingDirectory);
  try {
    const dataset = await loadRunDataset(loaded);
    const trainedOn = directory.readLatestCheckpoint(() => {})?.identity.dataFingerprint;
    if (trainedOn === undefined || trainedOn === dataset.fingerprint) return dataset;
    warn(`the data is no longer what the run was trained on (its fingerprint differs): ${without}`);
  } catch (error) {
    if (!isRbmError(error)) throw error;
    warn(`${messageOf(error)}: ${without}`);
  }
  return undefined;
}

async function report(path: string, options: ReportOptions, terminal: Terminal): Promise<void> {
  checkOptions(options);
  const directory = openRunDirectory(path, terminal.workingDirectory);
  const warn = warner(options, terminal);
  const pause = stoppablePause(terminal.listenForStop());
  const dataset = await dataOf(directory, terminal, warn);
  const request: ReportRequest = { warn, pause, ...(dataset !== undefined && { dataset }) };
  const { workingDirectory } = terminal;
  if (options.pictures !== undefined) {
    const folder = resolve(workingDirectory, options.pictures);
    const files = await writePictures(directory, folder, { ...request, format: options.format as PictureFormat | undefined });
    terminal.out(options.json ? `${jsonText({ pictures: files })}\n` : files.map((file) => `${printable(file, Infinity)}\n`).join(''));
    return;
  }
  const file = options.output === undefined ? undefined : resolve(workingDirectory, options.output);
  const written = await writeReport(directory, { ...request, ...(file !== undefined && { file }) });
  terminal.out(options.json ? `${jsonText({ report: written.file, bytes: written.bytes, sections: written.sections, pictures: written.pictures })}\n` : `${printable(written.file, Infinity)}\n`);
}

/** Defines the command. */
export const reportCommand: DefineCommand = (command, terminal, finish) => {
  command
    .option('-o, --output <file>', 'file to write instead of report.html in the run')
    .option('--pictures <folder>', 'write every picture of the report as a file into this folder instead')
    .option('--format <name>', `of the pictures: ${pictureFormats.join(' or ')} (default: charts as SVG, images as PNG)`)
    .action(async (run: string, options: ReportOptions) => {
      await report(run, options, terminal);
      finish(exitCodes.ok);
    });
};
