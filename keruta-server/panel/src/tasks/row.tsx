// A task in the list.
import type { Task } from "../api/types.ts";
import { between } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { taskPath, withQuery } from "../router.ts";
import { may } from "../session.ts";
import { phaseText } from "../task/phase.ts";
import { canCancel, canDelete, canRetry, askCancel, askDelete, askRetry } from "../task/act.tsx";
import { Ago, StatusBadge } from "../ui/bits.tsx";
import { Icon } from "../ui/icon.tsx";
import { Menu } from "../ui/menu.tsx";

export function TaskRow({ task, changed }: { task: Task; changed: () => void }) {
  const t = m().tasks;
  const to = taskPath(task.id);
  const note = task.status === "PENDING" || task.status === "IN_PROGRESS" ? (task.phase ? phaseText(task.phase) : task.waitingFor && t.waitingFor(task.waitingFor)) : undefined;
  return (
    <tr data-task={task.id}>
      <td class="task-name">
        <a href={to} class="row-link">
          {task.title || task.id}
        </a>
        <div class="small soft mono break">
          {task.title && task.id}
          {task.attempt > 1 && <span class="nowrap"> {t.attempt(task.attempt)}</span>}
        </div>
      </td>
      <td data-label={t.status}>
        <StatusBadge status={task.status} />
        {note && <div class="small soft row-note">{note}</div>}
      </td>
      <td data-label={t.priority} class="number">
        {task.priority ?? 0}
      </td>
      <td data-label={t.age}>
        <Ago time={task.createdAt} />
      </td>
      <td data-label={t.duration} class="number nowrap">
        {task.startedAt ? between(task.startedAt, task.finishedAt ?? undefined) : m().common.none}
      </td>
      <td data-label={t.namespace} class="mono break">
        {task.namespace}
      </td>
      <td data-label={t.parent} class="mono break">
        {task.parentId ? <a href={taskPath(task.parentId)}>{task.parentId}</a> : m().common.none}
      </td>
      <td class="row-actions">
        <a class="button small" href={withQuery({ logs: task.id })}>
          <Icon name="log" /> {t.logs}
        </a>
        {may("operator") && (
          <Menu label={`${t.actions}: ${task.id}`} kind="quiet icon small" button={<Icon name="more" />}>
            <a href={taskPath(task.id, "/edit")}>
              <Icon name="edit" /> {m().task.edit}
            </a>
            <a href={`/tasks/new?like=${encodeURIComponent(task.id)}`}>
              <Icon name="copy" /> {m().task.clone}
            </a>
            {canRetry(task) && (
              <button type="button" class="item" onClick={() => askRetry(task, changed)}>
                <Icon name="retry" /> {m().task.retry}
              </button>
            )}
            {canCancel(task) && (
              <button type="button" class="item danger" onClick={() => askCancel(task, changed)}>
                <Icon name="stop" /> {m().task.cancel}
              </button>
            )}
            {canDelete(task) && (
              <button type="button" class="item danger" onClick={() => askDelete(task, changed)}>
                <Icon name="trash" /> {m().task.delete}
              </button>
            )}
          </Menu>
        )}
      </td>
    </tr>
  );
}
