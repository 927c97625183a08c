import { spawn, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL, fileURLToPath } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { collectTemporaryFiles, processSpace, removeFile, writeFileAtomically } from '../../src/checkpoint/atomic-write.js';
import { temporaryFolder } from './sample.js';

const root = temporaryFolder();
let count = 0;

const hasProc = existsSync('/proc/self/stat');

/** When a process started, as its temporary files say it; known on Linux only. */
function startOf(processId: number | undefined): string {
  return hasProc ? readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ')[1].split(' ')[19] : '';
}

/** A new folder. */
function newFolder(): string {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  return folder;
}

/** Names below a folder, with the text of each file. */
function contentsOf(folder: string): string[][] {
  const names = readdirSync(folder, { recursive: true }).map(String).toSorted();
  return names.map((name) => (statSync(join(folder, name)).isFile() ? [name, readFileSync(join(folder, name), 'utf8')] : [name]));
}

function errorOf(action: () => void): { name: string; code: string; message: string; hint: string } {
  try {
    action();
  } catch (error) {
    return error as { name: string; code: string; message: string; hint: string };
  }
  throw new Error('it succeeded');
}

describe('writing', () => {
  test('texts as UTF-8, bytes as they are, into folders that are made for them', () => {
    const folder = newFolder();
    writeFileAtomically(join(folder, 'a', 'b', 'text'), 'é\n');
    writeFileAtomically(join(folder, 'bytes'), Uint8Array.of(0, 255, 10));
    expect([...readFileSync(join(folder, 'a', 'b', 'text'))]).toEqual([0xc3, 0xa9, 10]);
    expect([...readFileSync(join(folder, 'bytes'))]).toEqual([0, 255, 10]);
  });

  test('replaces the whole content, also by a shorter one, and leaves nothing else behind', () => {
    const folder = newFolder();
    const file = join(folder, 'file');
    for (const content of ['a long content', 'short', '']) {
      writeFileAtomically(file, content);
      expect(readFileSync(file, 'utf8')).toBe(content);
      expect(readdirSync(folder)).toEqual(['file']);
    }
  });

  test('puts a new file in the old one’s place, so that who has the old one open reads it to its end', () => {
    const folder = newFolder();
    const file = join(folder, 'file');
    writeFileAtomically(file, 'old');
    const before = statSync(file).ino;
    // A second name keeps the old file, and so its number, alive.
    spawnSync('ln', [file, join(folder, 'kept')]);
    writeFileAtomically(file, 'new');
    expect(statSync(file).ino).not.toBe(before);
    expect(readFileSync(join(folder, 'kept'), 'utf8')).toBe('old');
  });

  test('only the part of a larger buffer that was given', () => {
    const file = join(newFolder(), 'file');
    writeFileAtomically(file, Uint8Array.of(1, 2, 3, 4).subarray(1, 3));
    expect([...readFileSync(file)]).toEqual([2, 3]);
  });

  test('pieces one after the other, bytes and texts, also where each one reuses the memory of the one before', () => {
    const file = join(newFolder(), 'file');
    writeFileAtomically(file, (function* () {
      const memory = new Uint8Array(3);
      for (let index = 0; index < 4; index++) yield memory.fill(index).subarray(index % 2);
      yield 'é';
      yield new Uint8Array(0);
      yield '\n';
    })());
    expect([...readFileSync(file)]).toEqual([0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 0xc3, 0xa9, 10]);
  });
});

