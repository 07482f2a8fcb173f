// A log with all that is done to it: the choice of attempt and container, filters, search, following, downloads.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, url } from "../api/client.ts";
import type { LogHits, LogSummary } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { Empty, Loading, Trouble } from "../ui/bits.tsx";
import { useKeys } from "../ui/keys.ts";
import { useLoad } from "../ui/load.ts";
import { type Choice, Feed } from "./feed.ts";
import { FindBar } from "./find.tsx";
import type { Face } from "./line.tsx";
import { showNumbers, showTime, wrap } from "./options.ts";
import { place, setPlace } from "./place.ts";
import { marker, type Marks } from "./search.ts";
import { Selection } from "./selection.tsx";
import { StatusBar } from "./status.tsx";
import { Tabs } from "./tabs.tsx";
import { Toolbar } from "./toolbar.tsx";
import { LogView, type ViewHandle } from "./view.tsx";

/** How many hits are known by their places. */
const HITS = 10_000;
/** How soon hits are looked for again while lines come. */
const HITS_EVERY = 3_000;

interface PanelProps {
  task: string;
  /** What stands at the top's end: closing a modal. */
  onClose?: () => void;
}

export function LogPanel({ task, onClose }: PanelProps) {
  const at = place();
  const [summary, setSummary] = useState<LogSummary | null>(null);
  const attempt = at.attempt ?? summary?.attempt ?? undefined;
  const filters = at.only && at.find !== "";
  const choice: Choice = {
    task,
    attempt,
    container: at.container || undefined,
    level: at.level || undefined,
    q: filters && !at.regex ? at.find : undefined,
    regex: filters && at.regex ? at.find : undefined,
  };
  const known = useLoad(`summary/${task}`, async (signal) => (await get("/api/v1/tasks/{id}/logs/summary", { path: { id: task }, signal })).data);
  useEffect(() => {
    if (known.data) setSummary((old) => old ?? known.data ?? null);
  }, [known.data]);

  if (known.failure && !summary) return <Frame onClose={onClose}><Trouble failure={known.failure} again={known.again} /></Frame>;
  if (!summary) return <Frame onClose={onClose}><Loading /></Frame>;
  return <Ready key={task} choice={choice} summary={summary} onSummary={setSummary} onClose={onClose} />;
}

function Frame({ children, onClose }: { children: preact.ComponentChildren; onClose?: () => void }) {
  return (
    <div class="log-panel">
      <div class="log-note">
        {children}
        {onClose && (
          <button type="button" class="button" onClick={onClose}>
            {m().common.close}
          </button>
        )}
      </div>
    </div>
  );
}

interface ReadyProps {
  choice: Choice;
  summary: LogSummary;
  onSummary: (summary: LogSummary) => void;
  onClose?: () => void;
}

