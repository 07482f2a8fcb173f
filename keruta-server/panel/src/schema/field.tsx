// A field of a form, as its schema says: the right control, its rules, what is wrong with it, where its value comes from.
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import type { FieldProblem } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { Icon } from "../ui/icon.tsx";
import { type Broken, type Field, type Reader, broken, isObject, pointer, valueAt } from "./schema.ts";

export interface FormState {
  reader: Reader;
  /** What is set. */
  document: Record<string, unknown>;
  /** What holds where nothing is set. */
  defaults?: Record<string, unknown>;
  /** What the server has found wrong. */
  problems: FieldProblem[];
  disabled?: boolean;
  fixed?: string[];
  onChange: (path: string[], value: unknown) => void;
  /** What stands below a field: its origin. */
  beside?: (path: string[]) => ComponentChildren;
}

export function SchemaField({ form, field, path }: { form: FormState; field: Field; path: string[] }) {
  const value = valueAt(form.document, path);
  if (field.kind.kind === "group" && (value === undefined || isObject(value))) {
    return (
      <fieldset class="field-group">
        <legend>
          <Title name={field.name} path={path} />
        </legend>
        {field.description && <Help text={m().fieldHelp[path.join(".")] ?? field.description} />}
        <div class="fields">
          {field.kind.properties.map(([name, schema]) => (
            <SchemaField key={name} form={form} field={form.reader.field(name, schema)} path={[...path, name]} />
          ))}
        </div>
        <Problems form={form} path={path} />
      </fieldset>
    );
  }
  return <Single form={form} field={field} path={path} value={value} />;
}

function Single({ form, field, path, value }: { form: FormState; field: Field; path: string[]; value: unknown }) {
  const id = useId();
  const usual = form.defaults ? valueAt(form.defaults, path) : field.schema.default;
  const wrong = [...broken(field.schema, value).map(ruleText), ...problemsAt(form, path).map((one) => one.detail + (one.cure ? ` — ${one.cure}` : ""))];
  const fixed = form.fixed?.includes(path.join("."));
  const disabled = !!form.disabled || !!fixed;
  const props = {
    id,
    disabled,
    "aria-invalid": wrong.length ? ("true" as const) : undefined,
    "aria-describedby": `${id}-help ${id}-wrong`,
    "data-pointer": pointer(path),
  };
  const set = (next: unknown) => form.onChange(path, next);
  const wide = field.kind.kind === "json" || field.kind.kind === "map" || (field.kind.kind === "text" && field.kind.long);
  return (
    <div class={`field ${wide ? "wide" : ""}`}>
      <label for={id}>
        <Title name={field.name} path={path} /> {field.kind.kind !== "boolean" && <Placeholder usual={usual} set={value !== undefined} />}
      </label>
      <Control field={field} value={value} usual={usual} props={props} set={set} />
      <div id={`${id}-help`}>
        {field.description && <Help text={fixed ? m().form.fixedField : (m().fieldHelp[path.join(".")] ?? field.description)} />}
        {rules(field) && <span class="small soft mono rule">{rules(field)}</span>}
      </div>
      {form.beside?.(path)}
      <div id={`${id}-wrong`} aria-live="polite">
        {wrong.map((text) => (
          <div key={text} class="error-text">
            {text}
          </div>
        ))}
      </div>
    </div>
  );
}

type Props = Record<string, unknown> & { id: string; disabled: boolean };

