// Where one is: the path and the query are signals; links and the browser's buttons change them.
import { computed, signal } from "@preact/signals";

const here = signal(new URL(window.location.href));

export const path = computed(() => here.value.pathname);
export const query = computed(() => here.value.searchParams);

/** Whether this screen may be left. */
export const guard = { ask: () => true };

/** Goes to a place of the panel. `replace` leaves no step back. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  const url = new URL(to, here.value);
  if (url.href === here.value.href) return;
  const moved = url.pathname !== here.value.pathname;
  if (moved && !guard.ask()) return;
  window.history[options.replace ? "replaceState" : "pushState"](null, "", url);
  here.value = url;
  if (moved && !options.replace) window.scrollTo(0, 0);
}

export type Change = Record<string, string | readonly string[] | null | undefined>;

/** The present place with a changed query: null and empty take a parameter away. */
export function withQuery(change: Change): string {
  const url = new URL(here.value);
  for (const [name, value] of Object.entries(change)) {
    url.searchParams.delete(name);
    const values = value == null ? [] : typeof value === "string" ? [value] : value;
    for (const one of values) if (one !== "") url.searchParams.append(name, one);
  }
  return url.pathname + url.search;
}

export function setQuery(change: Change, options: { replace?: boolean } = {}): void {
  navigate(withQuery(change), options);
}

/** The parameters of a path that fits a pattern: `/tasks/:id`. */
export function match(pattern: string, actual: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = actual.replace(/(.)\/$/, "$1").split("/");
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const text = given[at] ?? "";
    if (part.startsWith(":")) {
      try {
        found[part.slice(1)] = decodeURIComponent(text);
      } catch {
        return null;
      }
    } else if (part !== text) return null;
  }
  return found;
}

/** A path of one task. */
export function taskPath(id: string, rest = ""): string {
  return `/tasks/${encodeURIComponent(id)}${rest}`;
}

/** Lets plain clicks on links of the panel change the place without a load. */
export function listen(): void {
  window.addEventListener("popstate", () => {
    const url = new URL(window.location.href);
    if (url.pathname !== here.value.pathname && !guard.ask()) {
      window.history.pushState(null, "", here.value);
      return;
    }
    here.value = url;
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link?.href || link.target || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    if (url.origin !== window.location.origin || url.pathname.startsWith("/api/")) return;
    event.preventDefault();
    navigate(url.pathname + url.search);
  });
}