function Ready({ choice, summary, onSummary, onClose }: ReadyProps) {
  const at = place();
  const key = JSON.stringify(choice);
  const [round, setRound] = useState(0);
  const feed = useMemo(() => new Feed(choice, onSummary), [key, round]);
  const [following, setFollowing] = useState(at.range === null);
  const [seenLines, setSeenLines] = useState(0);
  const handle = useRef<ViewHandle | null>(null);
  const find = useRef<HTMLInputElement>(null);

  useEffect(() => {
    void feed.start();
    return () => feed.stop();
  }, [feed]);

  // A link to lines leads to them, once.
  useEffect(() => {
    const range = at.range;
    if (!range || !feed.ready.value) return;
    const lead = async () => {
      const entry = feed.filtered ? null : await feed.entryOf(range.source, range.from);
      const row = entry === null ? null : feed.rows.rowOf(range.source, entry);
      if (row !== null) handle.current?.toRow(row);
    };
    void lead().catch(() => undefined);
  }, [feed, feed.ready.value]);

  const follows = (next: boolean) => {
    setSeenLines(feed.arrived);
    setFollowing(next);
  };

  // Hits, where lines are only marked and not left out.
  const searching = at.find !== "" && !at.only;
  const [hitsRound, setHitsRound] = useState(0);
  const hits = useLoad<{ hits: LogHits; rows: number[] }>(
    searching && feed.ready.value ? `${key}/${at.find}/${at.regex}/${hitsRound}` : null,
    async (signal) => {
      const query = { attempt: choice.attempt, container: choice.container, level: choice.level, [at.regex ? "regex" : "q"]: at.find, limit: HITS };
      const options = { path: { id: choice.task }, query: query as unknown as Record<string, never>, signal };
      const found = (await get("/api/v1/tasks/{id}/logs/hits", options)).data;
      const rows: number[] = [];
      if (!feed.filtered) for (const hit of found.items) {
        const row = feed.rows.rowOf(hit.source, hit.entry);
        if (row !== null) rows.push(row);
      }
      return { hits: found, rows: rows.sort((a, b) => a - b) };
    },
    true,
  );
  const version = feed.version.value;
  const arrived = useRef(0);
  useEffect(() => {
    if (!searching || feed.arrived === arrived.current) return;
    const timer = setTimeout(() => {
      arrived.current = feed.arrived;
      setHitsRound((n) => n + 1);
    }, HITS_EVERY);
    return () => clearTimeout(timer);
  }, [searching, version]);

  const [current, setCurrent] = useState<number | null>(null);
  useEffect(() => setCurrent(null), [at.find, at.regex, at.only, key]);
  const hitRows = searching ? (hits.data?.rows ?? []) : [];
  const go = (forward: boolean) => {
    if (at.only || !hitRows.length) return;
    const from = current ?? (forward ? (handle.current?.seen()[0] ?? 0) - 1 : (handle.current?.seen()[1] ?? 0));
    const next = forward ? (hitRows.find((row) => row > from) ?? hitRows[0]) : (hitRows.findLast((row) => row < from) ?? hitRows.at(-1));
    if (next === undefined) return;
    setCurrent(next);
    follows(false);
    handle.current?.toRow(next);
  };

  const mark = useMemo(() => {
    const marks = marker(at.find === "" ? {} : at.regex ? { regex: at.find } : { q: at.find });
    if (!marks) return null;
    const known = new WeakMap<Face, Marks>();
    return (face: Face) => {
      let found = known.get(face);
      if (!found) {
        found = marks(face.text);
        // A pattern that a browser does not take marks only what the server has found.
        known.set(face, found);
      }
      return found === "all" && !at.only ? [] : found;
    };
  }, [at.find, at.regex, at.only]);

  useKeys({
    "/": () => find.current?.select(),
    "Ctrl+f": () => find.current?.select(),
    n: () => go(true),
    p: () => go(false),
    N: () => go(false),
    f: () => (following ? follows(false) : handle.current?.toEnd()),
    w: () => toggle(wrap),
    t: () => toggle(showTime),
    "#": () => toggle(showNumbers),
    g: () => handle.current?.toStart(),
    G: () => handle.current?.toEnd(),
    "in-dialog": () => undefined,
  });

  const names = (source: number) => {
    const log = summary.sources.find((one) => one.source === source);
    if (!log) return "";
    return m().logs.section(log.container, log.pod) + (log.restart ? ` · ${m().logs.restart(log.restart)}` : "");
  };
  const failure = feed.failure.value;
  const total = feed.rows.total;
  return (
    <div class="log-panel">
      <Toolbar choice={choice} summary={summary} handle={handle} onClose={onClose} />
      <Tabs choice={choice} summary={summary} />
      <FindBar
        input={find}
        total={at.only ? (at.find ? feed.rows.total : null) : (hits.data?.hits.total ?? null)}
        partial={at.only ? feed.partial.value : hits.data?.hits.complete === false}
        current={current === null ? 0 : hitRows.indexOf(current) + 1}
        failure={searching ? hits.failure : at.only ? failure : null}
        onNext={() => go(true)}
        onPrevious={() => go(false)}
        onLeave={() => handle.current?.focus()}
      />
      <div class="log-body">
        {failure && !(at.only && failure.status === 400) && (
          <div class="log-note">
            <Trouble failure={failure} again={() => setRound((n) => n + 1)} />
          </div>
        )}
        {!feed.ready.value && !failure && <Loading />}
        {feed.ready.value && total === 0 && <Nothing feed={feed} summary={summary} />}
        {feed.ready.value && total > 0 && (
          <LogView
            key={key + round}
            feed={feed}
            following={following}
            onFollowing={follows}
            handle={handle}
            names={names}
            mark={mark}
            currentRow={current}
            range={at.range}
            onRange={(range) => setPlace({ range })}
          />
        )}
        {at.range && <Selection feed={feed} range={at.range} />}
      </div>
      <StatusBar
        feed={feed}
        following={following}
        news={following ? 0 : feed.arrived - seenLines}
        onPause={() => follows(false)}
        onFollow={() => handle.current?.toEnd()}
      />
    </div>
  );
}

function Nothing({ feed, summary }: { feed: Feed; summary: LogSummary }) {
  const t = m().logs;
  if (feed.filtered) {
    return (
      <Empty icon="search" title={t.emptyFiltered}>
        <button type="button" class="button" onClick={() => setPlace({ level: "", find: "", only: false, regex: false })}>
          {m().tasks.clearFilters}
        </button>
      </Empty>
    );
  }
  return <Empty icon="log" title={t.empty}>{summary.status === "PENDING" && <p class="soft">{t.emptyPending}</p>}</Empty>;
}

function toggle(flag: { value: boolean }): void {
  flag.value = !flag.value;
}

/** Where a log is had as a file. */
export function downloadUrl(choice: Choice, format: string, filtered: boolean): string {
  const scope = { attempt: choice.attempt, container: choice.container };
  const filter = filtered ? { level: choice.level, q: choice.q, regex: choice.regex } : {};
  return url("/api/v1/tasks/{id}/logs", { id: choice.task }, { ...scope, ...filter, format, download: "true" });
}

