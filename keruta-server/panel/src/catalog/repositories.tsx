// Repositories and their setup scripts.
import { get, send } from "../api/client.ts";
import { Failure } from "../api/failure.ts";
import type { Repository } from "../api/types.ts";
import { bytes } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { EntriesPage, EntryPage, type Kind, type Values } from "./entries.tsx";

const fields = ({ name = "", url = "", ref, description }: Values) => ({ name, url, ...(ref && { ref }), ...(description && { description }) });

async function script(id: string, signal: AbortSignal): Promise<string> {
  try {
    return String((await get("/api/v1/repositories/{id}/script", { path: { id }, accept: "text/plain", signal })).data ?? "");
  } catch (error) {
    if (Failure.of(error).status === 404) return "";
    throw error;
  }
}

const repositories: Kind<Repository> = {
  path: "/repositories",
  icon: "repository",
  words: () => {
    const t = m().catalog;
    return { title: m().shell.repositories, create: t.newRepository, none: t.noRepositories, noneHint: t.noRepositoriesHint, edit: t.editRepository, delete: t.deleteRepository, deleteText: t.deleteRepositoryText };
  },
  nameOf: (one) => one.name,
  list: (query, signal) => get("/api/v1/repositories", { query, signal }),
  columns: () => [
    { head: m().catalog.url, look: "mono break", cell: (one) => one.url },
    { head: m().catalog.ref, look: "mono break", cell: (one) => one.ref ?? m().common.none },
    { head: m().catalog.scriptSize, look: "number nowrap", cell: (one) => (one.scriptSize == null ? m().common.none : bytes(one.scriptSize)) },
  ],
  get: (id, signal) => get("/api/v1/repositories/{id}", { path: { id }, signal }),
  getText: script,
  inputs: (one) => [
    { name: "name", label: m().catalog.name, value: one?.name, required: true },
    { name: "url", label: m().catalog.url, value: one?.url, required: true },
    { name: "ref", label: m().catalog.ref, value: one?.ref ?? "" },
    { name: "description", label: m().catalog.description, value: one?.description ?? "", kind: "area" },
  ],
  text: () => ({ name: "script", label: m().catalog.script }),
  make: (values, text) => send("post", "/api/v1/repositories", { body: { ...fields(values), ...(values.id && { id: values.id }), ...(text && { script: text }) } }),
  put: (id, values, ifMatch) => send("put", "/api/v1/repositories/{id}", { path: { id }, body: fields(values), ifMatch }),
  putText: (id, text, ifMatch) => send("put", "/api/v1/repositories/{id}/script", { path: { id }, text, ifMatch }),
  remove: (id) => send("delete", "/api/v1/repositories/{id}", { path: { id } }),
};

export const RepositoriesPage = () => <EntriesPage kind={repositories} />;
export const RepositoryPage = ({ id }: { id: string }) => <EntryPage kind={repositories} id={id} />;
