// The log of a task over the list that it was opened from.
import { m } from "../i18n/index.ts";
import { setQuery } from "../router.ts";
import { Dialog } from "../ui/dialog.tsx";
import { LogPanel } from "./panel.tsx";
import { NO_PLACE } from "./place.ts";

export function LogModal({ task }: { task: string }) {
  const close = () => setQuery({ logs: null, ...NO_PLACE });
  return (
    <Dialog title={m().logs.title(task)} kind="log" bare onClose={close}>
      <LogPanel task={task} onClose={close} />
    </Dialog>
  );
}
