/** What the measurement must find: a number kept at every reading of the clock, of which training makes one or two in every update. */

const kept = [];
const now = performance.now.bind(performance);
performance.now = () => {
  kept.push(kept.length);
  return now();
};
