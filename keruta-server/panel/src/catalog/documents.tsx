// Documents that tasks are given.
import { get, send } from "../api/client.ts";
import type { KeruDocument } from "../api/types.ts";
import { bytes } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { EntriesPage, EntryPage, type Kind, type Values } from "./entries.tsx";

const fields = ({ title = "", contentType }: Values) => ({ title, ...(contentType && { contentType }) });

const documents: Kind<KeruDocument> = {
  path: "/documents",
  icon: "document",
  words: () => {
    const t = m().catalog;
    return { title: m().shell.documents, create: t.newDocument, none: t.noDocuments, noneHint: t.noDocumentsHint, edit: t.editDocument, delete: t.deleteDocument, deleteText: t.deleteDocumentText };
  },
  nameOf: (one) => one.title,
  list: (query, signal) => get("/api/v1/documents", { query, signal }),
  columns: () => [
    { head: m().catalog.contentType, look: "mono", cell: (one) => one.contentType },
    { head: m().common.size, look: "number nowrap", cell: (one) => bytes(one.size) },
  ],
  get: (id, signal) => get("/api/v1/documents/{id}", { path: { id }, signal }),
  getText: async (id, signal) => String((await get("/api/v1/documents/{id}/content", { path: { id }, accept: "*/*", signal })).data ?? ""),
  inputs: (one) => [
    { name: "title", label: m().common.title, value: one?.title, required: true },
    { name: "contentType", label: m().catalog.contentType, value: one?.contentType ?? "text/markdown" },
  ],
  text: () => ({ name: "content", label: m().catalog.content }),
  make: (values, content) => send("post", "/api/v1/documents", { body: { ...fields(values), ...(values.id && { id: values.id }), content } }),
  put: (id, values, ifMatch) => send("put", "/api/v1/documents/{id}", { path: { id }, body: fields(values), ifMatch }),
  putText: (id, text, ifMatch) => send("put", "/api/v1/documents/{id}/content", { path: { id }, text, ifMatch }),
  remove: (id) => send("delete", "/api/v1/documents/{id}", { path: { id } }),
};

export const DocumentsPage = () => <EntriesPage kind={documents} />;
export const DocumentPage = ({ id }: { id: string }) => <EntryPage kind={documents} id={id} />;
