// Repositories and their setup scripts.
import { useState } from "preact/hooks";
import { get, send } from "../api/client.ts";
import { Failure } from "../api/failure.ts";
import type { Repository } from "../api/types.ts";
import { bytes } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { navigate, query } from "../router.ts";
import { may } from "../session.ts";
import { Filters } from "./search.tsx";
import { Pages } from "../tasks/page.tsx";
import { Ago, Empty, Loading, PageHead, Trouble } from "../ui/bits.tsx";
import { ask } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { useLoad } from "../ui/load.ts";
import { toast } from "../ui/toast.tsx";
import { useUnsaved } from "../ui/unsaved.ts";
import { Editor, type Input } from "./editor.tsx";

export function RepositoriesPage() {
  const t = m().catalog;
  const [q, cursor] = [query.value.get("q") ?? undefined, query.value.get("cursor") ?? undefined];
  const list = useLoad(`repositories/${q}/${cursor}`, async (signal) => (await get("/api/v1/repositories", { query: { q, cursor }, signal })).data, true);
  return (
    <>
      <PageHead title={m().shell.repositories}>
        {may("operator") && (
          <a class="button primary" href="/repositories/new">
            <Icon name="plus" /> {t.newRepository}
          </a>
        )}
      </PageHead>
      <div class="stack">
        <Filters />
        {list.failure && <Trouble failure={list.failure} again={list.again} />}
        {!list.data && !list.failure && <Loading />}
        {list.data?.items.length === 0 && (
          <div class="card">
            <Empty icon="repository" title={t.noRepositories}>
              <p class="soft">{t.noRepositoriesHint}</p>
            </Empty>
          </div>
        )}
        {!!list.data?.items.length && (
          <div class="card table-card">
            <table class="list cards-on-phone">
              <thead>
                <tr>
                  <th scope="col">{t.name}</th>
                  <th scope="col">{t.url}</th>
                  <th scope="col">{t.ref}</th>
                  <th scope="col" class="number">
                    {t.scriptSize}
                  </th>
                  <th scope="col">{m().common.changed}</th>
                </tr>
              </thead>
              <tbody>
                {list.data.items.map((one) => (
                  <tr key={one.id}>
                    <td class="task-name">
                      <a class="row-link" href={`/repositories/${encodeURIComponent(one.id)}`}>
                        {one.name}
                      </a>
                      <div class="small soft mono break">{one.id}</div>
                    </td>
                    <td class="mono break" data-label={t.url}>
                      {one.url}
                    </td>
                    <td class="mono break" data-label={t.ref}>
                      {one.ref ?? m().common.none}
                    </td>
                    <td class="number nowrap" data-label={t.scriptSize}>
                      {one.scriptSize == null ? m().common.none : bytes(one.scriptSize)}
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
  repository: Repository | null;
  etag: string | null;
  script: string;
}

async function open(id: string, signal: AbortSignal): Promise<Opened> {
  if (id === "new") return { repository: null, etag: null, script: "" };
  const path = { id };
  const { data, etag } = await get("/api/v1/repositories/{id}", { path, signal });
  let script = "";
  try {
    script = String((await get("/api/v1/repositories/{id}/script", { path, accept: "text/plain", signal })).data ?? "");
  } catch (error) {
    if (Failure.of(error).status !== 404) throw error;
  }
  return { repository: data, etag, script };
}

export function RepositoryPage({ id }: { id: string }) {
  const t = m().catalog;
  const loaded = useLoad(`repository/${id}`, (signal) => open(id, signal));
  const repository = loaded.data?.repository;
  return (
    <>
      <PageHead title={id === "new" ? t.newRepository : t.editRepository(repository?.name ?? id)}>
        {repository && may("operator") && (
          <button
            type="button"
            class="button danger"
            onClick={() =>
              ask({
                title: t.deleteRepository(repository.name),
                text: t.deleteRepositoryText,
                action: m().common.delete,
                danger: true,
                act: async () => {
                  await send("delete", "/api/v1/repositories/{id}", { path: { id } });
                  toast(m().common.deleted);
                  navigate("/repositories");
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
      {loaded.data && <RepositoryForm key={loaded.data.etag ?? "new"} id={id} opened={loaded.data} again={loaded.again} />}
    </>
  );
}

function RepositoryForm({ id, opened, again }: { id: string; opened: Opened; again: () => void }) {
  const t = m().catalog;
  const [dirty, setDirty] = useState(false);
  const leave = useUnsaved(dirty);
  const { repository, script } = opened;
  const inputs: Input[] = [
    { name: "name", label: t.name, value: repository?.name, required: true },
    ...(repository ? [] : [{ name: "id", label: m().common.id, help: t.idHint }]),
    { name: "url", label: t.url, value: repository?.url, required: true },
    { name: "ref", label: t.ref, value: repository?.ref ?? "" },
    { name: "description", label: t.description, value: repository?.description ?? "", kind: "area" },
    { name: "script", label: t.script, value: script, kind: "script" },
  ];
  const act = async (values: Record<string, string>) => {
    const { name = "", url = "" } = values;
    const body = { name, url, ...(values.ref && { ref: values.ref }), ...(values.description && { description: values.description }) };
    const lines = (values.script ?? "").replace(/\r\n/g, "\n");
    if (!repository) {
      const made = await send("post", "/api/v1/repositories", { body: { ...body, ...(values.id && { id: values.id }), ...(lines && { script: lines }) } });
      leave();
      toast(m().common.created);
      navigate(`/repositories/${encodeURIComponent(made.data.id)}`);
      return;
    }
    const changed = await send("put", "/api/v1/repositories/{id}", { path: { id }, body, ifMatch: opened.etag ?? "*" });
    if (lines !== script) await send("put", "/api/v1/repositories/{id}/script", { path: { id }, text: lines, ifMatch: changed.etag ?? "*" });
    setDirty(false);
    leave();
    toast(m().common.saved);
    again();
  };
  return (
    <div class="card form">
      <Editor inputs={inputs} action={repository ? m().common.save : m().common.add} disabled={!may("operator")} cancelTo="/repositories" act={act} onDirty={() => setDirty(true)} />
    </div>
  );
}
