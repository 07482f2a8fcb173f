// Requests to the server's API, typed by its OpenAPI document.
import type { paths } from "./openapi.d.ts";
import { Failure } from "./failure.ts";
import { me } from "../session.ts";

type Method = "get" | "put" | "post" | "delete" | "patch";
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
/** The paths that take a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];
type Json<C> = C extends { "application/json": infer T } ? T : C extends { "text/plain": infer T } ? T : undefined;
type Success<R> = R extends { 200: { content: infer C } } | { 201: { content: infer C } } | { 202: { content: infer C } } ? Json<C> : undefined;
/** What an operation answers. */
export type Answer<P extends keyof paths, M extends Method> = Operation<P, M> extends { responses: infer R } ? Success<R> : never;
type Parameters<P extends keyof paths, M extends Method> = Operation<P, M> extends { parameters: infer A } ? A : {};
type InPath<P extends keyof paths, M extends Method> = Parameters<P, M> extends { path: infer V } ? { path: V } : { path?: undefined };
type InQuery<P extends keyof paths, M extends Method> = Parameters<P, M> extends { query?: infer V } ? { query?: V } : {};
type InBody<P extends keyof paths, M extends Method> = Operation<P, M> extends { requestBody?: { content: infer C } }
  ? { body?: C extends { "application/json": infer B } ? B : C extends { "application/merge-patch+json": infer B } ? B : unknown }
  : { body?: undefined };

export type Options<P extends keyof paths, M extends Method> = InPath<P, M> & InQuery<P, M> & InBody<P, M> & Rest;

interface Rest {
  /** The version that is changed. */
  ifMatch?: string;
  /** Instead of the session's cookie. */
  token?: string;
  /** The body as plain text, and how it is called. */
  text?: string;
  type?: string;
  accept?: string;
  signal?: AbortSignal;
}

export interface Result<T> {
  data: T;
  etag: string | null;
}

/** The URL of an operation. */
export function url(path: string, values?: Record<string, unknown>, query?: Record<string, unknown>): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values?.[name] ?? "")));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value == null || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text ? `${filled}?${text}` : filled;
}

export function get<P extends PathOf<"get">>(path: P, options?: Options<P, "get">): Promise<Result<Answer<P, "get">>> {
  return request("get", path, options as Loose | undefined) as Promise<Result<Answer<P, "get">>>;
}

export function send<M extends Exclude<Method, "get">, P extends PathOf<M>>(
  method: M,
  path: P,
  options?: Options<P, M>,
): Promise<Result<Answer<P, M>>> {
  return request(method, path, options as Loose | undefined) as Promise<Result<Answer<P, M>>>;
}

type Loose = Rest & { path?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown };

async function request(method: Method, path: string, options: Loose = {}): Promise<Result<unknown>> {
  const headers = new Headers({ accept: options.accept ?? "application/json" });
  let body: string | undefined;
  if (options.text !== undefined) {
    headers.set("content-type", options.type ?? "text/plain; charset=utf-8");
    body = options.text;
  } else if (options.body !== undefined) {
    headers.set("content-type", options.type ?? (method === "patch" ? "application/merge-patch+json" : "application/json"));
    body = JSON.stringify(options.body);
  }
  if (options.ifMatch) headers.set("if-match", options.ifMatch);
  if (options.token) headers.set("authorization", `Bearer ${options.token}`);
  const csrf = me.peek()?.csrfToken;
  if (csrf && method !== "get") headers.set("x-csrf-token", csrf);
  let response: Response;
  try {
    response = await fetch(url(path, options.path, options.query), {
      method: method.toUpperCase(),
      headers,
      body,
      signal: options.signal,
      credentials: options.token ? "omit" : "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw Failure.of(error);
  }
  if (!response.ok) {
    const failure = await Failure.from(response);
    // The session has ended; signing in again leads back to the same place.
    if (failure.status === 401 && me.peek() && !options.token) me.value = null;
    throw failure;
  }
  const etag = response.headers.get("etag");
  if (response.status === 204) return { data: undefined, etag };
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  return { data: isJson ? await response.json() : await response.text(), etag };
}
