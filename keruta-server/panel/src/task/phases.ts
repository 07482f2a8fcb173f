// From a task's history to what each attempt did, and when. Pure.
import type { Phase, TaskEvent, TaskStatus, Verdict } from "../api/types.ts";

export interface Part {
  phase: Phase | { phase: "queued" };
  from: string;
  /** Absent of what goes on. */
  to?: string;
}

export interface AttemptView {
  number: number;
  status: TaskStatus;
  created: string;
  finished?: string;
  parts: Part[];
  verdict?: Verdict;
  reason?: string;
}

/** The attempts, the newest first. */
export function attemptsOf(events: TaskEvent[]): AttemptView[] {
  const found = new Map<number, AttemptView>();
  for (const event of events) {
    if (event.kind === "created" || event.kind === "retried") {
      const parts: Part[] = [{ phase: { phase: "queued" }, from: event.at }];
      found.set(event.attempt, { number: event.attempt, status: "PENDING", created: event.at, parts });
      continue;
    }
    const attempt = found.get(event.attempt);
    if (!attempt) continue;
    if (event.kind === "submitted") enter(attempt, { phase: "scheduling" }, event.at);
    if (event.kind === "phase" && event.detail) enter(attempt, event.detail as unknown as Phase, event.at);
    if (event.kind === "status" && event.to) {
      attempt.status = event.to;
      if (event.to === "COMPLETED" || event.to === "FAILED" || event.to === "CANCELLED") {
        attempt.finished = event.at;
        attempt.reason = event.reason ?? undefined;
        const detail = event.detail as unknown as (Verdict & { verdict?: Verdict }) | null | undefined;
        const verdict = detail?.verdict ?? detail;
        if (verdict && "outcome" in verdict) attempt.verdict = verdict;
        const last = attempt.parts.at(-1);
        if (last && !last.to) last.to = event.at;
      }
    }
  }
  return [...found.values()].sort((a, b) => b.number - a.number);
}

function enter(attempt: AttemptView, phase: Phase, at: string): void {
  if (attempt.finished) return;
  const last = attempt.parts.at(-1);
  if (last && name(last.phase) === name(phase)) {
    // The same, told with another reason.
    last.phase = phase;
    return;
  }
  if (last && !last.to) last.to = at;
  attempt.parts.push({ phase, from: at });
}

function name(phase: Part["phase"]): string {
  const more = phase.phase === "step" ? phase.name : phase.phase === "starting" ? phase.container : phase.phase === "retrying" ? phase.failed : "";
  return `${phase.phase}/${more}`;
}