function Control({ field, value, usual, props, set }: { field: Field; value: unknown; usual: unknown; props: Props; set: (value: unknown) => void }) {
  const t = m().form;
  const placeholder = shown(usual);
  switch (field.kind.kind) {
    case "text": {
      const text = value === undefined || value === null ? "" : String(value);
      const change = (next: string) => set(next === "" ? undefined : next);
      if (field.kind.long) {
        return <textarea {...props} class={field.name === "script" ? "mono" : ""} rows={field.name === "script" ? 8 : 4} value={text} spellcheck={field.name !== "script"} onInput={(event) => change(event.currentTarget.value)} />;
      }
      return <input {...props} class="input" value={text} placeholder={placeholder} spellcheck={false} autocomplete="off" onInput={(event) => change(event.currentTarget.value)} />;
    }
    case "number":
      return (
        <input
          {...props}
          class="input"
          inputMode="numeric"
          value={value === undefined || value === null ? "" : String(value)}
          placeholder={placeholder}
          autocomplete="off"
          onInput={(event) => {
            const text = event.currentTarget.value.trim();
            set(text === "" ? undefined : /^-?\d+$/.test(text) ? Number(text) : text);
          }}
        />
      );
    case "boolean":
      return (
        <select {...props} value={value === undefined ? "" : String(value)} onChange={(event) => set(event.currentTarget.value === "" ? undefined : event.currentTarget.value === "true")}>
          <option value="">{usual === undefined ? t.notSet : `${yes(usual === true)} (${t.isDefault})`}</option>
          <option value="true">{yes(true)}</option>
          <option value="false">{yes(false)}</option>
        </select>
      );
    case "choice":
      return (
        <select {...props} value={value === undefined || value === null ? "" : String(value)} onChange={(event) => set(event.currentTarget.value || undefined)}>
          <option value="">{usual === undefined || usual === null ? t.notSet : `${String(usual)} (${t.isDefault})`}</option>
          {field.kind.values.map((one) => (
            <option key={one.value} value={one.value} title={one.description}>
              {one.value}
            </option>
          ))}
        </select>
      );
    case "lines":
      if (value === undefined || (Array.isArray(value) && value.every((one) => typeof one === "string"))) return <Lines value={value as string[] | undefined} usual={usual} props={props} set={set} />;
      return <JsonControl value={value} usual={usual} props={props} set={set} />;
    case "map":
      if (value === undefined || isObject(value)) return <MapControl value={value ?? {}} nullable={field.kind.nullable} props={props} set={set} />;
      return <JsonControl value={value} usual={usual} props={props} set={set} />;
    default:
      return <JsonControl value={value} usual={usual} props={props} set={set} />;
  }
}

function Lines({ value, usual, props, set }: { value: string[] | undefined; usual: unknown; props: Props; set: (value: unknown) => void }) {
  const [text, setText] = useState((value ?? []).join("\n"));
  return (
    <textarea
      {...props}
      class="mono"
      rows={Math.min(8, Math.max(2, text.split("\n").length))}
      value={text}
      placeholder={Array.isArray(usual) && usual.length ? usual.join("\n") : m().form.linesHint}
      spellcheck={false}
      onInput={(event) => {
        setText(event.currentTarget.value);
        const lines = event.currentTarget.value.split("\n").filter((line) => line !== "");
        set(lines.length ? lines : undefined);
      }}
    />
  );
}

/** Names and values; a value that is no text is JSON. */
function MapControl({ value, nullable, props, set }: { value: Record<string, unknown>; nullable: boolean; props: Props; set: (value: unknown) => void }) {
  const t = m().form;
  const [rows, setRows] = useState(() => Object.entries(value).map(([key, one]) => ({ key, text: typeof one === "string" ? one : JSON.stringify(one) })));
  const change = (next: typeof rows) => {
    setRows(next);
    const document: Record<string, unknown> = {};
    for (const { key, text } of next) if (key !== "") document[key] = nullable && text === "null" ? null : parsed(text);
    set(Object.keys(document).length ? document : undefined);
  };
  return (
    <div class="map" id={props.id} role="group" data-pointer={props["data-pointer"]}>
      {rows.map((row, at) => (
        <div key={at} class="map-row">
          <input class="input mono" aria-label={t.key} placeholder={t.key} value={row.key} disabled={props.disabled} spellcheck={false} onInput={(event) => change(rows.map((one, other) => (other === at ? { ...one, key: event.currentTarget.value } : one)))} />
          <input class="input mono" aria-label={t.value} placeholder={t.value} value={row.text} disabled={props.disabled} spellcheck={false} onInput={(event) => change(rows.map((one, other) => (other === at ? { ...one, text: event.currentTarget.value } : one)))} />
          <button type="button" class="button quiet icon small" aria-label={t.removeEntry(row.key)} disabled={props.disabled} onClick={() => change(rows.filter((_, other) => other !== at))}>
            <Icon name="close" />
          </button>
        </div>
      ))}
      <button type="button" class="button small" disabled={props.disabled} onClick={() => setRows([...rows, { key: "", text: "" }])}>
        <Icon name="plus" /> {t.addEntry}
      </button>
    </div>
  );
}

