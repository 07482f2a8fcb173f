// How channels and rules of notifications are asked for, and texts of several words.
import { get } from "../api/client.ts";
import type { NotificationChannel, NotificationRule } from "../api/types.ts";
import type { PageOf } from "../ui/listing.tsx";
import { type Loaded, useLoad } from "../ui/load.ts";

const limit = 200;

/** Where they may be asked for. */
export function useChannels(may = true): Loaded<PageOf<NotificationChannel>> {
  return useLoad(may ? "notifications/channels" : null, async (signal) => (await get("/api/v1/notifications/channels", { query: { limit }, signal })).data, true);
}

export function useRules(): Loaded<PageOf<NotificationRule>> {
  return useLoad("notifications/rules", async (signal) => (await get("/api/v1/notifications/rules", { query: { limit }, signal })).data, true);
}

/** The words in a text of lines or commas. */
export function words(text: string | undefined): string[] {
  return (text ?? "").split(/[\s,]+/).filter((word) => word !== "");
}
