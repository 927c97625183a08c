/**
 * The rules of the house, each with its reason. A rule takes the source files and returns its violations, one line each.
 */

import { posix } from 'node:path';

import { isAssemblyPath, membersUsed, namesUsed, operatorsUsed, type SourceFile } from './sources.js';

const { dirname } = posix;

/** A rule. */
export interface Rule {
  readonly name: string;
  readonly reason: string;
  violations(files: readonly SourceFile[]): string[];
}

/** Numeric rooms, lowest first. */
export const numericRooms = ['kernels', 'random', 'model', 'sampling', 'estimators', 'training', 'diagnostics'];

const leaves = ['errors.ts', 'file-errors.ts', 'read-file.ts'];
/** The rooms beside the numeric ones. */
const beside = ['config', 'datasets', 'checkpoint'];

/** What a room may import of ours, beside itself, and why no more. */
const mayImport: Readonly<Record<string, { rooms: readonly string[]; typesOf?: readonly string[]; reason: string }>> = {
  'errors.ts': { rooms: [], reason: 'every room throws its errors, so it stands below all of them' },
  'file-errors.ts': { rooms: ['errors.ts'], reason: 'as errors.ts' },
  'read-file.ts': { rooms: ['errors.ts', 'file-errors.ts'], reason: 'as errors.ts' },
  'cache.ts': { rooms: ['checkpoint'], reason: 'a folder that several rooms keep files in; it knows none of them, only how files are written' },
  'machine-memory.ts': { rooms: [], reason: 'a fact about the machine, for whoever allocates much' },
  'version.ts': { rooms: [], reason: 'a fact about the package, for whoever prints or stores it' },
  'index.ts': {
    rooms: [...leaves, ...numericRooms, ...beside, 'run'],
    reason: 'the library is all rooms but the command line: who imports it has a process of their own',
  },
  kernels: { rooms: [], reason: 'a backend can be replaced, run in a worker or be compared bit for bit only if it stands alone' },
  random: { rooms: [], reason: 'streams depend on the seed and a name, and on nothing else' },
  formats: { rooms: ['errors.ts'], reason: 'formats are bytes in, arrays out; they know neither models nor data' },
  config: { rooms: leaves, reason: 'the schema is a table that rooms fill in; the loader must not know what is trained' },
  datasets: {
    rooms: [...leaves, 'cache.ts', 'machine-memory.ts', 'config', 'formats', 'kernels', 'random'],
    reason: 'data are the same whatever is trained on them',
  },
  model: { rooms: ['kernels', 'random'], typesOf: ['config'], reason: 'the RBM knows nothing of sampling, training or files' },
  sampling: { rooms: ['kernels', 'random', 'model'], reason: 'training, estimators and commands share the chains, which so know none of them' },
  estimators: { rooms: ['kernels', 'random', 'model', 'sampling'], reason: 'a likelihood must not depend on how the model was trained' },
  training: {
    rooms: ['kernels', 'random', 'model', 'sampling', 'estimators'],
    typesOf: ['config'],
    reason: 'the loop computes only; data and files are handed to it',
  },
  diagnostics: {
    rooms: ['kernels', 'random', 'model', 'sampling', 'estimators'],
    typesOf: ['config'],
    reason: 'it looks at what training does, and training does not know that it is looked at',
  },
  checkpoint: {
    rooms: [...leaves, 'cache.ts', 'formats', 'kernels', 'model'],
    reason: 'a file can be read without the room that trained it, the data or the config that it was trained with',
  },
  run: {
    rooms: [...leaves, 'version.ts', 'machine-memory.ts', ...numericRooms, ...beside],
    reason: 'it puts the rooms together; what it reports is shown by others, formats are behind checkpoint and datasets',
  },
  report: {
    rooms: [...leaves, 'version.ts', 'formats', ...numericRooms, ...beside, 'run'],
    reason: 'pages and pictures are made of what a run has left, however it came about; who asks for them is outside',
  },
  sweep: {
    rooms: [...leaves, 'version.ts', 'formats', ...numericRooms, ...beside, 'run', 'report'],
    reason: 'many runs are made of single ones, which know of no other; who asks for them is outside',
  },
  cli: {
    rooms: [...leaves, 'version.ts', 'formats', ...numericRooms, ...beside, 'run', 'report', 'sweep'],
    reason: 'the outermost room: nobody imports it',
  },
};

