// The rows of a log, of which only windows are in memory. It knows how many rows there are, holds some blocks of them, and says
// which are to be loaded. Pure but for what it holds; loading is given from outside.
import type { LogLevel, LogRecord } from "../api/types.ts";

/** How many rows are loaded at once. */
export const BLOCK = 500;
/** How many blocks are held: those farthest from what is looked at go first. */
const HELD = 48;

/** A line as it is held. */
export interface Line {
  source: number;
  number: number;
  time: string;
  level: LogLevel;
  text: string;
  /** It goes on in the next row. */
  continues: boolean;
  gap?: string;
}

export type Row =
  | { kind: "line"; line: Line }
  | { kind: "head"; section: number }
  /** Not loaded yet. */
  | { kind: "pending" }
  /** No longer kept: a run of entries whose first this is. */
  | { kind: "missing"; count: number }
  | { kind: "nothing" };

/** A log, or all that is filtered. */
export interface Section {
  /** The log's number; 0 of what is filtered. */
  source: number;
  total: number;
}

interface Block {
  /** The lines by their place in the block: null is no longer kept, a hole is not loaded yet. */
  lines: (Line | null | undefined)[];
  used: number;
}

export function lineOf(record: LogRecord): Line {
  return {
    source: record.source,
    number: record.line,
    time: record.timestamp,
    level: record.level,
    text: record.message,
    continues: record.continues ?? false,
    ...(record.gap === undefined || record.gap === null ? {} : { gap: record.gap }),
  };
}

export interface Missing {
  section: number;
  block: number;
}

export class Rows {
  sections: Section[] = [];
  /** Grows with every change. */
  version = 0;
  private blocks = new Map<string, Block>();
  private clock = 0;

  /** Whether each section has a row above it that names it. */
  get heads(): boolean {
    return this.sections.length > 1;
  }

  get total(): number {
    let total = this.heads ? this.sections.length : 0;
    for (const section of this.sections) total += section.total;
    return total;
  }

  /** Begins anew. */
  reset(sections: Section[]): void {
    this.sections = sections;
    this.blocks.clear();
    this.version += 1;
  }

  /** The section and the place in it of a row; -1 for the section's head. */
  locate(row: number): { section: number; entry: number } | null {
    let left = row;
    for (const [section, { total }] of this.sections.entries()) {
      if (this.heads) {
        if (left === 0) return { section, entry: -1 };
        left -= 1;
      }
      if (left < total) return { section, entry: left };
      left -= total;
    }
    return null;
  }

  /** The row of an entry of a log. */
  rowOf(source: number, entry: number): number | null {
    let row = 0;
    for (const section of this.sections) {
      if (this.heads) row += 1;
      if (section.source === source) return row + Math.min(entry, section.total);
      row += section.total;
    }
    return null;
  }

  at(row: number): Row {
    const place = this.locate(row);
    if (!place) return { kind: "nothing" };
    if (place.entry < 0) return { kind: "head", section: place.section };
    const block = this.blocks.get(keyOf(place.section, Math.floor(place.entry / BLOCK)));
    if (!block) return { kind: "pending" };
    const index = place.entry % BLOCK;
    const line = block.lines[index];
    if (line) return { kind: "line", line };
    if (line === undefined) return { kind: "pending" };
    let count = 1;
    while (block.lines[index + count] === null) count += 1;
    return { kind: "missing", count };
  }

  /** The blocks that rows are of and that are not there. */
  missing(from: number, to: number): Missing[] {
    const found: Missing[] = [];
    const asked = new Set<string>();
    this.clock += 1;
    for (let row = Math.max(0, from); row < to; row += 1) {
      const place = this.locate(row);
      if (!place) break;
      if (place.entry < 0) continue;
      const block = Math.floor(place.entry / BLOCK);
      const key = keyOf(place.section, block);
      const held = this.blocks.get(key);
      if (held) held.used = this.clock;
      if (held?.lines[place.entry % BLOCK] !== undefined || asked.has(key)) continue;
      asked.add(key);
      found.push({ section: place.section, block });
    }
    return found;
  }

  /** Takes in what was loaded: the lines of a block up to a place, each with its own. What came live meanwhile stays. */
  fill(section: number, block: number, lines: Iterable<readonly [number, Line]>, end: number): void {
    const held = this.blocks.get(keyOf(section, block))?.lines ?? [];
    held.fill(null, 0, end - block * BLOCK);
    while (held.length < end - block * BLOCK) held.push(null);
    for (const [entry, line] of lines) {
      const index = entry - block * BLOCK;
      if (index >= 0 && index < BLOCK) held[index] = line;
    }
    this.blocks.set(keyOf(section, block), { lines: held, used: this.clock });
    this.version += 1;
    this.forget();
  }

  /** Takes in a line that was just written: the next one of its section. */
  append(section: number, line: Line): void {
    const known = this.sections[section];
    if (!known) return;
    const block = Math.floor(known.total / BLOCK);
    const index = known.total % BLOCK;
    known.total += 1;
    this.version += 1;
    let held = this.blocks.get(keyOf(section, block));
    if (!held) {
      held = { lines: [], used: this.clock };
      this.blocks.set(keyOf(section, block), held);
      this.forget();
    }
    // What is before it in its block, and not held, is loaded when it is looked at.
    while (held.lines.length < index) held.lines.push(undefined);
    held.lines[index] = line;
  }

  /** All lines that are held, for tests and for measuring. */
  get held(): number {
    let count = 0;
    for (const block of this.blocks.values()) count += block.lines.filter(Boolean).length;
    return count;
  }

  private forget(): void {
    if (this.blocks.size <= HELD) return;
    const oldest = [...this.blocks.entries()].sort((a, b) => a[1].used - b[1].used);
    for (const [key] of oldest.slice(0, this.blocks.size - HELD)) this.blocks.delete(key);
  }
}

function keyOf(section: number, block: number): string {
  return `${section}/${block}`;
}
