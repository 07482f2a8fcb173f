// Modal dialogs: the browser's own, which keeps the focus inside and gives it back.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Failure } from "../api/failure.ts";
import { m } from "../i18n/index.ts";
import { Trouble } from "./bits.tsx";
import { toast } from "./toast.tsx";

interface DialogProps {
  title: string;
  onClose: () => void;
  kind?: string;
  children: ComponentChildren;
  /** The title is for screen readers alone: the content has one of its own. */
  bare?: boolean;
}

export function Dialog({ title, onClose, kind = "", children, bare = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      class={kind}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      {bare ? (
        <>
          <h2 class="hidden-text" id={id}>
            {title}
          </h2>
          {children}
        </>
      ) : (
        <div class="dialog">
          <h2 id={id}>{title}</h2>
          {children}
        </div>
      )}
    </dialog>
  );
}

interface Question {
  title: string;
  text?: string;
  body?: ComponentChildren;
  action: string;
  keep?: string;
  danger?: boolean;
  /** What has to be typed first. */
  type?: { label: string; text: string };
  /** A text that is asked for beside. */
  note?: string;
  act: (note: string) => Promise<void>;
}

const asked = signal<Question | null>(null);

/** Asks before something is done, and says what will happen. */
export function ask(question: Question): void {
  asked.value = question;
}

interface Deletion {
  title: string;
  text?: string;
  /** How it is called where it is not "Delete", and what is said when it is done. */
  action?: string;
  done?: string;
  act: () => Promise<unknown>;
  then: () => void;
}

/** Asks before something is deleted. */
export function askDelete({ title, text, action = m().common.delete, done = m().common.deleted, act, then }: Deletion): void {
  const both = async () => {
    await act();
    toast(done);
    then();
  };
  ask({ title, text, action, danger: true, act: both });
}

export function Questions() {
  return asked.value && <QuestionDialog key={asked.value.title} question={asked.value} />;
}

function QuestionDialog({ question }: { question: Question }) {
  const [typed, setTyped] = useState("");
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const close = () => {
    asked.value = null;
  };
  const act = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await question.act(note);
      close();
    } catch (error) {
      setFailure(Failure.of(error));
      setBusy(false);
    }
  };
  const ready = !question.type || typed === question.type.text;
  return (
    <Dialog title={question.title} onClose={close}>
      <form class="stack" onSubmit={act}>
        {question.text && <p>{question.text}</p>}
        {question.body}
        {question.type && (
          <label class="field">
            <span class="label">{question.type.label}</span>
            <input class="input mono" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} autocomplete="off" />
          </label>
        )}
        {question.note && (
          <label class="field">
            <span class="label">
              {question.note} <span class="soft">({m().common.optional})</span>
            </span>
            <input class="input" value={note} onInput={(event) => setNote(event.currentTarget.value)} maxLength={500} />
          </label>
        )}
        {failure && <Trouble failure={failure} />}
        <div class="buttons">
          <button type="button" class="button" onClick={close}>
            {question.keep ?? m().common.cancel}
          </button>
          <button type="submit" class={`button primary ${question.danger ? "danger" : ""}`} disabled={busy || !ready}>
            {question.action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
