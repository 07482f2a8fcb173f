// Which field each line of a manifest is, so that its origin can stand beside it. It reads the block style that the server writes.
// Pure.

export interface OriginNote {
  kind: string;
  pointer: string;
  origin: string;
}

export interface YamlLine {
  text: string;
  origin: string;
}

interface Level {
  indent: number;
  /** The key or the index that leads to it, escaped for a pointer. */
  part: string;
  /** Of a list: the index of the present item. */
  index?: number;
}

/** Each line with its origin; where it is that of the line above, nothing. */
export function annotate(manifest: string, origins: OriginNote[]): YamlLine[] {
  const lines = manifest.replace(/\n$/, "").split("\n");
  const out: YamlLine[] = [];
  let kind = kindFrom(lines, 0);
  let levels: Level[] = [];
  let text: number | null = null;
  let last = "";
  for (const [at, line] of lines.entries()) {
    if (line === "---") {
      kind = kindFrom(lines, at + 1);
      levels = [];
      text = null;
      last = "";
      out.push({ text: line, origin: "" });
      continue;
    }
    const indent = line.search(/\S/);
    if (text !== null && (indent < 0 || indent > text)) {
      out.push({ text: line, origin: "" });
      continue;
    }
    text = null;
    if (indent >= 0) levels = enter(levels, line, indent);
    if (/[|>][+-]?\d*\s*$/.test(line) && /(:|-)\s+[|>]/.test(line)) text = /^\s*- /.test(line) && !line.includes(": ") ? indent : (levels.at(-1)?.indent ?? indent);
    const origin = indent < 0 ? "" : originOf(origins, kind, pointerOf(levels));
    out.push({ text: line, origin: origin === last ? "" : origin });
    last = origin || last;
  }
  return out;
}

function kindFrom(lines: string[], from: number): string {
  for (let at = from; at < lines.length && lines[at] !== "---"; at += 1) {
    const found = /^kind: (\S+)/.exec(lines[at] ?? "");
    if (found) return found[1] ?? "";
  }
  return "";
}

function enter(before: Level[], line: string, indent: number): Level[] {
  const levels = [...before];
  let rest = line.slice(indent);
  let at = indent;
  while (rest === "-" || rest.startsWith("- ")) {
    // A list may stand at its key's own column.
    while (levels.length && (levels.at(-1)?.indent ?? 0) > at) levels.pop();
    const list = levels.at(-1);
    if (list?.index !== undefined && list.indent === at) {
      list.index += 1;
      list.part = String(list.index);
    } else levels.push({ indent: at, part: "0", index: 0 });
    at += 2;
    rest = rest.slice(2);
  }
  const key = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s:][^:]*?):(?:\s|$)/.exec(rest);
  if (!key) return levels;
  while (levels.length && (levels.at(-1)?.indent ?? 0) >= at) levels.pop();
  const name = (key[1] ?? "").replace(/^["']|["']$/g, "");
  levels.push({ indent: at, part: name.replace(/~/g, "~0").replace(/\//g, "~1") });
  return levels;
}

function pointerOf(levels: Level[]): string {
  return levels.map((level) => `/${level.part}`).join("");
}

/** The origin of the longest pointer that leads to a field; of several the last. */
function originOf(origins: OriginNote[], kind: string, pointer: string): string {
  let found: OriginNote | undefined;
  for (const note of origins) {
    if (note.kind !== kind) continue;
    const leads = pointer === note.pointer || pointer.startsWith(`${note.pointer}/`) || note.pointer === "";
    if (leads && (!found || note.pointer.length >= found.pointer.length)) found = note;
  }
  return found?.origin ?? "";
}
