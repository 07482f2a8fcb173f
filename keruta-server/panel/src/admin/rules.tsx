// The rules: of what, of which tasks, by which channel.
import { useState } from "preact/hooks";
import { loose } from "../api/loose.ts";
import { Editor } from "../catalog/editor.tsx";
import { m } from "../i18n/index.ts";
import { may } from "../session.ts";
import { Empty, Loading, Trouble } from "../ui/bits.tsx";
import { Dialog, ask } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { toast, toastFailure } from "../ui/toast.tsx";
import { BASE, type Channel, type Rule, type Trigger, useItems, words } from "./notify.ts";

function kindOf(trigger: Trigger): "taskFailed" | "errorLogged" | "taskStuck" {
  return "taskFailed" in trigger ? "taskFailed" : "errorLogged" in trigger ? "errorLogged" : "taskStuck";
}

export function Rules() {
  const t = m().notifications;
  const rules = useItems<Rule>("/rules");
  const [open, setOpen] = useState<Rule | "new" | null>(null);
  if (rules.failure?.status === 404) return <Empty icon="bell" title={m().common.unavailable} />;
  const put = (rule: Rule, change: Partial<Rule>) => {
    const { id, version, ...spec } = rule;
    const { name, enabled, channelId, trigger, scope, windowSeconds } = { ...spec, ...change };
    return loose("PUT", `${BASE}/rules/${encodeURIComponent(id)}`, { body: { name, enabled, channelId, trigger, scope, windowSeconds }, ifMatch: `"${version}"` });
  };
  return (
    <div class="stack">
      {may("operator") && (
        <div class="row">
          <button type="button" class="button primary" onClick={() => setOpen("new")}>
            <Icon name="plus" /> {t.newRule}
          </button>
        </div>
      )}
      {rules.failure && <Trouble failure={rules.failure} again={rules.again} />}
      {!rules.data && !rules.failure && <Loading />}
      {rules.data?.length === 0 && (
        <div class="card">
          <Empty icon="bell" title={t.empty}>
            <p class="soft">{t.emptyHint}</p>
          </Empty>
        </div>
      )}
      {!!rules.data?.length && (
        <div class="card table-card">
          <table class="list cards-on-phone">
            <thead>
              <tr>
                <th scope="col">{m().catalog.name}</th>
                <th scope="col">{t.trigger}</th>
                <th scope="col">{t.scope}</th>
                <th scope="col">{m().tasks.status}</th>
                <th scope="col">
                  <span class="hidden-text">{m().tasks.actions}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rules.data.map((rule) => (
                <tr key={rule.id}>
                  <td class="task-name break">
                    <strong>{rule.name}</strong>
                  </td>
                  <td data-label={t.trigger}>{t.events[kindOf(rule.trigger)]}</td>
                  <td class="mono break" data-label={t.scope}>
                    {Object.values(rule.scope).flat().join(", ") || m().common.all}
                  </td>
                  <td data-label={m().tasks.status}>
                    <span class={`badge ${rule.enabled ? "ok" : ""}`}>{rule.enabled ? t.on : t.off}</span>
                  </td>
                  <td class="row-actions">
                    {may("operator") && (
                      <>
                        <button type="button" class="button quiet small" onClick={() => void put(rule, { enabled: !rule.enabled }).then(rules.again, toastFailure)}>
                          {rule.enabled ? t.turnOff : t.turnOn}
                        </button>
                        <button type="button" class="button quiet small" onClick={() => setOpen(rule)}>
                          {m().common.edit}
                        </button>
                        <button
                          type="button"
                          class="button quiet small danger"
                          onClick={() =>
                            ask({
                              title: t.deleteRule(rule.name),
                              text: t.deleteRuleText,
                              action: m().common.delete,
                              danger: true,
                              act: async () => {
                                await loose("DELETE", `${BASE}/rules/${encodeURIComponent(rule.id)}`);
                                rules.again();
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
        <RuleDialog
          rule={open === "new" ? null : open}
          close={(changed) => {
            setOpen(null);
            if (changed) rules.again();
          }}
        />
      )}
    </div>
  );
}

function RuleDialog({ rule, close }: { rule: Rule | null; close: (changed: boolean) => void }) {
  const t = m().notifications;
  const channels = useItems<Channel>("/channels");
  if (!channels.data) return null;
  const stuck = rule && "taskStuck" in rule.trigger ? rule.trigger.taskStuck : {};
  const act = async (values: Record<string, string>) => {
    const seconds = (name: string) => (values[name] ? Number(values[name]) : undefined);
    const trigger: Trigger =
      values.trigger === "taskStuck"
        ? { taskStuck: { waitingSeconds: seconds("waitingSeconds"), runningSeconds: seconds("runningSeconds") } }
        : values.trigger === "errorLogged"
          ? { errorLogged: {} }
          : { taskFailed: {} };
    const scope = { ...rule?.scope, namespaces: words(values.namespaces ?? ""), repositoryIds: words(values.repositoryIds ?? "") };
    const body = { name: values.name, enabled: rule?.enabled ?? true, channelId: values.channelId, trigger, scope, windowSeconds: seconds("windowSeconds") ?? 900 };
    if (rule) await loose("PUT", `${BASE}/rules/${encodeURIComponent(rule.id)}`, { body, ifMatch: `"${rule.version}"` });
    else await loose("POST", `${BASE}/rules`, { body });
    toast(m().common.saved);
    close(true);
  };
  return (
    <Dialog title={rule?.name ?? t.newRule} onClose={() => close(false)}>
      <Editor
        inputs={[
          { name: "name", label: m().catalog.name, value: rule?.name, required: true },
          { name: "channelId", label: t.channel, value: rule?.channelId, choices: channels.data.map((one) => [one.id, one.name]) },
          { name: "trigger", label: t.trigger, value: rule ? kindOf(rule.trigger) : "taskFailed", choices: (["taskFailed", "errorLogged", "taskStuck"] as const).map((one) => [one, t.events[one]]) },
          { name: "waitingSeconds", label: t.waitingSeconds, value: stuck.waitingSeconds?.toString() },
          { name: "runningSeconds", label: t.runningSeconds, value: stuck.runningSeconds?.toString() },
          { name: "namespaces", label: t.namespaces, value: rule?.scope.namespaces?.join(", ") },
          { name: "repositoryIds", label: t.repositories, value: rule?.scope.repositoryIds?.join(", ") },
          { name: "windowSeconds", label: t.windowSeconds, value: String(rule?.windowSeconds ?? 900) },
        ]}
        action={m().common.save}
        onCancel={() => close(false)}
        act={act}
      />
    </Dialog>
  );
}
