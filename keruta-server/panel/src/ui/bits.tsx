// Small parts that many screens share.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { TaskStatus } from "../api/types.ts";
import { Failure } from "../api/failure.ts";
import { ago, full } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { toast } from "./toast.tsx";
import { Icon, type IconName } from "./icon.tsx";

export function StatusBadge({ status }: { status: TaskStatus }) {
  return <span class={`badge ${status}`}>{m().status[status]}</span>;
}

/** A time, as long ago, with the whole time at hand. */
export function Ago({ time }: { time: string }) {
  return (
    <time dateTime={time} title={full(time)} class="nowrap">
      {ago(time)}
    </time>
  );
}

export function CopyButton({ text, label, small = true }: { text: string | (() => Promise<string>); label?: string; small?: boolean }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  const name = done ? m().common.copied : (label ?? m().common.copy);
  return (
    <button type="button" class={`button quiet ${small ? "small" : ""}`} onClick={async () => setDone(await copy(text))}>
      <Icon name={done ? "check" : "copy"} />
      <span aria-live="polite">{name}</span>
    </button>
  );
}

export async function copy(text: string | (() => Promise<string>)): Promise<boolean> {
  try {
    const whole = typeof text === "string" ? text : await text();
    await navigator.clipboard.writeText(whole);
    return true;
  } catch {
    toast(m().common.copyFailed, "bad");
    return false;
  }
}

export function Loading() {
  return (
    <div class="loading" role="status">
      <i /> <i /> <i />
      <span class="hidden-text">{m().common.loading}</span>
    </div>
  );
}

export function Empty({ icon = "inbox", title, children }: { icon?: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** Why something could not be had, and a way to try again. */
export function Trouble({ failure, again }: { failure: Failure; again?: () => void }) {
  const title = failure.offline
    ? m().common.offline
    : failure.status === 404
      ? m().common.notFound
      : failure.status === 403
        ? m().common.forbidden
        : m().common.failed;
  return (
    <div class="notice bad" role="alert">
      <strong>{title}</strong>
      <span>{failure.offline ? m().common.offlineHint : failure.message}</span>
      {failure.problem?.errors?.map((error) => (
        <span key={error.pointer + error.detail}>
          <code>{error.pointer}</code> {error.detail}
          {error.cure && ` — ${error.cure}`}
        </span>
      ))}
      {failure.problem?.requestId && <span class="small soft">{m().common.requestId(failure.problem.requestId)}</span>}
      {again && (
        <span>
          <button type="button" class="button small" onClick={again}>
            <Icon name="retry" /> {m().common.retry}
          </button>
        </span>
      )}
    </div>
  );
}

export function PageHead({ title, children }: { title: string; children?: ComponentChildren }) {
  useTitle(title);
  return (
    <div class="page-head">
      <h1>{title}</h1>
      <div class="row">{children}</div>
    </div>
  );
}

export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · keruta`;
  }, [title]);
}
