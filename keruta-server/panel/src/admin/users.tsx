// Who may sign in, with a password or by a provider.
import { useState } from "preact/hooks";
import { get, send } from "../api/client.ts";
import type { Role, User } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { me } from "../session.ts";
import { Ago, Empty } from "../ui/bits.tsx";
import { askDelete } from "../ui/dialog.tsx";
import { EditorDialog } from "../ui/editor.tsx";
import { Icon } from "../ui/icon.tsx";
import { Listing, actions } from "../ui/listing.tsx";
import { useLoad } from "../ui/load.ts";
import { Menu } from "../ui/menu.tsx";
import { toast, toastFailure } from "../ui/toast.tsx";
import { roleChoices } from "./access.tsx";

export function Users() {
  const t = m().access;
  const [adding, setAdding] = useState(false);
  const [password, setPassword] = useState<User | null>(null);
  const list = useLoad("users", async (signal) => (await get("/api/v1/users", { query: { limit: 200 }, signal })).data, true);
  const roles = roleChoices("viewer", "operator", "admin");
  const newPassword = { name: "password", label: m().session.newPassword, kind: "password", required: true } as const;
  const change = async (user: User, body: { role?: Role; disabled?: boolean; password?: string }) => {
    await send("patch", "/api/v1/users/{id}", { path: { id: user.id }, body, type: "application/json", ifMatch: `"${user.version}"` });
    toast(m().common.saved);
    list.again();
  };
  const make = async ({ name = "", password = "", role = "viewer" }) => {
    await send("post", "/api/v1/users", { body: { name, password, role: role as Role } });
    toast(m().common.created);
    list.again();
  };
  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="button primary" onClick={() => setAdding(true)}>
          <Icon name="plus" /> {t.newUser}
        </button>
      </div>
      <Listing
        loaded={list}
        keyOf={(user) => user.id}
        empty={<Empty icon="user" title={t.noUsers} />}
        columns={[
          {
            head: m().session.name,
            kind: "name",
            cell: (user) => (
              <>
                <strong>{user.name}</strong> {user.issuer && <span class="soft small break">{user.issuer}</span>}
              </>
            ),
          },
          {
            head: t.role,
            cell: (user) => (
              <select class="fit" aria-label={`${t.role}: ${user.name}`} value={user.role} onChange={(event) => void change(user, { role: event.currentTarget.value as Role }).catch(toastFailure)}>
                {roles.map(([role, text]) => (
                  <option key={role} value={role}>
                    {text}
                  </option>
                ))}
              </select>
            ),
          },
          { head: m().tasks.status, cell: (user) => <span class={`badge ${user.disabled ? "bad" : "ok"}`}>{user.disabled ? t.disabled : t.enabled}</span> },
          { head: m().common.changed, cell: (user) => <Ago time={user.updatedAt} /> },
          actions<User>((user) => {
            const act = () => send("delete", "/api/v1/users/{id}", { path: { id: user.id } });
            return (
              <Menu label={`${m().tasks.actions}: ${user.name}`} kind="quiet icon small" button={<Icon name="more" />}>
                <button type="button" class="item" onClick={() => setPassword(user)}>
                  {t.setPassword}
                </button>
                <button type="button" class="item" disabled={user.name === me.value?.user} onClick={() => void change(user, { disabled: !user.disabled }).catch(toastFailure)}>
                  {user.disabled ? t.enable : t.disable}
                </button>
                <button type="button" class="item danger" onClick={() => askDelete({ title: t.deleteUser(user.name), text: t.deleteUserText, act, then: list.again })}>
                  {m().common.delete}
                </button>
              </Menu>
            );
          }),
        ]}
      />
      {adding && (
        <EditorDialog
          title={t.newUser}
          close={() => setAdding(false)}
          inputs={[{ name: "name", label: m().session.name, required: true }, newPassword, { name: "role", label: t.role, value: "viewer", choices: roles }]}
          action={m().common.add}
          act={make}
        />
      )}
      {password && (
        <EditorDialog title={`${t.setPassword}: ${password.name}`} close={() => setPassword(null)} inputs={[newPassword]} action={m().common.save} act={(values) => change(password, values)} />
      )}
    </div>
  );
}
