/**
 * Mistakes in a config, collected so that all of them are reported in one go, and the error they become.
 */

import { printable, RbmError } from '../errors.js';
import { codeFrame } from './code-frame.js';
import { comparePlaces, describePlace, type Place } from './source.js';

/** One mistake. */
export interface Problem {
  readonly place: Place;
  /** The key it is about: `training.epochs`; empty for the config as a whole. */
  readonly path: string;
  /** What is wrong, and what would be valid. A function where that takes time: most of 10,000 problems are never shown. */
  readonly text: string | (() => string);
}

/** More than this many problems are counted, not shown. */
const shownLimit = 30;

function headline(problem: Problem): string {
  const subject = problem.path === '' ? '' : `${printable(problem.path)}: `;
  const text = typeof problem.text === 'string' ? problem.text : problem.text();
  return `${describePlace(problem.place)}: ${subject}${text}`;
}

/**
 * The error that reports all problems, sorted by place. One problem has its code frame in `frame`; of several, each
 * is followed by its frame in the message, and their number stands at the end.
 *
 * @param problems at least one
 */
export function problemsError(problems: readonly Problem[]): RbmError {
  if (problems.length === 1) {
    return new RbmError('usage', headline(problems[0]), { frame: codeFrame(problems[0].place) });
  }
  const sorted = problems.toSorted((first, second) => comparePlaces(first.place, second.place));
  const blocks = sorted.slice(0, shownLimit).map((problem) => {
    const frame = codeFrame(problem.place);
    return frame === undefined ? headline(problem) : `${headline(problem)}\n${frame}`;
  });
  const omitted = sorted.length - blocks.length;
  const more = omitted > 0 ? ` (${omitted} of them not shown)` : '';
  return new RbmError('usage', `${blocks.join('\n')}\n${sorted.length} problems${more}`);
}

/** The error for a text that cannot be parsed: what is wrong at one place, and what was expected there. */
export function syntaxError(place: Place, text: string, hint?: string): RbmError {
  return new RbmError('usage', `${describePlace(place)}: ${text}`, { frame: codeFrame(place), hint });
}