function parsed(text: string): unknown {
  if (!text.startsWith("{")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function JsonControl({ value, usual, props, set }: { value: unknown; usual: unknown; props: Props; set: (value: unknown) => void }) {
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value, null, 2));
  const [why, setWhy] = useState("");
  return (
    <>
      <textarea
        {...props}
        class="mono"
        rows={Math.min(12, Math.max(2, text.split("\n").length))}
        value={text}
        placeholder={usual === undefined || usual === null ? "JSON" : JSON.stringify(usual)}
        spellcheck={false}
        aria-invalid={why ? "true" : (props["aria-invalid"] as "true" | undefined)}
        onInput={(event) => {
          const next = event.currentTarget.value;
          setText(next);
          if (next.trim() === "") {
            setWhy("");
            set(undefined);
            return;
          }
          try {
            set(JSON.parse(next));
            setWhy("");
          } catch (error) {
            setWhy(error instanceof Error ? error.message : String(error));
          }
        }}
      />
      {why && <div class="error-text">{m().form.jsonBad(why)}</div>}
    </>
  );
}

/** What the server says of a place, and of what is below it where no field is. */
export function problemsAt(form: FormState, path: string[]): FieldProblem[] {
  const here = pointer(path);
  return form.problems.filter((one) => one.pointer === here || one.pointer.startsWith(`${here}/`));
}

function Problems({ form, path }: { form: FormState; path: string[] }) {
  const here = form.problems.filter((one) => one.pointer === pointer(path));
  return (
    <>
      {here.map((one) => (
        <div key={one.detail} class="error-text">
          {one.detail}
          {one.cure && ` — ${one.cure}`}
        </div>
      ))}
    </>
  );
}

/** What a schema says of a field; names in backquotes are code. */
function Help({ text }: { text: string }) {
  const parts = text.replace(/\[Source\]\([^)]*\)/g, "").trim().split("`");
  return <span class="small soft help">{parts.map((part, at) => (at % 2 ? <code key={at}>{part}</code> : part))}</span>;
}

function Placeholder({ usual, set }: { usual: unknown; set: boolean }) {
  const text = shown(usual);
  return set && text ? <span class="small soft">{m().form.defaultIs(text)}</span> : null;
}

/** A value in short. */
export function shown(value: unknown): string {
  if (value === undefined || value === null || value === "") return "";
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return yes(value);
  return JSON.stringify(value);
}

function yes(value: boolean): string {
  return value ? m().common.yes : m().common.no;
}

function ruleText(rule: Broken): string {
  const t = m().form;
  switch (rule.rule) {
    case "number":
      return t.mustBeNumber;
    case "minimum":
      return t.atLeast(rule.limit);
    case "maximum":
      return t.atMost(rule.limit);
    case "minLength":
      return t.minLength(rule.limit);
    case "maxLength":
      return t.maxLength(rule.limit);
    case "pattern":
      return t.pattern(rule.pattern);
  }
}

/** The rules of a field, in a few words. */
function rules(field: Field): string {
  const t = m().form;
  const { minimum, maximum, maxLength, pattern } = field.schema;
  const found: string[] = [];
  if (minimum !== undefined) found.push(t.atLeast(minimum));
  if (maximum !== undefined && maximum < 2_147_483_647) found.push(t.atMost(maximum));
  if (maxLength !== undefined) found.push(t.maxLength(maxLength));
  // A NUL is in no text that somebody types.
  if (pattern !== undefined && pattern.length < 60 && !pattern.startsWith("^[^\\u0000]")) found.push(pattern);
  return found.join(" · ");
}

/** What people call it, and the name that files, variables and the API have. */
function Title({ name, path }: { name: string; path: string[] }) {
  const label = m().fieldNames[path.join(".")];
  return label ? (
    <span>
      {label} <code class="soft">{name}</code>
    </span>
  ) : (
    <code>{name}</code>
  );
}
