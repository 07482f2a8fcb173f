// The rules: of what, of which tasks, by which channel.
import { useState } from "preact/hooks";
import { send } from "../api/client.ts";
import type { NotificationRule, NotificationTrigger } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { may } from "../session.ts";
import { Empty } from "../ui/bits.tsx";
import { askDelete } from "../ui/dialog.tsx";
import { EditorDialog } from "../ui/editor.tsx";
import { Icon } from "../ui/icon.tsx";
import { Listing, actions } from "../ui/listing.tsx";
import { toast, toastFailure } from "../ui/toast.tsx";
import { useChannels, useRules, words } from "./notify.ts";

const TRIGGERS = ["taskFailed", "errorLogged", "taskStuck"] as const;

function kindOf(trigger: NotificationTrigger): (typeof TRIGGERS)[number] {
  return "taskFailed" in trigger ? "taskFailed" : "errorLogged" in trigger ? "errorLogged" : "taskStuck";
}

type Spec = Omit<NotificationRule, "id" | "version" | "createdAt" | "updatedAt">;

function save(rule: NotificationRule | null, { name, enabled, channelId, trigger, scope, windowSeconds }: Spec) {
  const body = { name, enabled, channelId, trigger, scope, windowSeconds };
  if (!rule) return send("post", "/api/v1/notifications/rules", { body });
  return send("put", "/api/v1/notifications/rules/{id}", { path: { id: rule.id }, body, ifMatch: `"${rule.version}"` });
}

export function Rules() {
  const t = m().notifications;
  const rules = useRules();
  const channels = useChannels(may("operator"));
  const [open, setOpen] = useState<NotificationRule | "new" | null>(null);
  const none = channels.data?.items.length === 0;
  return (
    <div class="stack">
      {may("operator") && (
        <div class="row">
          <button type="button" class="button primary" disabled={!channels.data?.items.length} onClick={() => setOpen("new")}>
            <Icon name="plus" /> {t.newRule}
          </button>
          {none && <span class="soft small">{t.channelFirst}</span>}
        </div>
      )}
      <Listing
        loaded={rules}
        keyOf={(rule) => rule.id}
        empty={
          <Empty icon="bell" title={t.empty}>
            <p class="soft">{t.emptyHint}</p>
          </Empty>
        }
        columns={[
          { head: m().catalog.name, kind: "name", cell: (rule) => <strong>{rule.name}</strong> },
          { head: t.trigger, cell: (rule) => t.events[kindOf(rule.trigger)] },
          { head: t.scope, look: "mono break", cell: (rule) => Object.values(rule.scope).flat().join(", ") || m().common.all },
          ...(may("operator") ? [{ head: t.channel, look: "break", cell: (rule: NotificationRule) => channels.data?.items.find((one) => one.id === rule.channelId)?.name ?? rule.channelId }] : []),
          { head: m().tasks.status, cell: (rule) => <span class={`badge ${rule.enabled ? "ok" : ""}`}>{rule.enabled ? t.on : t.off}</span> },
          actions<NotificationRule>((rule) => may("operator") && <Actions rule={rule} edit={() => setOpen(rule)} again={rules.again} />),
        ]}
      />
      {open && <RuleDialog rule={open === "new" ? null : open} channels={(channels.data?.items ?? []).map((one) => [one.id, one.name])} close={() => setOpen(null)} again={rules.again} />}
    </div>
  );
}

function Actions({ rule, edit, again }: { rule: NotificationRule; edit: () => void; again: () => void }) {
  const t = m().notifications;
  const remove = () => send("delete", "/api/v1/notifications/rules/{id}", { path: { id: rule.id } });
  return (
    <>
      <button type="button" class="button quiet small" onClick={() => void save(rule, { ...rule, enabled: !rule.enabled }).then(again, toastFailure)}>
        {rule.enabled ? t.turnOff : t.turnOn}
      </button>
      <button type="button" class="button quiet small" onClick={edit}>
        {m().common.edit}
      </button>
      <button type="button" class="button quiet small danger" onClick={() => askDelete({ title: t.deleteRule(rule.name), text: t.deleteRuleText, act: remove, then: again })}>
        {m().common.delete}
      </button>
    </>
  );
}

interface RuleDialogProps {
  rule: NotificationRule | null;
  channels: [string, string][];
  close: () => void;
  again: () => void;
}

function RuleDialog({ rule, channels, close, again }: RuleDialogProps) {
  const t = m().notifications;
  const stuck = rule && "taskStuck" in rule.trigger ? rule.trigger.taskStuck : {};
  const act = async (values: Record<string, string>) => {
    const seconds = (name: string) => (values[name] ? Number(values[name]) : undefined);
    const trigger: NotificationTrigger =
      values.trigger === "taskStuck"
        ? { taskStuck: { waitingSeconds: seconds("waitingSeconds"), runningSeconds: seconds("runningSeconds") } }
        : values.trigger === "errorLogged"
          ? { errorLogged: {} }
          : { taskFailed: {} };
    const scope = { ...rule?.scope, namespaces: words(values.namespaces), repositoryIds: words(values.repositoryIds) };
    await save(rule, { name: values.name ?? "", enabled: rule?.enabled ?? true, channelId: values.channelId ?? "", trigger, scope, windowSeconds: seconds("windowSeconds") ?? 900 });
    toast(m().common.saved);
    again();
  };
  const stuckFor = (name: "waitingSeconds" | "runningSeconds") =>
    ({ name, label: t[name], value: stuck[name]?.toString(), kind: "number", pointer: `/trigger/taskStuck/${name}`, when: { trigger: "taskStuck" } }) as const;
  return (
    <EditorDialog
      title={rule?.name ?? t.newRule}
      close={close}
      inputs={[
        { name: "name", label: m().catalog.name, value: rule?.name, required: true },
        { name: "channelId", label: t.channel, value: rule?.channelId, choices: channels },
        { name: "trigger", label: t.trigger, value: rule ? kindOf(rule.trigger) : "taskFailed", choices: TRIGGERS.map((one) => [one, t.events[one]]) },
        stuckFor("waitingSeconds"),
        stuckFor("runningSeconds"),
        { name: "namespaces", label: t.namespaces, value: rule?.scope.namespaces?.join(", "), pointer: "/scope/namespaces" },
        { name: "repositoryIds", label: t.repositories, value: rule?.scope.repositoryIds?.join(", "), pointer: "/scope/repositoryIds" },
        { name: "windowSeconds", label: t.windowSeconds, value: String(rule?.windowSeconds ?? 900), kind: "number" },
      ]}
      action={m().common.save}
      act={act}
    />
  );
}
