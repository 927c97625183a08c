/**
 * Sums in groups of four, from tables.
 *
 * A panel is 8 columns of a matrix: row after row of 8 numbers (64 bytes, one cache line). Its table holds, for every
 * group of four rows, the 15 sums of the rows that may be on (16 lines, the first one unused). A list names the lines
 * that one total needs: (group · 16 + pattern) · 64 bytes. Both follow the order stated in ../../kernels.ts.
 *
 * List: u32 number of entries, u32 number of units that are on, then the entries.
 */

/** Bytes of a list for `groups` groups, apart by an odd number of cache lines so that lists don't collide in the cache. */
// @ts-ignore: decorator
@inline
export const listHeader: usize = 8;

/** Makes the list of every row: which lines the row's units take from a table over units. */
export function rowLists(words: usize, wordsPerRow: i32, rows: i32, lists: usize, listStride: usize, part: i32, parts: i32): void {
  const first = (rows * part) / parts;
  const last = (rows * (part + 1)) / parts;
  for (let row = first; row < last; row++) {
    const list = lists + <usize>row * listStride;
    const source = words + ((<usize>row * <usize>wordsPerRow) << 2);
    let entry = list + listHeader;
    let active = 0;
    for (let word = 0; word < wordsPerRow; word++) {
      const bits = load<u32>(source + (<usize>word << 2));
      active += <i32>popcnt(bits);
      let groups = bits | (bits >> 1);
      groups = (groups | (groups >> 2)) & 0x11111111;
      while (groups != 0) {
        const shift = ctz(groups);
        store<u32>(entry, (((<u32>word << 3) + (shift >> 2)) << 10) | (((bits >> shift) & 15) << 6));
        entry += 4;
        groups &= groups - 1;
      }
    }
    store<u32>(list, <u32>((entry - list - listHeader) >> 2));
    store<u32>(list, <u32>active, 4);
  }
}

/** Makes the list of every unit: which lines the rows with this unit on take from a table over rows. */
export function unitLists(
  words: usize, wordsPerRow: i32, rows: i32, units: i32, lists: usize, listStride: usize, part: i32, parts: i32,
): void {
  const firstWord = (wordsPerRow * part) / parts;
  const lastWord = (wordsPerRow * (part + 1)) / parts;
  const stride = <usize>wordsPerRow << 2;
  for (let word = firstWord; word < lastWord; word++) {
    const base = <usize>word << 5;
    const unitsHere = min(32, units - <i32>base);
    for (let unit = 0; unit < unitsHere; unit++) store<u64>(lists + (base + unit) * listStride, 0);
    for (let row = 0; row < rows; row += 4) {
      const source = words + <usize>row * stride + (<usize>word << 2);
      const w0 = load<u32>(source);
      const w1 = row + 1 < rows ? load<u32>(source + stride) : 0;
      const w2 = row + 2 < rows ? load<u32>(source + 2 * stride) : 0;
      const w3 = row + 3 < rows ? load<u32>(source + 3 * stride) : 0;
      let any = w0 | w1 | w2 | w3;
      while (any != 0) {
        const unit = ctz(any);
        any &= any - 1;
        const pattern = ((w0 >> unit) & 1) | (((w1 >> unit) & 1) << 1) | (((w2 >> unit) & 1) << 2) | (((w3 >> unit) & 1) << 3);
        const list = lists + (base + unit) * listStride;
        const count = load<u32>(list);
        store<u32>(list + (<usize>count << 2), (<u32>row << 8) | (pattern << 6), listHeader);
        store<u32>(list, count + 1);
        store<u32>(list, load<u32>(list, 4) + popcnt(pattern), 4);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function tableColumn(source: usize, rows: i32, table: usize): void {
  const w0 = v128.load(source);
  v128.store(table, w0, 64);
  if (rows == 1) return;
  const w1 = v128.load(source, 64);
  const w01 = f64x2.add(w0, w1);
  v128.store(table, w1, 128);
  v128.store(table, w01, 192);
  if (rows == 2) return;
  const w2 = v128.load(source, 128);
  const w02 = f64x2.add(w0, w2);
  const w12 = f64x2.add(w1, w2);
  const w012 = f64x2.add(w01, w2);
  v128.store(table, w2, 256);
  v128.store(table, w02, 320);
  v128.store(table, w12, 384);
  v128.store(table, w012, 448);
  if (rows == 3) return;
  const w3 = v128.load(source, 192);
  v128.store(table, w3, 512);
  v128.store(table, f64x2.add(w0, w3), 576);
  v128.store(table, f64x2.add(w1, w3), 640);
  v128.store(table, f64x2.add(w01, w3), 704);
  v128.store(table, f64x2.add(w2, w3), 768);
  v128.store(table, f64x2.add(w02, w3), 832);
  v128.store(table, f64x2.add(w12, w3), 896);
  v128.store(table, f64x2.add(w012, w3), 960);
}

/** Makes the table of a panel of `rows` rows. */
export function buildTable(panel: usize, rows: i32, table: usize): void {
  for (let row = 0; row < rows; row += 4) {
    const left = min(4, rows - row);
    tableColumn(panel, left, table);
    tableColumn(panel + 16, left, table + 16);
    tableColumn(panel + 32, left, table + 32);
    tableColumn(panel + 48, left, table + 48);
    panel += 256;
    table += 1024;
  }
}

/** Totals of every row's list, from the 8 numbers at `start`: `rows` lines from `totals` on. */
export function gather(table: usize, start: usize, lists: usize, listStride: usize, rows: i32, totals: usize): void {
  for (let row = 0; row < rows; row++) {
    let t0 = v128.load(start);
    let t1 = v128.load(start, 16);
    let t2 = v128.load(start, 32);
    let t3 = v128.load(start, 48);
    const count = load<u32>(lists);
    let entry = lists + listHeader;
    const evenEnd = entry + (<usize>(count & ~1) << 2);
    while (entry < evenEnd) {
      const line = table + <usize>load<u32>(entry);
      const next = table + <usize>load<u32>(entry, 4);
      t0 = f64x2.add(t0, v128.load(line));
      t1 = f64x2.add(t1, v128.load(line, 16));
      t2 = f64x2.add(t2, v128.load(line, 32));
      t3 = f64x2.add(t3, v128.load(line, 48));
      t0 = f64x2.add(t0, v128.load(next));
      t1 = f64x2.add(t1, v128.load(next, 16));
      t2 = f64x2.add(t2, v128.load(next, 32));
      t3 = f64x2.add(t3, v128.load(next, 48));
      entry += 8;
    }
    if (count & 1) {
      const line = table + <usize>load<u32>(entry);
      t0 = f64x2.add(t0, v128.load(line));
      t1 = f64x2.add(t1, v128.load(line, 16));
      t2 = f64x2.add(t2, v128.load(line, 32));
      t3 = f64x2.add(t3, v128.load(line, 48));
    }
    v128.store(totals, t0);
    v128.store(totals, t1, 16);
    v128.store(totals, t2, 32);
    v128.store(totals, t3, 48);
    totals += 64;
    lists += listStride;
  }
}
