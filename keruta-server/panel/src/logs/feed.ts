// What a log view shows: its rows, loaded as they are looked at, and what comes live. One for each choice of attempt, container
// and filter.
import { signal } from "@preact/signals";
import { get, url } from "../api/client.ts";
import { Failure } from "../api/failure.ts";
import { type Connection, type ServerEvent, follow } from "../api/sse.ts";
import type { LogPage, LogRecord, LogSource, LogSummary, TaskStatus } from "../api/types.ts";
import { BLOCK, type Line, type Missing, Rows, lineOf } from "./rows.ts";

/** Which lines. */
export interface Choice {
  task: string;
  attempt?: number;
  container?: string;
  level?: string;
  /** A text, or a regular expression, that lines must have. */
  q?: string;
  regex?: string;
}

/** How many blocks are loaded at once. */
const AT_ONCE = 3;

type Query = Record<string, string | number | undefined>;

export class Feed {
  readonly rows = new Rows();
  /** Grows when anything that is shown has changed. */
  readonly version = signal(0);
  readonly connection = signal<Connection>({ state: "connecting" });
  readonly failure = signal<Failure | null>(null);
  /** Whether the first answer is there. */
  readonly ready = signal(false);
  readonly ended = signal<TaskStatus | "" | null>(null);
  /** Whether a filter was applied to the beginning of a very long log alone. */
  readonly partial = signal(false);
  /** How many lines came live, since the beginning. */
  arrived = 0;

  private loading = new Set<string>();
  private wanted: Missing[] = [];
  private stopped = new AbortController();
  private stopFollowing: (() => void) | undefined;

  constructor(
    readonly choice: Choice,
    /** Called with what is known of the logs, also when a new one begins. */
    private readonly onSummary: (summary: LogSummary) => void,
  ) {}

  get filtered(): boolean {
    const { level, q, regex } = this.choice;
    return !!(level || q || regex);
  }

  async start(): Promise<void> {
    this.failure.value = null;
    try {
      const cursor = await this.begin();
      if (this.stopped.signal.aborted) return;
      this.ready.value = true;
      this.changed();
      this.follow(cursor);
    } catch (error) {
      if (!this.stopped.signal.aborted) this.failure.value = Failure.of(error);
    }
  }

  stop(): void {
    this.stopped.abort();
    this.stopFollowing?.();
  }

  /** Asks for the rows that are looked at. */
  need(from: number, to: number): void {
    this.wanted = this.rows.missing(from, to);
    this.pump();
  }

  /** The lines of a range of one log, as raw text: for copying more than is loaded. */
  async text(source: number, from: number, to: number): Promise<string> {
    const texts: string[] = [];
    for await (const line of this.lines({ source, line: from })) {
      if (line.number > to) break;
      texts.push(line.text + (line.continues ? "" : "\n"));
    }
    return texts.join("");
  }

  /** Where a line stands in its log. */
  async entryOf(source: number, line: number): Promise<number | null> {
    const path = { id: this.choice.task };
    const query = { source, line: String(line), limit: 1, format: "json" } as unknown as Record<string, never>;
    const page = (await get("/api/v1/tasks/{id}/logs", { path, query, signal: this.stopped.signal })).data as unknown as LogPage;
    return page.entries[0] ?? null;
  }

  private async begin(): Promise<string> {
    const path = { id: this.choice.task };
    const summary = (await get("/api/v1/tasks/{id}/logs/summary", { path, signal: this.stopped.signal })).data;
    this.onSummary(summary);
    if (summary.status && isFinal(summary.status) && summary.sources.every((source) => source.done)) this.ended.value = summary.status;
    if (!this.filtered) {
      const sources = summary.sources.filter((source) => source.offset > 0 && this.wants(source));
      this.rows.reset(sources.map((source) => ({ source: source.source, total: source.offset })));
      return summary.endCursor;
    }
    const query = { ...this.scope(), ...this.filter(), limit: 1 } as unknown as Record<string, never>;
    const hits = (await get("/api/v1/tasks/{id}/logs/hits", { path, query, signal: this.stopped.signal })).data;
    this.partial.value = !hits.complete;
    this.rows.reset([{ source: 0, total: hits.entries }]);
    return hits.endCursor;
  }

  private wants(source: LogSource): boolean {
    const { attempt, container } = this.choice;
    return (attempt === undefined || source.attempt === attempt) && (!container || source.container === container);
  }

