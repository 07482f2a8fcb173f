// Bearer tokens of programs.
import { useState } from "preact/hooks";
import { get, send } from "../api/client.ts";
import type { Role, Token } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { Ago, CopyButton, Empty } from "../ui/bits.tsx";
import { Dialog, askDelete } from "../ui/dialog.tsx";
import { EditorDialog } from "../ui/editor.tsx";
import { Icon } from "../ui/icon.tsx";
import { Listing, actions } from "../ui/listing.tsx";
import { useLoad } from "../ui/load.ts";
import { roleChoices } from "./access.tsx";

export function Tokens() {
  const t = m().access;
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const list = useLoad("tokens", async (signal) => (await get("/api/v1/tokens", { query: { limit: 200 }, signal })).data, true);
  const make = async ({ name = "", role = "viewer" }) => {
    const made = await send("post", "/api/v1/tokens", { body: { name, role: role as Role } });
    setSecret(made.data.secret);
    list.again();
  };
  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="button primary" onClick={() => setAdding(true)}>
          <Icon name="plus" /> {t.newToken}
        </button>
      </div>
      <Listing
        loaded={list}
        keyOf={(token) => token.id}
        empty={<Empty icon="key" title={t.noTokens} />}
        columns={[
          {
            head: m().catalog.name,
            kind: "name",
            cell: (token) => (
              <>
                <strong>{token.name}</strong> {token.revokedAt && <span class="badge bad">{t.revoked}</span>}
              </>
            ),
          },
          { head: t.role, cell: (token) => m().session.role[token.role] },
          { head: t.lastUsed, cell: (token) => (token.lastUsedAt ? <Ago time={token.lastUsedAt} /> : t.never) },
          { head: t.expires, cell: (token) => (token.expiresAt ? <Ago time={token.expiresAt} /> : t.never) },
          {
            head: m().common.created,
            cell: (token) => (
              <>
                <Ago time={token.createdAt} /> <span class="small soft">{m().common.by(token.createdBy)}</span>
              </>
            ),
          },
          actions<Token>((token) => {
            const revoke = { title: t.revokeToken(token.name), text: t.revokeTokenText, action: t.revoke, done: t.revoked };
            const act = () => send("delete", "/api/v1/tokens/{id}", { path: { id: token.id } });
            return (
              !token.revokedAt && (
                <button type="button" class="button small danger" onClick={() => askDelete({ ...revoke, act, then: list.again })}>
                  {t.revoke}
                </button>
              )
            );
          }),
        ]}
      />
      {adding && (
        <EditorDialog
          title={t.newToken}
          close={() => setAdding(false)}
          inputs={[
            { name: "name", label: m().catalog.name, required: true },
            { name: "role", label: t.role, value: "viewer", choices: roleChoices("viewer", "operator", "admin", "service") },
          ]}
          action={m().common.add}
          act={make}
        />
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
