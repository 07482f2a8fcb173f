// Who is told of what: rules, the channels that they use, and what became of each notification.
import { m } from "../i18n/index.ts";
import { may } from "../session.ts";
import { PageHead } from "../ui/bits.tsx";
import { Tabs, useTab } from "../ui/tabs.tsx";
import { Channels } from "./channels.tsx";
import { Outbox } from "./outbox.tsx";
import { Rules } from "./rules.tsx";

export function NotificationsPage() {
  const t = m().notifications;
  const tabs = may("operator") ? (["rules", "channels", "outbox"] as const) : (["rules", "outbox"] as const);
  const tab = useTab<"rules" | "channels" | "outbox">(tabs);
  return (
    <>
      <PageHead title={t.title} />
      <Tabs label={t.title} tabs={tabs} now={tab} words={t} />
      <div class="task-body">{tab === "rules" ? <Rules /> : tab === "channels" ? <Channels /> : <Outbox />}</div>
    </>
  );
}
