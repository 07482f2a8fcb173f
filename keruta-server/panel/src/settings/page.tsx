// The Kubernetes settings: each value with its origin, checked before it is saved, and tested.
import { get, send } from "../api/client.ts";
import type { SettingsDocument } from "../api/types.ts";
import { ago } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { useSchema } from "../schema/load.ts";
import { type Reader, mergePatch, pointer } from "../schema/schema.ts";
import { Loading, PageHead, Trouble } from "../ui/bits.tsx";
import { useLoad } from "../ui/load.ts";
import { SettingsForm } from "./form.tsx";
import { SettingsHistory } from "./history.tsx";
import { ClusterTest } from "./test.tsx";

const GROUPS: [string, string[]][] = [
  ["cluster", ["enabled", "inCluster", "configPath", "defaultNamespace", "processorNamespace"]],
  ["tasks", ["defaultImage", "setup", "queue", "preset", "names"]],
  ["api", ["apiUrl", "apiTokenSecret", "taskMetadataConfigMap"]],
  ["workspace", ["workspace"]],
  ["git", ["git"]],
  ["images", ["images"]],
  ["resources", ["resources"]],
  ["security", ["security"]],
  ["job", ["job"]],
  ["grace", ["grace"]],
  ["pod", ["pod", "podPatch"]],
  ["logs", ["logRetention"]],
];

export function SettingsPage() {
  const schema = useSchema("settings");
  const loaded = useLoad("settings", async (signal) => get("/api/v1/settings/kubernetes", { signal }));
  const failure = schema.failure ?? loaded.failure;
  return (
    <>
      <PageHead title={m().settings.title} />
      {failure && (
        <Trouble
          failure={failure}
          again={() => {
            schema.again();
            loaded.again();
          }}
        />
      )}
      {!failure && !(schema.data && loaded.data) && <Loading />}
      {schema.data && loaded.data && (
        <Loaded key={loaded.data.data.version} reader={schema.data} current={loaded.data.data} etag={loaded.data.etag} again={loaded.again} />
      )}
    </>
  );
}

function Loaded({ reader, current, etag, again }: { reader: Reader; current: SettingsDocument; etag: string | null; again: () => void }) {
  const t = m().settings;
  const set = current.set as Record<string, unknown>;
  const origin = (path: string[]) => {
    const here = pointer(path);
    const found = current.origins[here] ?? Object.entries(current.origins).find(([at]) => at.startsWith(`${here}/`) || here.startsWith(`${at}/`))?.[1];
    return found && `${t.setBy(found.by, ago(found.at))}${found.from ? `, ${t.setFrom(found.from)}` : ""}`;
  };
  return (
    <div class="stack">
      <p class="soft">{t.intro}</p>
      <SettingsForm
        reader={reader}
        set={set}
        problems={current.problems ?? []}
        groups={GROUPS}
        origin={origin}
        save={(next) => send("patch", "/api/v1/settings/kubernetes", { body: mergePatch(set, next) as never, ifMatch: etag ?? "*" })}
        again={again}
        head={(draft) => <ClusterTest draft={draft} />}
      />
      <SettingsHistory version={current.version} />
    </div>
  );
}
