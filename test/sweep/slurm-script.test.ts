/**
 * Batch scripts: the last line as bash reads it, the `#SBATCH` lines as sbatch does, and arrays in pieces. The oracles are
 * bash itself, and sbatch's reader written down again from its sources.
 */

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { arrayScript, checkSettings, gatherScript, jobName, piecesOf, timeLimitSeconds, type ArraySettings } from '../../src/sweep/slurm-script.js';
import { temporaryFolder } from '../cli/support/run-cli.js';

const folder = temporaryFolder();
afterAll(folder.remove);

const settings: ArraySettings = { directory: '/home/x/sweep', program: ['/usr/bin/node', '/opt/rbm-train.js'], sbatchArguments: [], chunk: 1, warn: 120, maxRequeues: 1000 };

/** Words of a `#SBATCH` line: quotes, a backslash before any character but a space outside of quotes, comments. */
function sbatchWords(line: string): string[] {
  const words: string[] = [];
  let at = '#SBATCH'.length;
  while (at < line.length) {
    while (line[at] === ' ') at++;
    let [word, quote] = ['', ''];
    for (; at < line.length && (quote !== '' || line[at] !== ' '); at++) {
      const character = line[at];
      if (character === '\\') word += line[++at];
      else if (character === quote) quote = '';
      else if (quote === '' && (character === '"' || character === "'")) quote = character;
      else if (character === '#') at = line.length;
      else word += character;
    }
    if (quote !== '') throw new Error(`unmatched ${quote} in ${line}`);
    if (word !== '') words.push(word);
  }
  return words;
}

/** All options that sbatch finds in a script. */
const optionsOf = (script: string): string[] => script.split('\n').flatMap((line) => (line.startsWith('#SBATCH') ? sbatchWords(line) : []));

test('a whole script', () => {
  const script = arrayScript(
    { ...settings, time: '1-02:00:00', partition: 'long', account: 'us', sbatchArguments: ['--mem=4G', '--comment="a b"'], chunk: 4, maxParallel: 10, warn: 60, maxRequeues: 5, threads: 2 },
    { offset: 1001, elements: [0, 1, 2, 7] },
  );
  expect(script).toBe(`#!/bin/bash
#SBATCH --job-name=sweep-sweep
#SBATCH --array=0-2,7%10
#SBATCH --signal=B:USR2@60
#SBATCH --cpus-per-task=2
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=/home/x/sweep/slurm/logs/%A_%a.log
#SBATCH --time=1-02:00:00
#SBATCH --partition=long
#SBATCH --account=us
#SBATCH --mem=4G
#SBATCH --comment="a b"
exec '/usr/bin/node' '/opt/rbm-train.js' sweep task '/home/x/sweep' --chunk 4 --offset 1001 --max-requeues 5 --threads 2
`);
  expect(optionsOf(script)).toContain('--comment=a b');
});

test('the script that gathers asks for no signal, and is no array', () => {
  const script = gatherScript({ ...settings, partition: 'long' });
  expect(script).toContain(`exec '/usr/bin/node' '/opt/rbm-train.js' sweep gather '/home/x/sweep'\n`);
  expect(optionsOf(script)).toEqual(['--job-name=sweep-sweep', '--requeue', '--open-mode=append', '--output=/home/x/sweep/slurm/logs/gather-%j.log', '--partition=long']);
});

/** Names with everything that shells, sbatch and its file names give a meaning to. */
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...' \'"%#$`!*?;&|<>(){}[]~=,:', '%A', '%a', '--', '$(x)', 'é', '⌘'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 })), { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join('').replaceAll(/[\p{Cc}/\\]/gu, '_'))
  .filter((name) => name !== '.' && name !== '..' && name.length <= 60);

