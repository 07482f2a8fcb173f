// Server-sent events over fetch: batches instead of single events, and a connection that comes back by itself.
import { Failure } from "./failure.ts";
import { me } from "../session.ts";

export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

export type Connection =
  | { state: "connecting" }
  | { state: "open" }
  /** It comes back at this time (`performance.now()`). */
  | { state: "waiting"; until: number; failure: Failure | null }
  | { state: "asleep" }
  | { state: "ended"; failure: Failure | null };

export interface Following {
  url: string;
  /** The id behind which to begin. */
  lastId?: string;
  onEvents: (events: ServerEvent[]) => void;
  onState?: (connection: Connection) => void;
  /** Whether these events say that nothing more will come. */
  isEnd?: (event: ServerEvent) => boolean;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** How long a hidden page keeps its connection: browsers allow only six for each server. */
const HIDDEN = 60_000;
/** The server writes something every 15 seconds. */
const SILENCE = 40_000;

/** Splits a stream of text into events. Pure, but for what it remembers of the last piece. */
export class EventParser {
  private rest = "";
  private data: string[] = [];
  private event = "";
  private id = "";

  take(piece: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    this.rest += piece;
    let from = 0;
    for (let end = this.rest.indexOf("\n", from); end >= 0; end = this.rest.indexOf("\n", from)) {
      const line = this.rest.slice(from, this.rest.charCodeAt(end - 1) === 13 && end > from ? end - 1 : end);
      from = end + 1;
      if (line === "") {
        if (this.data.length) events.push({ id: this.id, event: this.event || "message", data: this.data.join("\n") });
        this.data = [];
        this.event = "";
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
      if (name === "data") this.data.push(value);
      else if (name === "event") this.event = value;
      else if (name === "id") this.id = value;
    }
    this.rest = this.rest.slice(from);
    return events;
  }
}

/** Follows until it is stopped, or the server says that it is the end. Returns what stops it. */
export function follow(following: Following): () => void {
  const stopped = new AbortController();
  void run(following, stopped.signal);
  return () => stopped.abort();
}

async function run(following: Following, stopped: AbortSignal): Promise<void> {
  let lastId = following.lastId ?? "";
  let wait = FIRST_WAIT;
  const tell = (connection: Connection) => {
    if (!stopped.aborted) following.onState?.(connection);
  };
  while (!stopped.aborted) {
    tell({ state: "connecting" });
    let failure: Failure | null = null;
    const connection = new AbortController();
    const cut = () => connection.abort();
    stopped.addEventListener("abort", cut);
    const unwatch = whenHiddenFor(HIDDEN, cut);
    let silent = setTimeout(cut, SILENCE);
    try {
      const headers = new Headers({ accept: "text/event-stream" });
      if (lastId) headers.set("last-event-id", lastId);
      const response = await fetch(following.url, { headers, signal: connection.signal, credentials: "same-origin" });
      if (!response.ok || !response.body) throw await Failure.from(response);
      tell({ state: "open" });
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        clearTimeout(silent);
        silent = setTimeout(cut, SILENCE);
        wait = FIRST_WAIT;
        const events = parser.take(value);
        if (!events.length) continue;
        lastId = events.at(-1)?.id || lastId;
        if (stopped.aborted) return;
        following.onEvents(events);
        if (events.some((event) => following.isEnd?.(event))) {
          tell({ state: "ended", failure: null });
          return;
        }
      }
    } catch (error) {
      if (!connection.signal.aborted) failure = Failure.of(error);
    } finally {
      clearTimeout(silent);
      unwatch();
      stopped.removeEventListener("abort", cut);
    }
    if (stopped.aborted) return;
    if (document.hidden) {
      tell({ state: "asleep" });
      await visible(stopped);
      continue;
    }
    if (failure?.status === 401) me.value = null;
    if (failure && failure.status >= 400 && failure.status < 500 && failure.status !== 408 && failure.status !== 429) {
      tell({ state: "ended", failure });
      return;
    }
    const pause = wait * (0.75 + Math.random() / 2);
    wait = Math.min(wait * 2, LONGEST_WAIT);
    tell({ state: "waiting", until: performance.now() + pause, failure });
    await sleep(pause, stopped);
  }
}

/** What wakes a connection that waits: the network is back, or somebody does not want to wait. */
const AGAIN = "online";

/** Tries all connections that wait now. */
export function reconnect(): void {
  window.dispatchEvent(new Event(AGAIN));
}

function sleep(milliseconds: number, stopped: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener(AGAIN, end);
      stopped.removeEventListener("abort", end);
      done();
    };
    const timer = setTimeout(end, milliseconds);
    window.addEventListener(AGAIN, end);
    stopped.addEventListener("abort", end);
  });
}

function visible(stopped: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const look = () => {
      if (!document.hidden || stopped.aborted) {
        document.removeEventListener("visibilitychange", look);
        done();
      }
    };
    document.addEventListener("visibilitychange", look);
    stopped.addEventListener("abort", look);
    look();
  });
}

function whenHiddenFor(milliseconds: number, act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(act, milliseconds);
  };
  document.addEventListener("visibilitychange", look);
  look();
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
