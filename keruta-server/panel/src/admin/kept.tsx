// How much room logs and artifacts take.
import { get } from "../api/client.ts";
import { bytes } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { Ago, Empty } from "../ui/bits.tsx";
import { Listing } from "../ui/listing.tsx";
import { useLoad, useRefresh } from "../ui/load.ts";

const EVERY = 15_000;

export function Kept() {
  const t = m().storage;
  const kept = useLoad("storage", async (signal) => (await get("/api/v1/storage", { signal })).data, true);
  useRefresh(kept.again, EVERY);
  const { data } = kept;
  const sum = (of: "lines" | "bytes" | "storedBytes") => (data?.logs ?? []).reduce((total, one) => total + one[of], 0);
  return (
    <div class="stack">
      {data && (
        <section class="card" aria-label={t.kept}>
          <dl class="facts">
            <div>
              <dt>{m().task.logs}</dt>
              <dd>{t.logsTake(bytes(sum("storedBytes")), bytes(sum("bytes")), sum("lines"))}</dd>
            </div>
            <div>
              <dt>{m().task.artifacts}</dt>
              <dd>{t.artifactsTake(bytes(data.artifacts.bytes), data.artifacts.count)}</dd>
            </div>
            <div>
              <dt>{t.export}</dt>
              <dd>{data.toExport == null ? t.exportNone : t.exportWaits(data.toExport)}</dd>
            </div>
          </dl>
        </section>
      )}
      <Listing
        loaded={{ ...kept, data: data && { items: data.logs } }}
        keyOf={(one) => one.namespace}
        empty={<Empty icon="disk" title={t.keptEmpty} />}
        columns={[
          { head: m().tasks.namespace, kind: "name", cell: (one) => <span class="mono">{one.namespace}</span> },
          { head: t.stored, look: "number nowrap", cell: (one) => bytes(one.storedBytes) },
          { head: t.written, look: "number nowrap", cell: (one) => bytes(one.bytes) },
          { head: t.linesHead, look: "number", cell: (one) => one.lines.toLocaleString() },
          { head: m().task.logs, look: "number", cell: (one) => one.logs.toLocaleString() },
          { head: t.oldest, cell: (one) => <Ago time={one.oldest} /> },
        ]}
      />
    </div>
  );
}
