/**
 * Who competes: rbm-train's backends, scikit-learn and PyTorch. A contender is a command that answers the line protocol
 * and the settings that it gets beside the case.
 */

import { fileURLToPath } from 'node:url';

import { Child, runOnce } from './child.js';
import { hasBackend } from './children/library.js';

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
 * OpenBLAS chooses its kernels by the CPU. A shell may pin it to slower ones (measured: OPENBLAS_CORETYPE=Haswell on a
 * CPU with AVX-512 costs a PyTorch update 1.6 times as much), so the peers don't inherit that: they get what OpenBLAS
 * itself finds best, or what RBM_BENCH_OPENBLAS_CORETYPE names.
 */
const blasEnvironment = {
  OPENBLAS_CORETYPE: process.env.RBM_BENCH_OPENBLAS_CORETYPE,
  OPENBLAS_L2_SIZE: undefined,
};

/** Environment of Python peers; thread counts must stand before their libraries start. */
export function peerEnvironment(threads) {
  const count = String(threads);
  return {
    OMP_NUM_THREADS: count,
    OPENBLAS_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
    PYTHONDONTWRITEBYTECODE: '1',
    ...blasEnvironment,
  };
}

/**
 * Versions of the peers' packages; null for what is missing, undefined where there is no Python at all.
 *
 * @returns {Promise<Record<string, any> | undefined>}
 */
export async function peerVersions() {
  try {
    return JSON.parse(await runOnce(python, [pathOf('peers/versions.py')], peerEnvironment(1)));
  } catch {
    return undefined;
  }
}

/** @param {string} file in children/ @returns {Contender} */
function ours(id, file, backend, threads) {
  const hasThreads = backend !== 'reference';
  return {
    id,
    command: process.execPath,
    args: [pathOf(`children/${file}`)],
    environment: {},
    settings: { backend, ...(hasThreads && { threads }) },
    supports: () => true,
  };
}

/** @param {string} file in peers/ @returns {Contender} */
function peer(id, file, threads, settings, supports = () => true) {
  return {
    id,
    command: python,
    args: [pathOf(`peers/${file}`)],
    environment: peerEnvironment(threads),
    settings: { threads, ...settings },
    supports,
  };
}

/** The backend that a user gets: wasm where there is one. */
export const mainBackend = hasBackend('wasm') ? 'wasm' : 'reference';

/**
 * rbm-train's main backend with a number of threads.
 *
 * @param {'train.js' | 'log-z.js'} file
 * @param {number | undefined} threads the library's own choice where undefined
 */
export function oursWithThreads(file, threads) {
  return ours(`${mainBackend}, ${threads ?? 'default'} thr.`, file, mainBackend, threads);
}

/** Ours first, then the reference backend where it is another. */
function ownContenders(file, threads) {
  const backends = mainBackend === 'reference' ? ['reference'] : [mainBackend, 'reference'];
  return backends.map((backend) => ours(backend, file, backend, threads));
}

/**
 * Contenders in training; the first is the one that all others are compared with.
 *
 * @param {number} threads of ours (not of the reference backend, which has one) and of the peers
 * @param {Record<string, any> | undefined} versions from `peerVersions`
 * @returns {Contender[]}
 */
export function trainingContenders(threads, versions) {
  const contenders = ownContenders('train.js', threads);
  const dtypes = ['float64', 'float32'];
  if (versions?.sklearn) {
    const supports = ({ algorithm, k, chains, batch }) => algorithm === 'sml' && k === 1 && chains === batch;
    for (const dtype of dtypes) contenders.push(peer(`sklearn ${dtype}`, 'sklearn_rbm.py', threads, { dtype }, supports));
  }
  if (versions?.torch) {
    for (const dtype of dtypes) contenders.push(peer(`torch ${dtype}`, 'torch_rbm.py', threads, { dtype }));
  }
  return contenders;
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
