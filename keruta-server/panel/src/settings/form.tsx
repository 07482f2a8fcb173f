// A form of settings: each value with its origin, what is wrong with it, and what changes before it is saved.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Failure } from "../api/failure.ts";
import type { FieldProblem } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { type FormState, SchemaField, shown } from "../schema/field.tsx";
import { type Reader, valueAt, withValue } from "../schema/schema.ts";
import { may } from "../session.ts";
import { Trouble } from "../ui/bits.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { toast } from "../ui/toast.tsx";
import { useUnsaved } from "../ui/unsaved.ts";
import { type Change, changesOf } from "./changes.ts";

type Document = Record<string, unknown>;

export interface SettingsFormProps {
  reader: Reader;
  /** What is set. */
  set: Document;
  /** What this version does not accept of it. */
  problems: FieldProblem[];
  /** The fields by sections; what is in none stands last. */
  groups: [string, string[]][];
  /** Who set a value, where that is known. */
  origin?: (path: string[]) => string | undefined;
  save: (set: Document) => Promise<unknown>;
  /** Called when it is saved. */
  again: () => void;
  /** What stands above the fields, for those who may change them. */
  head?: (draft: Document | undefined) => ComponentChildren;
}

export function SettingsForm({ reader, set: saved, problems, groups, origin, save, again, head }: SettingsFormProps) {
  const t = m().settings;
  const [set, setSet] = useState(saved);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [review, setReview] = useState<Change[] | null>(null);
  const [busy, setBusy] = useState(false);
  const dirty = JSON.stringify(set) !== JSON.stringify(saved) && changesOf(saved, set, {}).length > 0;
  const leave = useUnsaved(dirty);
  const admin = may("admin");
  // What holds where nothing is set: the schema's own defaults.
  const defaults = Object.fromEntries(reader.fields().map((field) => [field.name, field.schema.default]));

  const beside = (path: string[]) => {
    const own = valueAt(set, path) !== undefined;
    const same = JSON.stringify(valueAt(set, path)) === JSON.stringify(valueAt(saved, path));
    return (
      <span class={`origin ${own ? "set" : ""}`}>
        {!own ? t.originDefault : same ? (origin?.(path) ?? t.set) : m().common.changed}
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
    problems: [...(failure?.problem?.errors ?? []), ...problems],
    disabled: !admin,
    onChange: (path, value) => {
      setFailure(null);
      setSet((before) => withValue(before, path, value));
    },
    beside,
  };
  const keep = async () => {
    setBusy(true);
    try {
      await save(set);
      leave();
      toast(m().common.saved);
      again();
    } catch (error) {
      setFailure(Failure.of(error));
    }
    setReview(null);
    setBusy(false);
  };
  const fields = new Map(reader.fields().map((field) => [field.name, field]));
  const known = new Set(groups.flatMap(([, names]) => names));
  const all: [string, string[]][] = [...groups, ["other", [...fields.keys()].filter((name) => !known.has(name))]];
  return (
    <>
      {!admin && <div class="notice">{t.readOnly}</div>}
      {problems.length > 0 && (
        <div class="notice bad" role="alert">
          <strong>{t.problems}</strong>
          {problems.map((one) => (
            <span key={one.pointer}>
              <code>{one.pointer}</code> {one.detail}
            </span>
          ))}
        </div>
      )}
      {admin && head?.(dirty ? set : undefined)}
      <form
        class="settings form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!dirty) toast(m().common.nothingToSave);
          else setReview(changesOf(saved, set, defaults));
        }}
      >
        {all.map(([group, names]) =>
          names.length === 0 ? null : (
            <section key={group} class="card">
              <h2>{t.groups[group] ?? group}</h2>
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
            <button type="button" class="button" disabled={!dirty} onClick={() => setSet(saved)}>
              {m().common.cancel}
            </button>
            <button type="submit" class="button primary">
              <Icon name="check" /> {t.review}
            </button>
          </div>
        )}
      </form>
      {review && (
        <Dialog title={t.reviewTitle} kind="wide" onClose={() => setReview(null)}>
          <ChangeTable changes={review} />
          <div class="buttons">
            <button type="button" class="button" onClick={() => setReview(null)}>
              {m().common.cancel}
            </button>
            <button type="button" class="button primary" disabled={busy} onClick={() => void keep()}>
              {m().common.save}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function ChangeTable({ changes }: { changes: Change[] }) {
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
