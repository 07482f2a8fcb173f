// What stands above a log: attempt, level, how lines are shown, downloads.
import type { LogSummary } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { taskPath } from "../router.ts";
import { Icon } from "../ui/icon.tsx";
import { Menu } from "../ui/menu.tsx";
import type { Choice } from "./feed.ts";
import { showNumbers, showTime, wrap } from "./options.ts";
import { downloadUrl } from "./panel.tsx";
import { place, setPlace } from "./place.ts";
import type { ViewHandle } from "./view.tsx";

const LEVELS = ["DEBUG", "INFO", "WARN", "ERROR"] as const;

interface ToolbarProps {
  choice: Choice;
  summary: LogSummary;
  handle: { current: ViewHandle | null };
  onClose?: () => void;
}

export function Toolbar({ choice, summary, handle, onClose }: ToolbarProps) {
  const t = m().logs;
  const at = place();
  const attempts = [...new Set([...summary.sources.map((source) => source.attempt), summary.attempt ?? 1])].sort((a, b) => a - b);
  const counts = new Map(LEVELS.map((level) => [level, 0]));
  for (const source of summary.sources) {
    if (choice.attempt !== undefined && source.attempt !== choice.attempt) continue;
    if (choice.container && source.container !== choice.container) continue;
    for (const level of LEVELS) counts.set(level, (counts.get(level) ?? 0) + (source.levels[level] ?? 0));
  }
  return (
    <div class="log-tools">
      <strong class="log-title">{onClose ? <a href={taskPath(choice.task)}>{choice.task}</a> : t.title(choice.task)}</strong>
      {attempts.length > 1 && (
        <select aria-label={m().task.attempt} value={choice.attempt} onChange={(event) => setPlace({ attempt: Number(event.currentTarget.value), container: "" })}>
          {attempts.map((attempt) => (
            <option key={attempt} value={attempt}>
              {t.attempt(attempt)}
            </option>
          ))}
        </select>
      )}
      <select aria-label={t.level} value={at.level} onChange={(event) => setPlace({ level: event.currentTarget.value })}>
        <option value="">{t.levelAll}</option>
        {LEVELS.slice(1).map((level) => (
          <option key={level} value={level}>
            {t.levelAtLeast(level)}
          </option>
        ))}
        {LEVELS.map((level) => (
          <option key={level} value={`=${level}`}>
            {level} ({(counts.get(level) ?? 0).toLocaleString()})
          </option>
        ))}
      </select>
      <span class="grow" />
      <div class="row">
        <button type="button" class="button quiet icon small" title={`${t.first} (g)`} aria-label={t.first} onClick={() => handle.current?.toStart()}>
          <Icon name="first" />
        </button>
        <button type="button" class="button quiet icon small" title={`${t.last} (G)`} aria-label={t.last} onClick={() => handle.current?.toEnd()}>
          <Icon name="last" />
        </button>
        <Menu
          label={t.view}
          kind="quiet small"
          stays
          button={
            <>
              <Icon name="eye" /> <span class="wide-only">{t.view}</span>
            </>
          }
        >
          <Toggle text={t.time} flag={showTime} keyName="t" />
          <Toggle text={t.lineNumbers} flag={showNumbers} keyName="#" />
          <Toggle text={t.wrap} flag={wrap} keyName="w" />
        </Menu>
        <Menu
          label={m().common.download}
          kind="quiet small"
          button={
            <>
              <Icon name="download" /> <span class="wide-only">{m().common.download}</span>
            </>
          }
        >
          {[false, true].map((filtered) =>
            filtered && !(choice.level || choice.q || choice.regex) ? null : (
              <>
                <div class="head">{filtered ? t.downloadFiltered : t.downloadAll}</div>
                <a href={downloadUrl(choice, "text", filtered)} download>
                  {t.downloadText}
                </a>
                <a href={downloadUrl(choice, "raw", filtered)} download>
                  {t.downloadRaw}
                </a>
                <a href={downloadUrl(choice, "ndjson", filtered)} download>
                  {t.downloadNdjson}
                </a>
              </>
            ),
          )}
        </Menu>
        {onClose && (
          <>
            <a class="button quiet icon small" href={fullPath(choice.task)} title={t.full} aria-label={t.full}>
              <Icon name="expand" />
            </a>
            <button type="button" class="button quiet icon small" title={m().common.close} aria-label={m().common.close} onClick={onClose}>
              <Icon name="close" />
            </button>
          </>
        )}
      </div>
    </div>
  );
}

/** The page of the same log, with the same choice. */
function fullPath(task: string): string {
  const kept = new URLSearchParams();
  const from = new URLSearchParams(window.location.search);
  for (const name of ["attempt", "container", "level", "find", "regex", "only", "line"]) {
    const value = from.get(name);
    if (value) kept.set(name, value);
  }
  const text = kept.toString();
  return taskPath(task, "/logs") + (text ? `?${text}` : "");
}

function Toggle({ text, flag, keyName }: { text: string; flag: { value: boolean }; keyName: string }) {
  return (
    <label class="item check">
      <input
        type="checkbox"
        checked={flag.value}
        onChange={(event) => {
          flag.value = event.currentTarget.checked;
        }}
      />
      <span class="grow">{text}</span> <kbd>{keyName}</kbd>
    </label>
  );
}
