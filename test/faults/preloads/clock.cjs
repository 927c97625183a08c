/**
 * A clock that can't be relied on. FAULT_CLOCK says which (`date`: the system's time, which people and NTP set; `steady`:
 * the one that only suspension may stop) and what it does: `forward` jumps by days, `backward` does so the other way,
 * `still` stands, `wild` all of this by turns. FAULT_EVERY: looks at the clock between two jumps.
 */

const { FAULT_CLOCK = 'date still', FAULT_EVERY = '10' } = process.env;
const [which, what] = FAULT_CLOCK.split(' ');
const day = 86_400_000;

/** Makes a clock unreliable. */
function disturbed(now) {
  let looks = 0;
  let shift = 0;
  let last = now();
  const steps = { forward: 3 * day, backward: -3 * day };
  return () => {
    const jump = Math.floor(++looks / Number(FAULT_EVERY));
    const isJump = looks % Number(FAULT_EVERY) === 0;
    const deed = what === 'wild' ? ['forward', 'still', 'backward'][jump % 3] : what;
    if (deed === 'still') return last;
    if (isJump) shift += steps[deed];
    last = now() + shift;
    return last;
  };
}

if (which === 'date') {
  const now = disturbed(Date.now);
  globalThis.Date = class extends Date {
    constructor(...values) {
      super(...(values.length === 0 ? [now()] : values));
    }
    static now() {
      return now();
    }
  };
} else {
  const original = performance.now.bind(performance);
  performance.now = disturbed(original);
}
