// What is looked for in lines, as the server looks for it, for marking the hits in what is seen.

export interface Search {
  q?: string;
  regex?: string;
}

/** Longer lines are marked as a whole. */
const LONGEST = 5_000;

/** Ranges of a text that are hits; `all` where a hit is somewhere in it. */
export type Marks = [number, number][] | "all";

/** A marker for a search; of a pattern that might take a browser for ever, one that marks whole lines. */
export function marker(search: Search): ((text: string) => Marks) | null {
  let pattern: RegExp;
  if (search.q) {
    // As the server: with an upper-case letter the case counts.
    const flags = /\p{Lu}/u.test(search.q) ? "gu" : "giu";
    pattern = new RegExp(search.q.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&").replace(/\\-/g, "\\x2d"), flags);
  } else if (search.regex) {
    if (isRisky(search.regex)) return () => "all";
    try {
      const insensitive = search.regex.startsWith("(?i)");
      pattern = new RegExp(insensitive ? search.regex.slice(4) : search.regex, insensitive ? "giu" : "gu");
    } catch {
      return () => "all";
    }
  } else return null;
  return (text) => {
    if (text.length > LONGEST) return "all";
    const found: [number, number][] = [];
    for (const hit of text.matchAll(pattern)) {
      if (hit[0].length > 0) found.push([hit.index, hit.index + hit[0].length]);
      if (found.length > 200) break;
    }
    return found;
  };
}

/** Whether a browser's engine, which backtracks, might not come to an end: repetitions of groups that repeat or choose. */
export function isRisky(pattern: string): boolean {
  if (pattern.length > 200) return true;
  const repeats = (pattern.match(/[*+]|\{\d+,\d*\}/g) ?? []).length;
  return repeats > 3 || /\([^)]*[*+|{][^)]*\)\s*[*+{]/.test(pattern) || /\)\)+\s*[*+{]/.test(pattern);
}
