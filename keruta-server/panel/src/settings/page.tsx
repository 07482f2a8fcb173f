// The Kubernetes settings: each value with its origin, checked before it is saved, and tested.
import { useState } from "preact/hooks";
import { get, send } from "../api/client.ts";
import { Failure } from "../api/failure.ts";
import type { SettingsDocument } from "../api/types.ts";
import { ago } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { type FormState, SchemaField, shown } from "../schema/field.tsx";
import { useSchema } from "../schema/load.ts";
import { type Reader, mergePatch, pointer, valueAt, withValue } from "../schema/schema.ts";
import { may } from "../session.ts";
import { Loading, PageHead, Trouble } from "../ui/bits.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { useLoad } from "../ui/load.ts";
import { toast } from "../ui/toast.tsx";
import { useUnsaved } from "../ui/unsaved.ts";
import { type Change, changesOf } from "./changes.ts";
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
        <SettingsForm key={loaded.data.data.version} reader={schema.data} current={loaded.data.data} etag={loaded.data.etag} again={loaded.again} />
      )}
    </>
  );
}

function SettingsForm({ reader, current, etag, again }: { reader: Reader; current: SettingsDocument; etag: string | null; again: () => void }) {
  const t = m().settings;
  const [set, setSet] = useState(current.set as Record<string, unknown>);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [review, setReview] = useState<Change[] | null>(null);
  const [busy, setBusy] = useState(false);
  const patch = mergePatch(current.set as Record<string, unknown>, set);
  const dirty = Object.keys(patch).length > 0;
  const leave = useUnsaved(dirty);
  const admin = may("admin");
  // What holds where nothing is set: the schema's own defaults.
  const defaults = Object.fromEntries(reader.fields().map((field) => [field.name, field.schema.default]));

  const beside = (path: string[]) => {
    const here = pointer(path);
    const own = valueAt(set, path) !== undefined;
    const origin = current.origins[here] ?? Object.entries(current.origins).find(([at]) => at.startsWith(`${here}/`) || here.startsWith(`${at}/`))?.[1];
    const same = JSON.stringify(valueAt(set, path)) === JSON.stringify(valueAt(current.set, path));
    return (
      <span class={`origin ${own ? "set" : ""}`}>
        {own && origin && same ? `${t.setBy(origin.by, ago(origin.at))}${origin.from ? `, ${t.setFrom(origin.from)}` : ""}` : own ? m().common.changed : t.originDefault}
        {own && admin && (
          <button type="button" class="button quiet small" onClick={() => setSet(withValue(set, path, undefined))}>
            {t.reset}
          </button>
        )}
      </span>
    );
  };
  const form: FormState = {
    reader,
    document: set,
    defaults,
    problems: [...(failure?.problem?.errors ?? []), ...(current.problems ?? [])],
    disabled: !admin,
    onChange: (path, value) => {
      setFailure(null);
      setSet((before) => withValue(before, path, value));
    },
    beside,
  };
  const save = async () => {
    setBusy(true);
    try {
      await send("patch", "/api/v1/settings/kubernetes", { body: patch as never, ifMatch: etag ?? "*" });
      leave();
      toast(m().common.saved);
      setReview(null);
      again();
    } catch (error) {
      setFailure(Failure.of(error));
      setReview(null);
    } finally {
      setBusy(false);
    }
  };
  const fields = new Map(reader.fields().map((field) => [field.name, field]));
  const known = new Set(GROUPS.flatMap(([, names]) => names));
  const groups: [string, string[]][] = [...GROUPS, ["other", [...fields.keys()].filter((name) => !known.has(name))]];
  return (
    <div class="stack">
      <p class="soft">{t.intro}</p>
      {!admin && <div class="notice">{t.readOnly}</div>}
      {(current.problems?.length ?? 0) > 0 && (
        <div class="notice bad" role="alert">
          <strong>{t.problems}</strong>
          {current.problems?.map((one) => (
            <span key={one.pointer}>
              <code>{one.pointer}</code> {one.detail}
            </span>
          ))}
        </div>
      )}
      {admin && <ClusterTest />}
      <form
        class="settings form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!dirty) toast(m().common.nothingToSave);
          else setReview(changesOf(current.set as Record<string, unknown>, set, defaults));
        }}
      >
        {groups.map(([group, names]) =>
          names.length === 0 ? null : (
            <section key={group} class="card">
              <h2>{t.groups[group]}</h2>
              <div class="fields">
                {names.map((name) => {
                  const field = fields.get(name);
                  return field ? <SchemaField key={name} form={form} field={field} path={[name]} /> : null;
                })}
              </div>
            </section>
          ),
        )}
        {failure && (
          <>
            {failure.status === 412 && <div class="notice warn">{m().common.changedMeanwhile}</div>}
            <Trouble failure={failure} />
          </>
        )}
        {admin && (
          <div class="form-buttons">
            <button type="button" class="button" disabled={!dirty} onClick={() => setSet(current.set as Record<string, unknown>)}>
              {m().common.cancel}
            </button>
            <button type="submit" class="button primary">
              <Icon name="check" /> {t.review}
            </button>
          </div>
        )}
      </form>
      <SettingsHistory version={current.version} />
      {review && (
        <Dialog title={t.reviewTitle} kind="wide" onClose={() => setReview(null)}>
          <ChangeTable changes={review} />
          <div class="buttons">
            <button type="button" class="button" onClick={() => setReview(null)}>
              {m().common.cancel}
            </button>
            <button type="button" class="button primary" disabled={busy} onClick={save}>
              {m().common.save}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

export function ChangeTable({ changes }: { changes: Change[] }) {
  const t = m().settings;
  return (
    <table class="list changes">
      <thead>
        <tr>
          <th scope="col">{m().catalog.name}</th>
          <th scope="col">{t.before}</th>
          <th scope="col">{t.after}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => (
          <tr key={change.name}>
            <td class="mono break">{change.name}</td>
            <td class="mono break">
              <del>{told(change.before, change.usual)}</del>
            </td>
            <td class="mono break">
              <ins>{told(change.after, change.usual)}</ins>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function told(value: unknown, usual: unknown): string {
  if (value !== undefined) return shown(value) || "null";
  const text = shown(usual);
  return text ? `${text} (${m().settings.originDefault})` : m().settings.unset;
}
