// What the server does again and again: logs are merged, exported and deleted, what deleted tasks left is cleaned up.
import { get, send } from "../api/client.ts";
import type { BackgroundJob } from "../api/types.ts";
import { bytes, span } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { may } from "../session.ts";
import { Ago, Loading, Trouble } from "../ui/bits.tsx";
import { Icon } from "../ui/icon.tsx";
import { useLoad, useRefresh } from "../ui/load.ts";
import { toast, toastFailure } from "../ui/toast.tsx";

const KIND = { never: "", running: "IN_PROGRESS", succeeded: "ok", failed: "bad" } as const;
const EVERY = 3_000;

export function Jobs() {
  const jobs = useLoad("jobs", async (signal) => (await get("/api/v1/background-jobs", { signal })).data, true);
  useRefresh(jobs.again, EVERY);
  return (
    <div class="stack">
      <p class="soft">{m().storage.jobsHint}</p>
      {jobs.failure && <Trouble failure={jobs.failure} again={jobs.again} />}
      {!jobs.data && !jobs.failure && <Loading />}
      {jobs.data?.items.map((job) => (
        <Job key={job.name} job={job} again={jobs.again} />
      ))}
    </div>
  );
}

function Job({ job, again }: { job: BackgroundJob; again: () => void }) {
  const t = m().storage;
  const asked = !!job.requestedBy;
  const run = async () => {
    await send("post", "/api/v1/background-jobs/{name}/run", { path: { name: job.name } });
    toast(t.started);
    again();
  };
  return (
    <section class="card job" aria-label={job.name}>
      <div class="row apart">
        <h2 class="row">
          <span class="mono">{job.name}</span>
          <span class={`badge ${KIND[job.state]}`}>{t.states[job.state]}</span>
          {!job.enabled && !job.waitingFor && <span class="badge warn">{t.off}</span>}
        </h2>
        {may("operator") && (
          <button type="button" class="button small" disabled={job.state === "running" || asked} onClick={() => void run().catch(toastFailure)}>
            <Icon name="play" /> {asked ? t.asked : t.runNow}
          </button>
        )}
      </div>
      <p class="soft">{t.descriptions[job.name] ?? job.description}</p>
      {job.waitingFor && <p class="small">{m().tasks.waitingFor(job.waitingFor)}</p>}
      {job.error && <p class="error-text break">{job.error}</p>}
      <Facts job={job} />
    </section>
  );
}

function Facts({ job }: { job: BackgroundJob }) {
  const t = m().storage;
  const { startedAt, finishedAt, progress, succeededAt, result } = job;
  const done = Object.entries((result ?? {}) as Record<string, unknown>);
  return (
    <dl class="facts small">
      <div>
        <dt>{t.every}</dt>
        <dd>
          {span(job.everySeconds * 1000)}
          {job.nextRunAt && job.enabled && (
            <span class="soft">
              {" "}
              · {t.nextRun} <Ago time={job.nextRunAt} />
            </span>
          )}
        </dd>
      </div>
      {startedAt && (
        <div>
          <dt>{t.lastRun}</dt>
          <dd>
            <Ago time={startedAt} />
            {finishedAt && ` (${span(Date.parse(finishedAt) - Date.parse(startedAt))})`}
            {job.state === "running" && progress && ` ${progress.done.toLocaleString()} / ${progress.of.toLocaleString()}`}
          </dd>
        </div>
      )}
      {succeededAt && job.state === "failed" && (
        <div>
          <dt>{t.lastSuccess}</dt>
          <dd>
            <Ago time={succeededAt} />
          </dd>
        </div>
      )}
      {done.length > 0 && (
        <div>
          <dt>{t.result}</dt>
          <dd class="break">{done.map(([name, value]) => `${t.results[name] ?? name}: ${told(name, value)}`).join(" · ")}</dd>
        </div>
      )}
    </dl>
  );
}

function told(name: string, value: unknown): string {
  if (typeof value !== "number") return typeof value === "string" ? value : JSON.stringify(value);
  return /bytes/i.test(name) ? bytes(value) : value.toLocaleString();
}
