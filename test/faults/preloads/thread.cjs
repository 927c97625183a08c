/**
 * A compute thread that fails: thread 1, in its kernel call number FAULT_CALL (from 1). FAULT_DO: `throw`; `exit` and
 * `exit 0` end the thread; `memory` fills its heap; `spin` and `sleep` never come back. It says on stderr that it does so.
 */

const { writeSync } = require('node:fs');
const { isMainThread, workerData } = require('node:worker_threads');

const { FAULT_CALL, FAULT_DO = '' } = process.env;

const deeds = {
  throw() {
    throw new Error('the fault');
  },
  exit: () => process.exit(3),
  'exit 0': () => process.exit(0),
  memory() {
    const kept = [];
    for (;;) kept.push(Array.from({ length: 100_000 }, (_, index) => ({ index })));
  },
  spin() {
    for (;;) Math.sqrt(2);
  },
  sleep: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
};

if (!isMainThread && workerData?.thread === 1) {
  const { Instance } = WebAssembly;
  let calls = 0;
  const mortal =
    (kernel) =>
    (...values) => {
      if (++calls === Number(FAULT_CALL)) {
        writeSync(2, `the fault: ${FAULT_DO}\n`);
        deeds[FAULT_DO]();
      }
      return kernel(...values);
    };
  WebAssembly.Instance = function (module, imports) {
    const entries = Object.entries(new Instance(module, imports).exports);
    return { exports: Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'function' ? mortal(value) : value])) };
  };
}
