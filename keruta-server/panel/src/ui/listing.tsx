// Lists: a table that becomes cards on a phone, and what stands in its place while there is nothing to show.
import type { ComponentChildren } from "preact";
import { m } from "../i18n/index.ts";
import { query, withQuery } from "../router.ts";
import { Loading, Trouble } from "./bits.tsx";
import type { Loaded } from "./load.ts";

export interface Column<T> {
  /** What it is called; of what is done to an item nothing is said but to screen readers. */
  head: string;
  /** `name` stands first on a card, `actions` last. */
  kind?: "name" | "actions";
  /** Class names of its cells; with `number` its head stands right, too. */
  look?: string;
  cell: (item: T) => ComponentChildren;
}

interface TableProps<T> {
  columns: Column<T>[];
  items: T[];
  keyOf: (item: T) => string | number;
}

export function Table<T>({ columns, items, keyOf }: TableProps<T>) {
  return (
    <div class="card table-card">
      <table class="list cards-on-phone">
        <thead>
          <tr>
            {columns.map(({ head, kind, look }) => (
              <th key={head} scope="col" class={look?.includes("number") ? "number" : undefined}>
                {kind === "actions" ? <span class="hidden-text">{head}</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={keyOf(item)}>
              {columns.map(({ head, kind, look = "", cell }) => (
                <td key={head} class={kind === "actions" ? "row-actions" : kind === "name" ? `task-name break ${look}` : look || undefined} data-label={kind ? undefined : head}>
                  {cell(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export interface PageOf<T> {
  items: T[];
  nextCursor?: string | null;
}

interface ListingProps<T> extends Omit<TableProps<T>, "items"> {
  loaded: Pick<Loaded<PageOf<T>>, "data" | "failure" | "again">;
  /** What is shown where there is none. */
  empty: ComponentChildren;
}

/** A page of a list, as it was loaded. */
export function Listing<T>({ loaded, empty, ...table }: ListingProps<T>) {
  const items = loaded.data?.items;
  return (
    <>
      {loaded.failure && <Trouble failure={loaded.failure} again={loaded.again} />}
      {!items && !loaded.failure && <Loading />}
      {items?.length === 0 && <div class="card">{empty}</div>}
      {!!items?.length && <Table items={items} {...table} />}
      <Pages next={loaded.data?.nextCursor} />
    </>
  );
}

/** The ways to the other pages of a list. */
export function Pages({ next }: { next: string | null | undefined }) {
  const here = query.value.get("cursor");
  if (!here && !next) return null;
  return (
    <nav class="row pages">
      {here && (
        <>
          <a class="button small" href={withQuery({ cursor: null })}>
            {m().common.firstPage}
          </a>
          <button type="button" class="button small" onClick={() => window.history.back()}>
            {m().common.back}
          </button>
        </>
      )}
      {next && (
        <a class="button small" href={withQuery({ cursor: next })}>
          {m().common.nextPage}
        </a>
      )}
    </nav>
  );
}

/** The column of what is done to an item. */
export function actions<T>(cell: (item: T) => ComponentChildren): Column<T> {
  return { head: m().tasks.actions, kind: "actions", cell };
}
