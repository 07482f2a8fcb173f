// The catalogue: lists of what tasks name, and a page of each entry, whose text stands beside what it is called.
import { useState } from "preact/hooks";
import type { Result } from "../api/client.ts";
import { m } from "../i18n/index.ts";
import { navigate, query } from "../router.ts";
import { may } from "../session.ts";
import { Typed } from "../tasks/filters.tsx";
import { Ago, Empty, Loading, PageHead, Trouble } from "../ui/bits.tsx";
import { askDelete } from "../ui/dialog.tsx";
import { Editor, type Input } from "../ui/editor.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { type Column, Listing, type PageOf } from "../ui/listing.tsx";
import { useLoad } from "../ui/load.ts";
import { toast } from "../ui/toast.tsx";
import { useUnsaved } from "../ui/unsaved.ts";

interface Entry {
  id: string;
  updatedAt: string;
}

/** What is typed. */
export type Values = Record<string, string>;

/** One kind of entries. */
export interface Kind<T extends Entry> {
  path: string;
  icon: IconName;
  words: () => { title: string; create: string; none: string; noneHint: string; edit: (name: string) => string; delete: (name: string) => string; deleteText: string };
  nameOf: (entry: T) => string;
  list: (query: { q?: string; cursor?: string }, signal: AbortSignal) => Promise<Result<PageOf<T>>>;
  columns: () => Column<T>[];
  get: (id: string, signal: AbortSignal) => Promise<Result<T>>;
  getText: (id: string, signal: AbortSignal) => Promise<string>;
  /** What can be changed of an entry, or of one that is made. */
  inputs: (entry: T | null) => Input[];
  /** Its text, which is changed for itself. */
  text: () => { name: string; label: string };
  make: (values: Values, text: string) => Promise<Result<T>>;
  put: (id: string, values: Values, ifMatch: string) => Promise<Result<T>>;
  putText: (id: string, text: string, ifMatch: string) => Promise<unknown>;
  remove: (id: string) => Promise<unknown>;
}

export function EntriesPage<T extends Entry>({ kind }: { kind: Kind<T> }) {
  const t = kind.words();
  const wanted = { q: query.value.get("q") ?? undefined, cursor: query.value.get("cursor") ?? undefined };
  const list = useLoad(`${kind.path}/${JSON.stringify(wanted)}`, async (signal) => (await kind.list(wanted, signal)).data, true);
  const columns: Column<T>[] = [
    {
      head: m().catalog.name,
      kind: "name",
      cell: (one) => (
        <>
          <a class="row-link" href={`${kind.path}/${encodeURIComponent(one.id)}`}>
            {kind.nameOf(one)}
          </a>
          <div class="small soft mono break">{one.id}</div>
        </>
      ),
    },
    ...kind.columns(),
    { head: m().common.changed, cell: (one) => <Ago time={one.updatedAt} /> },
  ];
  return (
    <>
      <PageHead title={t.title}>
        {may("operator") && (
          <a class="button primary" href={`${kind.path}/new`}>
            <Icon name="plus" /> {t.create}
          </a>
        )}
      </PageHead>
      <div class="stack">
        <div class="filter-row">
          <Typed name="q" label={m().common.search} kind="search" />
        </div>
        <Listing
          loaded={list}
          columns={columns}
          keyOf={(one) => one.id}
          empty={
            <Empty icon={kind.icon} title={wanted.q ? m().catalog.noneFits : t.none}>
              {!wanted.q && <p class="soft">{t.noneHint}</p>}
            </Empty>
          }
        />
      </div>
    </>
  );
}

interface Opened<T> {
  entry: T | null;
  etag: string | null;
  text: string;
}

async function open<T extends Entry>(kind: Kind<T>, id: string, signal: AbortSignal): Promise<Opened<T>> {
  if (id === "new") return { entry: null, etag: null, text: "" };
  const { data, etag } = await kind.get(id, signal);
  return { entry: data, etag, text: await kind.getText(id, signal) };
}

export function EntryPage<T extends Entry>({ kind, id }: { kind: Kind<T>; id: string }) {
  const t = kind.words();
  const loaded = useLoad(`${kind.path}/${id}`, (signal) => open(kind, id, signal));
  const entry = loaded.data?.entry;
  const name = entry ? kind.nameOf(entry) : id;
  return (
    <>
      <PageHead title={id === "new" ? t.create : t.edit(name)}>
        {entry && may("operator") && (
          <button
            type="button"
            class="button danger"
            onClick={() => askDelete({ title: t.delete(name), text: t.deleteText, act: () => kind.remove(id), then: () => navigate(kind.path) })}
          >
            <Icon name="trash" /> {m().common.delete}
          </button>
        )}
      </PageHead>
      {loaded.failure && <Trouble failure={loaded.failure} again={loaded.again} />}
      {!loaded.data && !loaded.failure && <Loading />}
      {loaded.data && <Form key={loaded.data.etag ?? "new"} kind={kind} id={id} opened={loaded.data} again={loaded.again} />}
    </>
  );
}

function Form<T extends Entry>({ kind, id, opened, again }: { kind: Kind<T>; id: string; opened: Opened<T>; again: () => void }) {
  const [dirty, setDirty] = useState(false);
  const leave = useUnsaved(dirty);
  const { entry, etag } = opened;
  const field = kind.text();
  const inputs: Input[] = [
    ...kind.inputs(entry),
    ...(entry ? [] : [{ name: "id", label: m().common.id, help: m().catalog.idHint }]),
    { ...field, value: opened.text, kind: "script" },
  ];
  const act = async (values: Values) => {
    const text = (values[field.name] ?? "").replace(/\r\n/g, "\n");
    if (!entry) {
      const made = await kind.make(values, text);
      leave();
      toast(m().common.created);
      navigate(`${kind.path}/${encodeURIComponent(made.data.id)}`);
      return;
    }
    const changed = await kind.put(id, values, etag ?? "*");
    if (text !== opened.text) await kind.putText(id, text, changed.etag ?? "*");
    setDirty(false);
    leave();
    toast(m().common.saved);
    again();
  };
  return (
    <div class="card form">
      <Editor inputs={inputs} action={entry ? m().common.save : m().common.add} disabled={!may("operator")} cancelTo={kind.path} act={act} onDirty={() => setDirty(true)} />
    </div>
  );
}