describe('failing', () => {
  // Permissions stop nobody who runs the tests as root; these obstacles stop everyone.
  test.each<[string, (folder: string) => string, RegExp]>([
    ['a folder of that name is in the way', (folder) => {
      mkdirSync(join(folder, 'file', 'inside'), { recursive: true });
      return join(folder, 'file');
    }, /can't be written: .*folder/],
    ['a file stands where a folder is needed', (folder) => {
      writeFileSync(join(folder, 'file'), 'kept');
      return join(folder, 'file', 'below');
    }, /can't be made a folder: .*file/],
    ['the name is too long', (folder) => join(folder, 'x'.repeat(300)), /can't be written: .*too long/],
  ])('%s: one message, nothing changed, no temporary file', (_, prepare, message) => {
    const folder = newFolder();
    const path = prepare(folder);
    const before = contentsOf(folder);
    const error = errorOf(() => writeFileAtomically(path, 'new'));
    expect(error).toMatchObject({ name: 'RbmError', code: 'runtime', message: expect.stringMatching(message) });
    expect(error.message).not.toContain('.tmp');
    // The file itself, or the folder that is in the way.
    expect(path.startsWith(error.message.split(': ')[0].slice(0, 150))).toBe(true);
    expect(error.hint).toMatch(/\.$/);
    expect(contentsOf(folder)).toEqual(before);
  });

  const fullDevice = hasProc && existsSync('/dev/full') ? ['/dev/full'] : [];
  test.each(fullDevice)('no space on the device: the old content stays (%s)', (device) => {
    // A temporary file that is a link to the full device stands for a full disk.
    const folder = newFolder();
    const file = join(folder, 'file');
    writeFileAtomically(file, 'old');
    const temporary = `.file.${processSpace}.${process.pid}.${startOf(process.pid)}.tmp`;
    symlinkSync(device, join(folder, temporary));
    const error = errorOf(() => writeFileAtomically(file, 'new'));
    expect(error).toMatchObject({ name: 'RbmError', code: 'runtime', message: expect.stringMatching(/no space/) });
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('pieces that fail midway: the old content stays', () => {
    const folder = newFolder();
    const file = join(folder, 'file');
    writeFileAtomically(file, 'old');
    const pieces = function* (): Generator<Uint8Array> {
      yield Uint8Array.of(1, 2, 3);
      throw new Error('no more pieces');
    };
    expect(errorOf(() => writeFileAtomically(file, pieces())).message).toContain('no more pieces');
    expect(contentsOf(folder)).toEqual([['file', 'old']]);
  });

  test('a device is not replaced by a file; a link stays a link, and its file gets the content', () => {
    const folder = newFolder();
    expect(errorOf(() => writeFileAtomically('/dev/null', 'new'))).toMatchObject({ code: 'runtime', message: expect.stringMatching(/not a regular file/) });
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    writeFileSync(join(folder, 'file'), 'old');
    symlinkSync('file', join(folder, 'link'));
    writeFileAtomically(join(folder, 'link'), 'new');
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('new');
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
    symlinkSync('later', join(folder, 'early'));
    writeFileAtomically(join(folder, 'early'), 'new');
    expect(readFileSync(join(folder, 'later'), 'utf8')).toBe('new');
    expect(lstatSync(join(folder, 'early')).isSymbolicLink()).toBe(true);
  });

  test('removing a file that is gone already is as good; a folder is not removed', () => {
    const folder = newFolder();
    const file = join(folder, 'file');
    writeFileSync(file, '');
    removeFile(file);
    removeFile(file);
    expect(existsSync(file)).toBe(false);
    expect(errorOf(() => removeFile(folder))).toMatchObject({ name: 'RbmError', code: 'runtime' });
    expect(existsSync(folder)).toBe(true);
  });
});

/** The built file, for processes of their own. */
const built = fileURLToPath(new URL('../../dist/checkpoint/atomic-write.js', import.meta.url));

/** Runs a script that has `writeFileAtomically` in a process of its own. */
function script(body: string): string[] {
  return ['--input-type=module', '-e', `import { writeFileAtomically } from ${JSON.stringify(pathToFileURL(built).href)};\n${body}`];
}

/** Runs to its end; its exit code or signal. */
async function ended(child: ReturnType<typeof spawn>): Promise<number | string | null> {
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
}

describe('temporary files of others', () => {
  const host = processSpace;

  /** The id of a process that has just ended. */
  function deadProcess(): number {
    return spawnSync(process.execPath, ['-e', '']).pid;
  }

  test('of a dead process of this host are collected, of living ones and of other hosts kept', async () => {
    const folder = newFolder();
    const dead = deadProcess();
    const living = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      const kept = [
        `.checkpoint.${host}.${living.pid}.${startOf(living.pid)}.tmp`,
        `.checkpoint.another-host.${dead}.123.tmp`,
        // Not of our making.
        'update-0000000000001.safetensors',
        `checkpoint.${host}.${dead}.1.tmp`,
        `.checkpoint.${host}.${dead}.1.tmp.old`,
        '.notes.tmp',
      ];
      const collected = [
        `.checkpoint.${host}.${dead}.1.tmp`,
        `.a.name.with.dots.${host}.${dead}.77.tmp`,
        // The same process id, but a process that started at another time.
        ...(hasProc ? [`.checkpoint.${host}.${living.pid}.1.tmp`] : []),
      ];
      for (const name of [...kept, ...collected]) writeFileSync(join(folder, name), '');
      collectTemporaryFiles(folder);
      expect(readdirSync(folder).toSorted()).toEqual(kept.toSorted());
    } finally {
      living.kill('SIGKILL');
      await ended(living);
    }
  });

  test('are collected by whoever writes into the folder', () => {
    const folder = newFolder();
    writeFileSync(join(folder, `.model.npz.${host}.${deadProcess()}.1.tmp`), '');
    writeFileAtomically(join(folder, 'other.npz'), '');
    expect(readdirSync(folder)).toEqual(['other.npz']);
  });

  test('that can not be removed are in nobody’s way', () => {
    const folder = newFolder();
    mkdirSync(join(folder, `.model.npz.${host}.${deadProcess()}.1.tmp`));
    writeFileAtomically(join(folder, 'other.npz'), 'new');
    expect(readFileSync(join(folder, 'other.npz'), 'utf8')).toBe('new');
  });

  test('our own are never collected', () => {
    const folder = newFolder();
    const name = `.checkpoint.${host}.${process.pid}.1.tmp`;
    writeFileSync(join(folder, name), '');
    collectTemporaryFiles(folder);
    expect(readdirSync(folder)).toEqual([name]);
  });

  test('a folder that is not there is no failure', () => {
    expect(() => collectTemporaryFiles(join(root, 'missing'))).not.toThrow();
  });

  test('a writer killed before its rename leaves the old content, and a file that is collected', async () => {
    const folder = newFolder();
    const file = join(folder, 'file');
    writeFileAtomically(file, 'old');
    // The content is asked for its length between open and rename: the process ends there, as if it was killed.
    const body = `
const content = new Uint8Array(100);
Object.defineProperty(content, 'length', { get() { process.kill(process.pid, 'SIGKILL'); for (;;); } });
writeFileAtomically(${JSON.stringify(file)}, content);`;
    expect(await ended(spawn(process.execPath, script(body)))).toBe('SIGKILL');
    expect(readFileSync(file, 'utf8')).toBe('old');
    const names = readdirSync(folder);
    expect(names).toHaveLength(2);
    expect(names.filter((name) => name.endsWith('.tmp'))).toHaveLength(1);
    collectTemporaryFiles(folder);
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

test('twin writers: whoever reads sees one whole content, and nothing is left behind', async () => {
  const folder = newFolder();
  const file = join(folder, 'file');
  const length = 50_000;
  const body = (letter: string): string => `
for (let index = 0; index < 40; index++) writeFileAtomically(${JSON.stringify(file)}, '${letter}'.repeat(${length}));`;
  writeFileAtomically(file, 'a'.repeat(length));
  const twins = [spawn(process.execPath, script(body('a'))), spawn(process.execPath, script(body('b')))];
  const seen = new Set<string>();
  const watch = setInterval(() => {
    const text = readFileSync(file, 'utf8');
    seen.add(`${text.length} ${text === text[0].repeat(text.length)}`);
  }, 1);
  const ends = await Promise.all(twins.map(async (twin) => ended(twin)));
  clearInterval(watch);
  expect(ends).toEqual([0, 0]);
  expect([...seen]).toEqual([`${length} true`]);
  expect(readdirSync(folder)).toEqual(['file']);
});
