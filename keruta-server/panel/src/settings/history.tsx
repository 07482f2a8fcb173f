// Every change of a setting, the newest first.
import { useState } from "preact/hooks";
import { get } from "../api/client.ts";
import type { SettingChange } from "../api/types.ts";
import { full } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { shown } from "../schema/field.tsx";
import { isObject } from "../schema/schema.ts";
import { Loading, Trouble } from "../ui/bits.tsx";
import { useLoad } from "../ui/load.ts";
import { changesOf } from "./changes.ts";

export function SettingsHistory({ version }: { version: number }) {
  const t = m().settings;
  const [more, setMore] = useState<{ items: SettingChange[]; cursor: string | undefined }>({ items: [], cursor: undefined });
  const loaded = useLoad(`settings-history/${version}`, async (signal) => (await get("/api/v1/settings/kubernetes/history", { query: { limit: 20 }, signal })).data);
  const items = [...(loaded.data?.items ?? []), ...more.items];
  const next = more.items.length ? more.cursor : loaded.data?.nextCursor;
  const older = async () => {
    const page = (await get("/api/v1/settings/kubernetes/history", { query: { limit: 50, cursor: next ?? undefined } })).data;
    setMore({ items: [...more.items, ...page.items], cursor: page.nextCursor ?? undefined });
  };
  return (
    <section class="card">
      <h2>{t.history}</h2>
      {loaded.failure && <Trouble failure={loaded.failure} again={loaded.again} />}
      {!loaded.data && !loaded.failure && <Loading />}
      {loaded.data && items.length === 0 && <p class="soft">{t.historyEmpty}</p>}
      {items.length > 0 && (
        <div class="table-scroll" tabIndex={0} role="region" aria-label={t.history}>
          <table class="list changes">
            <thead>
              <tr>
                <th scope="col">{m().audit.when}</th>
                <th scope="col">{m().audit.who}</th>
                <th scope="col">{m().catalog.name}</th>
                <th scope="col">{t.before}</th>
                <th scope="col">{t.after}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((change) => (
                <Changed key={`${change.version}/${change.name}`} change={change} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next && (
        <button type="button" class="button small" onClick={() => void older()}>
          {m().common.older}
        </button>
      )}
    </section>
  );
}

/** A setting that is an object is told by what in it has changed. */
function Changed({ change }: { change: SettingChange }) {
  const { old: before, new: after } = change as { old?: unknown; new?: unknown };
  const inner =
    isObject(before) || isObject(after)
      ? changesOf({ [change.name]: before }, { [change.name]: after }, {})
      : [{ name: change.name, before, after, usual: undefined }];
  return (
    <>
      {inner.map((one, at) => (
        <tr key={one.name}>
          <td class="nowrap">{at === 0 && <time dateTime={change.at}>{full(change.at)}</time>}</td>
          <td class="mono break">{at === 0 && change.by}</td>
          <td class="mono break">{one.name}</td>
          <td class="mono break">
            <del>{one.before === undefined ? m().settings.unset : shown(one.before) || "null"}</del>
          </td>
          <td class="mono break">
            <ins>{one.after === undefined ? m().settings.unset : shown(one.after) || "null"}</ins>
          </td>
        </tr>
      ))}
    </>
  );
}
