// How an attempt ended: in one sentence, by what one knows, and what to do.
import type { Verdict } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { plain } from "../logs/text.ts";
import { taskPath } from "../router.ts";
import { AnsiText } from "../logs/ansi.tsx";
import { Icon } from "../ui/icon.tsx";

export function VerdictCard({ id, attempt, verdict, reason }: { id: string; attempt: number; verdict: Verdict | undefined; reason?: string }) {
  const t = m().task;
  if (!verdict) return reason ? <div class="notice">{plain(reason)}</div> : null;
  const { outcome, evidence } = verdict;
  const failed = typeof outcome === "object";
  const kind = failed ? "bad" : outcome === "Completed" ? "ok" : "";
  const headline = typeof outcome === "object" ? (t.cause[outcome.Failed] ?? outcome.Failed) : outcome === "Completed" ? t.outcomeCompleted : t.outcomeCancelled;
  const facts: [string, string | number | undefined][] = [
    [t.container, evidence.container],
    [t.exitCode, evidence.exitCode],
    [t.signal, evidence.signal],
    [t.reason, evidence.reason],
    [t.pod, evidence.pod],
    [t.node, evidence.node],
  ];
  const known = facts.filter(([, value]) => value !== undefined && value !== null);
  const logs = new URLSearchParams({ attempt: String(attempt), ...(evidence.container && { container: evidence.container }) });
  return (
    <section class={`notice verdict ${kind}`} aria-label={t.verdict}>
      <strong class="headline">{headline}</strong>
      {evidence.summary && <p>{plain(evidence.summary)}</p>}
      {evidence.cure && (
        <p>
          <strong>{t.whatToDo}:</strong> {evidence.cure}
        </p>
      )}
      {failed && verdict.retryable && <p class="soft">{t.retryable}</p>}
      {failed && known.length > 0 && (
        <dl class="facts small">
          {known.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="mono break">{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {failed && evidence.message && <pre class="message ansi" tabIndex={0} role="region" aria-label={t.message}><AnsiText text={evidence.message} /></pre>}
      {failed && (
        <p>
          <a class="button small" href={`${taskPath(id, "/logs")}?${logs}`}>
            <Icon name="log" /> {t.logsOfFailure}
          </a>
        </p>
      )}
    </section>
  );
}
