/**
 * How progress bars look, the same for every command.
 */

import type { Options } from 'cli-progress';
import type { Terminal } from './terminal.js';

/**
 * Options of a bar or several.
 *
 * @param characters of a bar in a terminal that shows them
 */
export function barLook(terminal: Terminal, { barCompleteChar, barIncompleteChar }: Pick<Options, 'barCompleteChar' | 'barIncompleteChar'>): Options {
  return {
    stream: terminal.errorStream,
    barCompleteChar: terminal.useUnicode ? barCompleteChar : '=',
    barIncompleteChar: terminal.useUnicode ? barIncompleteChar : '-',
    barsize: terminal.width < 60 ? 8 : 16,
    hideCursor: true,
    clearOnComplete: true,
    fps: 8,
    gracefulExit: false,
  };
}
