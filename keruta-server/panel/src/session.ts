// Who is signed in, and what they may do.
import { signal } from "@preact/signals";
import type { Me, Role } from "./api/types.ts";
import { get, send } from "./api/client.ts";
import { Failure } from "./api/failure.ts";

/** `undefined` as long as it is not known, `null` where nobody is. */
export const me = signal<Me | null | undefined>(undefined);
/** Why nobody could be asked. */
export const trouble = signal<Failure | null>(null);

const ranks: Record<Role, number> = { viewer: 1, operator: 2, admin: 3, service: 0, task: 0 };

export function may(role: "viewer" | "operator" | "admin"): boolean {
  const mine = me.value;
  return !!mine && ranks[mine.role] >= ranks[role];
}

/** Asks the server who the browser's cookie belongs to. */
export async function restore(): Promise<void> {
  try {
    const answer = await get("/api/v1/me");
    trouble.value = null;
    me.value = answer.data;
  } catch (error) {
    const failure = Failure.of(error);
    if (failure.status === 401) {
      me.value = null;
    } else {
      trouble.value = failure;
    }
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  const answer = await send("post", "/api/v1/sessions", { body: { name, password } });
  me.value = answer.data;
}

export async function signOut(): Promise<void> {
  await send("delete", "/api/v1/sessions/current");
  me.value = null;
}

/** Makes the first account with a token, and signs in with it. */
export async function firstAccount(token: string, name: string, password: string): Promise<void> {
  await send("post", "/api/v1/users", { body: { name, password, role: "admin" }, token });
  await signIn(name, password);
}
