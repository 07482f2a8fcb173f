// The ways to reach people. Secrets are named, not shown: the server reads them from its environment or its files.
import { useState } from "preact/hooks";
import { send } from "../api/client.ts";
import type { ChannelTarget, NotificationChannel, SecretReference } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { may } from "../session.ts";
import { Ago, Empty } from "../ui/bits.tsx";
import { askDelete } from "../ui/dialog.tsx";
import { EditorDialog, type Input } from "../ui/editor.tsx";
import { Icon } from "../ui/icon.tsx";
import { Listing, actions } from "../ui/listing.tsx";
import { toast, toastFailure } from "../ui/toast.tsx";
import { useChannels } from "./notify.ts";

type Kind = "email" | "slack";

export function Channels() {
  const t = m().notifications;
  const channels = useChannels();
  const [open, setOpen] = useState<{ channel: NotificationChannel | null; kind: Kind } | null>(null);
  return (
    <div class="stack">
      {may("admin") && (
        <div class="row">
          <button type="button" class="button primary" onClick={() => setOpen({ channel: null, kind: "email" })}>
            <Icon name="plus" /> {t.newEmail}
          </button>
          <button type="button" class="button" onClick={() => setOpen({ channel: null, kind: "slack" })}>
            <Icon name="plus" /> {t.newSlack}
          </button>
        </div>
      )}
      <Listing
        loaded={channels}
        keyOf={(one) => one.id}
        empty={
          <Empty icon="bell" title={t.noChannels}>
            <p class="soft">{t.noChannelsHint}</p>
          </Empty>
        }
        columns={[
          {
            head: m().catalog.name,
            kind: "name",
            cell: (one) => (
              <>
                <strong>{one.name}</strong>
                {one.heldUntil && (
                  <div class="small soft">
                    {t.held} <Ago time={one.heldUntil} />
                  </div>
                )}
              </>
            ),
          },
          { head: t.leadsTo, look: "mono break", cell: (one) => whereTo(one.target) },
          actions<NotificationChannel>((one) => may("admin") && <Actions channel={one} edit={() => setOpen({ channel: one, kind: "email" in one.target ? "email" : "slack" })} again={channels.again} />),
        ]}
      />
      {open && <ChannelDialog {...open} close={() => setOpen(null)} again={channels.again} />}
    </div>
  );
}

function Actions({ channel, edit, again }: { channel: NotificationChannel; edit: () => void; again: () => void }) {
  const t = m().notifications;
  const path = { id: channel.id };
  const [busy, setBusy] = useState(false);
  const test = async () => {
    setBusy(true);
    try {
      const { state, lastError } = (await send("post", "/api/v1/notifications/channels/{id}/test", { path })).data;
      if (state === "sent") toast(t.testSent);
      else if (state === "failed") toast(t.testFailed(lastError ?? ""), "bad");
      else toast(t.testWaits);
    } catch (error) {
      toastFailure(error);
    }
    setBusy(false);
    again();
  };
  return (
    <>
      <button type="button" class="button small" disabled={busy} onClick={() => void test()}>
        {t.test}
      </button>
      <button type="button" class="button quiet small" onClick={edit}>
        {m().common.edit}
      </button>
      <button
        type="button"
        class="button quiet small danger"
        onClick={() => askDelete({ title: t.deleteChannel(channel.name), act: () => send("delete", "/api/v1/notifications/channels/{id}", { path }), then: again })}
      >
        {m().common.delete}
      </button>
    </>
  );
}

function whereTo(target: ChannelTarget): string {
  return "email" in target ? `${target.email.host}: ${target.email.to.join(", ")}` : `Slack: ${secretText(target.slack.webhookUrl)}`;
}

function secretText(secret: SecretReference | null | undefined): string {
  return !secret ? "" : "env" in secret ? secret.env : secret.file;
}

/** A variable's name, or else a file's. */
function secretOf(text: string): SecretReference {
  return text.startsWith("KERUTA_SECRET_") ? { env: text } : { file: text };
}

function ChannelDialog({ channel, kind, close, again }: { channel: NotificationChannel | null; kind: Kind; close: () => void; again: () => void }) {
  const t = m().notifications;
  const email = channel && "email" in channel.target ? channel.target.email : undefined;
  const slack = channel && "slack" in channel.target ? channel.target.slack : undefined;
  const security = [["starttls", "STARTTLS"], ["tls", "TLS"]] as const;
  const inputs: Input[] =
    kind === "email"
      ? [
          { name: "host", label: t.host, value: email?.host, required: true },
          { name: "port", label: t.port, value: email?.port?.toString(), kind: "number" },
          { name: "security", label: t.security, value: email?.security ?? "starttls", choices: security },
          { name: "username", label: t.username, value: email?.username ?? "" },
          { name: "password", label: t.passwordSecret, value: secretText(email?.password), help: t.secretHint },
          { name: "from", label: t.sender, value: email?.from, required: true },
          { name: "to", label: t.recipients, value: email?.to.join(", "), required: true },
        ]
      : [{ name: "webhookUrl", label: t.webhookSecret, value: secretText(slack?.webhookUrl), required: true, help: t.secretHint }];
  const target = (values: Record<string, string>): ChannelTarget => {
    if (kind === "slack") return { slack: { webhookUrl: secretOf(values.webhookUrl ?? "") } };
    const { host = "", from = "", to, port, username, password } = values;
    const optional = { port: port ? Number(port) : undefined, username: username || undefined, password: password ? secretOf(password) : undefined };
    return { email: { ...email, ...optional, host, from, to: addresses(to), security: values.security === "tls" ? "tls" : "starttls" } };
  };
  const act = async (values: Record<string, string>) => {
    const body = { name: values.name ?? "", target: target(values) };
    if (channel) await send("put", "/api/v1/notifications/channels/{id}", { path: { id: channel.id }, body, ifMatch: `"${channel.version}"` });
    else await send("post", "/api/v1/notifications/channels", { body });
    toast(m().common.saved);
    again();
  };
  const placed = inputs.map((input) => ({ ...input, pointer: `/target/${kind}/${input.name}` }));
  return (
    <EditorDialog
      title={channel?.name ?? (kind === "email" ? t.newEmail : t.newSlack)}
      close={close}
      inputs={[{ name: "name", label: m().catalog.name, value: channel?.name, required: true }, ...placed]}
      action={m().common.save}
      act={act}
    />
  );
}

/** Mailboxes behind commas or on lines of their own: their names may have spaces. */
function addresses(text: string | undefined): string[] {
  return (text ?? "").split(/[,\n]/).map((one) => one.trim()).filter((one) => one !== "");
}
