// A task at a glance: how it ended, what it did when, what it is.
import type { Task } from "../api/types.ts";
import { full } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { query, setQuery, taskPath } from "../router.ts";
import { StatusBadge } from "../ui/bits.tsx";
import { Family } from "./family.tsx";
import type { TaskView } from "./load.ts";
import { attemptsOf } from "./phases.ts";
import { Timeline } from "./timeline.tsx";
import { VerdictCard } from "./verdict.tsx";

export function Overview({ id, view }: { id: string; view: TaskView }) {
  const t = m().task;
  const attempts = attemptsOf(view.events);
  const asked = Number(query.value.get("attempt"));
  const attempt = attempts.find((one) => one.number === asked) ?? attempts[0];
  const task = view.task;
  const verdict = attempt?.verdict ?? (task && attempt?.number === task.attempt ? task.verdict : undefined);
  return (
    <div class="stack">
      {!task && <div class="notice warn">{t.deletedTask}</div>}
      {attempt && <VerdictCard id={id} attempt={attempt.number} verdict={verdict} reason={attempt.reason} />}
      <div class="columns">
        <div class="stack">
          <section class="card">
            <div class="row apart">
              <h2>{t.timeline}</h2>
              {attempts.length > 1 && (
                <div class="row" role="group" aria-label={t.attempts}>
                  {[...attempts].reverse().map((one) => (
                    <button
                      key={one.number}
                      type="button"
                      class="button small"
                      aria-pressed={one.number === attempt?.number}
                      onClick={() => setQuery({ attempt: String(one.number) }, { replace: true })}
                    >
                      {t.attempt} {one.number} <StatusBadge status={one.status} />
                    </button>
                  ))}
                </div>
              )}
            </div>
            <Timeline attempt={attempt} />
          </section>
          {task?.description && (
            <section class="card">
              <h2>{t.description}</h2>
              <p class="description">{task.description}</p>
            </section>
          )}
        </div>
        {task && (
          <div class="stack">
            <section class="card">
              <h2>{t.facts}</h2>
              <Facts task={task} />
            </section>
            <section class="card">
              <h2>{t.family}</h2>
              <Family task={task} />
            </section>
          </div>
        )}
      </div>
    </div>
  );
}

function Facts({ task }: { task: Task }) {
  const t = m().task;
  const time = (at: string | null | undefined) => at && <time dateTime={at}>{full(at)}</time>;
  const facts: [string, preact.ComponentChildren][] = [
    [m().common.id, <code class="break">{task.id}</code>],
    [m().tasks.namespace, <code>{task.namespace}</code>],
    [m().tasks.priority, task.priority ?? 0],
    [t.attempt, task.attempt],
    [t.image, task.image && <code class="break">{task.image}</code>],
    [t.job, task.jobName && <code class="break">{task.jobName}</code>],
    [t.repository, task.repository?.url ? <code class="break">{task.repository.url}</code> : task.repositoryId && <a href={`/repositories/${encodeURIComponent(task.repositoryId)}`}>{task.repositoryId}</a>],
    [m().shell.documents, task.documentId && <a href={`/documents/${encodeURIComponent(task.documentId)}`}>{task.documentId}</a>],
    [m().tasks.parent, task.parentId && <a class="break" href={taskPath(task.parentId)}>{task.parentId}</a>],
    [t.workspace, task.rootTaskId !== task.id && <a class="break" href={taskPath(task.rootTaskId)}>{task.rootTaskId}</a>],
    [t.created, time(task.createdAt)],
    [t.started, time(task.startedAt)],
    [t.finished, time(task.finishedAt)],
    [t.updated, time(task.updatedAt)],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) =>
        value === undefined || value === null || value === false || value === "" ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
