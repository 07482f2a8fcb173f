// What was, or is to be, sent.
import { get, send } from "../api/client.ts";
import type { Notification } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { plain } from "../logs/text.ts";
import { query, taskPath } from "../router.ts";
import { may } from "../session.ts";
import { Ago, Empty } from "../ui/bits.tsx";
import { Listing, actions } from "../ui/listing.tsx";
import { useLoad, useRefresh } from "../ui/load.ts";
import { toastFailure } from "../ui/toast.tsx";

const KIND = { pending: "", sending: "IN_PROGRESS", sent: "ok", failed: "bad" } as const;
const EVERY = 5_000;

export function Outbox() {
  const t = m().notifications;
  const cursor = query.value.get("cursor") ?? undefined;
  const list = useLoad(`outbox/${cursor}`, async (signal) => (await get("/api/v1/notifications", { query: { cursor }, signal })).data, true);
  useRefresh(list.again, EVERY);
  return (
    <div class="stack">
      <Listing
        loaded={list}
        keyOf={(one) => one.id}
        empty={<Empty icon="bell" title={t.outboxEmpty} />}
        columns={[
          { head: m().audit.when, cell: (one) => <Ago time={one.createdAt} /> },
          {
            head: t.trigger,
            cell: (one) => (
              <>
                {t.events[one.event]}
                <div class="small soft break">{plain(one.reason)}</div>
              </>
            ),
          },
          {
            head: m().tasks.task,
            look: "break",
            cell: (one) => (
              <>
                {one.taskId ? <a href={taskPath(one.taskId)}>{one.title || one.taskId}</a> : m().common.none}
                {one.occurrences > 1 && <span class="soft"> ×{one.occurrences}</span>}
              </>
            ),
          },
          { head: m().tasks.status, cell: (one) => <State one={one} /> },
          actions<Notification>(
            (one) =>
              may("operator") &&
              one.state === "failed" && (
                <button type="button" class="button small" onClick={() => void send("post", "/api/v1/notifications/{id}/retry", { path: { id: one.id } }).then(list.again, toastFailure)}>
                  {m().common.retry}
                </button>
              ),
          ),
        ]}
      />
    </div>
  );
}

function State({ one }: { one: Notification }) {
  const t = m().notifications;
  return (
    <>
      <span class={`badge ${KIND[one.state]}`}>{t.states[one.state]}</span>
      {one.sentAt && (
        <span class="small soft">
          {" "}
          <Ago time={one.sentAt} />
        </span>
      )}
      {one.lastError && <div class="error-text break">{one.lastError}</div>}
      {one.state === "pending" && one.tries > 0 && <div class="small soft">{t.tries(one.tries)}</div>}
    </>
  );
}
