// The ways to reach people. Secrets are named, not shown: the server reads them from its environment or its files.
import { useState } from "preact/hooks";
import { loose } from "../api/loose.ts";
import { Editor, type Input } from "../catalog/editor.tsx";
import { m } from "../i18n/index.ts";
import { may } from "../session.ts";
import { Ago, Empty, Loading, Trouble } from "../ui/bits.tsx";
import { Dialog, ask } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { toast, toastFailure } from "../ui/toast.tsx";
import { BASE, type Channel, type Secret, type Target, useItems, words } from "./notify.ts";

export function Channels() {
  const t = m().notifications;
  const channels = useItems<Channel>("/channels");
  const [open, setOpen] = useState<Channel | "email" | "slack" | null>(null);
  if (channels.failure?.status === 404) return <Empty icon="bell" title={m().common.unavailable} />;
  return (
    <div class="stack">
      {may("admin") && (
        <div class="row">
          <button type="button" class="button primary" onClick={() => setOpen("email")}>
            <Icon name="plus" /> {t.newEmail}
          </button>
          <button type="button" class="button" onClick={() => setOpen("slack")}>
            <Icon name="plus" /> {t.newSlack}
          </button>
        </div>
      )}
      {channels.failure && <Trouble failure={channels.failure} again={channels.again} />}
      {!channels.data && !channels.failure && <Loading />}
      {channels.data?.length === 0 && (
        <div class="card">
          <Empty icon="bell" title={t.noChannels} />
        </div>
      )}
      {!!channels.data?.length && (
        <div class="card table-card">
          <table class="list cards-on-phone">
            <tbody>
              {channels.data.map((one) => (
                <tr key={one.id}>
                  <td class="task-name break">
                    <strong>{one.name}</strong>
                    {one.heldUntil && (
                      <div class="small soft">
                        {t.held} <Ago time={one.heldUntil} />
                      </div>
                    )}
                  </td>
                  <td class="mono break">{"email" in one.target ? `${one.target.email.host}: ${one.target.email.to.join(", ")}` : `Slack: ${secretText(one.target.slack.webhookUrl)}`}</td>
                  <td class="row-actions">
                    {may("admin") && (
                      <>
                        <button
                          type="button"
                          class="button small"
                          onClick={() => void loose("POST", `${BASE}/channels/${encodeURIComponent(one.id)}/test`).then(() => toast(t.testSent), toastFailure)}
                        >
                          {t.test}
                        </button>
                        <button type="button" class="button quiet small" onClick={() => setOpen(one)}>
                          {m().common.edit}
                        </button>
                        <button
                          type="button"
                          class="button quiet small danger"
                          onClick={() =>
                            ask({
                              title: `${m().common.delete}: ${one.name}`,
                              action: m().common.delete,
                              danger: true,
                              act: async () => {
                                await loose("DELETE", `${BASE}/channels/${encodeURIComponent(one.id)}`);
                                channels.again();
                              },
                            })
                          }
                        >
                          {m().common.delete}
                        </button>
                      </>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {open && (
        <ChannelDialog
          channel={typeof open === "string" ? null : open}
          kind={typeof open === "string" ? open : "email" in open.target ? "email" : "slack"}
          close={(changed) => {
            setOpen(null);
            if (changed) channels.again();
          }}
        />
      )}
    </div>
  );
}

function secretText(secret: Secret | undefined): string {
  return !secret ? "" : "env" in secret ? secret.env : secret.file;
}

/** A variable's name, or else a file's. */
function secretOf(text: string): Secret {
  return text.startsWith("KERUTA_SECRET_") ? { env: text } : { file: text };
}

function ChannelDialog({ channel, kind, close }: { channel: Channel | null; kind: "email" | "slack"; close: (changed: boolean) => void }) {
  const t = m().notifications;
  const email = channel && "email" in channel.target ? channel.target.email : undefined;
  const slack = channel && "slack" in channel.target ? channel.target.slack : undefined;
  const inputs: Input[] =
    kind === "email"
      ? [
          { name: "host", label: t.host, value: email?.host, required: true },
          { name: "port", label: t.port, value: email?.port?.toString() },
          { name: "security", label: t.security, value: email?.security ?? "starttls", choices: [["starttls", "STARTTLS"], ["tls", "TLS"]] },
          { name: "username", label: t.username, value: email?.username },
          { name: "password", label: t.passwordSecret, value: secretText(email?.password), help: t.secretHint },
          { name: "from", label: t.sender, value: email?.from, required: true },
          { name: "to", label: t.recipients, value: email?.to.join(", "), required: true },
        ]
      : [{ name: "webhookUrl", label: t.webhookSecret, value: secretText(slack?.webhookUrl), required: true, help: t.secretHint }];
  const act = async (values: Record<string, string>) => {
    const { host = "", from = "", security } = values;
    const target: Target =
      kind === "email"
        ? {
            email: {
              ...email,
              host,
              from,
              to: words(values.to ?? ""),
              security: security as "starttls" | "tls",
              port: values.port ? Number(values.port) : undefined,
              username: values.username || undefined,
              password: values.password ? secretOf(values.password) : undefined,
            },
          }
        : { slack: { webhookUrl: secretOf(values.webhookUrl ?? "") } };
    const body = { name: values.name, target };
    if (channel) await loose("PUT", `${BASE}/channels/${encodeURIComponent(channel.id)}`, { body, ifMatch: `"${channel.version}"` });
    else await loose("POST", `${BASE}/channels`, { body });
    toast(m().common.saved);
    close(true);
  };
  return (
    <Dialog title={channel?.name ?? (kind === "email" ? t.newEmail : t.newSlack)} onClose={() => close(false)}>
      <Editor inputs={[{ name: "name", label: m().catalog.name, value: channel?.name, required: true }, ...inputs]} action={m().common.save} onCancel={() => close(false)} act={act} />
    </Dialog>
  );
}
