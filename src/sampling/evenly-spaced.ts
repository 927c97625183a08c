/**
 * Inverse temperatures that share a difficulty evenly: schedules of annealing and ladders of tempering.
 */

/**
 * `steps` + 1 points from 0 to 1 between which a quantity grows by the same amount each.
 *
 * @param points where it is known, ascending from 0 to 1
 * @param reached its value there, ascending strictly from 0; linear in between
 */
export function evenlySpaced(points: Float64Array, reached: Float64Array, steps: number): Float64Array {
  const total = reached[points.length - 1];
  let below = 0;
  return Float64Array.from({ length: steps + 1 }, (_, index) => {
    if (index === steps) return 1;
    const wanted = (index / steps) * total;
    while (reached[below + 1] <= wanted) below++;
    const share = (wanted - reached[below]) / (reached[below + 1] - reached[below]);
    return points[below] + share * (points[below + 1] - points[below]);
  });
}
