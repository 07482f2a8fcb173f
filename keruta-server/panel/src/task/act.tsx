// What is done to a task, each with a word on what it means for its Job and its claim.
import { send } from "../api/client.ts";
import type { Task } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { navigate, path } from "../router.ts";
import { ask } from "../ui/dialog.tsx";
import { toast } from "../ui/toast.tsx";

const ended = (task: Task) => task.status === "COMPLETED" || task.status === "FAILED" || task.status === "CANCELLED";

export const canCancel = (task: Task) => !ended(task);
export const canRetry = ended;
export const canDelete = ended;

export function askCancel(task: Task, changed: () => void): void {
  const t = m().task;
  const waits = task.status === "PENDING" && !task.jobName && !task.phase;
  ask({
    title: t.cancelTitle(task.id),
    text: waits ? t.cancelQueued : t.cancelRunning,
    action: t.cancelNow,
    keep: t.cancelKeep,
    danger: true,
    note: t.cancelReason,
    act: async (reason) => {
      await send("post", "/api/v1/tasks/{id}/cancel", { path: { id: task.id }, body: reason ? { reason } : {} });
      toast(t.cancelRequested);
      changed();
    },
  });
}

export function askRetry(task: Task, changed: () => void): void {
  const t = m().task;
  ask({
    title: t.retryTitle(task.id),
    text: t.retryText(task.attempt + 1),
    action: t.retryNow,
    act: async () => {
      await send("post", "/api/v1/tasks/{id}/retry", { path: { id: task.id } });
      toast(m().tasks.attempt(task.attempt + 1));
      changed();
    },
  });
}

export function askDelete(task: Task, changed: () => void): void {
  const t = m().task;
  ask({
    title: t.deleteTitle(task.id),
    text: t.deleteText,
    action: t.deleteNow,
    danger: true,
    type: { label: t.deleteType(task.id), text: task.id },
    act: async () => {
      await send("delete", "/api/v1/tasks/{id}", { path: { id: task.id } });
      toast(m().common.deleted);
      if (path.value.startsWith("/tasks/")) navigate("/tasks");
      else changed();
    },
  });
}
