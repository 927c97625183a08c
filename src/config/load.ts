/**
 * From a config file and `--set` arguments to a resolved config that knows where each of its values came from.
 *
 * The only file of this room that reads files. It looks at no data and makes no folders: whether what the config
 * names exists is checked by those who use it, who report through {@link configError}.
 */

import { open } from 'node:fs/promises';
import { dirname, extname, resolve as resolvePath } from 'node:path';
import { printable, RbmError } from '../errors.js';
import { fileError } from '../file-errors.js';
import { codeFrame } from './code-frame.js';
import type { LocatedNode } from './located-tree.js';
import { applyOverrides, type GivenValue } from './overrides.js';
import { parseJson, startsWithBrace } from './parse-json.js';
import { parseYaml } from './parse-yaml.js';
import { type Problem, problemsError, syntaxError } from './problems.js';
import { type Context, resolveConfig } from './resolve.js';
import type { SchemaKey } from './schema.js';
import { describePlace, type Place, type Source } from './source.js';

/** Configs are a few KiB; whatever is larger is another kind of file. */
const sizeLimit = 1 << 20;

/** A resolved config. */
export interface LoadedConfig {
  /** Every default filled in, every path absolute, `$schema` dropped; of the shape that the schema table describes. */
  readonly config: Record<string, unknown>;
  /**
   * Where the value of a key (`training.k`, `data.shape[0]`) came from: `file:line:column`, `--set training.k=5`, or
   * the file's name where it is a default.
   */
  locate(path: string): string;
  /** The code frame of a key that stands in the file. */
  frame(path: string): string | undefined;
  /** The place of a key that was given; members of a `map` have the path that {@link mapPath} makes. */
  place(path: string): Place | undefined;
}

/** What messages call a file that is no config of a run, and a hint for who has none yet. */
export interface FileNaming {
  readonly noun: string;
  readonly hint: string;
}

const runConfig: FileNaming = { noun: 'config', hint: 'rbm-train init writes one to start from.' };

/** What {@link parseConfig} starts from. */
export interface ConfigText {
  text: string;
  /** The file's name for messages; its ending tells YAML from JSON. */
  file: string;
  /** Absolute folder of the file: relative paths in it are resolved against it. */
  directory: string;
  /** `path=value` each, in the order of the command line, or values that are known. */
  set?: readonly (string | GivenValue)[];
  /** Absolute folder that relative paths in `set` are resolved against. */
  workingDirectory: string;
  naming?: FileNaming;
}

/**
 * Parses, validates and resolves a config. Touches no file.
 *
 * @throws RbmError 'usage' at the first syntax error, or with all other problems of file and overrides in one message
 */
export function parseConfig(keys: readonly SchemaKey[], input: ConfigText): LoadedConfig {
  const { file, directory, set = [], workingDirectory, naming = runConfig } = input;
  // A byte order mark is no part of the text; columns count from behind it, as in editors.
  const text = input.text.startsWith('\uFEFF') ? input.text.slice(1) : input.text;
  const source: Source = { kind: 'file', name: file, text, folder: directory, order: 0 };
  const problems: Problem[] = [];
  const places = new Map<string, Place>();
  const tree = parseText(source, naming);
  const root = tree.type === 'object' ? applyOverrides(keys, tree, set, workingDirectory, problems) : tree;
  const defaults: Source = { kind: 'default', name: file, text: '', folder: directory, order: Infinity };
  const context: Context = { rootKeys: keys, defaults, problems, places };
  const config = resolveConfig(context, root);
  if (problems.length > 0) throw problemsError(problems);
  delete config.$schema;
  return {
    config,
    locate: (path) => {
      const place = places.get(path);
      return place === undefined ? printable(file) : describePlace(place);
    },
    frame: (path) => {
      const place = places.get(path);
      return place === undefined ? undefined : codeFrame(place);
    },
    place: (path) => places.get(path),
  };
}

/**
 * Reads a config file and resolves it; see {@link parseConfig}.
 *
 * @param options `file` relative to `workingDirectory`; paths in the file are relative to the file's folder
 * @throws RbmError 'usage' for a file that cannot be read, is not UTF-8 text, is larger than 1 MiB, or is not valid
 */
export async function loadConfig(
  keys: readonly SchemaKey[],
  options: Pick<ConfigText, 'file' | 'set' | 'workingDirectory' | 'naming'>,
): Promise<LoadedConfig> {
  const { file, workingDirectory, naming } = options;
  return parseConfig(keys, { ...options, ...(await readConfigText(file, workingDirectory, naming)) });
}

/**
 * The text of a config file, not parsed yet, and its folder; see {@link loadConfig}.
 *
 * @throws RbmError 'usage' for a file that cannot be read, is not UTF-8 text, or is larger than 1 MiB
 */
export async function readConfigText(file: string, workingDirectory: string, naming = runConfig): Promise<{ text: string; directory: string }> {
  const path = resolvePath(workingDirectory, file);
  return { text: decode(await readBounded(path, file, naming), file, naming), directory: dirname(path) };
}

/**
 * The error for a value that turned out wrong after loading (a file that is not there, a batch larger than the data).
 *
 * @param path the key it is about, such as `training.k`
 * @param message what is wrong, and what would be valid
 */
export function configError(loaded: LoadedConfig, path: string, message: string, hint?: string): RbmError {
  return new RbmError('usage', `${loaded.locate(path)}: ${path}: ${message}`, { frame: loaded.frame(path), hint });
}

function parseText(source: Source, { noun, hint }: FileNaming): LocatedNode {
  const { text } = source;
  if (/^\s*$/.test(text)) {
    throw syntaxError({ source, start: 0, end: 0 }, `the file is empty; expected a ${noun}`, hint);
  }
  // The YAML parser takes {a:1} for a key "a:1" without a value.
  const isYaml = ['.yaml', '.yml'].includes(extname(source.name).toLowerCase()) && !startsWithBrace(text);
  return isYaml ? parseYaml(source) : parseJson(source);
}

/** At most `sizeLimit` bytes, also of a file that has no size or no end, such as a pipe or a device. */
async function readBounded(path: string, file: string, { noun, hint }: FileNaming): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeLimit + 1);
  let length = 0;
  try {
    const handle = await open(path);
    try {
      for (;;) {
        const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
        length += bytesRead;
        if (bytesRead === 0 || length === bytes.length) break;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, file, { code: 'usage', hint: `Name a ${noun} file; ${hint}` });
  }
  if (length > sizeLimit) throw new RbmError('usage', `${printable(file)}: larger than 1 MiB; expected a ${noun} file`);
  return bytes.subarray(0, length);
}

function decode(bytes: Uint8Array, file: string, { noun }: FileNaming): string {
  const fail = (what: string): RbmError => new RbmError('usage', `${printable(file)}: ${what}; expected a ${noun} as UTF-8 text`);
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) throw fail('is UTF-16 text');
  if (bytes.includes(0)) throw fail(`byte ${bytes.indexOf(0)} is 0: a binary file`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw fail('is not UTF-8');
  }
}
