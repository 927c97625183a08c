/**
 * Integrals over the plane and the line by the trapezoidal rule: for smooth functions that vanish at both ends it converges
 * faster than any power of the step. Of Gaussians of variance 1 and a step of ¼, the error is below 1e-130 of the integral.
 */

/**
 * ∫ f over a box.
 *
 * @param f of a point, one number for every dimension
 * @param ranges [lower, upper] of every dimension; f must be negligible at and beyond them
 */
export function integrate(f: (point: readonly number[]) => number, ranges: readonly (readonly [number, number])[], step = 0.25): number {
  const [range, ...others] = ranges;
  if (range === undefined) return f([]);
  const [lower, upper] = range;
  let sum = 0;
  for (let x = lower; x <= upper; x += step) sum += integrate((rest) => f([x, ...rest]), others, step);
  return sum * step;
}
