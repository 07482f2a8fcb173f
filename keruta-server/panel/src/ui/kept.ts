// Choices of this browser that outlive a reload.
import { type Signal, effect, signal } from "@preact/signals";

export function keptFlag(name: string, usual: boolean): Signal<boolean> {
  const key = `keruta.${name}`;
  let found: string | null = null;
  try {
    found = localStorage.getItem(key);
  } catch {
    // The usual holds.
  }
  const flag = signal(found === null ? usual : found === "1");
  effect(() => {
    try {
      localStorage.setItem(key, flag.value ? "1" : "0");
    } catch {
      // It holds until the page is left.
    }
  });
  return flag;
}