const importRule: Rule = {
  name: 'imports point one way',
  reason: 'DESIGN §3: bin → cli → sweep → report → run → {training, diagnostics} → estimators → sampling → model → {kernels, random}, config, datasets and checkpoint beside them',
  violations: (files) =>
    files.flatMap(({ path, room, imports }) => {
      const rule = mayImport[room];
      if (rule === undefined) return [`${path}: ${room} is a room that this table does not know: say what it may import, and why`];
      return imports.flatMap(({ from, target, isTypeOnly }) => {
        if (target === undefined) return from.startsWith('.') || from === '(computed)' ? [`${path}: imports ${from}, which can't be checked`] : [];
        const other = target.split('/')[0];
        if (other === room || rule.rooms.includes(other)) return [];
        if (isTypeOnly && rule.typesOf?.includes(other)) return [];
        return [`${path}: imports ${target}, but ${room} may not import ${other}: ${rule.reason}`];
      });
    }),
};

const existingRule: Rule = {
  name: 'imports name files that are there, with the extension .js (without one in AssemblyScript)',
  reason: 'Node.js resolves the published modules exactly as written, and AssemblyScript adds its own extension',
  violations: (files) => {
    const paths = new Set(files.map(({ path }) => path));
    return files.flatMap(({ path, imports, isAssembly }) =>
      imports.flatMap(({ from, target }) =>
        target === undefined || (from.endsWith('.js') !== isAssembly && paths.has(target)) ? [] : [`${path}: imports ${from}`],
      ),
    );
  },
};

const assemblyRule: Rule = {
  name: 'AssemblyScript stands alone',
  reason: 'it is compiled by itself into a module that is committed: it sees no other file, and no other file sees its sources',
  violations: (files) =>
    files.flatMap(({ path, imports, isAssembly }) =>
      imports
        .filter(({ target }) => isAssembly !== (target !== undefined && isAssemblyPath(target)))
        .map(({ from }) => `${path}: imports ${from}`),
    ),
};

const cycleRule: Rule = {
  name: 'no import cycles',
  reason: 'in a cycle the order of initialisation decides which names are undefined',
  violations: (files) => {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const finished = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
        return;
      }
      if (finished.has(path)) return;
      for (const { target, isTypeOnly } of byPath.get(path)?.imports ?? []) {
        if (target !== undefined && !isTypeOnly) visit(target, [...trail, path]);
      }
      finished.add(path);
    };
    for (const { path } of files) visit(path, []);
    return cycles;
  },
};

