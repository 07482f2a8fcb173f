// The window onto a log: as many rows as are seen, wherever one is in it.
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef } from "preact/hooks";
import { m } from "../i18n/index.ts";
import type { Feed } from "./feed.ts";
import { Layout, type Measure, wrapped } from "./layout.ts";
import { type Face, LogLine, faceOf } from "./line.tsx";
import { showNumbers, showTime, wrap } from "./options.ts";
import type { Line } from "./rows.ts";
import { Scale } from "./scale.ts";
import type { Marks } from "./search.ts";

/** How tall a line is, as the style sheet has it. */
export const LINE = 20;
/** How many rows more than are seen are there. */
const MORE = 12;

/** A run of lines that a link leads to. */
export interface Range {
  source: number;
  from: number;
  to: number;
}

/** What others may have the window do. */
export interface ViewHandle {
  toEnd: () => void;
  toStart: () => void;
  toRow: (row: number) => void;
  /** The rows that are seen. */
  seen: () => [number, number];
  focus: () => void;
}

interface ViewProps {
  feed: Feed;
  following: boolean;
  onFollowing: (following: boolean) => void;
  handle: { current: ViewHandle | null };
  names: (source: number) => string;
  mark: ((face: Face) => Marks) | null;
  currentRow: number | null;
  range: Range | null;
  onRange: (range: Range) => void;
}

