// Making and changing a task: as a form with the rules of the JSON Schema, or as JSON.
import { useEffect, useState } from "preact/hooks";
import { get, send } from "../api/client.ts";
import { Failure } from "../api/failure.ts";
import type { Task } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { navigate, query, taskPath } from "../router.ts";
import { may } from "../session.ts";
import { type FormState, SchemaField } from "../schema/field.tsx";
import { useSchema } from "../schema/load.ts";
import { type Reader, withValue } from "../schema/schema.ts";
import { Loading, PageHead, Trouble } from "../ui/bits.tsx";
import { useLoad } from "../ui/load.ts";
import { toast } from "../ui/toast.tsx";
import { useUnsaved } from "../ui/unsaved.ts";

/** What the server adds to a task, and what only it sets. */
const SERVERS = ["status", "attempt", "version", "namespace", "rootTaskId", "createdAt", "updatedAt", "startedAt", "finishedAt", "jobName", "phase", "waitingFor", "verdict"];
const GROUPS: ["what" | "code" | "where" | "limits", string[]][] = [
  ["what", ["title", "id", "description", "image", "script", "priority"]],
  ["code", ["repository", "repositoryId", "documentId", "parentId", "workspace"]],
  ["where", ["namespace", "env", "size", "resources", "queue"]],
  ["limits", ["timeoutSeconds", "backoffLimit", "ttlSecondsAfterFinished"]],
];
/** Said otherwise, or by the server alone. */
const LEFT_OUT = new Set(["parentTaskId", "additionalEnv", "status", "createdAt", "updatedAt", "rootTaskId", "attempt"]);

interface Start {
  document: Record<string, unknown>;
  etag: string | null;
  task: Task | null;
}

async function start(id: string | undefined, like: string | null, signal: AbortSignal): Promise<Start> {
  const from = id ?? like;
  if (!from) return { document: {}, etag: null, task: null };
  const { data, etag } = await get("/api/v1/tasks/{id}", { path: { id: from }, signal });
  const document = { ...(data as unknown as Record<string, unknown>) };
  for (const name of SERVERS) delete document[name];
  delete document.id;
  if (!id) document.namespace = data.namespace;
  return { document, etag, task: data as Task };
}

export function TaskFormPage({ id }: { id?: string }) {
  const like = query.value.get("like");
  const schema = useSchema("task");
  const loaded = useLoad(`form/${id ?? ""}/${like ?? ""}`, (signal) => start(id, like, signal));
  const title = id ? m().form.editTask(id) : like ? m().form.copyOf(like) : m().form.newTask;
  const failure = schema.failure ?? loaded.failure;
  return (
    <>
      <PageHead title={title} />
      {!may("operator") && <div class="notice warn">{m().common.forbidden}</div>}
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
      {schema.data && loaded.data && <TaskForm key={loaded.data.etag ?? "new"} id={id} reader={schema.data} start={loaded.data} />}
    </>
  );
}

