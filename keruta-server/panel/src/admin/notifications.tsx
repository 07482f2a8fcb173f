// Who is told of what: rules, the channels that they use, and what became of each notification.
import { m } from "../i18n/index.ts";
import { query, withQuery } from "../router.ts";
import { may } from "../session.ts";
import { PageHead } from "../ui/bits.tsx";
import { Channels } from "./channels.tsx";
import { Outbox } from "./outbox.tsx";
import { Rules } from "./rules.tsx";

const TABS = ["rules", "channels", "outbox"] as const;

export function NotificationsPage() {
  const t = m().notifications;
  const tabs = TABS.filter((one) => one !== "channels" || may("operator"));
  const tab = tabs.find((one) => one === query.value.get("tab")) ?? "rules";
  return (
    <>
      <PageHead title={t.title} />
      <nav class="tabs" aria-label={t.title}>
        {tabs.map((one) => (
          <a key={one} href={withQuery({ tab: one === "rules" ? null : one, cursor: null })} aria-current={one === tab ? "page" : undefined}>
            {t[one]}
          </a>
        ))}
      </nav>
      <div class="task-body">{tab === "rules" ? <Rules /> : tab === "channels" ? <Channels /> : <Outbox />}</div>
    </>
  );
}
