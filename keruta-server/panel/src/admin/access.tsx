// Users, tokens and sessions.
import { get, send } from "../api/client.ts";
import type { Role, Session } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { Ago, Empty, PageHead } from "../ui/bits.tsx";
import { askDelete } from "../ui/dialog.tsx";
import { Listing, actions } from "../ui/listing.tsx";
import { useLoad } from "../ui/load.ts";
import { Tabs, useTab } from "../ui/tabs.tsx";
import { Tokens } from "./tokens.tsx";
import { Users } from "./users.tsx";

const TABS = ["users", "tokens", "sessions"] as const;

export function roleChoices(...roles: Role[]): [Role, string][] {
  return roles.map((role) => [role, m().session.role[role]]);
}

export function AccessPage() {
  const t = m().access;
  const tab = useTab(TABS);
  return (
    <>
      <PageHead title={t.title} />
      <Tabs label={t.title} tabs={TABS} now={tab} words={t} />
      <div class="task-body">{tab === "users" ? <Users /> : tab === "tokens" ? <Tokens /> : <Sessions />}</div>
    </>
  );
}

function Sessions() {
  const t = m().access;
  const list = useLoad("sessions", async (signal) => (await get("/api/v1/sessions", { query: { limit: 200 }, signal })).data);
  return (
    <Listing
      loaded={list}
      keyOf={(one) => one.id}
      empty={<Empty icon="key" title={m().common.none} />}
      columns={[
        {
          head: m().session.name,
          kind: "name",
          cell: (one) => (
            <>
              <strong>{one.user}</strong> {one.current && <span class="badge plain">{t.current}</span>}
            </>
          ),
        },
        { head: t.lastUsed, cell: (one) => <Ago time={one.lastUsedAt} /> },
        { head: m().common.created, cell: (one) => <Ago time={one.createdAt} /> },
        { head: m().audit.from, look: "mono", cell: (one) => one.remote ?? m().common.none },
        actions<Session>((one) => {
          const act = () => send("delete", "/api/v1/sessions/{id}", { path: { id: one.id } });
          return (
            !one.current && (
              <button type="button" class="button small danger" onClick={() => askDelete({ title: `${t.end}: ${one.user}`, action: t.end, done: t.ended, act, then: list.again })}>
                {t.end}
              </button>
            )
          );
        }),
      ]}
    />
  );
}
