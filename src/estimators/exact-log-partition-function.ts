/**
 * log Z exactly, by enumerating one layer of every component of the model; the other is summed out in closed form.
 *
 * Blocks are fixed by the model and combined in block order (chunk by chunk), so the result has the same bits however the
 * blocks are shared out, among threads or among processes, and whether or not the work was interrupted. No table of all
 * states is kept. Relative error of Z below 1e-11 (tests, against extended precision).
 */

import {
  canonicalSum,
  logScaled,
  planEnumeration,
  scaledSum,
  type EnumerationPlan,
  type Kernels,
  type ModelParameters,
} from '../kernels/index.js';
import { enumerateBlocks } from '../model/enumeration-blocks.js';
import { enumerationStructure, loneTerms, partView } from '../model/enumeration-structure.js';
import { enumerationView } from '../model/enumeration-view.js';
import type { ContinuedCooperation, FinishedWork } from './finished-work.js';
import { checkRange, checkRanges, estimateWhole, type ComputedRange, type ShardedEstimation, type UnitRange } from './sharded-estimation.js';

const { ceil, floor, max, min } = Math;

/** Blocks are added up in chunks of this many, so that memory does not grow with the number of states. */
const chunkBlocks = 1024;

/** Blocks of one chunk within a range, and where their values lie among the range's. */
interface Piece extends UnitRange {
  readonly chunk: number;
  /** Whether they are the whole chunk: then their sum is the one value, else every block has its own. */
  readonly isWhole: boolean;
  /** Pairs before those of this piece. */
  readonly pairsBefore: number;
  readonly pairs: number;
}

/** The piece of a range of a part's blocks that the block `from` starts. */
function pieceAt(blocks: number, { first, count }: UnitRange, from: number, pairsBefore: number): Piece {
  const chunk = floor(from / chunkBlocks);
  const [chunkStart, chunkEnd] = [chunk * chunkBlocks, min(blocks, (chunk + 1) * chunkBlocks)];
  const end = min(first + count, chunkEnd);
  const isWhole = from === chunkStart && end === chunkEnd;
  return { chunk, first: from, count: end - from, isWhole, pairsBefore, pairs: isWhole ? 1 : end - from };
}

/** The pieces of a range of a part's blocks, chunk by chunk. */
function* piecesOf(blocks: number, range: UnitRange): Generator<Piece, void> {
  const end = range.first + range.count;
  let pairs = 0;
  for (let from = range.first; from < end;) {
    const piece = pieceAt(blocks, range, from, pairs);
    yield piece;
    from += piece.count;
    pairs += piece.pairs;
  }
}

/** Pairs of mantissa and exponent that a range of a part's blocks has: there may be too many chunks to go through. */
function pairsOf(blocks: number, { first, count }: UnitRange): number {
  if (count === 0) return 0;
  const head = pieceAt(blocks, { first, count }, first, 0);
  const left = count - head.count;
  if (left === 0) return head.pairs;
  const chunks = ceil(left / chunkBlocks);
  const tail = pieceAt(blocks, { first, count }, (head.chunk + chunks) * chunkBlocks, 0);
  return head.pairs + chunks - 1 + tail.pairs;
}

/** The values that are kept, where they can be those of so many numbers. */
function keptPairs(finished: FinishedWork | undefined, name: string, most: number): Float64Array {
  const kept = finished?.get(name);
  return kept !== undefined && kept.length % 2 === 0 && kept.length <= 2 * most ? kept : new Float64Array(0);
}

/**
 * The values of a range of one part's blocks.
 *
 * Kept are pairs of mantissa and exponent: under `name chunks` the values of the pieces that are done, and under
 * `name blocks` the number of the first block of the piece under way, 0, and one pair for each of its blocks that is done.
 *
 * @param values receives 2 · pairsOf(…) numbers
 */