test('bash starts the program with the very words, whatever the paths are called', () => {
  let count = 0;
  fc.assert(
    fc.property(hostile, hostile, (programName, directoryName) => {
      const base = join(folder.path, `case-${count++}`);
      mkdirSync(base);
      const fake = join(base, programName);
      writeFileSync(fake, `#!/bin/bash\nprintf '%s\\0' "$@"\n`);
      chmodSync(fake, 0o755);
      const script = arrayScript({ ...settings, directory: join('/', directoryName), program: [fake, `/bin ${programName}`] }, { offset: 3, elements: [0] });
      const path = join(base, 'task.sbatch');
      writeFileSync(path, script);
      expect(spawnSync('bash', ['-n', path], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
      const { stdout } = spawnSync('bash', [path], { encoding: 'utf8' });
      expect(stdout.split('\0').slice(0, -1)).toEqual([`/bin ${programName}`, 'sweep', 'task', join('/', directoryName), '--chunk', '1', '--offset', '3', '--max-requeues', '1000', '--threads', '1']);
    }),
    { numRuns: 40, seed: 1 },
  );
});

test('sbatch finds the log where it is, whatever the directory is called', () => {
  fc.assert(
    fc.property(hostile, (name) => {
      const output = optionsOf(arrayScript({ ...settings, directory: `/a/${name}` }, { offset: 0, elements: [0] })).filter((option) => option.startsWith('--output='));
      expect(output).toHaveLength(1);
      const filled = output[0].slice('--output='.length).replaceAll(/%[%Aa]/g, (pattern) => ({ '%%': '%', '%A': '17', '%a': '4' })[pattern] ?? '');
      expect(filled).toBe(`/a/${name}/slurm/logs/17_4.log`);
    }),
    { numRuns: 300, seed: 2 },
  );
});

test('job names have no character that a display of the queue has not', () => {
  expect(jobName('/a/b c%é')).toBe('sweep-b_c__');
  expect(jobName(`/a/${'x'.repeat(200)}`)).toHaveLength(60);
});

test.each<[string, Partial<ArraySettings>, string]>([
  ['a line break in the directory', { directory: '/a\nb' }, 'line break'],
  ['one in the path of the tool', { program: ['/usr/bin/node', '/a\rb'] }, 'line break'],
  ['a backslash in the directory', { directory: '/a\\b' }, 'backslash'],
  ['a line break in an option', { time: '1\n#SBATCH --wrap=x' }, '--time'],
  ['one in an argument', { sbatchArguments: ['--a\nrm'] }, '--sbatch-arg'],
  ['an argument without dashes', { sbatchArguments: ['mem=4G'] }, 'no option of sbatch'],
  ['an array of one’s own', { sbatchArguments: ['--array=1-3'] }, 'what is missing'],
  ['a name of one’s own', { sbatchArguments: ['-Jx'] }, 'known by their name'],
  ['an array of one’s own, in short', { sbatchArguments: ['-a1'] }, 'what is missing'],
  ['one behind another option', { sbatchArguments: ['--mem=4G --array=1-3'] }, 'what is missing'],
  ['one that is cut short', { sbatchArguments: ['--ar=1-3'] }, 'what is missing'],
  ['one in a word with others', { sbatchArguments: ['-HQa1'] }, 'what is missing'],
  ['to wait for each job', { sbatchArguments: ['-N1', '--wait'] }, 'before the next is submitted'],
  ['to wait, in short', { sbatchArguments: ['-W'] }, 'before the next is submitted'],
  ['another cluster', { sbatchArguments: ['-M east'] }, 'another cluster'],
])('refuses %s', (_what, wrong, message) => {
  let error: unknown;
  try {
    checkSettings({ ...settings, ...wrong });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ name: 'RbmError', code: 'usage', message: expect.stringContaining(message) });
});

test('accounts and the like are no arrays', () => {
  expect(() => checkSettings({ ...settings, sbatchArguments: ['--account=us', '-A us', '--mem=1G', '--comment="no -a here, \\" -W"', "--comment='-J'", '--wait-all-nodes=1', '--wckey=x', '-pWJ'] })).not.toThrow();
});

test('time limits, in all the ways that sbatch has for them', () => {
  const limits = ['1', '1:30', '1:00:00', '2-3', '2-3:04', '2-3:04:05', '90', '00:02:30', '0', 'UNLIMITED', '1:2:3:4', '1-', 'x', ''];
  expect(limits.map(timeLimitSeconds)).toEqual([60, 90, 3600, 183_600, 183_840, 183_845, 5400, 150, ...Array.from({ length: 6 }, () => undefined)]);
});

const chunkSets = fc.uniqueArray(fc.integer({ min: 0, max: 30_000 }), { maxLength: 3000 }).map((chunks) => chunks.toSorted((first, second) => first - second));

test('pieces have every chunk once, in numbers that the cluster takes and lists that sbatch reads', () => {
  fc.assert(
    fc.property(chunkSets, fc.integer({ min: 1, max: 12_000 }), (chunks, size) => {
      const pieces = piecesOf(chunks, size);
      expect(pieces.flatMap(({ offset, elements }) => elements.map((element) => element + offset))).toEqual(chunks);
      for (const piece of pieces) {
        expect(Math.max(...piece.elements)).toBeLessThan(size);
        expect(Math.min(...piece.elements)).toBeGreaterThanOrEqual(0);
        const list = /--array=(\S+)/.exec(arrayScript(settings, piece))?.[1] ?? '';
        expect(list.length).toBeLessThanOrEqual(4000);
      }
    }),
    { numRuns: 60, seed: 3 },
  );
});

test('there are no more pieces than needed where the list is short', () => {
  const all = Array.from({ length: 2500 }, (_, index) => index);
  expect(piecesOf(all, 1001).map(({ offset, elements }) => [offset, elements[0], elements.at(-1)])).toEqual([
    [0, 0, 1000],
    [1001, 0, 1000],
    [2002, 0, 497],
  ]);
  expect(piecesOf(all, 100_000)).toHaveLength(1);
  expect(piecesOf([], 1001)).toEqual([]);
});
