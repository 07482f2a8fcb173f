// Which container's log: all of an attempt, or one.
import type { LogSummary } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import type { Choice } from "./feed.ts";
import { setPlace } from "./place.ts";

export function Tabs({ choice, summary }: { choice: Choice; summary: LogSummary }) {
  const t = m().logs;
  const containers = new Map<string, { lines: number; errors: number; running: boolean }>();
  for (const source of summary.sources) {
    if (choice.attempt !== undefined && source.attempt !== choice.attempt) continue;
    const known = containers.get(source.container) ?? { lines: 0, errors: 0, running: false };
    known.lines += source.lines;
    known.errors += source.levels.ERROR ?? 0;
    known.running ||= !source.done;
    containers.set(source.container, known);
  }
  if (containers.size < 2 && !choice.container) return null;
  const tab = (name: string, text: string, more?: { lines: number; errors: number; running: boolean }) => (
    <button key={name} type="button" class="log-tab" aria-pressed={(choice.container ?? "") === name} onClick={() => setPlace({ container: name })}>
      {more?.running && <span class="dot" title={t.running} />}
      {text}
      {more && <span class="soft small">{more.lines.toLocaleString()}</span>}
      {!!more?.errors && (
        <span class="badge plain bad" title={`ERROR: ${more.errors}`}>
          {more.errors.toLocaleString()}
        </span>
      )}
    </button>
  );
  return (
    <div class="log-tabs" role="group" aria-label={m().task.container}>
      {tab("", t.all)}
      {[...containers].map(([name, more]) => tab(name, name, more))}
    </div>
  );
}
