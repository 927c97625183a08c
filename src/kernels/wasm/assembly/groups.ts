/**
 * Sums in groups of four, from tables.
 *
 * A panel is 8 columns of a matrix: row after row of 8 doubles (64 bytes, one cache line), or 16 columns in singles. Its
 * table holds, for every group of four rows, the 15 sums of the rows that may be on (16 lines, the first one unused). A
 * list names the lines that one total needs: (group · 16 + pattern) · 64 bytes. Both follow the order stated in
 * ../../kernels.ts.
 *
 * List: u32 number of entries, 4 bytes unused, then the entries.
 */

/** Bytes before a list's entries. */
// @ts-ignore: decorator
@inline
export const listHeader: usize = 8;

/**
 * Makes the list of every row: which lines the row's units take from a table over units.
 *
 * @param used for every part, a u16 for every group (zero on entry): receives a bit for every pattern that a list needs
 */
export function rowLists(
  words: usize, wordsPerRow: i32, rows: i32, lists: usize, listStride: usize, used: usize, usedStride: usize, part: i32, parts: i32,
): void {
  const masks = used + <usize>part * usedStride;
  const first = <i32>((<i64>rows * part) / parts);
  const last = <i32>((<i64>rows * (part + 1)) / parts);
  for (let row = first; row < last; row++) {
    const list = lists + <usize>row * listStride;
    const source = words + ((<usize>row * <usize>wordsPerRow) << 2);
    let entry = list + listHeader;
    for (let word = 0; word < wordsPerRow; word++) {
      const bits = load<u32>(source + (<usize>word << 2));
      let groups = bits | (bits >> 1);
      groups = (groups | (groups >> 2)) & 0x11111111;
      while (groups != 0) {
        const shift = ctz(groups);
        const group = (<u32>word << 3) + (shift >> 2);
        const pattern = (bits >> shift) & 15;
        store<u32>(entry, (group << 10) | (pattern << 6));
        const mask = masks + (<usize>group << 1);
        store<u16>(mask, <u16>(<u32>load<u16>(mask) | (<u32>1 << pattern)));
        entry += 4;
        groups &= groups - 1;
      }
    }
    store<u32>(list, <u32>((entry - list - listHeader) >> 2));
  }
}

/**
 * Adds to the list of every unit: which lines the rows with this unit on take from a table over rows.
 *
 * @param isFirst whether the lists begin here; else the entries go behind those that are there
 * @param isLast whether they end here: of an odd number of entries, a list then gets one more for the first table's first
 *   line, which is to be 0 (adding it to totals that started from 0 changes nothing)
 * @param offset of this table behind the first one's beginning
 * @param active receives the number of rows that every unit is on in
 */
export function unitLists(
  words: usize, wordsPerRow: i32, rows: i32, units: i32, lists: usize, listStride: usize, isFirst: bool, isLast: bool, offset: u32, active: usize,
  part: i32, parts: i32,
): void {
  const firstWord = (wordsPerRow * part) / parts;
  const lastWord = (wordsPerRow * (part + 1)) / parts;
  const stride = <usize>wordsPerRow << 2;
  for (let word = firstWord; word < lastWord; word++) {
    const base = lists + (<usize>word << 5) * listStride;
    const unitsHere = min(32, units - (word << 5));
    const counts = active + (<usize>word << 7);
    for (let unit = 0; unit < unitsHere; unit++) {
      if (isFirst) store<u32>(base + <usize>unit * listStride, 0);
      store<u32>(counts + (<usize>unit << 2), 0);
    }
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
        const list = base + <usize>unit * listStride;
        const count = load<u32>(list);
        store<u32>(list + (<usize>count << 2), offset + ((<u32>row << 8) | (pattern << 6)), listHeader);
        store<u32>(list, count + 1);
        store<u32>(counts + (unit << 2), load<u32>(counts + (unit << 2)) + popcnt(pattern));
      }
    }
    if (!isLast) continue;
    for (let unit = 0; unit < unitsHere; unit++) {
      const list = base + <usize>unit * listStride;
      const count = load<u32>(list);
      if (count & 1) store<u32>(list + (<usize>count << 2), 0, listHeader);
    }
  }
}

