// One row of a log. Text only: nothing that a program writes becomes markup.
import { Component } from "preact";
import { m } from "../i18n/index.ts";
import { hour } from "../clock.ts";
import type { Line } from "./rows.ts";
import type { Marks } from "./search.ts";
import { type Piece, overwritten, pieces } from "./text.ts";

/** How much of a line is shown before it is asked for. */
export const SHOWN = 4_000;

/** What of a line is shown: folded progress, and not more than a screen can take. */
export interface Face {
  pieces: Piece[];
  text: string;
  /** How often it was written over. */
  times: number;
  /** How many characters are not shown. */
  cut: number;
}

const faces = new WeakMap<Line, Map<boolean, Face>>();

export function faceOf(line: Line, open: boolean): Face {
  let known = faces.get(line);
  if (!known) faces.set(line, (known = new Map()));
  let face = known.get(open);
  if (!face) {
    const { last, times } = overwritten(line.text);
    const whole = open && times ? line.text.replace(/\r+/g, " ⏎ ") : last;
    const cut = open ? 0 : Math.max(0, whole.length - SHOWN);
    const all = pieces(cut ? whole.slice(0, SHOWN) : whole);
    face = { pieces: all, text: all.map((piece) => piece.text).join(""), times, cut };
    known.set(open, face);
  }
  return face;
}

interface LineProps {
  line: Line;
  open: boolean;
  marks: Marks | null;
  current: boolean;
  selected: boolean;
  time: boolean;
  numbers: boolean;
  digits: number;
  onNumber: (line: Line, extend: boolean) => void;
  onOpen: (line: Line) => void;
}

/** Drawn anew only where something that is seen of it has changed. */
export class LogLine extends Component<LineProps> {
  override shouldComponentUpdate(next: LineProps): boolean {
    const seen = ["line", "open", "marks", "current", "selected", "time", "numbers", "digits"] as const;
    return seen.some((name) => this.props[name] !== next[name]);
  }

  override render({ line, open, marks, current, selected, time, numbers, digits }: LineProps) {
    if (line.gap !== undefined) return <div class="gap">{m().logs.gap(line.gap)}</div>;
    const face = faceOf(line, open);
    return (
      <div class={`line ${line.level} ${selected ? "selected" : ""} ${current ? "current" : ""} ${marks === "all" ? "hit" : ""}`}>
        <div class="gutter">
          {numbers && (
            <a
              class="number"
              href={`?line=${line.source}:${line.number}`}
              style={{ minInlineSize: `${digits + 1}ch` }}
              tabIndex={-1}
              onClick={(event) => {
                event.preventDefault();
                this.props.onNumber(line, event.shiftKey);
              }}
            >
              {line.number}
            </a>
          )}
          {time && (
            <span class="time" title={line.time}>
              {clock(line.time)}
            </span>
          )}
          <span class="level" title={line.level}>
            {line.level[0]}
          </span>
        </div>
        <bdi class="text">
          {marked(face.pieces, marks)}
          {face.times > 0 && (
            <button type="button" class="fold" title={open ? m().logs.progressHide : m().logs.progress(face.times)} aria-expanded={open} onClick={() => this.props.onOpen(line)}>
              {open ? "−" : `↻${face.times}`}
            </button>
          )}
          {face.cut > 0 && (
            <button type="button" class="fold" onClick={() => this.props.onOpen(line)}>
              {m().logs.longLine(face.cut.toLocaleString())}
            </button>
          )}
        </bdi>
      </div>
    );
  }
}

/** The time of day to the millisecond, in the viewer's zone. */
export function clock(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return hour(time);
  const two = (n: number, digits = 2) => String(n).padStart(digits, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`;
}

function marked(all: Piece[], marks: Marks | null) {
  if (!marks || marks === "all" || marks.length === 0) return all.map((piece, at) => span(piece, at));
  const out = [];
  let place = 0;
  let next = 0;
  for (const [at, piece] of all.entries()) {
    let from = 0;
    while (from < piece.text.length) {
      while (next < marks.length && (marks[next]?.[1] ?? 0) <= place + from) next += 1;
      const [start, end] = marks[next] ?? [Number.POSITIVE_INFINITY, 0];
      const inside = start <= place + from;
      const until = Math.min(piece.text.length, (inside ? end : start) - place);
      const part = { ...piece, text: piece.text.slice(from, until) };
      out.push(inside ? <mark key={`${at}/${from}`}>{span(part, 0)}</mark> : span(part, `${at}/${from}`));
      from = until;
    }
    place += piece.text.length;
  }
  return out;
}

function span(piece: Piece, key: number | string) {
  if (!piece.look && !piece.color && !piece.background) return piece.text;
  return (
    <span key={key} class={piece.look || undefined} style={piece.color || piece.background ? { color: piece.color, backgroundColor: piece.background } : undefined}>
      {piece.text}
    </span>
  );
}