async function computeBlocks(
  kernels: Kernels,
  plan: EnumerationPlan,
  range: UnitRange,
  name: string,
  values: Float64Array,
  { finished, pause, progress }: ContinuedCooperation,
): Promise<void> {
  const keptChunks = keptPairs(finished, `${name} chunks`, values.length / 2);
  const mantissas = new Float64Array(min(chunkBlocks, range.count));
  const exponents = new Float64Array(mantissas.length);
  for (const { first, count, isWhole, pairsBefore, pairs } of piecesOf(plan.blocks, range)) {
    const [place, end] = [2 * pairsBefore, 2 * (pairsBefore + pairs)];
    if (keptChunks.length >= end) {
      values.set(keptChunks.subarray(place, end), place);
      continue;
    }
    const keptBlocks = keptPairs(finished, `${name} blocks`, 1 + count);
    let start = 0;
    if (keptBlocks.length > 0 && keptBlocks[0] === first) {
      start = keptBlocks.length / 2 - 1;
      for (let block = 0; block < start; block++) {
        mantissas[block] = keptBlocks[2 + 2 * block];
        exponents[block] = keptBlocks[3 + 2 * block];
      }
    }
    await enumerateBlocks(kernels, plan, first + start, count - start, mantissas.subarray(start), exponents.subarray(start), (done) => {
      if (finished !== undefined) {
        const kept = new Float64Array(2 * (1 + start + done));
        kept[0] = first;
        for (let block = 0; block < start + done; block++) {
          kept[2 + 2 * block] = mantissas[block];
          kept[3 + 2 * block] = exponents[block];
        }
        finished.set(`${name} blocks`, kept);
      }
      progress?.((first - range.first + start + done) / range.count);
      return pause?.();
    });
    if (isWhole) {
      const total = scaledSum(mantissas, exponents, count);
      values[place] = total.mantissa;
      values[place + 1] = total.exponent;
    } else {
      for (let block = 0; block < count; block++) {
        values[place + 2 * block] = mantissas[block];
        values[place + 2 * block + 1] = exponents[block];
      }
    }
    finished?.set(`${name} chunks`, values.subarray(0, end));
  }
}

/** log Z of a part in nats, from ranges that cover its blocks. */
function combineBlocks(blocks: number, ranges: readonly ComputedRange[]): number {
  const chunks = ceil(blocks / chunkBlocks);
  const totals = { mantissas: new Float64Array(chunks), exponents: new Float64Array(chunks) };
  const mantissas = new Float64Array(min(chunkBlocks, blocks));
  const exponents = new Float64Array(mantissas.length);
  for (const range of ranges) {
    for (const { chunk, first, count, isWhole, pairsBefore } of piecesOf(blocks, range)) {
      const place = 2 * pairsBefore;
      if (isWhole) {
        totals.mantissas[chunk] = range.values[place];
        totals.exponents[chunk] = range.values[place + 1];
        continue;
      }
      const start = first - chunk * chunkBlocks;
      for (let block = 0; block < count; block++) {
        mantissas[start + block] = range.values[place + 2 * block];
        exponents[start + block] = range.values[place + 2 * block + 1];
      }
      const length = min(chunkBlocks, blocks - chunk * chunkBlocks);
      if (start + count < length) continue;
      const total = scaledSum(mantissas, exponents, length);
      totals.mantissas[chunk] = total.mantissa;
      totals.exponents[chunk] = total.exponent;
    }
  }
  return logScaled(scaledSum(totals.mantissas, totals.exponents, chunks));
}

/** What a range has of the blocks firstBlock … firstBlock + blocks − 1, numbered from 0; empty where it has none. */
function within({ first, count }: UnitRange, firstBlock: number, blocks: number): UnitRange {
  const start = min(max(first - firstBlock, 0), blocks);
  return { first: start, count: max(0, min(first + count - firstBlock, blocks) - start) };
}

