// A task and its history, kept fresh while one looks at them.
import { useEffect } from "preact/hooks";
import { get } from "../api/client.ts";
import { Failure } from "../api/failure.ts";
import type { Task, TaskEvent } from "../api/types.ts";
import { calmly, onEvents } from "../tasks/live.ts";
import { type Loaded, useLoad } from "../ui/load.ts";

export interface TaskView {
  /** Absent where it was deleted and only its history is left. */
  task: Task | null;
  etag: string | null;
  events: TaskEvent[];
}

const MOST = 2000;

async function load(id: string, signal: AbortSignal): Promise<TaskView> {
  const path = { id };
  const events: TaskEvent[] = [];
  let cursor: string | undefined;
  do {
    const page = (await get("/api/v1/tasks/{id}/events", { path, query: { limit: 200, cursor }, signal })).data;
    events.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor && events.length < MOST);
  try {
    const { data, etag } = await get("/api/v1/tasks/{id}", { path, signal });
    return { task: data as Task, etag, events };
  } catch (error) {
    if (Failure.of(error).status === 404 && events.length) return { task: null, etag: null, events };
    throw error;
  }
}

export function useTask(id: string): Loaded<TaskView> {
  const loaded = useLoad(`task/${id}`, (signal) => load(id, signal), true);
  useEffect(() => {
    const refresh = calmly(loaded.again, 500);
    const leave = onEvents((events) => {
      if (events.some((event) => event.taskId === id)) refresh.poke();
    });
    return () => {
      leave();
      refresh.stop();
    };
  }, [id]);
  return loaded;
}
