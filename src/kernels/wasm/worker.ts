/**
 * One thread of the pool: runs its part of every command, in step with the others.
 */

import { workerData } from 'node:worker_threads';
import { functionNumbers, instantiate } from './instance.js';
import { controlWords, queueLength, spins, word, type WorkerStart } from './queue.js';

const { add, load, notify, store, wait } = Atomics;

/** Longest sleep in milliseconds: then a thread looks whether it must end. */
const longestSleep = 1000;

const start = workerData as WorkerStart;
const { thread, threads } = start;
const functions = instantiate(start.module, start.memory);
const words = new Int32Array(start.memory.buffer, start.control, controlWords);
const queue = new Float64Array(start.memory.buffer, start.queue, queueLength);

/** Numbers of the functions that make lists. */
const preparations = new Set([functionNumbers.get('rowLists'), functionNumbers.get('unitLists')]);

/** Waits until a word is no longer `value`; false where the pool was closed meanwhile. */
function waitWhile(index: number, value: number): boolean {
  for (let spin = 0; spin < spins; spin++) {
    if (load(words, index) !== value) return true;
  }
  while (load(words, index) === value) {
    if (load(words, word('closed')) === 1) return false;
    wait(words, index, value, longestSleep);
  }
  return true;
}

/** Waits for all threads; false where the pool was closed meanwhile. */
function meet(): boolean {
  const barrier = load(words, word('barrier'));
  if (add(words, word('arrived'), 1) + 1 < threads) return waitWhile(word('barrier'), barrier);
  store(words, word('arrived'), 0);
  add(words, word('barrier'), 1);
  notify(words, word('barrier'));
  return true;
}

/** Runs one batch of commands; false where the pool was closed meanwhile. */
function runBatch(): boolean {
  const commands = load(words, word('commands'));
  let position = 0;
  let previous = -1;
  for (let command = 0; command < commands; command++) {
    const number = queue[position];
    // Lists are made from states only, and of lists that go on each thread makes its own part: no need to meet in between.
    const isFree = preparations.has(number) && preparations.has(previous);
    if (command > 0 && !isFree && !meet()) return false;
    previous = number;
    const count = queue[position + 1];
    const values = Array.from(queue.subarray(position + 2, position + 2 + count));
    functions[number](...values, thread, threads);
    position += 2 + count;
  }
  add(words, word('done'), 1);
  notify(words, word('done'));
  return true;
}

let batch = 0;
while (waitWhile(word('batch'), batch)) {
  if (load(words, word('closed')) === 1) break;
  // As the control word counts.
  batch = (batch + 1) | 0;
  if (!runBatch()) break;
}
