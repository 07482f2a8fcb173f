// The wire types of notifications, and how they are asked for.
import { loose } from "../api/loose.ts";
import { type Loaded, useLoad } from "../ui/load.ts";

export const BASE = "/api/v1/notifications";

export type Trigger = { taskFailed: object } | { errorLogged: object } | { taskStuck: { waitingSeconds?: number; runningSeconds?: number } };
export interface Rule {
  id: string;
  name: string;
  enabled: boolean;
  channelId: string;
  trigger: Trigger;
  scope: { namespaces?: string[]; repositoryIds?: string[]; queues?: string[]; rootTaskIds?: string[] };
  windowSeconds: number;
  version: number;
}
export type Secret = { env: string } | { file: string };
export type Target =
  | { email: { host: string; port?: number; security?: "starttls" | "tls"; username?: string; password?: Secret; from: string; to: string[] } }
  | { slack: { webhookUrl: Secret } };
export interface Channel {
  id: string;
  name: string;
  target: Target;
  heldUntil?: string;
  version: number;
}
export interface Notification {
  id: string;
  event: "taskFailed" | "errorLogged" | "taskStuck" | "test";
  ruleId?: string;
  channelId: string;
  taskId?: string;
  title?: string;
  attempt?: number;
  reason: string;
  occurrences: number;
  state: "pending" | "sending" | "sent" | "failed";
  tries: number;
  lastError?: string;
  createdAt: string;
  nextTryAt?: string;
  sentAt?: string;
}

interface PageOf<T> {
  items: T[];
  nextCursor?: string | null;
}

export function useItems<T>(what: "/rules" | "/channels"): Loaded<T[]> {
  return useLoad(`notifications${what}`, async (signal) => (await loose<PageOf<T>>("GET", `${BASE}${what}?limit=200`, { signal })).items, true);
}

/** The words in a text of lines or commas. */
export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}
