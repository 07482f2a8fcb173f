// Who may sign in, with a password or by a provider.
import { useState } from "preact/hooks";
import { get, send } from "../api/client.ts";
import type { Role, User } from "../api/types.ts";
import { Editor } from "../catalog/editor.tsx";
import { m } from "../i18n/index.ts";
import { me } from "../session.ts";
import { Ago, Loading, Trouble } from "../ui/bits.tsx";
import { Dialog, ask } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { useLoad } from "../ui/load.ts";
import { Menu } from "../ui/menu.tsx";
import { toast, toastFailure } from "../ui/toast.tsx";

const ROLES = ["viewer", "operator", "admin"] as const;

export function Users() {
  const t = m().access;
  const [adding, setAdding] = useState(false);
  const [password, setPassword] = useState<User | null>(null);
  const list = useLoad("users", async (signal) => (await get("/api/v1/users", { query: { limit: 200 }, signal })).data, true);
  const roles = ROLES.map((role) => [role, m().session.role[role]] as [string, string]);
  const change = async (user: User, body: { role?: Role; disabled?: boolean; password?: string }) => {
    await send("patch", "/api/v1/users/{id}", { path: { id: user.id }, body, type: "application/json", ifMatch: `"${user.version}"` });
    toast(m().common.saved);
    list.again();
  };
  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="button primary" onClick={() => setAdding(true)}>
          <Icon name="plus" /> {t.newUser}
        </button>
      </div>
      {list.failure && <Trouble failure={list.failure} again={list.again} />}
      {!list.data && !list.failure && <Loading />}
      {list.data && (
        <div class="card table-card">
          <table class="list cards-on-phone">
            <thead>
              <tr>
                <th scope="col">{m().session.name}</th>
                <th scope="col">{t.role}</th>
                <th scope="col">{m().tasks.status}</th>
                <th scope="col">{m().common.changed}</th>
                <th scope="col">
                  <span class="hidden-text">{m().tasks.actions}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.data.items.map((user) => (
                <tr key={user.id}>
                  <td class="task-name">
                    <strong>{user.name}</strong>
                    {user.issuer && <span class="soft small break">{user.issuer}</span>}
                  </td>
                  <td data-label={t.role}>
                    <select class="fit" aria-label={`${t.role}: ${user.name}`} value={user.role} onChange={(event) => void change(user, { role: event.currentTarget.value as Role }).catch(toastFailure)}>
                      {roles.map(([role, text]) => (
                        <option key={role} value={role}>
                          {text}
                        </option>
                      ))}
                    </select>
                  </td>
                  <td data-label={m().tasks.status}>
                    <span class={`badge ${user.disabled ? "bad" : "ok"}`}>{user.disabled ? t.disabled : t.enabled}</span>
                  </td>
                  <td data-label={m().common.changed}>
                    <Ago time={user.updatedAt} />
                  </td>
                  <td class="row-actions">
                    <Menu label={`${m().tasks.actions}: ${user.name}`} kind="quiet icon small" button={<Icon name="more" />}>
                      <button type="button" class="item" onClick={() => setPassword(user)}>
                        {t.setPassword}
                      </button>
                      <button type="button" class="item" disabled={user.name === me.value?.user} onClick={() => void change(user, { disabled: !user.disabled }).catch(toastFailure)}>
                        {user.disabled ? t.enable : t.disable}
                      </button>
                      <button
                        type="button"
                        class="item danger"
                        onClick={() =>
                          ask({
                            title: t.deleteUser(user.name),
                            text: t.deleteUserText,
                            action: m().common.delete,
                            danger: true,
                            act: async () => {
                              await send("delete", "/api/v1/users/{id}", { path: { id: user.id } });
                              toast(m().common.deleted);
                              list.again();
                            },
                          })
                        }
                      >
                        {m().common.delete}
                      </button>
                    </Menu>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {adding && (
        <Dialog title={t.newUser} onClose={() => setAdding(false)}>
          <Editor
            inputs={[
              { name: "name", label: m().session.name, required: true },
              { name: "password", label: m().session.newPassword, kind: "password", required: true },
              { name: "role", label: t.role, value: "viewer", choices: roles },
            ]}
            action={m().common.add}
            onCancel={() => setAdding(false)}
            act={async ({ name = "", password = "", role = "viewer" }) => {
              await send("post", "/api/v1/users", { body: { name, password, role: role as Role } });
              toast(m().common.created);
              setAdding(false);
              list.again();
            }}
          />
        </Dialog>
      )}
      {password && (
        <Dialog title={`${t.setPassword}: ${password.name}`} onClose={() => setPassword(null)}>
          <Editor
            inputs={[{ name: "password", label: m().session.newPassword, kind: "password", required: true }]}
            action={m().common.save}
            onCancel={() => setPassword(null)}
            act={async (values) => {
              await change(password, { password: values.password ?? "" });
              setPassword(null);
            }}
          />
        </Dialog>
      )}
    </div>
  );
}
