/**
 * What commands say beside their results: warnings, and which file they wrote.
 */

import { printable } from '../errors.js';
import { jsonText } from './json-output.js';
import type { CommonOptions } from './options.js';
import type { Terminal } from './terminal.js';

/** Warns on stderr, except with --quiet. */
export function warner(options: CommonOptions, terminal: Terminal): (message: string) => void {
  return (message) => {
    if (!options.quiet) terminal.err(`warning: ${message}\n`);
  };
}

/**
 * Says which file was written: as JSON on stdout with --json, else on stderr, except with --quiet.
 *
 * @param facts more members of the JSON document
 * @param remark stands behind the file's name
 */
export function announceWritten(output: string, facts: object, remark: string, options: CommonOptions, terminal: Terminal): void {
  if (options.json) terminal.out(`${jsonText({ output, ...facts })}\n`);
  else if (!options.quiet) terminal.err(`wrote ${printable(output)}${remark}\n`);
}
