/**
 * What a reader must know to compare numbers: machine, versions, command.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

import { defaultBackend } from '../dist/kernels/index.js';
import { isBlasPinned, python } from './contenders.js';

function commit() {
  try {
    const folder = fileURLToPath(new URL('..', import.meta.url));
    const git = (...args) => execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes'}`;
  } catch {
    return 'no git';
  }
}

/** @param {Record<string, any> | undefined} versions from `peerVersions` */
export function describeMachine(versions) {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const missing = versions === undefined ? [] : ['numpy', 'sklearn', 'torch'].filter((name) => versions[name] === null);
  return {
    cpu: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} cores`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${platform()} ${release()} ${arch()}`,
    load: loadavg().map((value) => value.toFixed(2)).join(' '),
    node: `${process.version} (V8 ${process.versions.v8})`,
    'rbm-train': `${version} (${commit()}), backend ${defaultBackend}`,
    peers:
      versions === undefined
        ? `NONE: ${python} doesn't run`
        : ['python', 'numpy', 'scipy', 'sklearn', 'torch']
            .filter((name) => versions[name])
            .map((name) => `${name} ${versions[name]}`)
            .join(', ') + (missing.length > 0 ? `; MISSING: ${missing.join(', ')}` : ''),
    blas:
      ((versions?.blas ?? []).join('; ') || 'unknown') +
      (isBlasPinned(versions) ? `, its own choice; the environment pins ${versions.environmentBlas.join('; ')}` : ''),
    date: new Date().toISOString(),
    command: `npm run bench -- ${process.argv.slice(2).join(' ')}`,
  };
}

/** @param {Record<string, string>} machine */
export function formatMachine(machine) {
  return `${Object.entries(machine).map(([name, value]) => `${name.padEnd(10)}${value}`).join('\n')}\n`;
}
