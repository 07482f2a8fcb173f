// How the cluster fares, in a line.
import { get } from "../api/client.ts";
import { m } from "../i18n/index.ts";
import { useLoad, useRefresh } from "../ui/load.ts";

const EVERY = 15_000;

export function Cluster() {
  const health = useLoad("health", async (signal) => (await get("/api/v1/health", { signal })).data, true);
  useRefresh(health.again, EVERY);
  const t = m().shell;
  if (!health.data) return null;
  const cluster = health.data.cluster;
  const words = {
    connected: () => t.clusterConnected("version" in cluster ? cluster.version : ""),
    disabled: () => t.clusterDisabled,
    standby: () => t.clusterStandby,
    unreachable: () => t.clusterUnreachable,
  };
  const more = "why" in cluster ? `${cluster.why} — ${cluster.cure}` : "server" in cluster ? cluster.server : undefined;
  return (
    <div class={`cluster ${cluster.state}`} title={more}>
      <span class="dot" />
      <span>
        <span class="hidden-text">{t.cluster}: </span>
        {words[cluster.state]()}
      </span>
    </div>
  );
}
