// The schemas that forms are made of.
import { get } from "../api/client.ts";
import { type Loaded, useLoad } from "../ui/load.ts";
import { Reader, type Schema } from "./schema.ts";

export function useSchema(name: "task" | "settings" | "server"): Loaded<Reader> {
  return useLoad(`schema/${name}`, async (signal) => new Reader((await get("/api/v1/schemas/{name}", { path: { name }, signal })).data as Schema));
}
