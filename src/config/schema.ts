/**
 * What a config may contain, as one table: key, meaning, kind of value, default, relevance.
 *
 * Validation, defaults, `--help`, `schema.json` and the documentation of every key are all made from it. The rows that
 * belong to one algorithm, data source or backend stand in that file, beside its code, and are put together with the
 * common ones in `run/config-schema.ts`; so this file knows none of the rooms from `training` to `sampling`.
 */

/** The kinds of value a key can have. */
export type Kind =
  | { kind: 'integer'; minimum?: number; maximum?: number }
  | { kind: 'number'; minimum?: number; exclusiveMinimum?: number; maximum?: number; exclusiveMaximum?: number }
  | { kind: 'boolean' }
  | { kind: 'string' }
  /** A path; relative ones are resolved against the folder of the config file (or the working folder for `--set`). */
  | { kind: 'path' }
  /**
   * One of a few words. `meanings` gives one line for each, for help and documentation; `synonyms` are words that people
   * use for them, only for "did you mean".
   */
  | {
      kind: 'choice';
      values: readonly string[];
      meanings?: readonly string[];
      synonyms?: Readonly<Record<string, string>>;
    }
  | { kind: 'list'; of: Kind; minimumLength?: number; maximumLength?: number }
  /** An object whose keys are the user's own. `checkKey` says what is wrong with one; `undefined`: nothing. */
  | { kind: 'map'; of: Kind; checkKey?: (key: string) => string | undefined }
  /** Whatever JSON can hold; what it is worth is checked where it ends up. */
  | { kind: 'any' }
  /** A value of any of several kinds; at most one of them is an object. */
  | { kind: 'oneOf'; options: readonly Kind[] }
  | { kind: 'object'; keys: readonly SchemaKey[]; exactlyOneOf?: readonly string[]; atMostOneOf?: readonly string[] };

/**
 * What a key decides.
 * - `result`: hashed into the config hash; two runs with equal hashes, data and numerics version end in equal bits
 * - `data`: decides the data, and so enters through the data's fingerprint, not through the config hash
 * - `length`: how long to train; a resumed run may ask for more
 * - `execution`: changes no bit of the parameters (output, threads, cadence of evaluations, checkpoints, logs)
 */
export type Relevance = 'result' | 'data' | 'length' | 'execution';

/** One row of the table. */
export interface SchemaKey {
  name: string;
  /** What it is for, in one or two sentences; units where there are any. */
  meaning: string;
  type: Kind;
  /** Value where the key is left out. Without one the key is optional (absent from the resolved config) or `required`. */
  default?: unknown;
  required?: boolean;
  /** Inherited from the object the key stands in where left out. */
  relevance?: Relevance;
  /**
   * The key applies only where a key that stands *before it in the same object* has one of these values. Elsewhere it
   * gets no default, and naming it is an error that says when it applies. With `orAbsent`, it applies also where that key is
   * left out (and has no default).
   */
  onlyWith?: { key: string; values: readonly string[]; orAbsent?: true };
  /** The key applies only where that key, which stands before it in the same object, is left out. */
  notWith?: string;
}

/** A number of epochs or of updates: `{ epochs: 2 }` or `{ updates: 500 }`. */
export interface Extent {
  epochs?: number;
  updates?: number;
}

/** The kind of an {@link Extent}; `seconds` only where the extent decides nothing about the bits. */
export function extentKind(options: { seconds?: boolean; minimum?: number } = {}): Kind {
  const minimum = options.minimum ?? 1;
  const keys: SchemaKey[] = [
    { name: 'epochs', meaning: 'number of passes over the training data', type: { kind: 'integer', minimum } },
    { name: 'updates', meaning: 'number of parameter updates (mini-batches)', type: { kind: 'integer', minimum } },
  ];
  if (options.seconds) {
    keys.push({ name: 'seconds', meaning: 'wall-clock seconds', type: { kind: 'number', exclusiveMinimum: 0 } });
  }
  return { kind: 'object', keys, exactlyOneOf: keys.map((key) => key.name) };
}
