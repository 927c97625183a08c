/**
 * The one order in which totals across columns are added, in every backend: free energies, norms, means, log-likelihoods.
 *
 * Lane l of 8 adds the elements l, l + 8, l + 16, … in ascending order, starting from +0; the lanes are combined as
 * ((0+1)+(2+3)) + ((4+5)+(6+7)). The order depends on the length only.
 */

/**
 * Sum of values[start … start + length − 1] in the canonical order.
 *
 * @returns 0 for length 0
 */
export function canonicalSum(values: Float64Array, length = values.length, start = 0): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  const end = start + length;
  const whole = end - (length & 7);
  let i = start;
  for (; i < whole; i += 8) {
    s0 += values[i];
    s1 += values[i + 1];
    s2 += values[i + 2];
    s3 += values[i + 3];
    s4 += values[i + 4];
    s5 += values[i + 5];
    s6 += values[i + 6];
    s7 += values[i + 7];
  }
  if (i < end) s0 += values[i];
  if (i + 1 < end) s1 += values[i + 1];
  if (i + 2 < end) s2 += values[i + 2];
  if (i + 3 < end) s3 += values[i + 3];
  if (i + 4 < end) s4 += values[i + 4];
  if (i + 5 < end) s5 += values[i + 5];
  if (i + 6 < end) s6 += values[i + 6];
  return s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
}
