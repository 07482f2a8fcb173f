// Who changed what, and who tried to sign in.
import { get } from "../api/client.ts";
import { full } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { query, withQuery } from "../router.ts";
import { Typed } from "../tasks/filters.tsx";
import { Pages } from "../tasks/page.tsx";
import { Empty, Loading, PageHead, Trouble } from "../ui/bits.tsx";
import { useLoad } from "../ui/load.ts";

export function AuditPage() {
  const t = m().audit;
  const text = (name: string) => query.value.get(name) ?? undefined;
  const wanted = { actor: text("actor"), object: text("object"), action: text("action"), cursor: text("cursor") };
  const list = useLoad(`audit/${JSON.stringify(wanted)}`, async (signal) => (await get("/api/v1/audit", { query: wanted, signal })).data, true);
  return (
    <>
      <PageHead title={t.title} />
      <div class="stack">
        <div class="filter-row">
          <Typed name="actor" label={t.filterActor} />
          <Typed name="object" label={t.filterObject} />
          <Typed name="action" label={t.filterAction} />
        </div>
        {list.failure && <Trouble failure={list.failure} again={list.again} />}
        {!list.data && !list.failure && <Loading />}
        {list.data?.items.length === 0 && (
          <div class="card">
            <Empty icon="shield" title={t.empty} />
          </div>
        )}
        {!!list.data?.items.length && (
          <div class="card table-card">
            <table class="list cards-on-phone">
              <thead>
                <tr>
                  <th scope="col">{t.when}</th>
                  <th scope="col">{t.who}</th>
                  <th scope="col">{t.what}</th>
                  <th scope="col">{t.object}</th>
                  <th scope="col">{m().common.details}</th>
                  <th scope="col">{t.from}</th>
                </tr>
              </thead>
              <tbody>
                {list.data.items.map((one) => (
                  <tr key={one.sequence}>
                    <td class="nowrap" data-label={t.when}>
                      <time dateTime={one.at}>{full(one.at)}</time>
                    </td>
                    <td class="mono break" data-label={t.who}>
                      <a href={withQuery({ actor: one.actor, cursor: null })}>{one.actor}</a>
                    </td>
                    <td class="mono break" data-label={t.what}>
                      <a href={withQuery({ action: one.action, cursor: null })}>{one.action}</a>
                    </td>
                    <td class="mono break" data-label={t.object}>
                      <a href={withQuery({ object: one.object, cursor: null })}>{one.object}</a>
                    </td>
                    <td class="mono break small" data-label={m().common.details}>
                      {one.detail ? JSON.stringify(one.detail) : m().common.none}
                    </td>
                    <td class="mono break small" data-label={t.from} title={one.requestId ?? undefined}>
                      {one.remote ?? m().common.none}
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
