// A log with the whole screen for itself.
import { TaskHead } from "../task/head.tsx";
import { LogPanel } from "./panel.tsx";

export function LogPage({ id }: { id: string }) {
  return (
    <div class="log-page">
      <TaskHead id={id} tab="logs" />
      <LogPanel task={id} />
    </div>
  );
}
