/**
 * Command lines nobody would write: any options of the tables that `--help` shows, with any values, in any order. They end
 * with 0, 2 or 3 (4 and up where they ask for what gives that), never with an internal error. Adds about 5 s; more of them
 * with RBM_COMMAND_LINES.
 */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultsOf, trainRun } from './support/bad-inputs.js';
import { startCliServer, type CliServer } from './support/cli-server.js';
import { temporaryFolder } from './support/run-cli.js';

const temporary = temporaryFolder();
const folder = join(temporary.path, 'here');
const commands = ['', 'init', 'data', 'evaluate', 'sample', 'transform', 'inspect', 'verify', 'export', 'help'];

/** Nothing here takes long, reads a device or leaves the folder. */
const values = [
  '', '0', '1', '2', '-1', '-0', '+1', '1e5', '0x10', 'NaN', 'Infinity', '1e999', '\u0661', '1.5', ' 1', '1 ', '1_0', '9'.repeat(400), '1000000000000000', 'true', 'null',
  'constructor', '__proto__', 'toString', 'hasOwnProperty', '--', '-', '--json', '-q', '--debug=1', 'run', 'config.json', 'rows.csv', 'nothing', 'new.json', 'out.npy', 'out.png', '.npy',
  '\u001b[2J', 'a\n\u001b]52;c;aGk=\u0007', '\nrbm-train: forged', '\u202eabc', '\u200b', '%s%n', '\\', "'", 'x'.repeat(5000), '=', 'a=', '=b', 'a\u0000b',
  'training.epochs=1e400', '__proto__.x=1', 'constructor.prototype.x=1', 'data.__proto__=1', 'seed=\u001b', 'data={', 'data=[]', 'data.source=constructor', 'training.algorithm=__proto__',
  'training.optimizer=toString', 'model={hiddenUnits: 1, __proto__: 2}', 'exact', 'auto', 'none', 'data', 'train', 'bars-and-stripes', 'file', 'f'.repeat(64),
];
const strangeOptions = ['--constructor', '--__proto__', '--toString', '-z', '-', '---', '--=', '--config=', '-c=', '--\u001b', '--a\n\u001b[2J', '--no-json'];

let server: CliServer;
let good = '';
/** Of each command: its options, and whether they take a value. */
const options = new Map<string, readonly (readonly [name: string, takesValue: boolean])[]>();

beforeAll(async () => {
  good = await trainRun(join(temporary.path, 'trained'));
  server = startCliServer();
  for (const command of commands) {
    const { stdout } = await server.run(command === '' ? ['--help'] : ['help', command], { cwd: temporary.path });
    const found = [...stdout.matchAll(/^ +(?:(-\w), )?(--[a-z-]+)( <)?/gm)];
    options.set(command, found.flatMap(([, short, long, value]) => [short, long].filter((name) => name !== undefined).map((name) => [name, value !== undefined] as const)));
  }
});

afterAll(() => {
  server.stop();
  temporary.remove();
});

test('help shows the options of every command', () => {
  expect(commands.filter((command) => (options.get(command)?.length ?? 0) < (command === 'help' ? 1 : 6))).toEqual([]);
});

test('no command line brings the tool down', async () => {
  const value = fc.constantFrom(...values);
  const optionOf = (command: string) => {
    const known = fc.constantFrom(...(options.get(command) ?? [])).chain(([name, takesValue]) => (takesValue ? value.chain((text) => fc.constantFrom([name, text], [`${name}=${text}`], [name])) : fc.constantFrom([name], [`${name}=1`])));
    return fc.oneof({ arbitrary: known, weight: 8 }, { arbitrary: fc.constantFrom(...strangeOptions).map((name) => [name]), weight: 1 });
  };
  const line = fc.constantFrom(...commands, '', '', 'constructor', '__proto__', 'toString').chain((command) =>
    fc.tuple(
      fc.constant(command === '' ? [] : [command]),
      fc.oneof(fc.constant([] as string[]), fc.constantFrom('run', 'config.json', 'rows.csv').map((word) => [word]), value.map((word) => [word])),
      fc.array(optionOf(commands.includes(command) ? command : ''), { maxLength: 5 }).map((parts) => parts.flat()),
    ),
  );
  await fc.assert(
    fc.asyncProperty(line, async (parts) => {
      const args = parts.flat();
      rmSync(folder, { recursive: true, force: true });
      cpSync(good, join(folder, 'run'), { recursive: true });
      writeFileSync(join(folder, 'config.json'), '{ data: { source: "bars-and-stripes", height: 2, width: 2 }, model: { hiddenUnits: 2 }, training: { algorithm: "cd", updates: 2 }, evaluation: { every: "never" } }');
      writeFileSync(join(folder, 'rows.csv'), 'a,b,c,d\n1,0,1,0\n0,1,1,\n');
      const ending = await server.run(args, { cwd: folder });
      const faults = args.some((word) => word === '--debug') ? faultsOf(ending).filter((fault) => fault !== 'a stack trace') : faultsOf(ending);
      const steers = /[^\P{Cc}\n\t]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(ending.stdout) ? ['stdout steers a terminal'] : [];
      // 1 is for outputs that can't be written, as where a folder or an empty name is asked for.
      expect({ args, faults: [...faults, ...steers], isDocumented: [0, 1, 2, 3, 5, 6].includes(ending.code ?? -1), stderr: ending.stderr }).toEqual({ args, faults: [], isDocumented: true, stderr: ending.stderr });
    }),
    { numRuns: Number(process.env.RBM_COMMAND_LINES ?? 250) },
  );
}, 3_600_000);
