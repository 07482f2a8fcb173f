import { test } from "node:test";
import assert from "node:assert/strict";
import type { TaskEvent } from "../api/types.ts";
import { attemptsOf } from "./phases.ts";

const event = (second: number, kind: string, more: Partial<TaskEvent> = {}): TaskEvent =>
  ({ sequence: second, taskId: "a", attempt: 1, at: `2026-11-30T10:00:${String(second).padStart(2, "0")}Z`, kind, actor: "keruta", ...more }) as TaskEvent;
const phase = (second: number, detail: object, attempt = 1) => event(second, "phase", { attempt, detail: detail as never });

test("a history is a row of phases for each attempt", () => {
  const verdict = { outcome: { Failed: "CommandFailed" }, retryable: false, evidence: { summary: "no" } };
  const attempts = attemptsOf([
    event(0, "created", { to: "PENDING" }),
    event(5, "submitted"),
    phase(6, { phase: "scheduling", reason: "no node" }),
    phase(8, { phase: "step", name: "git-clone", number: 1, of: 2 }),
    event(8, "status", { from: "PENDING", to: "IN_PROGRESS" }),
    phase(9, { phase: "running" }),
    event(20, "status", { from: "IN_PROGRESS", to: "FAILED", reason: "no", detail: { verdict } as never }),
    phase(21, { phase: "ending" }),
    event(30, "retried", { attempt: 2, from: "FAILED", to: "PENDING" }),
  ]);
  assert.deepEqual(attempts.map((attempt) => [attempt.number, attempt.status, attempt.parts.map((part) => part.phase.phase)]), [
    [2, "PENDING", ["queued"]],
    [1, "FAILED", ["queued", "scheduling", "step", "running"]],
  ]);
  const first = attempts[1]!;
  assert.deepEqual(first.verdict, verdict);
  assert.equal(first.parts[3]!.to, first.finished);
  assert.equal(first.parts[1]!.to, first.parts[2]!.from);
  assert.equal(attempts[0]!.parts[0]!.to, undefined);
});
