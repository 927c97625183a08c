/**
 * Steps of parameters along their gradient; see `StepRule` in ../../kernels.ts.
 *
 * The settings of a step are 8 doubles: learning rate, momentum (adaptive: firstDecay), l2, l1, secondDecay,
 * firstCorrection, secondCorrection, epsilon.
 */

/** 2^−960; see ../../reference/update.ts. */
const flushBelow: f64 = 1.0261342003245941e-289;

/** The rules, as the host numbers them. */
const nesterov = 1;
const adaptive = 2;

// @ts-ignore: decorator
@inline
function flushed(values: v128): v128 {
  return v128.andnot(values, f64x2.lt(f64x2.abs(values), f64x2.splat(flushBelow)));
}

/** The gradient of two parameters less their decay. */
// @ts-ignore: decorator
@inline
function decayed(gradient: v128, value: v128, settings: usize): v128 {
  const zero = i64x2.splat(0);
  const one = f64x2.splat(1);
  const sign = f64x2.sub(v128.and(f64x2.gt(value, zero), one), v128.and(f64x2.lt(value, zero), one));
  if (load<f64>(settings, 16) != 0) gradient = f64x2.sub(gradient, f64x2.mul(v128.load64_splat(settings, 16), value));
  if (load<f64>(settings, 24) != 0) gradient = f64x2.sub(gradient, f64x2.mul(v128.load64_splat(settings, 24), sign));
  return gradient;
}

/**
 * One step of two parameters by the rules momentum and nesterov.
 *
 * @param first 0 for training without momentum
 * @returns 0 in both halves where both are finite
 */
// @ts-ignore: decorator
@inline
export function stepPair(values: usize, first: usize, gradient: v128, settings: usize, hasDecay: bool, isNesterov: bool): v128 {
  const value = v128.load(values);
  if (hasDecay) gradient = decayed(gradient, value, settings);
  let step = f64x2.mul(v128.load64_splat(settings), gradient);
  if (first != 0) {
    const momentum = v128.load64_splat(settings, 8);
    const velocity = flushed(f64x2.add(f64x2.mul(momentum, v128.load(first)), step));
    v128.store(first, velocity);
    step = isNesterov ? f64x2.add(f64x2.mul(momentum, velocity), step) : velocity;
  }
  const updated = f64x2.add(value, step);
  v128.store(values, updated);
  return f64x2.mul(updated, i64x2.splat(0));
}

/** decay·mean + (1 − decay)·gradient, flushed. */
// @ts-ignore: decorator
@inline
function runningMean(mean: v128, decay: f64, gradient: v128): v128 {
  return flushed(f64x2.add(f64x2.mul(f64x2.splat(decay), mean), f64x2.mul(f64x2.splat(1.0 - decay), gradient)));
}

/** As `stepPair` by the rule adaptive. */
// @ts-ignore: decorator
@inline
function adaptivePair(values: usize, first: usize, second: usize, gradient: v128, settings: usize, hasDecay: bool): v128 {
  const zero = i64x2.splat(0);
  const value = v128.load(values);
  if (hasDecay) gradient = decayed(gradient, value, settings);
  let direction = gradient;
  if (first != 0) {
    direction = runningMean(v128.load(first), load<f64>(settings, 8), gradient);
    v128.store(first, direction);
  }
  const square = runningMean(second == 0 ? zero : v128.load(second), load<f64>(settings, 32), f64x2.mul(gradient, gradient));
  if (second != 0) v128.store(second, square);
  const numerator = f64x2.mul(v128.load64_splat(settings), f64x2.mul(direction, v128.load64_splat(settings, 40)));
  const root = f64x2.sqrt(f64x2.mul(square, v128.load64_splat(settings, 48)));
  const step = f64x2.div(numerator, f64x2.add(root, v128.load64_splat(settings, 56)));
  const updated = f64x2.add(value, v128.bitselect(numerator, step, f64x2.eq(numerator, zero)));
  v128.store(values, updated);
  return f64x2.mul(updated, zero);
}

/**
 * One step of a tensor in panels, the lines of every panel shared out among the parts.
 *
 * @param first running means of gradients, 0 for none; likewise `second` of their squares
 * @param stride bytes between panels, the same for all
 * @param lines of every panel
 * @param notFinite set to 1 where a parameter is no longer finite
 */
export function step(
  values: usize, gradients: usize, first: usize, second: usize, stride: usize, lines: i32, panels: i32,
  rule: i32, settings: usize, hasDecay: bool, notFinite: usize, part: i32, parts: i32,
): void {
  const begin = <usize>(<i32>((<i64>lines * part) / parts)) << 6;
  const end = <usize>(<i32>((<i64>lines * (part + 1)) / parts)) << 6;
  let check = i64x2.splat(0);
  for (let panel: usize = 0; panel < <usize>panels; panel++) {
    for (let offset = panel * stride + begin; offset < panel * stride + end; offset += 16) {
      const firstPair = first == 0 ? <usize>0 : first + offset;
      const gradient = v128.load(gradients + offset);
      if (rule == adaptive) {
        check = f64x2.add(check, adaptivePair(values + offset, firstPair, second == 0 ? <usize>0 : second + offset, gradient, settings, hasDecay));
      } else {
        check = f64x2.add(check, stepPair(values + offset, firstPair, gradient, settings, hasDecay, rule == nesterov));
      }
    }
  }
  if (!i64x2.all_true(f64x2.eq(check, i64x2.splat(0)))) store<u32>(notFinite, 1);
}
