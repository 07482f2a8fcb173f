// Users, tokens and sessions.
import { get, send } from "../api/client.ts";
import { m } from "../i18n/index.ts";
import { query, withQuery } from "../router.ts";
import { Ago, Loading, PageHead, Trouble } from "../ui/bits.tsx";
import { ask } from "../ui/dialog.tsx";
import { useLoad } from "../ui/load.ts";
import { toast } from "../ui/toast.tsx";
import { Tokens } from "./tokens.tsx";
import { Users } from "./users.tsx";

const TABS = ["users", "tokens", "sessions"] as const;

export function AccessPage() {
  const t = m().access;
  const tab = TABS.find((one) => one === query.value.get("tab")) ?? "users";
  return (
    <>
      <PageHead title={t.title} />
      <nav class="tabs" aria-label={t.title}>
        {TABS.map((one) => (
          <a key={one} href={withQuery({ tab: one === "users" ? null : one })} aria-current={one === tab ? "page" : undefined}>
            {t[one]}
          </a>
        ))}
      </nav>
      <div class="task-body">{tab === "users" ? <Users /> : tab === "tokens" ? <Tokens /> : <Sessions />}</div>
    </>
  );
}

function Sessions() {
  const t = m().access;
  const list = useLoad("sessions", async (signal) => (await get("/api/v1/sessions", { query: { limit: 200 }, signal })).data);
  if (list.failure) return <Trouble failure={list.failure} again={list.again} />;
  if (!list.data) return <Loading />;
  return (
    <div class="card table-card">
      <table class="list cards-on-phone">
        <thead>
          <tr>
            <th scope="col">{m().session.name}</th>
            <th scope="col">{t.lastUsed}</th>
            <th scope="col">{m().common.created}</th>
            <th scope="col">{m().audit.from}</th>
            <th scope="col">
              <span class="hidden-text">{m().tasks.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.data.items.map((one) => (
            <tr key={one.id}>
              <td class="task-name">
                <strong>{one.user}</strong> {one.current && <span class="badge plain">{t.current}</span>}
              </td>
              <td data-label={t.lastUsed}>
                <Ago time={one.lastUsedAt} />
              </td>
              <td data-label={m().common.created}>
                <Ago time={one.createdAt} />
              </td>
              <td class="mono" data-label={m().audit.from}>
                {one.remote ?? m().common.none}
              </td>
              <td class="row-actions">
                {!one.current && (
                  <button
                    type="button"
                    class="button small danger"
                    onClick={() =>
                      ask({
                        title: `${t.end}: ${one.user}`,
                        action: t.end,
                        danger: true,
                        act: async () => {
                          await send("delete", "/api/v1/sessions/{id}", { path: { id: one.id } });
                          toast(m().common.deleted);
                          list.again();
                        },
                      })
                    }
                  >
                    {t.end}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
