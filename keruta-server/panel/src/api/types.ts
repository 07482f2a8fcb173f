// The wire types by their names.
import type { components } from "./openapi.d.ts";

type Schemas = components["schemas"];

export type Me = Schemas["Me"];
export type Role = Schemas["Role"];
export type Problem = Schemas["Problem"];
export type FieldProblem = Schemas["FieldProblem"];
export type TaskStatus = Schemas["TaskStatus"];
export type TaskEvent = Schemas["TaskEvent"];
export type Statistics = Schemas["Statistics"];
export type LogLevel = Schemas["LogLevel"];
export type LogRecord = Schemas["LogRecord"];
export type LogPage = Schemas["LogPage"];
export type LogSummary = Schemas["LogSummary"];
export type LogSource = Schemas["LogSourceSummary"];
export type LogHits = Schemas["LogHits"];
export type SettingsDocument = Schemas["SettingsDocument"];
export type SettingChange = Schemas["SettingChange"];
export type Repository = Schemas["Repository"];
export type KeruDocument = Schemas["Document"];
export type AuditEntry = Schemas["AuditEntry"];
export type User = Schemas["User"];
export type Token = Schemas["Token"];
export type Session = Schemas["Session"];
export type Manifest = Schemas["Manifest"];
export type Artifact = Schemas["Artifact"];
export type BackgroundJob = Schemas["BackgroundJob"];
export type ClusterTest = Schemas["ClusterTest"];
export type NotificationChannel = Schemas["NotificationChannel"];
export type NotificationRule = Schemas["NotificationRule"];
export type NotificationTrigger = Schemas["NotificationTrigger"];
export type Notification = Schemas["Notification"];
export type ChannelTarget = Schemas["ChannelTarget"];
export type SecretReference = Schemas["SecretReference"];

/** What a task asks for: the fields of the task's JSON Schema that the panel shows by name. */
export interface Spec {
  title?: string;
  description?: string;
  priority?: number;
  image?: string;
  parentId?: string;
  repositoryId?: string;
  documentId?: string;
  repository?: { url?: string; ref?: string };
}

/** A task: where it stands, and what was asked for. */
export type Task = Schemas["Task"] & Spec & { phase?: Phase; verdict?: Verdict };

/** What an attempt does just now. */
export type Phase =
  | { phase: "suspended" }
  | { phase: "scheduling"; reason?: string }
  | { phase: "starting"; container: string; reason?: string }
  | { phase: "step"; name: string; number: number; of: number }
  | { phase: "running" }
  | { phase: "retrying"; failed: number }
  | { phase: "ending" };

/** How an attempt ended. */
export interface Verdict {
  outcome: "Completed" | "Cancelled" | { Failed: string };
  retryable: boolean;
  evidence: {
    summary?: string;
    cure?: string;
    pod?: string;
    node?: string;
    container?: string;
    exitCode?: number;
    signal?: number;
    reason?: string;
    message?: string;
    startedAt?: string;
    finishedAt?: string;
  };
}
