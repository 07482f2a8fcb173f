// Who changed what, and who tried to sign in.
import { get } from "../api/client.ts";
import { full } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { query, withQuery } from "../router.ts";
import { Typed } from "../tasks/filters.tsx";
import { Empty, PageHead } from "../ui/bits.tsx";
import { Listing } from "../ui/listing.tsx";
import { useLoad } from "../ui/load.ts";

export function AuditPage() {
  const t = m().audit;
  const text = (name: string) => query.value.get(name) ?? undefined;
  const wanted = { actor: text("actor"), object: text("object"), action: text("action"), cursor: text("cursor") };
  const list = useLoad(`audit/${JSON.stringify(wanted)}`, async (signal) => (await get("/api/v1/audit", { query: wanted, signal })).data, true);
  /** A value that leads to all entries that have it. */
  const filter = (name: "actor" | "object" | "action", value: string) => <a href={withQuery({ [name]: value, cursor: null })}>{value}</a>;
  return (
    <>
      <PageHead title={t.title} />
      <div class="stack">
        <div class="filter-row">
          <Typed name="actor" label={t.filterActor} />
          <Typed name="object" label={t.filterObject} />
          <Typed name="action" label={t.filterAction} />
        </div>
        <Listing
          loaded={list}
          keyOf={(one) => one.sequence}
          empty={<Empty icon="shield" title={t.empty} />}
          columns={[
            { head: t.when, look: "nowrap", cell: (one) => <time dateTime={one.at}>{full(one.at)}</time> },
            { head: t.who, look: "mono break", cell: (one) => filter("actor", one.actor) },
            { head: t.what, look: "mono break", cell: (one) => filter("action", one.action) },
            { head: t.object, look: "mono break", cell: (one) => filter("object", one.object) },
            { head: m().common.details, look: "mono break small", cell: (one) => (one.detail ? JSON.stringify(one.detail) : m().common.none) },
            { head: t.from, look: "mono break small", cell: (one) => <span title={one.requestId ?? undefined}>{one.remote ?? m().common.none}</span> },
          ]}
        />
      </div>
    </>
  );
}
