// A small form in a dialog or on a page: labelled inputs, what is wrong at each, and how it is sent.
import { useId, useState } from "preact/hooks";
import { Failure } from "../api/failure.ts";
import { m } from "../i18n/index.ts";
import { Trouble } from "./bits.tsx";
import { Dialog } from "./dialog.tsx";

export interface Input {
  name: string;
  label: string;
  value?: string;
  kind?: "text" | "area" | "script" | "password" | "number";
  required?: boolean;
  disabled?: boolean;
  help?: string;
  choices?: readonly (readonly [string, string])[];
  /** Where the server says that it is wrong, where that is not its name. */
  pointer?: string;
  /** It is asked for only while another has this value. */
  when?: Record<string, string>;
}

/** What the server says of an input. */
function wrongWith(input: Input, failure: Failure | null) {
  const place = input.pointer ?? `/${input.name}`;
  return (failure?.problem?.errors ?? []).filter(({ pointer }) => pointer === place || pointer.startsWith(`${place}/`));
}

interface EditorProps {
  inputs: Input[];
  action: string;
  disabled?: boolean;
  onCancel?: () => void;
  cancelTo?: string;
  act: (values: Record<string, string>) => Promise<void>;
  onDirty?: () => void;
}

export function Editor({ inputs, action, disabled = false, onCancel, cancelTo, act, onDirty }: EditorProps) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const [chosen, setChosen] = useState<Record<string, string | undefined>>({});
  const now = (name: string) => chosen[name] ?? inputs.find((input) => input.name === name)?.value;
  const asked = inputs.filter((input) => Object.entries(input.when ?? {}).every(([name, value]) => now(name) === value));
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setFailure(null);
    try {
      await act(Object.fromEntries(asked.map((input) => [input.name, String(fields.get(input.name) ?? input.value ?? "")])));
    } catch (error) {
      setFailure(Failure.of(error));
    } finally {
      setBusy(false);
    }
  };
  const placed = new Set(asked.flatMap((input) => wrongWith(input, failure)));
  const rest = failure?.problem?.errors?.filter((error) => !placed.has(error)) ?? [];
  return (
    <form class="stack" onSubmit={submit} onInput={onDirty}>
      {asked.map((input) => (
        <One key={input.name} input={input} disabled={disabled} failure={failure} onChoice={(value) => setChosen((before) => ({ ...before, [input.name]: value }))} />
      ))}
      {failure &&
        (failure.status === 412 ? (
          <div class="notice warn" role="alert">
            {m().common.changedMeanwhile}
          </div>
        ) : (
          (rest.length > 0 || placed.size === 0) && <Trouble failure={failure} />
        ))}
      <div class="buttons row">
        {onCancel && (
          <button type="button" class="button" onClick={onCancel}>
            {m().common.cancel}
          </button>
        )}
        {cancelTo && (
          <a class="button" href={cancelTo}>
            {m().common.cancel}
          </a>
        )}
        <button type="submit" class="button primary" disabled={busy || disabled}>
          {action}
        </button>
      </div>
    </form>
  );
}

/** The same in a dialog, which closes when it has worked. */
export function EditorDialog({ title, close, act, ...editor }: Omit<EditorProps, "onCancel" | "cancelTo"> & { title: string; close: () => void }) {
  const both = async (values: Record<string, string>) => {
    await act(values);
    close();
  };
  return (
    <Dialog title={title} onClose={close}>
      <Editor {...editor} onCancel={close} act={both} />
    </Dialog>
  );
}

interface OneProps {
  input: Input;
  disabled: boolean;
  failure: Failure | null;
  onChoice: (value: string) => void;
}

function One({ input, disabled, failure, onChoice }: OneProps) {
  const id = useId();
  const wrong = wrongWith(input, failure);
  const props = {
    id,
    name: input.name,
    required: input.required,
    disabled: disabled || input.disabled,
    defaultValue: input.value ?? "",
    "aria-invalid": wrong.length ? ("true" as const) : undefined,
    "aria-describedby": `${id}-help`,
    spellcheck: false,
  };
  return (
    <div class="field">
      <label for={id}>
        {input.label} {!input.required && !input.choices && <span class="small soft">{m().common.optional}</span>}
      </label>
      {input.choices ? (
        <select {...props} onChange={(event) => onChoice(event.currentTarget.value)}>
          {input.choices.map(([value, text]) => (
            <option key={value} value={value} selected={value === input.value}>
              {text}
            </option>
          ))}
        </select>
      ) : input.kind === "area" || input.kind === "script" ? (
        <textarea {...props} class={input.kind === "script" ? "mono" : ""} rows={input.kind === "script" ? 16 : 4} />
      ) : (
        <input {...props} class="input" type={(input.kind ?? "text") as "text"} min={input.kind === "number" ? 0 : undefined} autocomplete={input.kind === "password" ? "new-password" : "off"} />
      )}
      <div id={`${id}-help`}>
        {input.help && <span class="small soft help">{input.help}</span>}
        {wrong.map((one) => (
          <div key={one.detail} class="error-text">
            {one.detail}
            {one.cure && ` — ${one.cure}`}
          </div>
        ))}
      </div>
    </div>
  );
}
