/**
 * The command line: options, commands, help. Each command is one file; this one only wires them up.
 *
 * A command's file, and all that it needs, is loaded when the command is called: `--help` and `--version` need none.
 * To add a command: its file, and a row in `commands`.
 */

import { Command, CommanderError } from 'commander';
import { exitCodes, printable, RbmError } from '../errors.js';
import { version } from '../version.js';
import { addCommonOptions, unknownCommand, type DefineCommand } from './options.js';
import type { Terminal } from './terminal.js';
import { trainCommand } from './train-options.js';

const exitCodeHelp = `
Exit codes:
  0 ok   1 runtime failure   2 usage or config   3 data or model file   4 diverged   5 digest mismatch
  6 incomplete   75 stopped by a scheduler (USR2), will continue   129 SIGHUP   130 SIGINT
  143 SIGTERM

Results go to stdout, everything else to stderr. Keys of the config: rbm-train help config`;

/** A row of the registry of commands. */
interface CommandRow {
  /** Name and arguments. */
  readonly usage: string;
  readonly summary: string;
  /** Loads the file that knows the command's options and does its work. */
  load(): Promise<DefineCommand>;
}

/** All commands, in the order in which help shows them. */
const commands: readonly CommandRow[] = [
  {
    usage: 'init [file]',
    summary: 'write a commented starting config (to stdout where no file is named)',
    load: async () => (await import('./init.js')).initCommand,
  },
  {
    usage: 'data <source>',
    summary: 'show counts, density, duplicates, constant columns and a few rows of a source, config or data file',
    load: async () => (await import('./data.js')).dataCommand,
  },
  {
    usage: 'watch <run>',
    summary: 'show a run while it goes on, in the terminal or, with --web, as a live page on this machine',
    load: async () => (await import('./watch.js')).watchCommand,
  },
  {
    usage: 'evaluate <model>',
    summary: 'log-likelihoods of a run, checkpoint or foreign model (.npz, .safetensors, .mat) on any data',
    load: async () => (await import('./evaluate.js')).evaluateCommand,
  },
  {
    usage: 'sample <model>',
    summary: 'fantasy particles by Gibbs sampling: text to stdout, or a .npy, .csv, .txt or .png file',
    load: async () => (await import('./sample.js')).sampleCommand,
  },
  {
    usage: 'transform <model>',
    summary: 'E[h | v] of every row of a dataset: CSV to stdout, or a .npy, .csv or .txt file',
    load: async () => (await import('./transform.js')).transformCommand,
  },
  {
    usage: 'inspect <model>',
    summary: 'show what is in a run’s latest checkpoint, a checkpoint or a model file',
    load: async () => (await import('./inspect.js')).inspectCommand,
  },
  {
    usage: 'verify <run>',
    summary: 'train a run again from its own config and compare the digest; exits with 5 where they differ, 6 where the run is not finished',
    load: async () => (await import('./verify.js')).verifyCommand,
  },
  {
    usage: 'report <run>',
    summary: 'write report.html: one page that shows what training did; or its pictures as files',
    load: async () => (await import('./report.js')).reportCommand,
  },
  {
    usage: 'compare <runs-and-configs...>',
    summary: 'train what is not trained yet, and put runs side by side: paired differences with intervals, over seeds',
    load: async () => (await import('./compare.js')).compareCommand,
  },
  {
    usage: 'sweep',
    summary: 'many trainings (or the shards of one large estimate), on this machine or on Slurm: plan, run, task, status, gather',
    load: async () => (await import('./sweep/index.js')).sweepCommand,
  },
  {
    usage: 'export <model>',
    summary: 'write the parameters for numpy, or the metrics of a run as CSV or for TensorBoard',
    load: async () => (await import('./export.js')).exportCommand,
  },
];

/** Help on all keys of the config, on one and those below it, or on those of a sweep file; undefined where there is no such key. */
async function configHelp(key: string | undefined, width: number): Promise<string | undefined> {
  const { documentKeys } = await import('../config/index.js');
  if (key === 'sweep-file') return documentKeys((await import('../sweep/sweep-file.js')).sweepKeys, { width, relevance: false });
  const { configKeys } = await import('../run/config-schema.js');
  const text = documentKeys(configKeys, { width });
  if (key === undefined) return text;
  // The documentation of a key starts with its path.
  const named = text.split('\n\n').filter((entry) => entry.startsWith(`${key}\n`) || entry.startsWith(`${key}.`));
  return named.length === 0 ? undefined : named.join('\n\n');
}

function buildProgram(terminal: Terminal, finish: (code: number) => void): Command {
  const program = new Command('rbm-train');
  program
    .description('Trains restricted Boltzmann machines, the same bits every time.')
    .usage('--config <file> [options]\n       rbm-train <command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      // Errors are thrown, and printed in one place.
      writeErr: () => {},
      getOutHelpWidth: () => terminal.width,
    })
    .addHelpText('after', exitCodeHelp);
  addCommonOptions(program);
  trainCommand(program, terminal, finish);
  const definitions = new Map<string, () => Promise<void>>();
  for (const { usage, summary, load } of commands) {
    const command = addCommonOptions(program.command(usage)).description(summary);
    definitions.set(command.name(), async () => (await load())(command, terminal, finish));
  }
  program.hook('preSubcommand', async (_, command) => await definitions.get(command.name())?.());
  program
    .command('help [topic]')
    .description('help on a command, on the config (help config), on some of its keys (help training), or on sweep files (help sweep-file)')
    .action(async (topic?: string) => {
      finish(exitCodes.ok);
      const command = topic === undefined ? program : program.commands.find((candidate) => candidate.name() === topic);
      if (command !== undefined) {
        await definitions.get(command.name())?.();
        command.outputHelp();
        return;
      }
      const text = await configHelp(topic === 'config' ? undefined : topic, Math.min(terminal.width, 100));
      if (text === undefined) throw await unknownCommand(program, topic ?? '');
      terminal.out(`${text}\n`);
    });
  for (const command of program.commands) {
    command.allowExcessArguments(false).helpOption('-h, --help', 'show this help').exitOverride().configureOutput(program.configureOutput());
  }
  return program;
}

/** The command that shows the options of the command that was meant. */
function helpCommand(program: Command, argv: readonly string[]): string {
  const names: string[] = [];
  let command = program;
  for (const word of argv.filter((candidate) => !candidate.startsWith('-'))) {
    const below = command.commands.find((candidate) => candidate.name() === word);
    if (below === undefined) break;
    command = below;
    names.push(word);
  }
  return ['rbm-train', ...names, '--help'].join(' ');
}

/**
 * Parses the command line and runs the command.
 *
 * @returns the exit code
 * @throws RbmError for everything that a user can put right
 */
export async function runProgram(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = buildProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.ok;
    if (error.code === 'commander.help') throw new RbmError('usage', 'which of its commands is not said', { hint: `Options: ${helpCommand(program, argv)}.`, cause: error });
    // A word of the command line may hold line breaks itself.
    const [, message, suggestion] = /^(?:error: )?([^]*?)(?:\n\((Did you mean [^\n]*)\))?$/.exec(error.message) ?? [];
    throw new RbmError('usage', printable(message, 300), {
      hint: `${suggestion === undefined ? '' : `${suggestion} `}Options: ${helpCommand(program, argv)}.`,
      cause: error,
    });
  }
  return exitCode;
}
