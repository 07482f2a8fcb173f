// What happens to tasks, as it happens: one connection for all that want to know.
import { signal } from "@preact/signals";
import { type Connection, follow } from "../api/sse.ts";
import type { TaskEvent } from "../api/types.ts";

export const connection = signal<Connection>({ state: "connecting" });

type Listener = (events: TaskEvent[]) => void;
const listeners = new Set<Listener>();
let stop: (() => void) | undefined;

/** Tells of what happens until the returned function is called. */
export function onEvents(listener: Listener): () => void {
  listeners.add(listener);
  stop ??= follow({
    url: "/api/v1/events?follow=true",
    onEvents: (events) => {
      const told = events.filter((event) => event.event === "message").map((event) => JSON.parse(event.data) as TaskEvent);
      if (told.length) for (const one of listeners) one(told);
    },
    onState: (state) => {
      connection.value = state;
    },
  });
  return () => {
    listeners.delete(listener);
    // The next screen may want it at once.
    setTimeout(() => {
      if (listeners.size === 0) {
        stop?.();
        stop = undefined;
      }
    }, 1000);
  };
}

/** Calls `act` soon after something happened, and not more often than once in a while. */
export function calmly(act: () => void, pause = 1000): { poke: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;
  return {
    poke: () => {
      timer ??= setTimeout(
        () => {
          timer = undefined;
          last = performance.now();
          act();
        },
        Math.max(100, last + pause - performance.now()),
      );
    },
    stop: () => clearTimeout(timer),
  };
}
