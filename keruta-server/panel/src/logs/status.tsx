// What stands below a log: whether it is live, and how many lines have come since one looked elsewhere.
import { useEffect, useState } from "preact/hooks";
import { reconnect } from "../api/sse.ts";
import { m } from "../i18n/index.ts";
import { StatusBadge } from "../ui/bits.tsx";
import { Icon } from "../ui/icon.tsx";
import type { Feed } from "./feed.ts";

interface StatusBarProps {
  feed: Feed;
  following: boolean;
  news: number;
  onPause: () => void;
  onFollow: () => void;
}

export function StatusBar({ feed, following, news, onPause, onFollow }: StatusBarProps) {
  const t = m().logs;
  const live = feed.ended.value === null;
  return (
    <div class="log-status">
      <span role="status" class="row">
        <Live feed={feed} />
      </span>
      <span class="grow" />
      <span class="soft small">{t.lines(lines(feed))}</span>
      {live && following && (
        <button type="button" class="button small" onClick={onPause} title={`${t.pause} (f)`}>
          <Icon name="pause" /> {t.pause}
        </button>
      )}
      {live && !following && (
        <button type="button" class="button small primary" onClick={onFollow} title={`${t.follow} (f)`}>
          <Icon name="down" /> {news > 0 ? t.newLines(news) : t.follow}
        </button>
      )}
    </div>
  );
}

function lines(feed: Feed): number {
  return feed.rows.sections.reduce((sum, section) => sum + section.total, 0);
}

function Live({ feed }: { feed: Feed }) {
  const t = m().logs;
  const [, tick] = useState(0);
  const connection = feed.connection.value;
  useEffect(() => {
    if (connection.state !== "waiting") return;
    const timer = setInterval(() => tick((n) => n + 1), 500);
    return () => clearInterval(timer);
  }, [connection]);
  if (feed.ended.value !== null) {
    return (
      <>
        {feed.ended.value && <StatusBadge status={feed.ended.value} />}
        <span class="soft small">{t.ended}</span>
      </>
    );
  }
  switch (connection.state) {
    case "connecting":
      return <span class="badge">{t.connecting}</span>;
    case "open":
      return <span class="badge live">{t.live}</span>;
    case "waiting":
      return (
        <>
          <span class="badge warn">{t.reconnecting(Math.max(0, Math.ceil((connection.until - performance.now()) / 1000)))}</span>
          <button type="button" class="button quiet small" onClick={reconnect}>
            {t.reconnectNow}
          </button>
        </>
      );
    case "asleep":
      return <span class="badge">{t.asleep}</span>;
    case "ended":
      return <span class="badge bad">{connection.failure?.message ?? t.stopped}</span>;
  }
}