// @ts-ignore: decorator
@inline
function tableColumn<T>(source: usize, rows: i32, table: usize): void {
  const w0 = v128.load(source);
  v128.store(table, w0, 64);
  if (rows == 1) return;
  const w1 = v128.load(source, 64);
  const w01 = v128.add<T>(w0, w1);
  v128.store(table, w1, 128);
  v128.store(table, w01, 192);
  if (rows == 2) return;
  const w2 = v128.load(source, 128);
  const w02 = v128.add<T>(w0, w2);
  const w12 = v128.add<T>(w1, w2);
  const w012 = v128.add<T>(w01, w2);
  v128.store(table, w2, 256);
  v128.store(table, w02, 320);
  v128.store(table, w12, 384);
  v128.store(table, w012, 448);
  if (rows == 3) return;
  const w3 = v128.load(source, 192);
  v128.store(table, w3, 512);
  v128.store(table, v128.add<T>(w0, w3), 576);
  v128.store(table, v128.add<T>(w1, w3), 640);
  v128.store(table, v128.add<T>(w01, w3), 704);
  v128.store(table, v128.add<T>(w2, w3), 768);
  v128.store(table, v128.add<T>(w02, w3), 832);
  v128.store(table, v128.add<T>(w12, w3), 896);
  v128.store(table, v128.add<T>(w012, w3), 960);
}

/** All lines of one group of `rows` rows. */
// @ts-ignore: decorator
@inline
function buildGroup<T>(group: usize, rows: i32, table: usize): void {
  for (let column: usize = 0; column < 64; column += 16) tableColumn<T>(group + column, rows, table + column);
}

/** One line of a table: the sum of the rows in `pattern`. */
// @ts-ignore: decorator
@inline
function sumRows<T>(group: usize, pattern: u32, target: usize): void {
  let row = group + (<usize>ctz(pattern) << 6);
  let s0 = v128.load(row);
  let s1 = v128.load(row, 16);
  let s2 = v128.load(row, 32);
  let s3 = v128.load(row, 48);
  for (let rest = pattern & (pattern - 1); rest != 0; rest &= rest - 1) {
    row = group + (<usize>ctz(rest) << 6);
    s0 = v128.add<T>(s0, v128.load(row));
    s1 = v128.add<T>(s1, v128.load(row, 16));
    s2 = v128.add<T>(s2, v128.load(row, 32));
    s3 = v128.add<T>(s3, v128.load(row, 48));
  }
  v128.store(target, s0);
  v128.store(target, s1, 16);
  v128.store(target, s2, 32);
  v128.store(target, s3, 48);
}

/** Up to so many lines of a group are made one by one, more all at once. */
const fewLines = 5;

/**
 * Makes the lines of a table that lists need.
 *
 * @param used what `rowLists` has noted, of all its parts
 */
export function buildUsedLines<T>(panel: usize, rows: i32, table: usize, used: usize, usedStride: usize, parts: i32): void {
  for (let row = 0; row < rows; row += 4) {
    let mask: u32 = 0;
    for (let part: usize = 0; part < <usize>parts; part++) mask |= <u32>load<u16>(used + part * usedStride);
    if (<i32>popcnt(mask) > fewLines) {
      buildGroup<T>(panel, min(4, rows - row), table);
    } else {
      for (; mask != 0; mask &= mask - 1) {
        const pattern = ctz(mask);
        sumRows<T>(panel, pattern, table + (<usize>pattern << 6));
      }
    }
    panel += 256;
    table += 1024;
    used += 2;
  }
}

/** Makes the whole table of a panel of `rows` rows, of doubles or singles. */
export function buildTable<T>(panel: usize, rows: i32, table: usize): void {
  for (let row = 0; row < rows; row += 4) {
    buildGroup<T>(panel, min(4, rows - row), table);
    panel += 256;
    table += 1024;
  }
}

/** Totals of every row's list, from the line at `start`: `rows` lines from `totals` on. */
export function gather<T>(table: usize, start: usize, lists: usize, listStride: usize, rows: i32, totals: usize): void {
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
      t0 = v128.add<T>(t0, v128.load(line));
      t1 = v128.add<T>(t1, v128.load(line, 16));
      t2 = v128.add<T>(t2, v128.load(line, 32));
      t3 = v128.add<T>(t3, v128.load(line, 48));
      t0 = v128.add<T>(t0, v128.load(next));
      t1 = v128.add<T>(t1, v128.load(next, 16));
      t2 = v128.add<T>(t2, v128.load(next, 32));
      t3 = v128.add<T>(t3, v128.load(next, 48));
      entry += 8;
    }
    if (count & 1) {
      const line = table + <usize>load<u32>(entry);
      t0 = v128.add<T>(t0, v128.load(line));
      t1 = v128.add<T>(t1, v128.load(line, 16));
      t2 = v128.add<T>(t2, v128.load(line, 32));
      t3 = v128.add<T>(t3, v128.load(line, 48));
    }
    v128.store(totals, t0);
    v128.store(totals, t1, 16);
    v128.store(totals, t2, 32);
    v128.store(totals, t3, 48);
    totals += 64;
    lists += listStride;
  }
}
