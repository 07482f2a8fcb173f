// One task: what it is, what it does, how it ended.
import { Loading, Trouble } from "../ui/bits.tsx";
import { Artifacts } from "./artifacts.tsx";
import { Head, type Tab } from "./head.tsx";
import { History } from "./history.tsx";
import { useTask } from "./load.ts";
import { ManifestTab } from "./manifest.tsx";
import { Overview } from "./overview.tsx";

export function TaskPage({ id, tab }: { id: string; tab: Exclude<Tab, "logs"> }) {
  const view = useTask(id);
  return (
    <>
      <Head id={id} tab={tab} view={view} />
      <div class="task-body">
        {view.failure && <Trouble failure={view.failure} again={view.again} />}
        {!view.data && !view.failure && <Loading />}
        {view.data && tab === "overview" && <Overview id={id} view={view.data} />}
        {view.data && tab === "manifest" && <ManifestTab id={id} view={view.data} />}
        {view.data && tab === "artifacts" && <Artifacts id={id} />}
        {view.data && tab === "history" && <History events={view.data.events} />}
      </div>
    </>
  );
}
