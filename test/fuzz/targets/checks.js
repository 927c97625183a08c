/** What several targets share: a name for files that would do harm if it were printed, and checks of arrays. */

/** The name under which parsers get their files; it clears the screen where it is printed as it is. */
export const hostileName = 'file\u001b[2J\u0007\u202e.bin';

/** Why an array is not `shape` and `values`, or where these are left out, why it contradicts itself; undefined where all is well. */
export function faultOfArray({ shape, values }, expected) {
  const count = shape.reduce((product, size) => product * size, 1);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) return `has sizes ${shape.join(' × ')}`;
  if (values.length !== count) return `has ${values.length} values in a shape of ${shape.join(' × ')}`;
  if (values.BYTES_PER_ELEMENT !== 1 && values.BYTES_PER_ELEMENT !== 8) return 'has values that are neither bytes nor float64';
  if (expected === undefined) return undefined;
  if (String(shape) !== String(expected.shape)) return `has shape ${shape.join(' × ')} instead of ${expected.shape.join(' × ')}`;
  const wrong = [...values].findIndex((value, index) => !Object.is(value, expected.values[index]));
  return wrong < 0 ? undefined : `has ${values[wrong]} at ${wrong} instead of ${expected.values[wrong]}`;
}
