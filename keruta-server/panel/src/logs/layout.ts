// Where each row stands, when some rows take more than one line: wrapped, or opened. Only those that are known to are kept; the
// others take one. Pure.
import type { Rows } from "./rows.ts";

/** How many entries share a sum. */
const BUCKET = 256;

interface Bucket {
  /** How many lines more than one each. */
  sum: number;
  rows: Map<number, number>;
}

export class Layout {
  private sections: Map<number, Bucket>[] = [];

  constructor(private readonly rows: Rows) {}

  reset(): void {
    this.sections = [];
  }

  /** Notes how many lines an entry takes; whether that is news. */
  set(section: number, entry: number, lines: number): boolean {
    const buckets = (this.sections[section] ??= new Map());
    const key = Math.floor(entry / BUCKET);
    const extra = lines - 1;
    const bucket = buckets.get(key);
    const before = bucket?.rows.get(entry) ?? 0;
    if (before === extra) return false;
    const into = bucket ?? { sum: 0, rows: new Map<number, number>() };
    if (!bucket) buckets.set(key, into);
    into.sum += extra - before;
    if (extra === 0) into.rows.delete(entry);
    else into.rows.set(entry, extra);
    return true;
  }

  lines(row: number): number {
    const place = this.rows.locate(row);
    if (!place || place.entry < 0) return 1;
    const bucket = this.sections[place.section]?.get(Math.floor(place.entry / BUCKET));
    return 1 + (bucket?.rows.get(place.entry) ?? 0);
  }

  /** All lines of all rows. */
  get total(): number {
    let total = this.rows.total;
    for (const buckets of this.sections) for (const bucket of buckets?.values() ?? []) total += bucket.sum;
    return total;
  }

  /** How many lines stand before a row. */
  before(row: number): number {
    const place = this.rows.locate(row);
    if (!place) return row <= 0 ? 0 : this.total;
    let lines = row;
    for (let section = 0; section < place.section; section += 1) {
      for (const bucket of this.sections[section]?.values() ?? []) lines += bucket.sum;
    }
    const key = Math.floor(place.entry / BUCKET);
    for (const [number, bucket] of this.sections[place.section] ?? []) {
      if (number < key) lines += bucket.sum;
      else if (number === key) for (const [entry, extra] of bucket.rows) if (entry < place.entry) lines += extra;
    }
    return lines;
  }

  /** The row that a line is of. */
  rowAt(line: number): number {
    let low = 0;
    let high = Math.max(0, this.rows.total - 1);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.before(middle) <= line) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Characters that take the room of two. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const ASCII = /^[\x20-\x7e]*$/;

/** What characters measure, and how much room a line has, in pixels. */
export interface Measure {
  narrow: number;
  wide: number;
  room: number;
}

/** How many lines a text takes when it is broken wherever the room ends. */
export function wrapped(text: string, measure: Measure): number {
  const columns = Math.max(1, Math.floor(measure.room / measure.narrow));
  if (ASCII.test(text)) return Math.max(1, Math.ceil(text.length / columns));
  let lines = 1;
  let used = 0;
  for (const character of text) {
    const width = WIDE.test(character) ? measure.wide : measure.narrow;
    if (used + width > measure.room + 0.01 && used > 0) {
      lines += 1;
      used = 0;
    }
    used += width;
  }
  return lines;
}
