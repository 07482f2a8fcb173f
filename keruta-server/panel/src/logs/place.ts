// What the URL says of a log view: which attempt, container, filter, and run of lines.
import { query, setQuery } from "../router.ts";
import type { Range } from "./view.tsx";

export interface LogPlace {
  attempt: number | undefined;
  container: string;
  level: string;
  find: string;
  regex: boolean;
  only: boolean;
  range: Range | null;
}

const NAMES = ["attempt", "container", "level", "find", "regex", "only", "line"] as const;
/** Nothing of it, to leave a log. */
export const NO_PLACE: Record<(typeof NAMES)[number], null> = { attempt: null, container: null, level: null, find: null, regex: null, only: null, line: null };

export function placeOf(from: URLSearchParams): LogPlace {
  const attempt = Number(from.get("attempt"));
  const line = /^(\d+):(\d+)(?:-(\d+))?$/.exec(from.get("line") ?? "");
  return {
    attempt: Number.isInteger(attempt) && attempt > 0 ? attempt : undefined,
    container: from.get("container") ?? "",
    level: from.get("level") ?? "",
    find: from.get("find") ?? "",
    regex: from.get("regex") === "1",
    only: from.get("only") === "1",
    range: line ? { source: Number(line[1]), from: Number(line[2]), to: Number(line[3] ?? line[2]) } : null,
  };
}

export function place(): LogPlace {
  return placeOf(query.value);
}

/** Changes the URL; a new choice of lines forgets the run of lines. */
export function setPlace(change: Partial<LogPlace>): void {
  const flag = (value: boolean | undefined) => (value === undefined ? undefined : value ? "1" : null);
  const next: Record<string, string | null> = {};
  const put = (name: (typeof NAMES)[number], value: string | null | undefined) => {
    if (value !== undefined) next[name] = value;
  };
  if ("attempt" in change) put("attempt", change.attempt === undefined ? null : String(change.attempt));
  put("container", change.container);
  put("level", change.level);
  put("find", change.find);
  put("regex", flag(change.regex));
  put("only", flag(change.only));
  if (change.range !== undefined) {
    const range = change.range;
    put("line", range && `${range.source}:${range.from}${range.to === range.from ? "" : `-${range.to}`}`);
  } else put("line", null);
  setQuery(next, { replace: true });
}
