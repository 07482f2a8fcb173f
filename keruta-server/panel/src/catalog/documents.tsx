// Documents that tasks are given.
import { useState } from "preact/hooks";
import { get, send } from "../api/client.ts";
import type { KeruDocument } from "../api/types.ts";
import { bytes } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { navigate, query } from "../router.ts";
import { may } from "../session.ts";
import { Pages } from "../tasks/page.tsx";
import { Ago, Empty, Loading, PageHead, Trouble } from "../ui/bits.tsx";
import { ask } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { useLoad } from "../ui/load.ts";
import { toast } from "../ui/toast.tsx";
import { useUnsaved } from "../ui/unsaved.ts";
import { Editor, type Input } from "./editor.tsx";
import { Filters } from "./search.tsx";

export function DocumentsPage() {
  const t = m().catalog;
  const [q, cursor] = [query.value.get("q") ?? undefined, query.value.get("cursor") ?? undefined];
  const list = useLoad(`documents/${q}/${cursor}`, async (signal) => (await get("/api/v1/documents", { query: { q, cursor }, signal })).data, true);
  return (
    <>
      <PageHead title={m().shell.documents}>
        {may("operator") && (
          <a class="button primary" href="/documents/new">
            <Icon name="plus" /> {t.newDocument}
          </a>
        )}
      </PageHead>
      <div class="stack">
        <Filters />
        {list.failure && <Trouble failure={list.failure} again={list.again} />}
        {!list.data && !list.failure && <Loading />}
        {list.data?.items.length === 0 && (
          <div class="card">
            <Empty icon="document" title={t.noDocuments}>
              <p class="soft">{t.noDocumentsHint}</p>
            </Empty>
          </div>
        )}
        {!!list.data?.items.length && (
          <div class="card table-card">
            <table class="list cards-on-phone">
              <thead>
                <tr>
                  <th scope="col">{m().common.title}</th>
                  <th scope="col">{t.contentType}</th>
                  <th scope="col" class="number">
                    {m().common.size}
                  </th>
                  <th scope="col">{m().common.changed}</th>
                </tr>
              </thead>
              <tbody>
                {list.data.items.map((one) => (
                  <tr key={one.id}>
                    <td class="task-name">
                      <a class="row-link" href={`/documents/${encodeURIComponent(one.id)}`}>
                        {one.title}
                      </a>
                      <div class="small soft mono break">{one.id}</div>
                    </td>
                    <td class="mono" data-label={t.contentType}>
                      {one.contentType}
                    </td>
                    <td class="number nowrap" data-label={m().common.size}>
                      {bytes(one.size)}
                    </td>
                    <td data-label={m().common.changed}>
                      <Ago time={one.updatedAt} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        <Pages next={list.data?.nextCursor} />
      </div>
    </>
  );
}

interface Opened {
  document: KeruDocument | null;
  etag: string | null;
  content: string;
}

async function open(id: string, signal: AbortSignal): Promise<Opened> {
  if (id === "new") return { document: null, etag: null, content: "" };
  const { data, etag } = await get("/api/v1/documents/{id}", { path: { id }, signal });
  const content = await get("/api/v1/documents/{id}/content", { path: { id }, accept: "*/*", signal });
  return { document: data, etag, content: String((content as { data: unknown }).data ?? "") };
}

export function DocumentPage({ id }: { id: string }) {
  const t = m().catalog;
  const loaded = useLoad(`document/${id}`, (signal) => open(id, signal));
  const document = loaded.data?.document;
  return (
    <>
      <PageHead title={id === "new" ? t.newDocument : t.editDocument(document?.title ?? id)}>
        {document && may("operator") && (
          <button
            type="button"
            class="button danger"
            onClick={() =>
              ask({
                title: t.deleteDocument(document.title),
                text: t.deleteDocumentText,
                action: m().common.delete,
                danger: true,
                act: async () => {
                  await send("delete", "/api/v1/documents/{id}", { path: { id } });
                  toast(m().common.deleted);
                  navigate("/documents");
                },
              })
            }
          >
            <Icon name="trash" /> {m().common.delete}
          </button>
        )}
      </PageHead>
      {loaded.failure && <Trouble failure={loaded.failure} again={loaded.again} />}
      {!loaded.data && !loaded.failure && <Loading />}
      {loaded.data && <DocumentForm key={loaded.data.etag ?? "new"} id={id} opened={loaded.data} again={loaded.again} />}
    </>
  );
}

function DocumentForm({ id, opened, again }: { id: string; opened: Opened; again: () => void }) {
  const t = m().catalog;
  const [dirty, setDirty] = useState(false);
  const leave = useUnsaved(dirty);
  const { document, content } = opened;
  const inputs: Input[] = [
    { name: "title", label: m().common.title, value: document?.title, required: true },
    ...(document ? [] : [{ name: "id", label: m().common.id, help: t.idHint }]),
    { name: "contentType", label: t.contentType, value: document?.contentType ?? "text/markdown" },
    { name: "content", label: t.content, value: content, kind: "script" },
  ];
  const act = async (values: Record<string, string>) => {
    const { title = "" } = values;
    const text = (values.content ?? "").replace(/\r\n/g, "\n");
    const kind = values.contentType ? { contentType: values.contentType } : {};
    if (!document) {
      const made = await send("post", "/api/v1/documents", { body: { title, ...kind, ...(values.id && { id: values.id }), content: text } });
      leave();
      toast(m().common.created);
      navigate(`/documents/${encodeURIComponent(made.data.id)}`);
      return;
    }
    const changed = await send("put", "/api/v1/documents/{id}", { path: { id }, body: { title, ...kind }, ifMatch: opened.etag ?? "*" });
    if (text !== content) await send("put", "/api/v1/documents/{id}/content", { path: { id }, text, ifMatch: changed.etag ?? "*" });
    setDirty(false);
    leave();
    toast(m().common.saved);
    again();
  };
  return (
    <div class="card form">
      <Editor inputs={inputs} action={document ? m().common.save : m().common.add} disabled={!may("operator")} cancelTo="/documents" act={act} onDirty={() => setDirty(true)} />
    </div>
  );
}
