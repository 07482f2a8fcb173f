// The server's own settings: how long things are kept, where logs are exported to, what runs when, who signs people in.
import { get, send } from "../api/client.ts";
import { ago } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { useSchema } from "../schema/load.ts";
import { may } from "../session.ts";
import { SettingsForm } from "../settings/form.tsx";
import { Loading, Trouble } from "../ui/bits.tsx";
import { useLoad } from "../ui/load.ts";

const GROUPS: [string, string[]][] = [
  ["logs", ["logs"]],
  ["artifacts", ["artifacts"]],
  ["audit", ["audit"]],
  ["cleanup", ["cleanup"]],
  ["tokens", ["taskTokens"]],
  ["jobs", ["backgroundJobs"]],
  ["oidc", ["oidc"]],
];

export function ServerSettings() {
  const t = m().storage;
  const schema = useSchema("server");
  const loaded = useLoad("settings/server", async (signal) => get("/api/v1/settings/server", { signal }));
  if (schema.failure) return <Trouble failure={schema.failure} again={schema.again} />;
  if (loaded.failure) return <Trouble failure={loaded.failure} again={loaded.again} />;
  if (!schema.data || !loaded.data) return <Loading />;
  const { data, etag } = loaded.data;
  return (
    <div class="stack">
      <p class="soft">
        {t.serverHint} <a href="/settings">{m().shell.settings}</a>
      </p>
      {data.changedAt && data.changedBy && (
        <p class="small soft">
          {m().settings.setBy(data.changedBy, ago(data.changedAt))}
          {may("admin") && (
            <>
              {" · "}
              <a href="/audit?object=settings/server">{m().shell.audit}</a>
            </>
          )}
        </p>
      )}
      <SettingsForm
        key={data.version}
        reader={schema.data}
        set={data.set as Record<string, unknown>}
        problems={data.problems ?? []}
        groups={GROUPS}
        // As a whole: null is a value there, and a patch could not say it.
        save={(set) => send("put", "/api/v1/settings/server", { body: set as never, ifMatch: etag ?? "*" })}
        again={loaded.again}
      />
    </div>
  );
}
