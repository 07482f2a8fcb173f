// Everything that happened to a task, and by whom.
import { full } from "../clock.ts";
import type { TaskEvent } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { plain } from "../logs/text.ts";
import type { Phase } from "../api/types.ts";
import { StatusBadge } from "../ui/bits.tsx";
import { phaseText } from "./phase.ts";

export function History({ events }: { events: TaskEvent[] }) {
  const t = m();
  return (
    <div class="card table-card">
      <table class="list cards-on-phone">
        <thead>
          <tr>
            <th scope="col">{t.audit.when}</th>
            <th scope="col">{t.audit.what}</th>
            <th scope="col">{t.common.details}</th>
            <th scope="col">{t.audit.who}</th>
            <th scope="col" class="number">
              {t.task.attempt}
            </th>
          </tr>
        </thead>
        <tbody>
          {[...events].reverse().map((event) => (
            <tr key={event.sequence}>
              <td class="nowrap" data-label={t.audit.when}>
                <time dateTime={event.at}>{full(event.at)}</time>
              </td>
              <td data-label={t.audit.what}>{t.task.event[event.kind] ?? event.kind}</td>
              <td class="break" data-label={t.common.details}>
                <What event={event} />
              </td>
              <td class="mono break" data-label={t.audit.who}>
                {event.actor}
              </td>
              <td class="number" data-label={t.task.attempt}>
                {event.attempt}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function What({ event }: { event: TaskEvent }) {
  const detail = event.detail as Record<string, unknown> | null | undefined;
  const fields = Array.isArray(detail?.fields) ? (detail.fields as string[]).join(", ") : undefined;
  return (
    <>
      {event.to && <StatusBadge status={event.to} />}
      {event.kind === "phase" && detail && phaseText(detail as unknown as Phase)}
      {fields && <code>{fields}</code>}
      {event.reason && <div>{plain(event.reason)}</div>}
    </>
  );
}
