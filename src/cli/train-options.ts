/**
 * The options of training, and which of them go together. The work itself (`train.ts`) is loaded when there is some.
 */

import { printable, RbmError } from '../errors.js';
import { backends } from '../kernels/index.js';
import { collect, refuseEmpty, unknownCommand, type CommonOptions, type DefineCommand } from './options.js';

/** What can be said about a training on the command line. */
export interface TrainOptions extends CommonOptions {
  config?: string;
  resume?: string;
  resumeOrStart?: boolean;
  set?: string[];
  seed?: string;
  output?: string;
  force?: boolean;
  printConfig?: boolean;
  dryRun?: boolean;
  expect?: string;
  backend?: string;
  threads?: string;
  /** False with --no-report. */
  report: boolean;
}

/**
 * Checks what can be checked without the config.
 *
 * @throws RbmError 'usage'
 */
function checkOptions(options: TrainOptions): void {
  const fail = (message: string, hint: string): RbmError => new RbmError('usage', message, { hint });
  for (const name of ['config', 'resume', 'seed', 'output', 'expect', 'backend', 'threads'] as const) {
    refuseEmpty(`--${name}`, options[name]);
  }
  if (options.config === undefined && options.resume === undefined) {
    throw fail('nothing to do: name a config to train, or a command', 'Start with: rbm-train init > my.json; rbm-train --config my.json. Options: rbm-train --help.');
  }
  if (options.config !== undefined && options.resume !== undefined) {
    throw fail('--config and --resume exclude each other', 'A run has its config inside. To start or continue with one line, use --config <file> --resume-or-start.');
  }
  const setsOutput = options.set?.some((entry) => /^\s*output\s*=/.test(entry)) === true;
  if (options.resume !== undefined && (options.force || options.output !== undefined || setsOutput)) {
    throw fail('--resume continues a run where it is: --force and --output do not go with it', 'Leave them out.');
  }
  if (options.resumeOrStart && options.force) {
    throw fail('--resume-or-start and --force exclude each other', 'The first keeps what is there, the second removes it.');
  }
  if (options.expect !== undefined && !/^[0-9a-f]{64}$/i.test(options.expect)) {
    throw fail(`--expect ${printable(options.expect)}: not a digest`, 'A digest is 64 hexadecimal digits, as result.json has it.');
  }
}

/** Makes training the program's default action. */
export const trainCommand: DefineCommand = (program, terminal, finish) => {
  program
    .argument('[command]')
    .allowExcessArguments()
    .option('-c, --config <file>', 'config of the run: JSON with comments, or YAML')
    .option('--resume <run>', 'continue a run directory where its last checkpoint left off')
    .option('--resume-or-start', 'with --config: continue the run if it has been started, else start it')
    .option('--set <key=value>', 'override a key of the config, e.g. training.epochs=5 (repeatable)', collect)
    .option('--seed <seed>', 'override the seed')
    .option('-o, --output <directory>', 'run directory')
    .option('--threads <number>', 'threads that share the work, or auto; the result is the same with any number')
    .option('--backend <name>', `numeric kernels: ${backends.map(({ name }) => name).join(' or ')}; the result is the same with each`)
    .option('--no-report', 'write no report.html at the end (nor does RBM_TRAIN_REPORT=never in the environment)')
    .option('--force', 'remove the run that is in the run directory, and start again')
    .option('--print-config', 'print the resolved config and stop')
    .option('--dry-run', 'check everything, including the data; train and write nothing')
    .option('--expect <digest>', 'exit with 5 unless the trained parameters have this digest')
    .action(async (word: string | undefined, options: TrainOptions) => {
      if (word !== undefined) throw await unknownCommand(program, word);
      checkOptions(options);
      const { train } = await import('./train.js');
      finish(await train(options, terminal));
    });
};
