/**
 * The JavaScript side of the line protocol inside a contender (its Python twin: peers/protocol.py).
 *
 * One JSON object per line. In: {op: 'setup', case}, then any number of {op: 'run', count} and {op: 'save', path}.
 * Out: {ready: true, …}, then {cpuSeconds, wallSeconds, count, …} for exactly those `count` pieces of work. CPU time is
 * that of the whole process: all threads, the compilers and the garbage collector.
 */

import { createInterface } from 'node:readline';

/**
 * @typedef {object} Work
 * @property {object} [about] what the parent should know, sent with `ready`
 * @property {(count: number) => Promise<object | void>} run does `count` pieces of work; may return results
 * @property {(path: string) => void} [save] writes the parameters
 * @property {() => Promise<void>} close
 */

/**
 * Answers requests until stdin ends.
 *
 * @param {(settings: object) => Promise<Work>} setUp
 */
export async function serve(setUp) {
  /** @type {Work | undefined} */
  let work;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    let answer;
    try {
      if (request.op === 'setup') {
        work = await setUp(request.case);
        answer = { ready: true, ...work.about };
      } else if (request.op === 'save') {
        work.save(request.path);
        answer = { saved: true };
      } else {
        answer = await measure(work, request.count);
      }
    } catch (error) {
      answer = { error: String(error?.stack ?? error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  await work?.close();
}

/** @param {Work} work @param {number} count */
async function measure(work, count) {
  const wall = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  const results = await work.run(count);
  const used = process.cpuUsage(cpu);
  const wallSeconds = Number(process.hrtime.bigint() - wall) / 1e9;
  return { cpuSeconds: (used.user + used.system) / 1e6, wallSeconds, count, ...results };
}
