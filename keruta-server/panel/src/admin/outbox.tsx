// What was, or is to be, sent.
import { loose } from "../api/loose.ts";
import { m } from "../i18n/index.ts";
import { query, taskPath } from "../router.ts";
import { may } from "../session.ts";
import { Pages } from "../tasks/page.tsx";
import { Ago, Empty, Loading, Trouble } from "../ui/bits.tsx";
import { useLoad } from "../ui/load.ts";
import { toastFailure } from "../ui/toast.tsx";
import { BASE, type Notification } from "./notify.ts";

const KIND = { pending: "", sending: "IN_PROGRESS", sent: "ok", failed: "bad" } as const;

export function Outbox() {
  const t = m().notifications;
  const cursor = query.value.get("cursor");
  const list = useLoad(
    `outbox/${cursor}`,
    (signal) => loose<{ items: Notification[]; nextCursor?: string | null }>("GET", `${BASE}${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`, { signal }),
    true,
  );
  if (list.failure?.status === 404) return <Empty icon="bell" title={m().common.unavailable} />;
  if (list.failure) return <Trouble failure={list.failure} again={list.again} />;
  if (!list.data) return <Loading />;
  if (!list.data.items.length) return <Empty icon="bell" title={t.outboxEmpty} />;
  return (
    <div class="stack">
      <div class="card table-card">
        <table class="list cards-on-phone">
          <thead>
            <tr>
              <th scope="col">{m().audit.when}</th>
              <th scope="col">{t.trigger}</th>
              <th scope="col">{m().tasks.task}</th>
              <th scope="col">{m().tasks.status}</th>
              <th scope="col">
                <span class="hidden-text">{m().tasks.actions}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.data.items.map((one) => (
              <tr key={one.id}>
                <td data-label={m().audit.when}>
                  <Ago time={one.createdAt} />
                </td>
                <td data-label={t.trigger}>
                  {t.events[one.event]}
                  <div class="small soft break">{one.reason}</div>
                </td>
                <td class="break" data-label={m().tasks.task}>
                  {one.taskId ? <a href={taskPath(one.taskId)}>{one.title || one.taskId}</a> : m().common.none}
                  {one.occurrences > 1 && <span class="soft"> ×{one.occurrences}</span>}
                </td>
                <td data-label={m().tasks.status}>
                  <span class={`badge ${KIND[one.state]}`}>{t.states[one.state]}</span>
                  {one.lastError && <div class="error-text break">{one.lastError}</div>}
                </td>
                <td class="row-actions">
                  {may("operator") && one.state === "failed" && (
                    <button type="button" class="button small" onClick={() => void loose("POST", `${BASE}/${encodeURIComponent(one.id)}/retry`).then(list.again, toastFailure)}>
                      {m().common.retry}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Pages next={list.data.nextCursor} />
    </div>
  );
}
