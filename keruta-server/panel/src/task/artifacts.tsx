// What a task left: files to download.
import { get, url } from "../api/client.ts";
import type { Artifact } from "../api/types.ts";
import { bytes } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { query } from "../router.ts";
import { Ago, Empty } from "../ui/bits.tsx";
import { Icon } from "../ui/icon.tsx";
import { Listing, actions } from "../ui/listing.tsx";
import { useLoad } from "../ui/load.ts";

export function Artifacts({ id }: { id: string }) {
  const t = m().task;
  const cursor = query.value.get("cursor") ?? undefined;
  const loaded = useLoad(`artifacts/${id}/${cursor}`, async (signal) => (await get("/api/v1/tasks/{id}/artifacts", { path: { id }, query: { cursor }, signal })).data);
  return (
    <div class="stack">
      <Listing
        loaded={loaded}
        keyOf={(one) => one.path}
        empty={
          <Empty icon="box" title={t.artifactsEmpty}>
            <p class="soft">{t.artifactsHint}</p>
          </Empty>
        }
        columns={[
          {
            head: m().catalog.name,
            kind: "name",
            cell: (one) => (
              <>
                <span class="mono break">{one.path}</span>
                <div class="small soft">{one.contentType}</div>
              </>
            ),
          },
          { head: t.attempt, look: "number", cell: (one) => one.attempt },
          { head: m().common.size, look: "number nowrap", cell: (one) => bytes(one.size) },
          { head: m().common.created, cell: (one) => <Ago time={one.createdAt} /> },
          { head: "SHA-256", look: "mono", cell: (one) => <span title={one.sha256}>{one.sha256.slice(0, 12)}</span> },
          actions<Artifact>((one) => (
            <a class="button small" href={url("/api/v1/tasks/{id}/artifacts/{path}", { id, path: one.path })} download={one.path.split("/").at(-1)}>
              <Icon name="download" /> {m().common.download}
            </a>
          )),
        ]}
      />
    </div>
  );
}
