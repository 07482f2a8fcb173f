// The manifest as it was or would be sent, with what the review found and where each field comes from.
import { useMemo } from "preact/hooks";
import { get } from "../api/client.ts";
import { m } from "../i18n/index.ts";
import { query, setQuery } from "../router.ts";
import { CopyButton, Loading, Trouble } from "../ui/bits.tsx";
import { Icon } from "../ui/icon.tsx";
import { keptFlag } from "../ui/kept.ts";
import { useLoad } from "../ui/load.ts";
import type { TaskView } from "./load.ts";
import { annotate } from "./yaml.ts";

interface Finding {
  id: string;
  severity: string;
  object: { kind: string; name: string };
  pointer: string;
  message: string;
  cure: string;
}

const showOrigins = keptFlag("manifest.origins", false);

export function ManifestTab({ id, view }: { id: string; view: TaskView }) {
  const t = m().task;
  const asked = query.value.get("sent");
  const attempt = asked ? Number(asked) : undefined;
  const submitted = [...new Set(view.events.filter((event) => event.kind === "submitted").map((event) => event.attempt))];
  const loaded = useLoad(`manifest/${id}/${attempt ?? ""}/${view.task?.version ?? ""}`, async (signal) => {
    return (await get("/api/v1/tasks/{id}/manifest", { path: { id }, query: { attempt }, signal })).data as unknown as {
      manifest: string;
      sent: boolean;
      findings: Finding[];
      origins: { kind: string; pointer: string; origin: string }[];
    };
  });
  const choose = (value: string) => setQuery({ sent: value || null }, { replace: true });
  const data = loaded.data;
  const lines = useMemo(() => (data ? annotate(data.manifest, data.origins) : []), [data]);
  const origins = showOrigins.value && !!data?.origins.length;
  const file = data ? `data:application/yaml;charset=utf-8,${encodeURIComponent(data.manifest)}` : undefined;
  return (
    <div class="stack">
      <div class="row apart">
        <div class="row">
          <select class="fit" aria-label={t.manifest} value={asked ?? ""} onChange={(event) => choose(event.currentTarget.value)}>
            <option value="">{t.wouldSend}</option>
            {submitted.map((number) => (
              <option key={number} value={number}>
                {t.sent} · {t.attempt} {number}
              </option>
            ))}
          </select>
          {!asked && (
            <label class="check">
              <input
                type="checkbox"
                checked={showOrigins.value}
                onChange={(event) => {
                  showOrigins.value = event.currentTarget.checked;
                }}
              />
              {t.origins}
            </label>
          )}
        </div>
        {data && (
          <div class="row">
            <CopyButton text={data.manifest} small={false} />
            <a class="button quiet" href={file} download={`${id}.yaml`}>
              <Icon name="download" /> {m().common.download}
            </a>
          </div>
        )}
      </div>
      {loaded.failure && <Trouble failure={loaded.failure} again={loaded.again} />}
      {!data && !loaded.failure && <Loading />}
      {data && !data.sent && (
        <section class="stack tight" aria-label={t.findings}>
          {data.findings.length === 0 && <p class="soft small">{t.findingsNone}</p>}
          {data.findings.filter(grave).map((finding) => (
            <FindingNotice key={finding.id + finding.pointer} finding={finding} />
          ))}
          {data.findings.some((finding) => !grave(finding)) && (
            <details>
              <summary class="small">
                {t.findings}: {data.findings.filter((finding) => !grave(finding)).length}
              </summary>
              <div class="stack tight">
                {data.findings
                  .filter((finding) => !grave(finding))
                  .map((finding) => (
                    <FindingNotice key={finding.id + finding.pointer} finding={finding} />
                  ))}
              </div>
            </details>
          )}
        </section>
      )}
      {data && (
        <div class="card yaml-card" tabIndex={0} role="region" aria-label={t.manifest}>
          <table class="yaml">
            <tbody>
              {lines.map((line, at) => (
                <tr key={at}>
                  <td class="yaml-number" data-n={at + 1} />
                  {origins && (
                    <td class="yaml-origin">
                      <span title={line.origin}>{line.origin}</span>
                    </td>
                  )}
                  <td class="yaml-line">
                    <Yaml text={line.text} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function grave(finding: Finding): boolean {
  return finding.severity === "error" || finding.severity === "warning";
}

function FindingNotice({ finding }: { finding: Finding }) {
  return (
    <div class={`notice ${finding.severity === "error" ? "bad" : finding.severity === "warning" ? "warn" : ""}`}>
      <span>
        <strong>{finding.message}</strong> <code class="soft">{finding.id}</code>
      </span>
      <span class="small">{finding.cure}</span>
      <span class="small soft mono">
        {finding.object.kind}/{finding.object.name} {finding.pointer}
      </span>
    </div>
  );
}

/** Keys are told from values; it is all text. */
function Yaml({ text }: { text: string }) {
  const key = /^(\s*(?:- )*)([\w./~-]+|"[^"]*"|'[^']*')(:)(?=\s|$)/.exec(text);
  if (!key) return <>{text || " "}</>;
  return (
    <>
      {key[1]}
      <span class="yaml-key">{key[2]}</span>:{text.slice(key[0].length)}
    </>
  );
}
