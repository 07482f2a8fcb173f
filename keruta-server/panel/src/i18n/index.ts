// The language: as the browser asks, or as it was chosen by hand.
import { computed, effect, signal } from "@preact/signals";
import { en, type Messages } from "./en.ts";
import { ja } from "./ja.ts";

export const languages = { en, ja } satisfies Record<string, Messages>;
export type Language = keyof typeof languages;

const KEPT = "keruta.language";

function isLanguage(text: string | null | undefined): text is Language {
  return !!text && Object.hasOwn(languages, text);
}

function asTheBrowser(): Language {
  for (const wish of navigator.languages) {
    const short = wish.split("-")[0];
    if (isLanguage(short)) return short;
  }
  return "en";
}

function kept(): Language | null {
  try {
    const found = localStorage.getItem(KEPT);
    return isLanguage(found) ? found : null;
  } catch {
    return null;
  }
}

export const language = signal<Language>(kept() ?? asTheBrowser());

/** The texts of the present language. Whoever calls it while rendering is rendered anew when it changes. */
const messages = computed<Messages>(() => languages[language.value]);
export const m = () => messages.value;

export function choose(next: Language): void {
  language.value = next;
  try {
    localStorage.setItem(KEPT, next);
  } catch {
    // Without a place to keep it, it holds until the page is left.
  }
}

effect(() => {
  document.documentElement.lang = language.value;
});
