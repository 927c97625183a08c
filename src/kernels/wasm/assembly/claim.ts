/**
 * Who works on what: parts that take the next panel when they are done with one. A core that others use then does less.
 */

/** The number of the next panel, counted at `counter` by all parts together. */
// @ts-ignore: decorator
@inline
export function claim(counter: usize): i32 {
  return atomic.add<i32>(counter, 1);
}
