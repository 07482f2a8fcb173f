// Bearer tokens of programs.
import { useState } from "preact/hooks";
import { get, send } from "../api/client.ts";
import type { Role } from "../api/types.ts";
import { Editor } from "../catalog/editor.tsx";
import { m } from "../i18n/index.ts";
import { Ago, CopyButton, Loading, Trouble } from "../ui/bits.tsx";
import { Dialog, ask } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { useLoad } from "../ui/load.ts";
import { toast } from "../ui/toast.tsx";

const ROLES = ["viewer", "operator", "admin", "service"] as const;

export function Tokens() {
  const t = m().access;
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const list = useLoad("tokens", async (signal) => (await get("/api/v1/tokens", { query: { limit: 200 }, signal })).data, true);
  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="button primary" onClick={() => setAdding(true)}>
          <Icon name="plus" /> {t.newToken}
        </button>
      </div>
      {list.failure && <Trouble failure={list.failure} again={list.again} />}
      {!list.data && !list.failure && <Loading />}
      {list.data && (
        <div class="card table-card">
          <table class="list cards-on-phone">
            <thead>
              <tr>
                <th scope="col">{m().catalog.name}</th>
                <th scope="col">{t.role}</th>
                <th scope="col">{t.lastUsed}</th>
                <th scope="col">{t.expires}</th>
                <th scope="col">{m().common.created}</th>
                <th scope="col">
                  <span class="hidden-text">{m().tasks.actions}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.data.items.map((token) => (
                <tr key={token.id}>
                  <td class="task-name break">
                    <strong>{token.name}</strong> {token.revokedAt && <span class="badge bad">{t.revoked}</span>}
                  </td>
                  <td data-label={t.role}>{m().session.role[token.role]}</td>
                  <td data-label={t.lastUsed}>{token.lastUsedAt ? <Ago time={token.lastUsedAt} /> : t.never}</td>
                  <td data-label={t.expires}>{token.expiresAt ? <Ago time={token.expiresAt} /> : t.never}</td>
                  <td data-label={m().common.created}>
                    <Ago time={token.createdAt} /> <span class="small soft">{m().common.by(token.createdBy)}</span>
                  </td>
                  <td class="row-actions">
                    {!token.revokedAt && (
                      <button
                        type="button"
                        class="button small danger"
                        onClick={() =>
                          ask({
                            title: t.revokeToken(token.name),
                            text: t.revokeTokenText,
                            action: t.revoke,
                            danger: true,
                            act: async () => {
                              await send("delete", "/api/v1/tokens/{id}", { path: { id: token.id } });
                              toast(t.revoked);
                              list.again();
                            },
                          })
                        }
                      >
                        {t.revoke}
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {adding && (
        <Dialog title={t.newToken} onClose={() => setAdding(false)}>
          <Editor
            inputs={[
              { name: "name", label: m().catalog.name, required: true },
              { name: "role", label: t.role, value: "viewer", choices: ROLES.map((role) => [role, m().session.role[role]]) },
            ]}
            action={m().common.add}
            onCancel={() => setAdding(false)}
            act={async ({ name = "", role = "viewer" }) => {
              const made = await send("post", "/api/v1/tokens", { body: { name, role: role as Role } });
              setAdding(false);
              setSecret(made.data.secret);
              list.again();
            }}
          />
        </Dialog>
      )}
      {secret && (
        <Dialog title={t.secret} onClose={() => setSecret(null)}>
          <p>{t.secretHint}</p>
          <code class="secret">{secret}</code>
          <div class="buttons">
            <CopyButton text={secret} small={false} />
            <button type="button" class="button primary" onClick={() => setSecret(null)}>
              {m().common.close}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
