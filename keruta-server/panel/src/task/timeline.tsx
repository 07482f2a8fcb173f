// The phases of an attempt as bars on one line of time.
import { now, span, full } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { StatusBadge } from "../ui/bits.tsx";
import type { AttemptView } from "./phases.ts";
import { phaseText } from "./phase.ts";

export function Timeline({ attempt }: { attempt: AttemptView | undefined }) {
  if (!attempt) return <p class="soft">{m().task.timelineEmpty}</p>;
  const begin = Date.parse(attempt.created);
  const end = Math.max(begin + 1, attempt.finished ? Date.parse(attempt.finished) : now.value);
  const share = (at: number) => ((at - begin) / (end - begin)) * 100;
  return (
    <ol class="timeline">
      {attempt.parts.map((part, index) => {
        const from = Date.parse(part.from);
        const to = part.to ? Date.parse(part.to) : Math.max(from, end);
        const text = part.phase.phase === "queued" ? m().phase.queued : phaseText(part.phase);
        return (
          <li key={index} class={part.to ? "" : "going"}>
            <span class="what">{text}</span>
            <span class="track" aria-hidden="true" title={full(part.from)}>
              <span class={`bar ${part.phase.phase}`} style={{ insetInlineStart: `${share(from)}%`, inlineSize: `${Math.max(0.6, share(to) - share(from))}%` }} />
            </span>
            <span class="long">{span(to - from)}</span>
          </li>
        );
      })}
      {attempt.finished && (
        <li>
          <span class="what">
            <StatusBadge status={attempt.status} />
          </span>
          <span class="small soft at">{full(attempt.finished)}</span>
          <strong class="long" title={m().task.inAll}>
            {span(end - begin)}
          </strong>
        </li>
      )}
    </ol>
  );
}
