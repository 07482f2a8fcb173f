// What a task left: files to download.
import { bytes } from "../clock.ts";
import { m } from "../i18n/index.ts";
import { loose } from "../api/loose.ts";
import { Empty, Loading, Trouble } from "../ui/bits.tsx";
import { Icon } from "../ui/icon.tsx";
import { useLoad } from "../ui/load.ts";

interface Artifact {
  path: string;
  size?: number;
  attempt?: number;
  contentType?: string;
  createdAt?: string;
}

export function Artifacts({ id }: { id: string }) {
  const base = `/api/v1/tasks/${encodeURIComponent(id)}/artifacts`;
  const loaded = useLoad(`artifacts/${id}`, async (signal) => {
    const answer = await loose<{ items: Artifact[] } | Artifact[]>("GET", base, { signal });
    return Array.isArray(answer) ? answer : answer.items;
  });
  if (loaded.failure?.status === 404) return <Empty icon="box" title={m().common.unavailable} />;
  if (loaded.failure) return <Trouble failure={loaded.failure} again={loaded.again} />;
  if (!loaded.data) return <Loading />;
  if (!loaded.data.length) return <Empty icon="box" title={m().task.artifactsEmpty} />;
  return (
    <div class="card table-card">
      <table class="list">
        <thead>
          <tr>
            <th scope="col">{m().catalog.name}</th>
            <th scope="col">{m().task.attempt}</th>
            <th scope="col" class="number">
              {m().common.size}
            </th>
            <th scope="col">
              <span class="hidden-text">{m().tasks.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {loaded.data.map((one) => (
            <tr key={one.path}>
              <td class="mono break">{one.path}</td>
              <td>{one.attempt}</td>
              <td class="number nowrap">{one.size === undefined ? "" : bytes(one.size)}</td>
              <td class="row-actions">
                <a class="button small" href={`${base}/${one.path.split("/").map(encodeURIComponent).join("/")}`} download={one.path.split("/").at(-1)}>
                  <Icon name="download" /> {m().common.download}
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
