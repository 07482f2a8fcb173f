// Requests to routes that not every server of this API has yet: what they answer is looked at before it is shown.
import { me } from "../session.ts";
import { Failure } from "./failure.ts";

export async function loose<T>(method: string, path: string, options: { body?: unknown; ifMatch?: string; signal?: AbortSignal } = {}): Promise<T> {
  const headers = new Headers({ accept: "application/json" });
  if (options.body !== undefined) headers.set("content-type", "application/json");
  if (options.ifMatch) headers.set("if-match", options.ifMatch);
  const csrf = me.peek()?.csrfToken;
  if (csrf && method !== "GET") headers.set("x-csrf-token", csrf);
  let response: Response;
  try {
    response = await fetch(path, { method, headers, signal: options.signal, body: options.body === undefined ? undefined : JSON.stringify(options.body) });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw Failure.of(error);
  }
  if (!response.ok) throw await Failure.from(response);
  const text = await response.text();
  return (text && response.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(text) : undefined) as T;
}
