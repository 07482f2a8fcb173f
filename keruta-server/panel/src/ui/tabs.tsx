// Parts of a page, of which the URL says which is shown; the first is it where nothing is said.
import { query, withQuery } from "../router.ts";

export function useTab<T extends string>(tabs: readonly T[]): T {
  return tabs.find((one) => one === query.value.get("tab")) ?? (tabs[0] as T);
}

interface TabsProps<T extends string> {
  label: string;
  tabs: readonly T[];
  now: T;
  words: Record<T, string>;
}

export function Tabs<T extends string>({ label, tabs, now, words }: TabsProps<T>) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((one) => (
        <a key={one} href={withQuery({ tab: one === tabs[0] ? null : one, cursor: null })} aria-current={one === now ? "page" : undefined}>
          {words[one]}
        </a>
      ))}
    </nav>
  );
}
