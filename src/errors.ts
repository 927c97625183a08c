/**
 * The one kind of error that users see: what is wrong, where, what would be valid, what to do next.
 *
 * Every room throws `RbmError`; only `cli` prints it and turns its `code` into an exit code. Anything else that
 * reaches the CLI is a bug of ours and is reported as one.
 *
 * Errors are told apart by `.code`, never by `instanceof`: that fails across realms (Jest, worker threads).
 */

/** Exit codes of every command, by the reason for ending. */
export const exitCodes = {
  ok: 0,
  runtime: 1,
  usage: 2,
  data: 3,
  diverged: 4,
  digestMismatch: 5,
  incomplete: 6,
  stoppedByScheduler: 75,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

/** The reason for a failure; it decides the exit code (see {@link exitCodes}). */
export type ErrorCode = Exclude<keyof typeof exitCodes, 'ok'>;

/** The optional parts of an {@link RbmError}. */
export interface ErrorDetails {
  /** What to do next, one or more complete sentences. */
  hint?: string;
  /** Lines of the source around the mistake, ready to print (see `config/code-frame`). */
  frame?: string;
  /** The error that led to this one; printed with `--debug` only. */
  cause?: unknown;
}

/** An error to be shown to the user as one message, without a stack trace. */
export class RbmError extends Error {
  override readonly name = 'RbmError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly frame: string | undefined;

  /**
   * @param code the reason; decides the exit code
   * @param message what is wrong and where: `file:line:column: …` or `file: …` where there is a place
   */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.frame = details.frame;
  }
}

/** Whether `error` is an {@link RbmError}, also one that was made in another realm. */
export function isRbmError(error: unknown): error is RbmError {
  return typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'RbmError';
}

/** What an error says; instances of other realms, and things thrown that are no errors, too. */
export function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : undefined;
  return typeof message === 'string' ? message : String(error);
}

/** Characters that steer a terminal or can't be seen: controls, formats (bidi, zero-width), lone surrogates, line ends. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with control characters, and others that can't be seen, as JSON escapes them: `\u001b` and the like. */
export function escapeUnprintable(text: string): string {
  return text.replace(unprintable, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/**
 * Text from outside (file names, keys, values) made safe to print: control characters, among them the escape that
 * starts terminal sequences, and invisible ones are shown as `\u001b` and the like; cut to `limit` characters.
 */
export function printable(text: string, limit = 200): string {
  // Escapes only lengthen: what lies behind the limit is not looked at.
  const safe = escapeUnprintable(text.slice(0, limit + 1));
  // A character of two units is not cut in half.
  return safe.length > limit ? `${safe.slice(0, limit).replace(/\p{Cs}$/u, '')}…` : safe;
}
