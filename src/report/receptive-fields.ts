/**
 * Which hidden units to show, and in which order: the ones that tell most first, then alike ones next to each other.
 */

const { max, sqrt } = Math;

/** Passes of the search for better neighbours; it mostly ends after a few. */
const mostPasses = 30;

/** Smaller gains are rounding. */
const smallestGain = 1e-9;

/** Euclidean norm of the weights of every hidden unit, m. */
export function weightNorms(weights: Float64Array, hiddenUnits: number): Float64Array {
  const squares = new Float64Array(hiddenUnits);
  for (let index = 0; index < weights.length; index++) squares[index % hiddenUnits] += weights[index] * weights[index];
  return squares.map(sqrt);
}

/** The numbers of the largest scores, the largest first; of equal ones the lower number first. */
export function largestFirst(scores: Float64Array, count: number): Uint32Array {
  return Uint32Array.from(scores, (_, unit) => unit)
    .toSorted((left, right) => scores[right] - scores[left] || left - right)
    .slice(0, count);
}

/** Cosine between the weights of every two of these units, count × count; 0 where a unit has none. */
export function cosines(weights: Float64Array, hiddenUnits: number, units: Uint32Array): Float64Array {
  const count = units.length;
  const norms = weightNorms(weights, hiddenUnits);
  const products = new Float64Array(count * count);
  for (let start = 0; start < weights.length; start += hiddenUnits) {
    for (let one = 0; one < count; one++) {
      const weight = weights[start + units[one]];
      for (let other = 0; other <= one; other++) products[one * count + other] += weight * weights[start + units[other]];
    }
  }
  const result = new Float64Array(count * count);
  for (let one = 0; one < count; one++) {
    for (let other = 0; other <= one; other++) {
      const norm = norms[units[one]] * norms[units[other]];
      const cosine = norm > 0 ? products[one * count + other] / norm : 0;
      result[one * count + other] = cosine;
      result[other * count + one] = cosine;
    }
  }
  return result;
}

/** Places of the grid beside, above and below a place. */
function neighboursOf(place: number, count: number, perLine: number): number[] {
  const column = place % perLine;
  return [
    ...(column > 0 ? [place - 1] : []),
    ...(column < perLine - 1 ? [place + 1] : []),
    place - perLine,
    place + perLine,
  ].filter((other) => other >= 0 && other < count);
}

/** How alike neighbours in a grid are: the sum of their cosines, every pair once. */
export function likeness(order: ArrayLike<number>, similarities: Float64Array, perLine: number): number {
  const count = order.length;
  let sum = 0;
  for (let place = 0; place < count; place++) {
    for (const other of neighboursOf(place, count, perLine)) {
      if (other > place) sum += similarities[order[place] * count + order[other]];
    }
  }
  return sum;
}

/**
 * An order of 0 … count − 1 for a grid in which neighbours are alike: 0 first, then always the unit that is most like the last
 * one, then exchanges of two other places for as long as they make the sum of the neighbours' cosines larger. The same for the same
 * similarities; of equally good ones the first.
 *
 * @param similarities count × count, symmetric
 * @param perLine places in a line of the grid
 */
export function orderByLikeness(similarities: Float64Array, count: number, perLine: number): Uint32Array {
  const order = new Uint32Array(count);
  const isPlaced = new Uint8Array(count);
  isPlaced[0] = 1;
  for (let place = 1, last = 0; place < count; place++) {
    let best = isPlaced.indexOf(0);
    for (let unit = best + 1; unit < count; unit++) {
      if (isPlaced[unit] === 0 && similarities[last * count + unit] > similarities[last * count + best]) best = unit;
    }
    order[place] = best;
    isPlaced[best] = 1;
    last = best;
  }
  const neighbours = Array.from({ length: count }, (_, place) => neighboursOf(place, count, perLine));
  /** What the unit of a place adds where it stands there instead; not counting the place `apart`. */
  const worth = (unit: number, place: number, apart: number): number => {
    let sum = 0;
    for (const other of neighbours[place]) if (other !== apart) sum += similarities[unit * count + order[other]];
    return sum;
  };
  for (let pass = 0, isBetter = true; isBetter && pass < mostPasses; pass++) {
    isBetter = false;
    for (let one = 1; one < count; one++) {
      for (let other = one + 1; other < count; other++) {
        const now = worth(order[one], one, other) + worth(order[other], other, one);
        const exchanged = worth(order[other], one, other) + worth(order[one], other, one);
        if (exchanged - now <= smallestGain) continue;
        [order[one], order[other]] = [order[other], order[one]];
        isBetter = true;
      }
    }
  }
  return order;
}

/** The value that a share of the magnitudes does not exceed, so that a few large weights do not wash out all others. */
export function commonMagnitude(values: Float64Array, share: number): number {
  const magnitudes = values.map((value) => (value < 0 ? -value : value)).toSorted();
  return magnitudes[max(0, Math.ceil(share * magnitudes.length) - 1)] ?? 0;
}