  private scope(): Query {
    return { attempt: this.choice.attempt, container: this.choice.container };
  }

  private filter(): Query {
    const { level, q, regex } = this.choice;
    return { level, q, regex };
  }

  private follow(cursor: string): void {
    if (this.ended.value !== null) {
      this.connection.value = { state: "ended", failure: null };
      return;
    }
    this.stopFollowing = follow({
      url: url("/api/v1/tasks/{id}/logs", { id: this.choice.task }, { ...this.scope(), ...this.filter(), follow: "true", cursor }),
      onEvents: (events) => this.take(events),
      onState: (connection) => {
        this.connection.value = connection;
      },
      isEnd: (event) => event.event === "end",
    });
  }

  private take(events: ServerEvent[]): void {
    let unknown = false;
    for (const event of events) {
      if (event.event === "end") {
        this.ended.value = (JSON.parse(event.data) as { status: TaskStatus | "" }).status;
        unknown = true;
        continue;
      }
      const record = JSON.parse(event.data) as LogRecord;
      let section = this.filtered ? 0 : this.rows.sections.findIndex((known) => known.source === record.source);
      if (section < 0) {
        this.rows.sections.push({ source: record.source, total: 0 });
        section = this.rows.sections.length - 1;
        unknown = true;
      }
      this.rows.append(section, lineOf(record));
      this.arrived += 1;
    }
    if (unknown) void this.describe();
    this.changed();
  }

  /** Asks what the logs are: one has begun, or the task has ended. */
  private async describe(): Promise<void> {
    try {
      const path = { id: this.choice.task };
      this.onSummary((await get("/api/v1/tasks/{id}/logs/summary", { path, signal: this.stopped.signal })).data);
    } catch {
      // The names stay as they are known; the lines are there.
    }
  }

  private pump(): void {
    for (const missing of this.wanted) {
      const key = `${missing.section}/${missing.block}`;
      if (this.loading.size >= AT_ONCE) return;
      if (this.loading.has(key)) continue;
      this.loading.add(key);
      this.load(missing)
        .then(
          ({ lines, end }) => {
            if (this.stopped.signal.aborted) return;
            this.rows.fill(missing.section, missing.block, lines, end);
            this.failure.value = null;
          },
          (error: unknown) => {
            if (!this.stopped.signal.aborted) this.failure.value = Failure.of(error);
          },
        )
        .finally(() => {
          this.loading.delete(key);
          if (this.stopped.signal.aborted) return;
          this.changed();
        });
    }
  }

  /** The lines of a block, up to those that come live from now on. */
  private async load({ section, block }: Missing): Promise<{ lines: [number, Line][]; end: number }> {
    const first = block * BLOCK;
    const end = Math.min(first + BLOCK, this.rows.sections[section]?.total ?? 0);
    const found: [number, Line][] = [];
    const source = this.rows.sections[section]?.source ?? 0;
    const query: Query = this.filtered ? { ...this.scope(), ...this.filter(), skip: first } : { source, entry: first };
    let place = first;
    for await (const page of this.pages(query)) {
      for (const [at, record] of page.items.entries()) {
        place = this.filtered ? first + found.length : (page.entries[at] ?? place);
        if (place >= end) return { lines: found, end };
        found.push([place, lineOf(record)]);
      }
      if (found.length >= BLOCK || place + 1 >= end) break;
    }
    return { lines: found, end };
  }

  private async *lines(query: Query): AsyncGenerator<Line> {
    for await (const page of this.pages(query)) for (const record of page.items) yield lineOf(record);
  }

  private async *pages(query: Query): AsyncGenerator<LogPage> {
    const path = { id: this.choice.task };
    let next: Query = { ...query, limit: BLOCK, format: "json" };
    for (;;) {
      const options = { path, query: next as unknown as Record<string, never>, signal: this.stopped.signal };
      const page = (await get("/api/v1/tasks/{id}/logs", options)).data as unknown as LogPage;
      yield page;
      if (!page.nextCursor) return;
      const { entry: _entry, skip: _skip, line: _line, ...rest } = next;
      next = { ...rest, cursor: page.nextCursor };
    }
  }

  private changed(): void {
    this.version.value += 1;
  }
}

export function isFinal(status: TaskStatus): boolean {
  return status === "COMPLETED" || status === "FAILED" || status === "CANCELLED";
}
