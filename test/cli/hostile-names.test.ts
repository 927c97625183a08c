/**
 * Hostile names: whatever files, words of the command line and words in configs are called, every error path of
 * `bad-inputs/` writes one message that no terminal obeys and no reader mistakes for another.
 *
 * Each case meets one name in one place (adds about 10 s); with RBM_HOSTILE_NAMES=all every name in every place (minutes).
 */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { lstatSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { caseNames, faultsOf, layOut, readCase, trainRun } from './support/bad-inputs.js';
import { startCliServer, type CliServer } from './support/cli-server.js';
import { temporaryFolder } from './support/run-cli.js';

/** What a name may hold on Linux: everything but NUL and `/`. */
const hostileNames = [
  '\u001b[2J\u001b[31mred',
  '\u001b]52;c;aGk=\u0007clipboard',
  '\u001b]8;;http:\\\\example.com\u001b\\link',
  'two\nrbm-train: lines',
  'back\r\b\b\b\u007fspace',
  '\u009b2Jcontrol',
  'right\u202eto\u2066left',
  'zero\u200bwidth\u2060\ufeff tag\u{e0041}\u{e007f}',
  '👩‍🚀 in space',
  "%s%n %d $(touch pwned) `id` ;'\"",
  'back\\u001b\\slash',
  'long'.repeat(55),
  'rtl \u0627\u0644\u200f mark\u2028\u2029',
];

const temporary = temporaryFolder();
let trainedRun = '';
let servers: CliServer[] = [];
let started = 0;

beforeAll(async () => {
  trainedRun = await trainRun(join(temporary.path, 'trained'));
  servers = [startCliServer(), startCliServer()];
});

afterAll(() => {
  for (const server of servers) server.stop();
  temporary.remove();
});

/** Changes the files of a case, and returns its arguments. */
type Variant = (folder: string, name: string, args: readonly string[]) => string[];

/** Text files of a config in a folder. */
function configFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file !== 'case.json' && ['.json', '.yaml'].includes(extname(file)))
    .map((file) => join(folder, file))
    .filter((file) => lstatSync(file).isFile() && lstatSync(file).size < 100_000);
}

/** Gives every file and folder of the case a hostile name, also where arguments and configs name it. */
const hostileFiles: Variant = (folder, name, args) => {
  const entries = readdirSync(folder).filter((entry) => entry !== 'case.json');
  const renamed = new Map(entries.map((entry) => [entry, name.slice(0, 200) + entry]));
  const otherPath = (path: string): string => path.replace(/[^/]+/g, (part) => renamed.get(part) ?? part);
  for (const file of configFiles(folder)) {
    const text = readFileSync(file, 'latin1');
    const changed = text.replace(/(["'])([^"'\n]*)\1/g, (whole, _quote, word: string) => (otherPath(word) === word ? whole : JSON.stringify(otherPath(word))));
    if (changed !== text) writeFileSync(file, changed);
  }
  for (const [entry, other] of renamed) renameSync(join(folder, entry), join(folder, other));
  return args.map(otherPath);
};

/** Gives every word of the command line that is no option or number a hostile end. */
const hostileWords: Variant = (_, name, args) => args.map((argument) => (/^(-|\d)/.test(argument) ? argument : argument + name));

/** Puts the name into every text and key of the config. */
const hostileConfig: Variant = (folder, name, args) => {
  const escaped = JSON.stringify(name).slice(1, -1);
  for (const file of configFiles(folder)) {
    const text = readFileSync(file, 'latin1');
    writeFileSync(file, text.replace(/(["'])([^"'\n]*)\1/g, (_whole, _quote, word: string) => `"${word}${escaped}"`));
  }
  return [...args];
};

/** Puts the name as it is, controls and all, behind every word of the config. */
const rawConfig: Variant = (folder, name, args) => {
  for (const file of configFiles(folder)) {
    writeFileSync(file, readFileSync(file, 'latin1').replaceAll(/\w+/g, (word) => word + name));
  }
  return [...args];
};

const variants: readonly Variant[] = [hostileFiles, hostileWords, hostileConfig, rawConfig];

/** Cases that fail because of what a file is called. */
const aboutNames = ['arguments-output-holds-the-config', 'arguments-output-holds-the-config-without-force'];

/** Runs a case; says what is wrong with its ending, where anything is. */
async function faultsWith(server: CliServer, caseName: string, hostile: string, variant: Variant): Promise<string[]> {
  const folder = join(temporary.path, String(++started));
  layOut(caseName, folder, trainedRun);
  const { args, exitCode } = readCase(caseName);
  const changed = variant(folder, hostile, args);
  const ending = await server.run(changed, { cwd: folder });
  rmSync(folder, { recursive: true, force: true });
  const { code } = ending;
  // Other names of files change nothing about what is wrong with them.
  const isExpected = variant === hostileFiles && !aboutNames.includes(caseName) ? code === exitCode : code !== null && code >= 0 && code <= 6;
  const faults = [...faultsOf(ending), ...(isExpected ? [] : [`exit code ${code}`])];
  return faults.length === 0 ? [] : [`${caseName}, ${JSON.stringify(changed)}: ${faults.join(', ')}: ${JSON.stringify(ending.stderr)}`];
}

test('no message of any error path obeys a hostile name, breaks its lines or ends otherwise', async () => {
  const everything = process.env.RBM_HOSTILE_NAMES === 'all';
  const rounds = caseNames.flatMap((caseName, index) =>
    hostileNames.flatMap((hostile, nameIndex) =>
      variants.flatMap((variant, variantIndex) => {
        const isChosen = everything || (nameIndex === index % hostileNames.length && variantIndex === index % variants.length);
        return isChosen ? [{ caseName, hostile, variant }] : [];
      }),
    ),
  );
  const faults: string[] = [];
  const lane = async (server: CliServer, share: typeof rounds): Promise<void> => {
    for (const { caseName, hostile, variant } of share) faults.push(...(await faultsWith(server, caseName, hostile, variant)));
  };
  await Promise.all(servers.map((server, index) => lane(server, rounds.filter((_, place) => place % servers.length === index))));
  expect(rounds.length).toBeGreaterThanOrEqual(caseNames.length);
  expect(faults).toEqual([]);
}, 3_600_000);