const pure = { path: 'names of files, no files', crypto: 'hashes: a computation', zlib: 'inflating: a computation' };
/** Node.js modules, by room or by a folder in it, with what they are for. */
const mayUseNode: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'version.ts': { 'node:module': 'package.json holds the version' },
  'cache.ts': { 'node:fs': 'reads and writes cached files', 'node:os': 'folder and name of cached files', 'node:path': pure.path },
  'machine-memory.ts': { 'node:os': 'how much memory there is' },
  'read-file.ts': { 'node:fs': 'reads a whole file, within bounds, for the rooms that read files' },
  cli: {
    'node:crypto': pure.crypto,
    'node:fs': 'arguments name files',
    'node:http': 'the live page of watch --web, on this machine only',
    'node:net': 'types of node:http',
    'node:os': 'a temporary folder for verify; whose process a run is, for watch',
    'node:path': pure.path,
    'node:timers/promises': 'watch looks at a run now and then',
    'node:url': 'where the tool itself lies, for the processes and jobs of a sweep',
    'node:tty': 'whether a terminal would be gone after a hang-up',
    'node:v8': 'garbage is collected before training',
    'node:vm': 'as node:v8',
  },
  config: {
    'node:fs/promises': 'reads the config',
    'node:module': 'loads the YAML parser when there is YAML',
    'node:path': pure.path,
    'node:crypto': pure.crypto,
  },
  datasets: {
    'node:fs': 'reads data',
    'node:module': 'finds the mnist package',
    'node:path': pure.path,
    'node:crypto': pure.crypto,
  },
  checkpoint: { 'node:fs': 'reads and writes runs', 'node:os': 'host in the names of temporary files', 'node:path': pure.path, 'node:crypto': pure.crypto },
  formats: { 'node:zlib': pure.zlib },
  'kernels/wasm': { 'node:worker_threads': 'threads that share the work; what they compute does not depend on them' },
  report: { 'node:path': pure.path, 'node:crypto': pure.crypto },
  run: { 'node:os': 'host in execution.json', 'node:path': pure.path },
  sweep: { 'node:child_process': 'the processes of the local pool; Slurm is used through its own commands', 'node:path': pure.path },
};

const nodeRule: Rule = {
  name: 'files are touched in cli, config, datasets and checkpoint only (and read-file.ts and cache.ts, which they share)',
  reason: 'what computes can be tested, moved to a worker, and reproduced; what touches the machine is in few places',
  violations: (files) =>
    files.flatMap(({ path, room, imports }) =>
      imports
        .filter(({ from }) => from.startsWith('node:') && (mayUseNode[room]?.[from] ?? mayUseNode[dirname(path)]?.[from]) === undefined)
        .map(({ from }) => `${path}: imports ${from}, which ${room} has no reason to`),
    ),
};

/** npm packages, by the one room that uses each. */
const packages: Readonly<Record<string, string>> = {
  '@observablehq/plot': 'report',
  'cli-progress': 'cli',
  commander: 'cli',
  'fast-png': 'formats',
  'fastest-levenshtein': 'config',
  fflate: 'formats',
  linkedom: 'report',
  seedrandom: 'random',
  yaml: 'config',
};

const packageRule: Rule = {
  name: 'an npm package is used in one room only',
  reason: 'so that it can be replaced there, and Node’s own modules are told apart by their node: prefix',
  violations: (files) =>
    files.flatMap(({ path, room, imports }) =>
      imports
        .filter(({ from, target }) => target === undefined && !from.startsWith('node:') && !from.startsWith('.') && packages[from] !== room)
        .map(({ from }) => `${path}: imports ${from}`),
    ),
};

/** Members of `process` that a room may use; `*` for any. */
const mayUseProcess: Readonly<Record<string, { members: readonly string[]; reason: string }>> = {
  cli: { members: ['*'], reason: 'the room that knows streams, signals and exit codes' },
  'cache.ts': { members: ['env', 'platform'], reason: 'where cached files lie' },
  checkpoint: { members: ['pid', 'kill'], reason: 'names of temporary files, and whether their writers live' },
  sweep: { members: ['env'], reason: 'variables of the user by which Slurm’s commands would do something else' },
  run: { members: ['cpuUsage', 'platform', 'arch', 'version', 'pid'], reason: 'execution.json says which process, where and how long' },
  'machine-memory.ts': { members: ['constrainedMemory'], reason: 'memory is limited' },
};

const processRule: Rule = {
  name: 'the process is touched where there is a reason',
  reason: 'a library has no exit codes, no streams and no signals of its own',
  violations: (files) =>
    files.flatMap((file) => {
      const allowed = mayUseProcess[file.room]?.members ?? [];
      if (allowed.includes('*')) return [];
      return [...membersUsed(file, 'process')].filter((member) => !allowed.includes(member)).map((member) => `${file.path}: process.${member}`);
    }),
};

