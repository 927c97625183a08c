/**
 * The command line: options, commands, help. Each command is one file; this one only wires them up.
 */

import { Command, CommanderError } from 'commander';
import { documentKeys } from '../config/index.js';
import { exitCodes, printable, RbmError } from '../errors.js';
import { configKeys } from '../run/config-schema.js';
import { version } from '../version.js';
import { dataCommand } from './data.js';
import { evaluateCommand } from './evaluate.js';
import { exportCommand } from './export.js';
import { initCommand } from './init.js';
import { inspectCommand } from './inspect.js';
import { addCommonOptions, unknownCommand, type AddCommand } from './options.js';
import { sampleCommand } from './sample.js';
import type { Terminal } from './terminal.js';
import { trainCommand } from './train.js';
import { transformCommand } from './transform.js';
import { verifyCommand } from './verify.js';

const exitCodeHelp = `
Exit codes:
  0 ok   1 runtime failure   2 usage or config   3 data or model file   4 diverged   5 digest mismatch
  6 incomplete   75 stopped by a scheduler (USR2), will continue   130 SIGINT   143 SIGTERM

Results go to stdout, everything else to stderr. Keys of the config: rbm-train help config`;

const commands: readonly AddCommand[] = [
  initCommand,
  dataCommand,
  evaluateCommand,
  sampleCommand,
  transformCommand,
  inspectCommand,
  verifyCommand,
  exportCommand,
];

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
  for (const add of commands) add(program, terminal, finish);
  program
    .command('help [topic]')
    .description('help on a command, on the config (help config), or on some of its keys (help training)')
    .action((topic?: string) => {
      finish(exitCodes.ok);
      if (topic === 'config') {
        terminal.out(`${documentKeys(configKeys, { width: Math.min(terminal.width, 100) })}\n`);
        return;
      }
      const command = topic === undefined ? program : program.commands.find((candidate) => candidate.name() === topic);
      if (command !== undefined) {
        command.outputHelp();
        return;
      }
      // The documentation of a key starts with its path.
      const entries = documentKeys(configKeys, { width: Math.min(terminal.width, 100) }).split('\n\n');
      const named = entries.filter((entry) => entry.startsWith(`${topic}\n`) || entry.startsWith(`${topic}.`));
      if (named.length === 0) throw unknownCommand(program, topic ?? '');
      terminal.out(`${named.join('\n\n')}\n`);
    });
  for (const command of program.commands) {
    command.allowExcessArguments(false).helpOption('-h, --help', 'show this help').exitOverride().configureOutput(program.configureOutput());
  }
  return program;
}

/** The command that shows the options of the command that was meant. */
function helpCommand(program: Command, argv: readonly string[]): string {
  const named = argv.find((word) => !word.startsWith('-'));
  const command = program.commands.find((candidate) => candidate.name() === named);
  return command === undefined ? 'rbm-train --help' : `rbm-train ${command.name()} --help`;
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
    const [message, ...rest] = error.message.replace(/^error: /, '').split('\n');
    const hint = rest.join(' ').replace(/^\(|\)$/g, '');
    throw new RbmError('usage', printable(message, 300), {
      hint: `${hint === '' ? '' : `${hint} `}Options: ${helpCommand(program, argv)}.`,
      cause: error,
    });
  }
  return exitCode;
}
