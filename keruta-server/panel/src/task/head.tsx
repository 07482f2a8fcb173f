// What stands above all screens of one task: its name, its status, what can be done, the tabs.
import { m } from "../i18n/index.ts";
import { navigate, taskPath } from "../router.ts";
import { may } from "../session.ts";
import { StatusBadge, useTitle } from "../ui/bits.tsx";
import { Icon } from "../ui/icon.tsx";
import { useKeys } from "../ui/keys.ts";
import type { Loaded } from "../ui/load.ts";
import { askCancel, askDelete, askRetry, canCancel, canDelete, canRetry } from "./act.tsx";
import { type TaskView, useTask } from "./load.ts";
import { phaseText } from "./phase.ts";

export type Tab = "overview" | "logs" | "manifest" | "artifacts" | "history";
const TABS: [Tab, string][] = [
  ["overview", ""],
  ["logs", "/logs"],
  ["manifest", "/manifest"],
  ["artifacts", "/artifacts"],
  ["history", "/history"],
];

/** The head, with a task of its own. */
export function TaskHead({ id, tab }: { id: string; tab: Tab }) {
  const view = useTask(id);
  return <Head id={id} tab={tab} view={view} />;
}

export function Head({ id, tab, view }: { id: string; tab: Tab; view: Loaded<TaskView> }) {
  const t = m().task;
  const task = view.data?.task;
  useTitle(`${task?.title || id} · ${t[tab]}`);
  useKeys({ l: () => navigate(taskPath(id, "/logs")) }, tab !== "logs");
  return (
    <header class="task-head">
      <nav class="small crumbs">
        <a href="/tasks">{m().tasks.title}</a> <span class="soft">/</span>{" "}
        <span class="mono break soft">{id}</span>
      </nav>
      <div class="page-head">
        <div class="row task-title">
          <h1>{task?.title || id}</h1>
          {task && <StatusBadge status={task.status} />}
          {task?.phase && (task.status === "PENDING" || task.status === "IN_PROGRESS") && <span class="small soft">{phaseText(task.phase)}</span>}
          {task?.waitingFor && task.status === "PENDING" && <span class="small soft">{m().tasks.waitingFor(task.waitingFor)}</span>}
        </div>
        {task && may("operator") && (
          <div class="row">
            <a class="button" href={taskPath(id, "/edit")}>
              <Icon name="edit" /> {t.edit}
            </a>
            {canRetry(task) && (
              <button type="button" class="button" onClick={() => askRetry(task, view.again)}>
                <Icon name="retry" /> {t.retry}
              </button>
            )}
            {canCancel(task) && (
              <button type="button" class="button danger" onClick={() => askCancel(task, view.again)}>
                <Icon name="stop" /> {t.cancel}
              </button>
            )}
            {canDelete(task) && (
              <button type="button" class="button danger" onClick={() => askDelete(task, view.again)}>
                <Icon name="trash" /> {t.delete}
              </button>
            )}
          </div>
        )}
      </div>
      <nav class="tabs" aria-label={t.facts}>
        {TABS.map(([name, rest]) => (
          <a key={name} href={taskPath(id, rest)} aria-current={name === tab ? "page" : undefined}>
            {t[name]}
          </a>
        ))}
      </nav>
    </header>
  );
}
