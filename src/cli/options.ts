/**
 * What the commands' options have in common.
 */

import { Option, type Command } from 'commander';
import { printable, RbmError } from '../errors.js';
import { isConfigName, shellWord } from './paths.js';
import type { Terminal } from './terminal.js';

/** Options that every command has. */
export interface CommonOptions {
  json?: boolean;
  quiet?: boolean;
  debug?: boolean;
}

/** Adds a command's options and its action, which hands the exit code to `finish`. */
export type DefineCommand = (command: Command, terminal: Terminal, finish: (code: number) => void) => void;

/** Collects a repeatable option. */
export function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

/**
 * Refuses an empty value, which would stand for the working directory.
 *
 * @param name what is given: an option with its dashes, or an argument as the help names it
 * @throws RbmError 'usage'
 */
export function refuseEmpty(name: string, value: string | undefined): void {
  if (value === '') throw new RbmError('usage', `${name} has an empty value`, { hint: 'Give a value, or leave the option out; perhaps a variable of the shell is not set.' });
}

/** Adds the options that every command has. */
export function addCommonOptions(command: Command): Command {
  return command
    .addOption(new Option('--json', 'write the result to stdout as one JSON document'))
    .addOption(new Option('-q, --quiet', 'write nothing to stderr but errors'))
    .addOption(new Option('--debug', 'show stack traces with errors'));
}

/** The error for a word that is no command. */
export async function unknownCommand(program: Command, word: string): Promise<RbmError> {
  const { closest } = await import('../config/index.js');
  const names = program.commands.map((command) => command.name());
  const suggestion = closest(word, names) ?? names.find((name) => word.length > 2 && name.startsWith(word));
  return new RbmError('usage', `there is no command ${printable(JSON.stringify(word))}`, {
    hint: `${isConfigName(word) ? `Did you mean --config ${shellWord(word)}? ` : suggestion === undefined ? '' : `Did you mean ${suggestion}? `}Commands are: ${names.join(', ')}. To train: rbm-train --config <file>.`,
  });
}
