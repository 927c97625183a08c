/** The folder that a command runs in, where it was removed or its name is no text. */

import { afterAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { executable, temporaryFolder } from './support/run-cli.js';
import { shellWord } from '../../src/cli/paths.js';

const temporary = temporaryFolder();

afterAll(() => temporary.remove());

/** What a shell prints, and stderr with it. */
function shell(script: string): string {
  return execFileSync('bash', ['-c', script], { cwd: temporary.path, encoding: 'utf8' });
}

const tool = `${shellWord(process.execPath)} ${shellWord(executable)}`;

test('a command in a folder that was removed says so', () => {
  const output = shell(`mkdir gone && cd gone && rmdir ../gone && ${tool} init x.json 2>&1; echo "code $?"; ${tool} --version`);
  expect(output).toMatch(/^rbm-train: the current folder: can't be found: .*\nChange to another folder\.\ncode 2\n\d+\.\d+\.\d+/);
});

test('a folder whose name is not UTF-8 is not taken for another one', () => {
  const output = shell(`mkdir $'caf\\xe9' && cd $'caf\\xe9' && ${tool} init x.json 2>&1; echo "code $?"`);
  expect(output).toContain('the name of this folder is not UTF-8');
  expect(output).toContain('code 2');
  expect(existsSync(join(temporary.path, 'caf\ufffd'))).toBe(false);
});

test('the shell reads a quoted word back as it was, and no quoted word steers a terminal', () => {
  const words = ['plain-word_1.json', 'two words', "it's", '$(id) `id` "x" \\ \\n', '\u001b[2J', "\n'\\\u202e", '👩‍🚀\u009b', '-rf', '~', '*', '', 'é\u0007123'];
  const quoted = words.map(shellWord);
  expect(shell(`printf '%s\\0' ${quoted.join(' ')}`).split('\0').slice(0, -1)).toEqual(words);
  expect(quoted.filter((word) => /[\p{Cc}\p{Cf}\p{Cs}]/u.test(word))).toEqual([]);
});
