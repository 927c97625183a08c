/**
 * log Z exactly, by enumerating one layer of every component of the model; the other is summed out in closed form.
 *
 * Blocks are fixed by the model and combined in block order (chunk by chunk), so the result has the same bits however the
 * blocks are shared out, and whether or not the work was interrupted. No table of all states is kept. Relative error of Z
 * below 1e-11 (tests, against extended precision).
 */

import {
  canonicalSum,
  logScaled,
  planEnumeration,
  scaledSum,
  type EnumerationView,
  type Kernels,
  type ModelParameters,
} from '../kernels/index.js';
import { enumerateBlocks } from '../model/enumeration-blocks.js';
import { enumerationStructure, loneTerms, partView } from '../model/enumeration-structure.js';
import { enumerationView } from '../model/enumeration-view.js';
import type { Cooperation } from '../model/cooperation.js';
import type { FinishedWork } from './finished-work.js';

const { ceil, min } = Math;

/** Blocks are added up in chunks of this many, so that memory does not grow with the number of states. */
const chunkBlocks = 1024;

/** What a long enumeration reports to, gives way to, and continues from. */
export interface ExactCooperation extends Cooperation {
  readonly finished?: FinishedWork;
}

/** The values that are kept, where they can be those of so many numbers. */
function keptPairs(finished: FinishedWork | undefined, name: string, most: number): Float64Array {
  const kept = finished?.get(name);
  return kept !== undefined && kept.length % 2 === 0 && kept.length <= 2 * most ? kept : new Float64Array(0);
}

/**
 * log Z of one view, in nats.
 *
 * Kept are pairs of mantissa and exponent: under `name chunks` one for every chunk that is done, and under
 * `name blocks` the number of the first block of the chunk under way, 0, and one for each of its blocks that is done.
 */
async function logPartitionFunctionOf(
  kernels: Kernels,
  view: EnumerationView,
  name: string,
  { finished, pause, progress }: ExactCooperation,
): Promise<number> {
  const plan = planEnumeration(view);
  const chunks = ceil(plan.blocks / chunkBlocks);
  const pairs = new Float64Array(2 * chunks);
  const keptChunks = keptPairs(finished, `${name} chunks`, chunks);
  pairs.set(keptChunks);
  const mantissas = new Float64Array(chunkBlocks);
  const exponents = new Float64Array(chunkBlocks);
  for (let chunk = keptChunks.length / 2; chunk < chunks; chunk++) {
    const first = chunk * chunkBlocks;
    const length = min(chunkBlocks, plan.blocks - first);
    const keptBlocks = keptPairs(finished, `${name} blocks`, 1 + length);
    let start = 0;
    if (keptBlocks.length > 0 && keptBlocks[0] === first) {
      start = keptBlocks.length / 2 - 1;
      for (let block = 0; block < start; block++) {
        mantissas[block] = keptBlocks[2 + 2 * block];
        exponents[block] = keptBlocks[3 + 2 * block];
      }
    }
    const blocks = length - start;
    await enumerateBlocks(kernels, plan, first + start, blocks, mantissas.subarray(start), exponents.subarray(start), (done) => {
      if (finished !== undefined) {
        const values = new Float64Array(2 * (1 + start + done));
        values[0] = first;
        for (let block = 0; block < start + done; block++) {
          values[2 + 2 * block] = mantissas[block];
          values[3 + 2 * block] = exponents[block];
        }
        finished.set(`${name} blocks`, values);
      }
      progress?.((first + start + done) / plan.blocks);
      return pause?.();
    });
    const total = scaledSum(mantissas, exponents, length);
    pairs[2 * chunk] = total.mantissa;
    pairs[2 * chunk + 1] = total.exponent;
    finished?.set(`${name} chunks`, pairs.subarray(0, 2 * (chunk + 1)));
  }
  const totals = { mantissas: new Float64Array(chunks), exponents: new Float64Array(chunks) };
  for (let chunk = 0; chunk < chunks; chunk++) {
    totals.mantissas[chunk] = pairs[2 * chunk];
    totals.exponents[chunk] = pairs[2 * chunk + 1];
  }
  return logScaled(scaledSum(totals.mantissas, totals.exponents, chunks));
}

/**
 * log Z in nats, giving way now and then; what structure the model has is used (see model/enumeration-structure.ts).
 *
 * @param cooperation progress is the share of states × units; `finished` receives what is done and is continued from
 * @param structure of these parameters, where the caller has it already
 * @returns log Z; not finite where the parameters are so large that a log-probability overflows
 * @throws whatever `cooperation.pause` throws
 */
export async function exactLogPartitionFunction(
  kernels: Kernels,
  parameters: ModelParameters,
  cooperation: ExactCooperation = {},
  structure = enumerationStructure(parameters),
): Promise<number> {
  const { parts, stateUnits } = structure;
  const lone = loneTerms(parameters, structure);
  const terms = new Float64Array(parts.length + lone.length);
  terms.set(lone, parts.length);
  let done = 0;
  for (const [index, part] of parts.entries()) {
    const before = done;
    terms[index] = await logPartitionFunctionOf(kernels, partView(parameters, part), `part ${index}`, {
      ...cooperation,
      progress: (share) => cooperation.progress?.((before + share * part.stateUnits) / stateUnits),
    });
    done += part.stateUnits;
  }
  cooperation.progress?.(1);
  return canonicalSum(terms);
}

/**
 * log Z in nats by plain enumeration of the smaller layer, whatever structure the model has: the exact gradient's, whose
 * bits are part of what the numerics version promises.
 */
export function plainLogPartitionFunction(kernels: Kernels, parameters: ModelParameters): Promise<number> {
  return logPartitionFunctionOf(kernels, enumerationView(parameters), 'all', {});
}
