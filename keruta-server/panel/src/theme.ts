// Light, dark, or as the system has it.
import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";
const KEPT = "keruta.theme";

function kept(): Theme {
  try {
    const found = localStorage.getItem(KEPT);
    return found === "light" || found === "dark" ? found : "auto";
  } catch {
    return "auto";
  }
}

export const theme = signal<Theme>(kept());

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  try {
    if (theme.value === "auto") localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, theme.value);
  } catch {
    // It holds until the page is left.
  }
});
