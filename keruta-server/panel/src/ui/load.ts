// What a screen loads, again when what it depends on changes.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "../api/failure.ts";

export interface Loaded<T> {
  data: T | undefined;
  failure: Failure | null;
  /** Whether something newer is on its way. */
  busy: boolean;
  again: () => void;
  set: (data: T) => void;
}

/** Loads by `key`: what is shown stays until the next is there; another key forgets it unless `keep`. */
export function useLoad<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>, keep = false): Loaded<T> {
  const [state, setState] = useState<{ key: string | null; data?: T; failure: Failure | null; busy: boolean }>({
    key,
    failure: null,
    busy: key !== null,
  });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    setState((old) => ({ key, data: keep || old.key === key ? old.data : undefined, failure: null, busy: true }));
    latest.current(stop.signal).then(
      (data) => {
        if (!stop.signal.aborted) setState({ key, data, failure: null, busy: false });
      },
      (error: unknown) => {
        if (!stop.signal.aborted) setState((old) => ({ key, data: old.data, failure: Failure.of(error), busy: false }));
      },
    );
    return () => stop.abort();
  }, [key, round, keep]);
  const again = useCallback(() => setRound((n) => n + 1), []);
  const set = useCallback((data: T) => setState({ key, data, failure: null, busy: false }), [key]);
  const current = state.key === key || keep;
  return { data: current ? state.data : undefined, failure: current ? state.failure : null, busy: state.busy, again, set };
}

/** Calls `act` again and again while the page is seen. */
export function useRefresh(act: () => void, milliseconds: number): void {
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) act();
    }, milliseconds);
    return () => clearInterval(timer);
  }, [act, milliseconds]);
}
