// The list of tasks.
import { useEffect, useRef } from "preact/hooks";
import { get } from "../api/client.ts";
import type { Task } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { LogModal } from "../logs/modal.tsx";
import { navigate, query, setQuery, withQuery } from "../router.ts";
import { may } from "../session.ts";
import { Empty, Loading, PageHead, Trouble } from "../ui/bits.tsx";
import { Icon } from "../ui/icon.tsx";
import { useKeys } from "../ui/keys.ts";
import { Pages } from "../ui/listing.tsx";
import { useLoad } from "../ui/load.ts";
import { Filters, apiQuery, isFiltered } from "./filters.tsx";
import { calmly, connection, onEvents } from "./live.ts";
import { DayPlot, loadStatistics } from "./plot.tsx";
import { TaskRow } from "./row.tsx";

/** How often the day's picture is drawn anew without news. */
const EVERY = 60_000;

export function TasksPage() {
  const t = m().tasks;
  const now = query.value;
  const wanted = apiQuery(now, Date.now());
  const list = useLoad(
    JSON.stringify(wanted),
    async (signal) => (await get("/api/v1/tasks", { query: wanted, signal })).data as { items: Task[]; nextCursor?: string | null },
    true,
  );
  const statistics = useLoad("statistics", loadStatistics, true);
  const input = useRef<HTMLInputElement>(null);
  const table = useRef<HTMLTableElement>(null);

  useEffect(() => {
    const refresh = calmly(() => {
      list.again();
      statistics.again();
    });
    const leave = onEvents(refresh.poke);
    const timer = setInterval(() => {
      if (!document.hidden) refresh.poke();
    }, EVERY);
    return () => {
      leave();
      refresh.stop();
      clearInterval(timer);
    };
  }, []);

  const move = (by: number) => {
    const links = [...(table.current?.querySelectorAll<HTMLElement>(".row-link") ?? [])];
    const at = links.indexOf(document.activeElement as HTMLElement);
    links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
  };
  useKeys(
    {
      "/": () => input.current?.focus(),
      n: () => may("operator") && navigate("/tasks/new"),
      j: () => move(1),
      k: () => move(-1),
      l: () => {
        const row = document.activeElement?.closest<HTMLElement>("tr[data-task]");
        if (row?.dataset.task) setQuery({ logs: row.dataset.task });
      },
    },
    !now.has("logs"),
  );

  const logs = now.get("logs");
  const items = list.data?.items;
  return (
    <>
      <PageHead title={t.title}>
        <LiveBadge />
        {may("operator") && (
          <a class="button primary" href="/tasks/new" title="n">
            <Icon name="plus" /> {t.create}
          </a>
        )}
      </PageHead>
      <div class="stack">
        <section class="card flush">
          <DayPlot statistics={statistics} />
        </section>
        <Filters input={input} counts={statistics.data?.tasks} />
        {list.failure && <Trouble failure={list.failure} again={list.again} />}
        {!items && !list.failure && <Loading />}
        {items && items.length === 0 && <Nothing />}
        {items && items.length > 0 && (
          <div class="card table-card" aria-busy={list.busy}>
            <table class="list tasks" ref={table}>
              <thead>
                <tr>
                  <th scope="col">{t.task}</th>
                  <th scope="col">{t.status}</th>
                  <Sortable name="priority" text={t.priority} kind="number" />
                  <Sortable name="" text={t.age} />
                  <th scope="col" class="number">
                    {t.duration}
                  </th>
                  <th scope="col">{t.namespace}</th>
                  <th scope="col">{t.parent}</th>
                  <th scope="col">
                    <span class="hidden-text">{t.actions}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((task) => (
                  <TaskRow key={task.id} task={task} changed={list.again} />
                ))}
              </tbody>
            </table>
          </div>
        )}
        <Pages next={list.data?.nextCursor} />
      </div>
      {logs && <LogModal key={logs} task={logs} />}
    </>
  );
}

function Sortable({ name, text, kind = "" }: { name: string; text: string; kind?: string }) {
  const on = (query.value.get("sort") ?? "") === name;
  return (
    <th scope="col" class={kind} aria-sort={on ? "descending" : undefined}>
      <a href={withQuery({ sort: name, cursor: null })} class="sort">
        {text} <span aria-hidden="true">{on ? "↓" : ""}</span>
      </a>
    </th>
  );
}

function LiveBadge() {
  const state = connection.value.state;
  const t = m().tasks;
  if (state === "open") return <span class="badge live">{t.live}</span>;
  return <span class={`badge ${state === "waiting" ? "warn" : ""}`}>{state === "asleep" ? t.liveAsleep : t.liveWaiting}</span>;
}

function Nothing() {
  const t = m().tasks;
  const filtered = isFiltered(query.value);
  return (
    <div class="card">
      <Empty title={filtered ? t.emptyFiltered : t.empty} icon={filtered ? "search" : "inbox"}>
        {!filtered && <p class="soft">{t.emptyHint}</p>}
        {!filtered && may("operator") && (
          <a class="button primary" href="/tasks/new">
            <Icon name="plus" /> {t.create}
          </a>
        )}
      </Empty>
    </div>
  );
}
