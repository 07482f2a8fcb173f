// Keys that work anywhere on a screen.
import { useEffect } from "preact/hooks";

export type Keys = Record<string, (event: KeyboardEvent) => void>;

/** Whether what has the focus takes text. */
function types(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}

/** The name of a key press: `g`, `Ctrl+f`. */
function nameOf(event: KeyboardEvent): string {
  const mod = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  return mod + (event.altKey ? "Alt+" : "") + event.key;
}

export function useKeys(keys: Keys, when = true): void {
  useEffect(() => {
    if (!when) return;
    const onKey = (event: KeyboardEvent) => {
      const name = nameOf(event);
      const act = keys[name];
      if (!act || event.defaultPrevented) return;
      if (types(event.target) && !name.startsWith("Ctrl+")) return;
      // An open dialog has the keys for itself.
      const dialog = document.querySelector("dialog:modal");
      if (dialog && !(keys["in-dialog"] && dialog.contains(document.activeElement))) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });
}