export function LogView({ feed, following, onFollowing, handle, names, mark, currentRow, range, onRange }: ViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const [, again] = useReducer((n: number) => n + 1, 0);
  const layout = useMemo(() => new Layout(feed.rows), [feed]);
  const scale = useMemo(() => new Scale(), [feed]);
  const opened = useMemo(() => new WeakSet<Line>(), [feed]);
  const size = useRef({ height: 600, width: 800 });
  const measure = useRef<Measure>({ narrow: 8, wide: 16, room: 800 });
  const follows = useRef(following);
  follows.current = following;
  const settle = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const settling = useRef(false);
  const rows = feed.rows;
  void feed.version.value;

  const put = (bar: number) => {
    const element = box.current;
    if (!element || Math.abs(element.scrollTop - bar) < 1) return;
    settling.current = true;
    element.scrollTop = bar;
  };

  // What fits, and how wide characters are.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => {
      size.current = { height: element.clientHeight, width: element.clientWidth };
      const spans = probe.current?.children;
      const width = (at: number) => (spans?.[at]?.getBoundingClientRect().width ?? 80) / 10;
      measure.current = { narrow: width(0) || 8, wide: width(1) || 16, room: 0 };
      layout.reset();
      again(0);
    };
    const observer = new ResizeObserver(look);
    observer.observe(element);
    look();
    return () => observer.disconnect();
  }, [layout]);

  const digits = String(Math.max(1, ...rows.sections.map((section) => section.total))).length;
  const gutter = (showNumbers.value ? digits + 1 : 0) + (showTime.value ? 13 : 0) + 3;
  const room = size.current.width - gutter * measure.current.narrow - 26;
  const key = `${wrap.value}/${Math.round(room)}`;
  const lastKey = useRef(key);
  if (lastKey.current !== key) {
    lastKey.current = key;
    layout.reset();
  }
  measure.current.room = room;

  const height = () => layout.total * LINE + 8;
  scale.resize(height(), size.current.height);
  if (following) scale.top = scale.most;

  let first = Math.max(0, layout.rowAt(Math.floor(scale.top / LINE)) - MORE);
  const count = Math.ceil(size.current.height / LINE) + 2 * MORE;
  const end = Math.min(rows.total, first + count);

  // Rows that take more than one line are measured before they are drawn; what is above the window then moves nothing.
  let moved = false;
  const anchor = layout.rowAt(Math.floor(scale.top / LINE));
  const offset = scale.top - layout.before(anchor) * LINE;
  for (let row = first; row < end; row += 1) {
    const place = rows.locate(row);
    const what = rows.at(row);
    if (!place || place.entry < 0 || what.kind !== "line") continue;
    const open = opened.has(what.line);
    const lines = what.line.gap === undefined && (wrap.value || open) ? wrapped(shownText(what.line, open), measure.current) : 1;
    moved = layout.set(place.section, place.entry, lines) || moved;
  }
  if (moved) {
    scale.resize(height(), size.current.height);
    scale.top = following ? scale.most : Math.min(scale.most, layout.before(anchor) * LINE + offset);
    first = Math.max(0, layout.rowAt(Math.floor(scale.top / LINE)) - MORE);
  }

  // After drawing: load what is looked at, and put the scrollbar where it belongs.
  useLayoutEffect(() => {
    feed.need(first, end);
    if (following || moved) put(scale.settle());
  });

  useEffect(() => {
    handle.current = {
      toEnd: () => {
        put(scale.go(scale.most));
        onFollowing(true);
        again(0);
      },
      toStart: () => {
        onFollowing(false);
        put(scale.go(0));
        again(0);
      },
      toRow: (row) => {
        onFollowing(false);
        follows.current = false;
        put(scale.go(layout.before(row) * LINE - size.current.height / 3));
        again(0);
      },
      seen: () => [layout.rowAt(Math.floor(scale.top / LINE)), layout.rowAt(Math.floor((scale.top + size.current.height) / LINE))],
      focus: () => box.current?.focus(),
    };
    return () => {
      handle.current = null;
    };
  });

  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    if (settling.current) {
      settling.current = false;
      return;
    }
    const was = scale.top;
    scale.moved(element.scrollTop);
    if (scale.top === was) return;
    clearTimeout(settle.current);
    const atEnd = scale.top >= scale.most - LINE;
    if (follows.current && scale.top < was && !atEnd) onFollowing(false);
    else if (!follows.current && scale.top > was && scale.top >= scale.most - 2) onFollowing(true);
    if (scale.stuck) put(scale.settle());
    else if (scale.scaled) settle.current = setTimeout(() => put(scale.settle()), 200);
    again(0);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const page = size.current.height - 2 * LINE;
    const moves: Record<string, number> = { ArrowDown: LINE * 2, ArrowUp: -LINE * 2, PageDown: page, PageUp: -page, " ": event.shiftKey ? -page : page };
    if (event.target !== box.current || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = moves[event.key];
    if (event.key === "Home") handle.current?.toStart();
    else if (event.key === "End") handle.current?.toEnd();
    else if (by !== undefined) {
      const was = scale.top;
      put(scale.go(scale.top + by));
      if (scale.top < was) onFollowing(false);
      again(0);
    } else return;
    event.preventDefault();
  };

  const select = (line: Line, extend: boolean) => {
    if (extend && range && range.source === line.source) {
      onRange({ source: line.source, from: Math.min(range.from, line.number), to: Math.max(range.from, line.number) });
    } else onRange({ source: line.source, from: line.number, to: line.number });
  };
  const open = (line: Line) => {
    if (opened.has(line)) opened.delete(line);
    else opened.add(line);
    again(0);
  };

  const drawn = [];
  let y = layout.before(first) * LINE - scale.top + 4;
  for (let row = first; row < end && y < size.current.height + MORE * LINE; row += 1) {
    const lines = layout.lines(row);
    const what = rows.at(row);
    drawn.push(
      <div key={row} class={`log-row ${lines > 1 ? "tall" : ""}`} style={{ transform: `translateY(${y}px)`, blockSize: `${lines * LINE}px` }} data-row={row}>
        {what.kind === "line" ? (
          <LogLine
            line={what.line}
            open={opened.has(what.line)}
            marks={mark && what.line.gap === undefined ? mark(faceOf(what.line, opened.has(what.line))) : null}
            current={row === currentRow}
            selected={!!range && range.source === what.line.source && what.line.number >= range.from && what.line.number <= range.to}
            time={showTime.value}
            numbers={showNumbers.value}
            digits={digits}
            onNumber={select}
            onOpen={open}
          />
        ) : what.kind === "head" ? (
          <div class="log-head">{names(rows.sections[what.section]?.source ?? 0)}</div>
        ) : what.kind === "missing" ? (
          <div class="gap">{row === first || rows.at(row - 1).kind !== "missing" ? m().logs.notKept(what.count) : ""}</div>
        ) : (
          <div class="pending" />
        )}
      </div>,
    );
    y += lines * LINE;
  }

  return (
    <div
      class={`log-scroll ${wrap.value ? "wraps" : ""}`}
      ref={box}
      tabIndex={0}
      role="region"
      aria-label={m().logs.title(feed.choice.task)}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      <div class="log-space" style={{ blockSize: `${scale.tall}px` }}>
        <div class="log-window" style={{ blockSize: `${Math.min(size.current.height, scale.tall)}px` }}>
          {drawn}
        </div>
      </div>
      <span class="log-probe" ref={probe} aria-hidden="true">
        <span>mmmmmmmmmm</span>
        <span>漢漢漢漢漢漢漢漢漢漢</span>
      </span>
    </div>
  );
}

/** A line's text as it takes room: with the marks that stand behind it. */
function shownText(line: Line, open: boolean): string {
  const face = faceOf(line, open);
  return face.text + (face.times > 0 ? "      " : "") + (face.cut > 0 ? m().logs.longLine(face.cut.toLocaleString()) : "");
}