/**
 * The exact log Z in units: the blocks of all parts, one part after the other; what structure the model has is used (see
 * model/enumeration-structure.ts). Values are pairs of mantissa and exponent: the sum of every chunk of blocks that the range
 * has all of, else one for every block.
 *
 * @param structure of these parameters, where the caller has it already
 */
export function shardedExact(kernels: Kernels, parameters: ModelParameters, structure = enumerationStructure(parameters)): ShardedEstimation {
  const { parts, states } = structure;
  let units = 0;
  const places = parts.map((part) => {
    const plan = planEnumeration(partView(parameters, part));
    const firstBlock = units;
    units += plan.blocks;
    return { plan, firstBlock, blocks: plan.blocks, blockWork: part.stateUnits / plan.blocks };
  });

  /** The parts that a range has blocks of, and where their values lie among its. */
  function shares(range: UnitRange): { index: number; own: UnitRange; start: number; end: number }[] {
    let end = 0;
    return places.flatMap(({ firstBlock, blocks }, index) => {
      const own = within(range, firstBlock, blocks);
      const start = end;
      end += 2 * pairsOf(blocks, own);
      return own.count === 0 ? [] : [{ index, own, start, end }];
    });
  }

  function valuesOf(range: UnitRange): number {
    return shares(range).at(-1)?.end ?? 0;
  }

  return {
    unit: 'block',
    units,
    valuesOf,
    async compute(range, cooperation) {
      checkRange(range, units);
      const values = new Float64Array(valuesOf(range));
      const own = shares(range);
      const work = own.reduce((sum, { index, own: { count } }) => sum + count * places[index].blockWork, 0);
      let done = 0;
      for (const { index, own: blocks, start, end } of own) {
        const { plan, blockWork } = places[index];
        const before = done;
        const ownWork = blocks.count * blockWork;
        await computeBlocks(kernels, plan, blocks, `part ${index}`, values.subarray(start, end), {
          ...cooperation,
          progress: (share) => cooperation.progress?.((before + share * ownWork) / work),
        });
        done += ownWork;
      }
      cooperation.progress?.(1);
      return values;
    },
    combine(ranges) {
      checkRanges(ranges, { units, valuesOf });
      const ofParts: ComputedRange[][] = places.map(() => []);
      for (const range of ranges) {
        for (const { index, own, start, end } of shares(range)) ofParts[index].push({ ...own, values: range.values.subarray(start, end) });
      }
      const lone = loneTerms(parameters, structure);
      const terms = new Float64Array(parts.length + lone.length);
      terms.set(lone, parts.length);
      ofParts.forEach((computed, index) => {
        terms[index] = combineBlocks(places[index].blocks, computed);
      });
      const logZ = canonicalSum(terms);
      return { estimator: 'exact', logZ, interval: [logZ, logZ], exact: true, verdict: { status: 'exact', reasons: [], advice: [] }, evidence: { states } };
    },
  };
}

/**
 * log Z in nats, giving way now and then.
 *
 * @param cooperation progress is the share of states × units; `finished` receives what is done and is continued from
 * @returns log Z; not finite where the parameters are so large that a log-probability overflows
 * @throws whatever `cooperation.pause` throws
 */
export async function exactLogPartitionFunction(kernels: Kernels, parameters: ModelParameters, cooperation: ContinuedCooperation = {}): Promise<number> {
  return (await estimateWhole(shardedExact(kernels, parameters), cooperation)).logZ;
}

/**
 * log Z in nats by plain enumeration of the smaller layer, whatever structure the model has: the exact gradient's, whose
 * bits are part of what the numerics version promises.
 */
export async function plainLogPartitionFunction(kernels: Kernels, parameters: ModelParameters): Promise<number> {
  const plan = planEnumeration(enumerationView(parameters));
  const all = { first: 0, count: plan.blocks };
  const values = new Float64Array(2 * pairsOf(plan.blocks, all));
  await computeBlocks(kernels, plan, all, 'all', values, {});
  return combineBlocks(plan.blocks, [{ ...all, values }]);
}
