// What the server does again and again: logs are merged, exported and deleted, what deleted tasks left is cleaned up.
import { useEffect } from "preact/hooks";
import { Failure } from "../api/failure.ts";
import { loose } from "../api/loose.ts";
import { span } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { may } from "../session.ts";
import { Ago, Empty, Loading, PageHead, Trouble } from "../ui/bits.tsx";
import { Icon } from "../ui/icon.tsx";
import { useLoad } from "../ui/load.ts";
import { toast, toastFailure } from "../ui/toast.tsx";

interface Job {
  name: string;
  description: string;
  enabled: boolean;
  everySeconds: number;
  state: "never" | "running" | "succeeded" | "failed";
  waitingFor?: string;
  startedAt?: string;
  finishedAt?: string;
  progress?: { done: number; of: number };
  result?: Record<string, unknown>;
  error?: string;
  succeededAt?: string;
  nextRunAt?: string;
  requestedBy?: string;
}

const KIND = { never: "", running: "IN_PROGRESS", succeeded: "ok", failed: "bad" } as const;
const BASE = "/api/v1/background-jobs";

export function StoragePage() {
  const t = m().storage;
  const jobs = useLoad(
    "jobs",
    async (signal) => {
      const answer = await loose<{ items: Job[] } | Job[]>("GET", BASE, { signal });
      return Array.isArray(answer) ? answer : answer.items;
    },
    true,
  );
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) jobs.again();
    }, 5000);
    return () => clearInterval(timer);
  }, [jobs.again]);
  const run = async (job: Job) => {
    await loose("POST", `${BASE}/${encodeURIComponent(job.name)}/run`);
    toast(t.started);
    jobs.again();
  };
  const missing = jobs.failure?.status === 404;
  return (
    <>
      <PageHead title={t.title} />
      <div class="stack">
        <p class="soft">{t.jobsHint}</p>
        {jobs.failure && !missing && <Trouble failure={jobs.failure as Failure} again={jobs.again} />}
        {missing && <Empty icon="disk" title={m().common.unavailable} />}
        {!jobs.data && !jobs.failure && <Loading />}
        <div class="stack">
          {jobs.data?.map((job) => (
            <section key={job.name} class="card job">
              <div class="row apart">
                <h2 class="row">
                  <span class="mono">{job.name}</span> <span class={`badge ${KIND[job.state]}`}>{job.state === "never" ? t.never : (t.states[job.state] ?? job.state)}</span>
                </h2>
                {may("operator") && (
                  <button type="button" class="button small" disabled={job.state === "running" || !!job.requestedBy} onClick={() => void run(job).catch(toastFailure)}>
                    <Icon name="play" /> {t.runNow}
                  </button>
                )}
              </div>
              <p class="soft">{job.description}</p>
              {job.waitingFor && <p class="small">{m().tasks.waitingFor(job.waitingFor)}</p>}
              {job.error && <p class="error-text">{job.error}</p>}
              <dl class="facts small">
                {job.startedAt && (
                  <div>
                    <dt>{t.lastRun}</dt>
                    <dd>
                      <Ago time={job.startedAt} />
                      {job.finishedAt && ` (${span(Date.parse(job.finishedAt) - Date.parse(job.startedAt))})`}
                      {job.state === "running" && job.progress && ` ${job.progress.done.toLocaleString()} / ${job.progress.of.toLocaleString()}`}
                    </dd>
                  </div>
                )}
                {job.succeededAt && (
                  <div>
                    <dt>{t.lastSuccess}</dt>
                    <dd>
                      <Ago time={job.succeededAt} />
                    </dd>
                  </div>
                )}
                {job.result && Object.keys(job.result).length > 0 && (
                  <div>
                    <dt>{t.result}</dt>
                    <dd class="mono break">
                      {Object.entries(job.result)
                        .map(([name, value]) => `${name}: ${typeof value === "number" ? value.toLocaleString() : JSON.stringify(value)}`)
                        .join(" · ")}
                    </dd>
                  </div>
                )}
              </dl>
            </section>
          ))}
        </div>
      </div>
    </>
  );
}
