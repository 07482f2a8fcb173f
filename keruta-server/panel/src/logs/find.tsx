// Looking for something in a log: the server looks, hits are marked and gone through.
import { useEffect, useState } from "preact/hooks";
import type { Failure } from "../api/failure.ts";
import { m } from "../i18n/index.ts";
import { Icon } from "../ui/icon.tsx";
import { place, setPlace } from "./place.ts";

/** How long one may pause while typing. */
const PAUSE = 300;

interface FindBarProps {
  input: { current: HTMLInputElement | null };
  total: number | null;
  partial: boolean;
  /** Which hit one is at, from 1; 0 for none. */
  current: number;
  failure: Failure | null;
  onNext: () => void;
  onPrevious: () => void;
  onLeave: () => void;
}

export function FindBar({ input, total, partial, current, failure, onNext, onPrevious, onLeave }: FindBarProps) {
  const t = m().logs;
  const at = place();
  const [text, setText] = useState(at.find);
  useEffect(() => setText(at.find), [at.find]);
  useEffect(() => {
    if (text === at.find) return;
    const timer = setTimeout(() => setPlace({ find: text }), PAUSE);
    return () => clearTimeout(timer);
  }, [text, at.find]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      event.preventDefault();
      if (text !== at.find) setPlace({ find: text });
      else if (event.shiftKey) onPrevious();
      else onNext();
    } else if (event.key === "Escape" && text !== "") {
      event.preventDefault();
      event.stopPropagation();
      setText("");
      setPlace({ find: "" });
      onLeave();
    }
  };
  const wrong = failure && failure.status === 400;
  const count = total === null ? "" : total === 0 ? t.hitsNone : t.hits(current, total.toLocaleString() + (partial ? "+" : ""));
  return (
    <div class="log-find">
      <div class="find-box">
        <Icon name="search" />
        <input
          ref={input}
          class="input"
          type="search"
          value={text}
          placeholder={t.find}
          aria-label={t.find}
          title={`${t.findHint} (/)`}
          aria-invalid={wrong ? "true" : undefined}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
      </div>
      <button type="button" class="button small mono" title={t.regex} aria-label={t.regex} aria-pressed={at.regex} onClick={() => setPlace({ regex: !at.regex })}>
        .*
      </button>
      <button type="button" class="button small" aria-pressed={at.only} onClick={() => setPlace({ only: !at.only })}>
        {t.onlyMatching}
      </button>
      {at.find !== "" && (
        <>
          <span class="find-count" role="status" title={partial ? t.partial : undefined}>
            {wrong ? <span class="error-text">{t.badRegex}</span> : count}
          </span>
          {!at.only && (
            <>
              <button type="button" class="button quiet icon small" aria-label={t.previous} title={`${t.previous} (p)`} disabled={!total} onClick={onPrevious}>
                <Icon name="up" />
              </button>
              <button type="button" class="button quiet icon small" aria-label={t.next} title={`${t.next} (n)`} disabled={!total} onClick={onNext}>
                <Icon name="down" />
              </button>
            </>
          )}
        </>
      )}
    </div>
  );
}
