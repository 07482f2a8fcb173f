// What is kept and for how long, and what the server does about it again and again.
import { m } from "../i18n/index.ts";
import { PageHead } from "../ui/bits.tsx";
import { Tabs, useTab } from "../ui/tabs.tsx";
import { Jobs } from "./jobs.tsx";
import { Kept } from "./kept.tsx";
import { ServerSettings } from "./server.tsx";

const TABS = ["jobs", "kept", "server"] as const;

export function StoragePage() {
  const t = m().storage;
  const tab = useTab(TABS);
  return (
    <>
      <PageHead title={t.title} />
      <Tabs label={t.title} tabs={TABS} now={tab} words={t} />
      <div class="task-body">{tab === "jobs" ? <Jobs /> : tab === "kept" ? <Kept /> : <ServerSettings />}</div>
    </>
  );
}
