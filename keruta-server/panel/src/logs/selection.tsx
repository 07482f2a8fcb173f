// What is done with a run of lines: its link and its text are copied.
import { m } from "../i18n/index.ts";
import { CopyButton } from "../ui/bits.tsx";
import { Icon } from "../ui/icon.tsx";
import type { Feed } from "./feed.ts";
import { setPlace } from "./place.ts";
import type { Range } from "./view.tsx";

export function Selection({ feed, range }: { feed: Feed; range: Range }) {
  const count = range.to - range.from + 1;
  return (
    <div class="log-selection">
      <span class="small">{m().logs.selected(count)}</span>
      <CopyButton text={() => feed.text(range.source, range.from, range.to)} label={m().logs.copyLines(count)} />
      <CopyButton text={async () => window.location.href} label={m().logs.copyLink} />
      <button type="button" class="button quiet icon small" aria-label={m().common.clear} onClick={() => setPlace({ range: null })}>
        <Icon name="close" />
      </button>
    </div>
  );
}
