// Which tasks are listed, and in which order. All of it stands in the URL.
import { useEffect, useState } from "preact/hooks";
import type { Statistics, TaskStatus } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { query, setQuery } from "../router.ts";
import { Icon } from "../ui/icon.tsx";

export const STATUSES: TaskStatus[] = ["PENDING", "IN_PROGRESS", "WAITING_FOR_INPUT", "COMPLETED", "FAILED", "CANCELLED"];
const PAUSE = 300;
const SINCE: Record<string, number> = { "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000 };

/** Whether anything is left out. */
export function isFiltered(from: URLSearchParams): boolean {
  return ["status", "q", "namespace", "parent", "root", "since"].some((name) => from.has(name));
}

/** The list's query, as the API has it. Times are whole minutes, so that the same choice stays the same page. */
export function apiQuery(from: URLSearchParams, now: number) {
  const since = SINCE[from.get("since") ?? ""];
  return {
    status: from.getAll("status") as TaskStatus[],
    q: from.get("q") ?? undefined,
    namespace: from.get("namespace") ?? undefined,
    parentId: from.get("parent") ?? undefined,
    rootTaskId: from.get("root") ?? undefined,
    createdSince: since ? new Date(Math.floor((now - since) / 60_000) * 60_000).toISOString() : undefined,
    sort: (from.get("sort") ?? undefined) as "created" | "updated" | "priority" | undefined,
    cursor: from.get("cursor") ?? undefined,
    limit: 50,
  };
}

export function Filters({ input, counts }: { input: { current: HTMLInputElement | null }; counts: Statistics["tasks"] | undefined }) {
  const t = m().tasks;
  const now = query.value;
  const statuses = now.getAll("status");
  const change = (name: string, value: string | string[] | null) => setQuery({ [name]: value, cursor: null });
  return (
    <div class="filters">
      <div class="chips" role="group" aria-label={t.status}>
        {STATUSES.map((status) => {
          const on = statuses.includes(status);
          const next = on ? statuses.filter((other) => other !== status) : [...statuses, status];
          return (
            <button key={status} type="button" class={`chip ${status}`} aria-pressed={on} onClick={() => change("status", next)}>
              {m().status[status]} {counts && <span class="count">{counts[status].toLocaleString()}</span>}
            </button>
          );
        })}
      </div>
      <div class="filter-row">
        <Typed input={input} name="q" label={t.search} kind="search" />
        <Typed name="namespace" label={t.namespace} />
        <select aria-label={t.since} value={now.get("since") ?? ""} onChange={(event) => change("since", event.currentTarget.value)}>
          <option value="">{t.sinceAny}</option>
          <option value="1h">{t.sinceHour}</option>
          <option value="24h">{t.sinceDay}</option>
          <option value="7d">{t.sinceWeek}</option>
        </select>
        <select aria-label={t.sort} value={now.get("sort") ?? ""} onChange={(event) => change("sort", event.currentTarget.value)}>
          <option value="">{t.sortCreated}</option>
          <option value="updated">{t.sortUpdated}</option>
          <option value="priority">{t.sortPriority}</option>
        </select>
        {isFiltered(now) && (
          <button type="button" class="button quiet" onClick={() => setQuery({ status: null, q: null, namespace: null, parent: null, root: null, since: null, cursor: null })}>
            <Icon name="close" /> {t.clearFilters}
          </button>
        )}
      </div>
      {now.get("parent") && <p class="small soft">{t.childrenOf(now.get("parent") ?? "")}</p>}
    </div>
  );
}

/** A text of the query, which changes when one pauses typing. */
export function Typed({ name, label, input, kind = "text" }: { name: string; label: string; input?: { current: HTMLInputElement | null }; kind?: "text" | "search" }) {
  const now = query.value.get(name) ?? "";
  const [text, setText] = useState(now);
  useEffect(() => setText(now), [now]);
  useEffect(() => {
    if (text === now) return;
    const timer = setTimeout(() => setQuery({ [name]: text, cursor: null }, { replace: now !== "" }), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <input
      ref={input}
      class="input"
      type={kind as "search"}
      value={text}
      placeholder={label}
      aria-label={label}
      spellcheck={false}
      autocomplete="off"
      onInput={(event) => setText(event.currentTarget.value)}
    />
  );
}
