// The last day in one picture: what ended, and how long the queue was.
import { get } from "../api/client.ts";
import type { Statistics } from "../api/types.ts";
import { hour } from "../clock.ts";
import { m } from "../i18n/index.ts";
import type { Loaded } from "../ui/load.ts";

const WIDTH = 480;
const HEIGHT = 56;
const QUEUE = 18;

export async function loadStatistics(signal: AbortSignal): Promise<Statistics> {
  return (await get("/api/v1/statistics", { signal })).data;
}

export function DayPlot({ statistics }: { statistics: Loaded<Statistics> }) {
  const t = m().tasks;
  const day = statistics.data?.day;
  if (!day) return null;
  const sum = (of: (part: Statistics["day"][number]) => number) => day.reduce((total, part) => total + of(part), 0);
  const most = Math.max(1, ...day.map((part) => part.completed + part.failed + part.cancelled));
  const longest = Math.max(1, ...day.map((part) => part.queued));
  const peak = Math.max(0, ...day.map((part) => part.queued));
  const summary = t.daySummary(sum((part) => part.completed), sum((part) => part.failed), sum((part) => part.cancelled), peak);
  const wide = WIDTH / day.length;
  const bars = day.flatMap((part, at) => {
    let y = HEIGHT;
    return (["completed", "cancelled", "failed"] as const).flatMap((kind) => {
      if (!part[kind]) return [];
      const tall = Math.max(2, (part[kind] / most) * (HEIGHT - 4));
      y -= tall;
      return [<rect key={`${at}${kind}`} class={kind} x={at * wide + 0.75} y={y} width={wide - 1.5} height={tall} />];
    });
  });
  const queue = day.map((part, at) => {
    const tall = part.queued ? Math.max(1.5, (part.queued / longest) * (QUEUE - 2)) : 0;
    return tall ? <rect key={at} class="queued" x={at * wide + 0.75} y={HEIGHT + 3} width={wide - 1.5} height={tall} /> : null;
  });
  return (
    <figure class="day">
      <figcaption>
        <strong>{t.day}</strong> <span class="soft">{summary}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + QUEUE + 3}`} preserveAspectRatio="none" role="img" aria-label={`${t.day}: ${summary}`}>
        <line x1="0" x2={WIDTH} y1={HEIGHT + 1.5} y2={HEIGHT + 1.5} class="axis" vector-effect="non-scaling-stroke" />
        {bars}
        {queue}
        {day.map((part, at) => (
          <rect key={`t${at}`} class="touch" x={at * wide} y="0" width={wide} height={HEIGHT + QUEUE + 3}>
            <title>{t.dayPart(hour(part.from), part.completed, part.failed, part.cancelled, part.queued)}</title>
          </rect>
        ))}
      </svg>
      <div class="day-legend small soft" aria-hidden="true">
        <span class="key completed">{m().status.COMPLETED}</span>
        <span class="key failed">{m().status.FAILED}</span>
        <span class="key cancelled">{m().status.CANCELLED}</span>
        <span class="key queued">{t.queueLength}</span>
      </div>
    </figure>
  );
}