const consoleRule: Rule = {
  name: 'nobody uses console',
  reason: 'the training loop reports events, and commands write to the terminal that they are given',
  violations: (files) => files.filter((file) => namesUsed(file).has('console')).map(({ path }) => `${path}: console`),
};

const implementationDefined = [
  'exp', 'log', 'log1p', 'log2', 'log10', 'expm1', 'pow', 'tanh', 'sinh', 'cosh', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'atan2',
  'asinh', 'acosh', 'atanh', 'hypot', 'cbrt', 'random', '*',
];

const numericRule: Rule = {
  name: 'numeric rooms use no function that ECMAScript leaves to the implementation',
  reason: 'DESIGN §4: the same bits on every machine; Math.exp and its kin, ** and Math.hypot differ between engines',
  violations: (files) =>
    files
      .filter(({ room }) => numericRooms.includes(room))
      .flatMap((file) => [
        ...[...membersUsed(file, 'Math')].filter((member) => implementationDefined.includes(member)).map((member) => `${file.path}: Math.${member}`),
        ...[...operatorsUsed(file)].filter((operator) => operator === '**' || operator === '**=').map((operator) => `${file.path}: ${operator}`),
      ]),
};

/** Globals that one file of a numeric room may use, and why no number depends on them. */
const mayUseGlobals: Readonly<Record<string, { names: readonly string[]; reason: string }>> = {
  'kernels/wasm/thread-pool.ts': { names: ['performance', 'setTimeout'], reason: 'how long the main thread waits for its workers without serving signals' },
};

const clockRule: Rule = {
  name: 'numeric rooms know no clock, no locale and no machine',
  reason: 'the parameters are a function of config, data and numerics version only',
  violations: (files) =>
    files
      .filter(({ room }) => numericRooms.includes(room))
      .flatMap((file) =>
        ['Date', 'performance', 'Intl', 'globalThis', 'process', 'setTimeout', 'setImmediate', 'crypto', 'navigator', 'eval', 'Function']
          .filter((name) => namesUsed(file).has(name) && !mayUseGlobals[file.path]?.names.includes(name))
          .map((name) => `${file.path}: ${name}`),
      ),
};

const randomRule: Rule = {
  name: 'nobody calls Math.random',
  reason: 'every random number is addressed by the seed of the config',
  violations: (files) =>
    files
      .filter((file) => {
        const members = membersUsed(file, 'Math');
        return members.has('random') || members.has('*');
      })
      .map(({ path }) => `${path}: Math.random`),
};

const docstringRule: Rule = {
  name: 'every exported function, class and constant has a docstring; every file opens with a comment',
  reason: 'a reader learns shapes, units and errors where the name is',
  violations: (files) =>
    files.flatMap(({ path, text }) => {
      const lines = text.split('\n');
      const found = lines.flatMap((line, index) => {
        const match = /^export (?:default )?(?:abstract )?(?:async )?(function|class|const|let|enum)\b/.exec(line);
        if (match === null) return [];
        // Overloads, directives of tools and decorators may stand between the docstring and the name.
        let above = index - 1;
        while (above >= 0 && /^\s*\/\/ (oxlint-|@ts-ignore)|^@\w+$/.test(lines[above])) above--;
        return lines[above]?.trimEnd().endsWith('*/') ? [] : [`${path}:${index + 1}: ${line.trim()}`];
      });
      if (!text.startsWith('/**')) found.unshift(`${path}: does not open with a comment`);
      return found;
    }),
};

/** All rules. */
export const rules: readonly Rule[] = [
  importRule,
  existingRule,
  assemblyRule,
  cycleRule,
  nodeRule,
  packageRule,
  processRule,
  consoleRule,
  numericRule,
  clockRule,
  randomRule,
  docstringRule,
];