function TaskForm({ id, reader, start }: { id: string | undefined; reader: Reader; start: Start }) {
  const t = m().form;
  const [document, setDocument] = useState(start.document);
  const [json, setJson] = useState<string | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const [dirty, setDirty] = useState(false);
  const leave = useUnsaved(dirty);
  useEffect(() => {
    if (failure) window.document.querySelector<HTMLElement>('[aria-invalid="true"], .form-trouble')?.focus();
  }, [failure]);

  const change = (path: string[], value: unknown) => {
    setDirty(true);
    setDocument((before) => withValue(before, path, value));
    setFailure((before) => before && keepOthers(before, `/${path.join("/")}`));
  };
  const form: FormState = {
    reader,
    document,
    problems: failure?.problem?.errors ?? [],
    disabled: !may("operator"),
    fixed: id ? ["id", "parentId", "namespace"] : [],
    onChange: change,
  };
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    let body: unknown = document;
    if (json !== null) {
      try {
        body = JSON.parse(json);
      } catch (error) {
        setFailure(new Failure(422, null, t.jsonBad(error instanceof Error ? error.message : String(error))));
        return;
      }
    }
    setBusy(true);
    try {
      const answer = id
        ? await send("put", "/api/v1/tasks/{id}", { path: { id }, body: body as never, ifMatch: start.etag ?? "*" })
        : await send("post", "/api/v1/tasks", { body: body as never });
      leave();
      toast(id ? m().common.saved : m().common.created);
      navigate(taskPath(answer.data.id));
    } catch (error) {
      setFailure(Failure.of(error));
      setBusy(false);
    }
  };
  const known = new Set(GROUPS.flatMap(([, names]) => names));
  const fields = new Map(reader.fields().map((field) => [field.name, field]));
  const others = [...fields.values()].filter((field) => !known.has(field.name) && !LEFT_OUT.has(field.name));
  const draw = (names: string[]) =>
    names.map((name) => {
      const field = fields.get(name);
      return field && !(id && name === "id") ? <SchemaField key={name} form={form} field={field} path={[name]} /> : null;
    });
  const underWay = start.task && id && !["COMPLETED", "FAILED", "CANCELLED", "PENDING"].includes(start.task.status);
  const somewhere = (failure?.problem?.errors?.length ?? 0) > 0;
  return (
    <form class="stack form" onSubmit={save} noValidate>
      {underWay && <div class="notice warn">{t.underWay}</div>}
      {id && !underWay && start.task?.status !== "PENDING" && <div class="notice">{t.next}</div>}
      <div class="row">
        <button
          type="button"
          class="button small"
          onClick={() => {
            if (json === null) setJson(JSON.stringify(document, null, 2));
            else {
              try {
                setDocument(JSON.parse(json) as Record<string, unknown>);
                setJson(null);
                setFailure(null);
              } catch (error) {
                setFailure(new Failure(422, null, t.jsonBad(error instanceof Error ? error.message : String(error))));
              }
            }
          }}
        >
          {json === null ? t.asJson : t.asForm}
        </button>
      </div>
      {json !== null ? (
        <div class="card">
          <label class="field">
            <span class="label">{t.asJson}</span>
            <textarea
              class="mono"
              rows={24}
              value={json}
              spellcheck={false}
              onInput={(event) => {
                setDirty(true);
                setJson(event.currentTarget.value);
              }}
            />
            <span class="small soft">{t.jsonHint}</span>
          </label>
        </div>
      ) : (
        <>
          {GROUPS.map(([group, names]) => (
            <section key={group} class="card">
              <h2>{t[group]}</h2>
              <div class="fields">{draw(names)}</div>
            </section>
          ))}
          <details class="card" open={others.some((field) => document[field.name] !== undefined)}>
            <summary>{t.expert}</summary>
            <div class="fields">{draw(others.map((field) => field.name))}</div>
          </details>
        </>
      )}
      {failure && (
        <div class="form-trouble" tabIndex={-1}>
          {failure.status === 412 ? (
            <div class="notice warn" role="alert">
              {m().common.changedMeanwhile}
            </div>
          ) : somewhere && json === null ? (
            <div class="notice bad" role="alert">
              <strong>{t.problems(failure.problem?.errors?.length ?? 0)}</strong>
              {failure.problem?.errors?.map((one) => (
                <span key={one.pointer + one.detail}>
                  <code>{one.pointer}</code> {one.detail}
                  {one.cure && ` — ${one.cure}`}
                </span>
              ))}
            </div>
          ) : (
            <Trouble failure={failure} />
          )}
        </div>
      )}
      <div class="form-buttons">
        <a class="button" href={id ? taskPath(id) : "/tasks"}>
          {m().common.cancel}
        </a>
        <button type="submit" class="button primary" disabled={busy || !may("operator")}>
          {id ? m().common.save : t.create}
        </button>
      </div>
    </form>
  );
}

/** What is changed is no longer known to be wrong. */
function keepOthers(failure: Failure, changed: string): Failure | null {
  const errors = failure.problem?.errors?.filter((one) => one.pointer !== changed && !one.pointer.startsWith(`${changed}/`));
  if (!failure.problem || !errors?.length) return null;
  return new Failure(failure.status, { ...failure.problem, errors }, failure.message);
}
