// The time, for ages and durations that grow while one looks at them.
import { signal } from "@preact/signals";
import { language } from "./i18n/index.ts";

export const now = signal(Date.now());

function tick(): void {
  if (!document.hidden) now.value = Date.now();
}
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** How far a clock may be from another: what is so little ahead is now. */
const SKEW = 5;

/** `5 minutes ago`, `in 2 hours`. */
export function ago(time: string): string {
  const ahead = (Date.parse(time) - now.value) / 1000;
  const seconds = ahead > SKEW ? ahead : Math.min(ahead, 0);
  const format = new Intl.RelativeTimeFormat(language.value, { numeric: "auto", style: "narrow" });
  const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return format.format(Math.trunc(seconds / length), unit);
}

/** `1h 02m`, `4m 07s`, `3.2s`. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${two((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d ${two((seconds % 86_400) / 3600)}h`;
}

/** How long something took, or takes until now. */
export function between(from: string, to?: string): string {
  return span((to ? Date.parse(to) : now.value) - Date.parse(from));
}

/** A time in full, in the viewer's zone. */
export function full(time: string): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(time));
}

/** The hour and minute. */
export function hour(time: string): string {
  return new Intl.DateTimeFormat(language.value, { hour: "2-digit", minute: "2-digit" }).format(new Date(time));
}

/** `1.4 MiB`. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}
