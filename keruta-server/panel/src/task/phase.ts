// Phases in words.
import type { Phase } from "../api/types.ts";
import { m } from "../i18n/index.ts";

export function phaseText(phase: Phase): string {
  const t = m().phase;
  switch (phase.phase) {
    case "suspended":
      return t.suspended;
    case "scheduling":
      return t.scheduling + (phase.reason ? `: ${phase.reason}` : "");
    case "starting":
      return (/Pull|Image/.test(phase.reason ?? "") ? t.pulling(phase.container) : t.starting(phase.container)) + (phase.reason ? ` (${phase.reason})` : "");
    case "step":
      return t.step(phase.name, phase.number, phase.of);
    case "running":
      return t.running;
    case "retrying":
      return t.retrying(phase.failed);
    case "ending":
      return t.ending;
  }
}
