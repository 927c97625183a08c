/**
 * Who competes: rbm-train's backends, scikit-learn and PyTorch. A contender is a command that answers the line protocol
 * and the settings that it gets beside the case.
 */

import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import { Child, runOnce } from './child.js';
import { defaultBackend } from '../dist/kernels/index.js';

/**
 * @typedef {object} Contender
 * @property {string} id column heading
 * @property {string} command
 * @property {string[]} args
 * @property {Record<string, string | undefined>} environment
 * @property {object} settings sent with the case
 * @property {(settings: object) => boolean} supports
 */

/** Debian's Python: another one without the packages may come first on PATH. */
export const python = process.env.RBM_BENCH_PYTHON ?? '/usr/bin/python3';

const pathOf = (file) => fileURLToPath(new URL(file, import.meta.url));

/**
 * How OpenBLAS comes to its kernels. A shell may pin it to slower ones than it finds best itself for the CPU (measured:
 * OPENBLAS_CORETYPE=Haswell on a CPU with AVX-512 costs a PyTorch update 1.6 times as much), so the peers don't inherit
 * that, but for the one comparison that shows both.
 *
 * @typedef {'own choice' | 'environment'} BlasSetting
 * @type {Record<BlasSetting, Record<string, string | undefined>>}
 */
const blasEnvironments = {
  'own choice': { OPENBLAS_CORETYPE: undefined, OPENBLAS_L2_SIZE: undefined },
  environment: {},
};

/**
 * Environment of Python peers; thread counts must stand before their libraries start.
 *
 * @param {number} threads
 * @param {BlasSetting} blas
 */
function peerEnvironment(threads, blas) {
  const count = String(threads);
  return {
    OMP_NUM_THREADS: count,
    OPENBLAS_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
    PYTHONDONTWRITEBYTECODE: '1',
    ...blasEnvironments[blas],
  };
}

/**
 * Versions of the peers' packages; null for what is missing, undefined where there is no Python at all. `blas` and
 * `environmentBlas` are OpenBLAS with its kernels under both settings.
 *
 * @returns {Promise<Record<string, any> | undefined>}
 */
export async function peerVersions() {
  const ask = async (blas) => JSON.parse(await runOnce(python, [pathOf('peers/versions.py')], peerEnvironment(1, blas)));
  try {
    return { ...(await ask('own choice')), environmentBlas: (await ask('environment')).blas };
  } catch {
    return undefined;
  }
}

/** Whether the shell pins OpenBLAS to other kernels than the peers get. */
export function isBlasPinned(versions) {
  return JSON.stringify(versions?.blas) !== JSON.stringify(versions?.environmentBlas);
}

/** Thread counts that this machine has cores for. */
export const threadCounts = [1, 2, 4].filter((count) => count <= availableParallelism());

/** @param {string} file in children/ @returns {Contender} */
function ours(id, file, backend, threads) {
  return {
    id,
    command: process.execPath,
    args: [pathOf(`children/${file}`)],
    environment: {},
    settings: { backend, threads },
    supports: () => true,
  };
}

/** @param {string} file in peers/ @returns {Contender} */
function peer(id, file, threads, settings, { supports = () => true, blas = 'own choice' } = {}) {
  return {
    id,
    command: python,
    args: [pathOf(`peers/${file}`)],
    environment: peerEnvironment(threads, blas),
    settings: { threads, ...settings },
    supports,
  };
}

/**
 * rbm-train's default backend with a number of threads.
 *
 * @param {'train.js' | 'log-z.js'} file
 * @param {number | undefined} threads what `execution.threads: auto` gives where undefined
 */
export function oursWithThreads(file, threads) {
  return ours(`${defaultBackend}, ${threads ?? 'default'} thr.`, file, defaultBackend, threads);
}

/**
 * rbm-train's default backend, training with keys and units of its own.
 *
 * @param {string} id
 * @param {object} training keys of the `training` section
 * @param {{visible?: string, hidden?: string, variance?: string}} [units]
 */
export function oursTraining(id, training, units) {
  const contender = ours(id, 'train.js', defaultBackend, 1);
  return { ...contender, settings: { ...contender.settings, training, units } };
}

/** Ours first, then the reference backend. */
function ownContenders(file, threads) {
  return [defaultBackend, 'reference'].map((backend) => ours(backend, file, backend, threads));
}

/**
 * Peers in training.
 *
 * @param {number} threads
 * @param {Record<string, any> | undefined} versions from `peerVersions`
 * @param {BlasSetting} [blas] with `environment`, their names say so
 * @returns {Contender[]}
 */
export function trainingPeers(threads, versions, blas = 'own choice') {
  const name = (library, dtype) => `${library} ${dtype}${blas === 'environment' ? ' (environment)' : ''}`;
  const dtypes = ['float64', 'float32'];
  const peers = [];
  if (versions?.sklearn) {
    const supports = ({ algorithm, k, chains, batch }) => algorithm === 'sml' && k === 1 && chains === batch;
    peers.push(...dtypes.map((dtype) => peer(name('sklearn', dtype), 'sklearn_rbm.py', threads, { dtype }, { supports, blas })));
  }
  if (versions?.torch) {
    peers.push(...dtypes.map((dtype) => peer(name('torch', dtype), 'torch_rbm.py', threads, { dtype }, { blas })));
  }
  return peers;
}

/**
 * Contenders in training; the first is the one that all others are compared with.
 *
 * @param {number} threads of ours (not of the reference backend, which has one) and of the peers
 * @param {Record<string, any> | undefined} versions from `peerVersions`
 * @returns {Contender[]}
 */
export function trainingContenders(threads, versions) {
  return [...ownContenders('train.js', threads), ...trainingPeers(threads, versions)];
}

/**
 * Contenders in exact log Z, one thread each; the first is the one that all others are compared with.
 *
 * @param {Record<string, any> | undefined} versions
 * @returns {Contender[]}
 */
export function logZContenders(versions) {
  const contenders = ownContenders('log-z.js', 1);
  if (versions?.numpy) {
    for (const form of ['plain', 'tuned']) contenders.push(peer(`numpy ${form}`, 'numpy_log_z.py', 1, { form }));
  }
  return contenders;
}

/**
 * Contenders in annealed importance sampling, one thread each; the first is the one that all others are compared with.
 *
 * @param {Record<string, any> | undefined} versions
 * @returns {Contender[]}
 */
export function aisContenders(versions) {
  const contenders = ownContenders('ais.js', 1);
  if (versions?.numpy) contenders.push(peer('numpy', 'numpy_ais.py', 1, {}));
  return contenders;
}

/**
 * Starts a contender with a case.
 *
 * @param {Contender} contender
 * @param {object} settings the case
 * @returns {Promise<{child: Child, about: any}>}
 */
export async function startContender(contender, settings) {
  const child = new Child(contender.command, contender.args, contender.environment);
  try {
    return { child, about: await child.request({ op: 'setup', case: { ...settings, ...contender.settings } }) };
  } catch (error) {
    await child.close();
    throw error;
  }
}
