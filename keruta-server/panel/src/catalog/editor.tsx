// A small form in a dialog or on a page: labelled inputs, what is wrong at each, and how it is sent.
import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { Failure } from "../api/failure.ts";
import { m } from "../i18n/index.ts";
import { Trouble } from "../ui/bits.tsx";

export interface Input {
  name: string;
  label: string;
  value?: string;
  kind?: "text" | "area" | "script" | "password" | "number";
  required?: boolean;
  disabled?: boolean;
  help?: string;
  choices?: [string, string][];
}

interface EditorProps {
  inputs: Input[];
  action: string;
  disabled?: boolean;
  onCancel?: () => void;
  cancelTo?: string;
  act: (values: Record<string, string>) => Promise<void>;
  onDirty?: () => void;
  children?: ComponentChildren;
}

export function Editor({ inputs, action, disabled = false, onCancel, cancelTo, act, onDirty, children }: EditorProps) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setFailure(null);
    try {
      await act(Object.fromEntries(inputs.map((input) => [input.name, String(fields.get(input.name) ?? input.value ?? "")])));
    } catch (error) {
      setFailure(Failure.of(error));
    } finally {
      setBusy(false);
    }
  };
  const placed = new Set(inputs.flatMap((input) => failure?.at(`/${input.name}`) ?? []));
  const rest = failure?.problem?.errors?.filter((error) => !placed.has(error)) ?? [];
  return (
    <form class="stack" onSubmit={submit} onInput={onDirty}>
      {inputs.map((input) => (
        <One key={input.name} input={input} disabled={disabled} failure={failure} />
      ))}
      {children}
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

function One({ input, disabled, failure }: { input: Input; disabled: boolean; failure: Failure | null }) {
  const id = useId();
  const wrong = failure?.at(`/${input.name}`) ?? [];
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
        <select {...props}>
          {input.choices.map(([value, text]) => (
            <option key={value} value={value} selected={value === input.value}>
              {text}
            </option>
          ))}
        </select>
      ) : input.kind === "area" || input.kind === "script" ? (
        <textarea {...props} class={input.kind === "script" ? "mono" : ""} rows={input.kind === "script" ? 16 : 4} />
      ) : (
        <input {...props} class="input" type={(input.kind ?? "text") as "text"} autocomplete={input.kind === "password" ? "new-password" : "off"} />
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
