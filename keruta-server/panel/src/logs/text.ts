// A line's text made fit to be shown: escape sequences become styles, and what is invisible or turns the reading direction
// becomes visible. Pure; it makes texts and class names, never HTML.

/** A piece of text with one look. */
export interface Piece {
  text: string;
  /** Class names: `b`, `f1`, `g4`, `odd`. */
  look: string;
  /** A colour outside of the sixteen, as CSS has it. */
  color?: string;
  background?: string;
}

interface Style {
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  inverse: boolean;
  hidden: boolean;
  front: string;
  back: string;
}

const PLAIN: Style = { bold: false, dim: false, italic: false, underline: false, strike: false, inverse: false, hidden: false, front: "", back: "" };

/** Sequences of a terminal: CSI, OSC and other strings, two-character escapes. The last alternative takes what is cut off. */
// biome-ignore lint: control characters are what this is about
const SEQUENCE = /\x1b\[([0-9:;<=>?]*)[ -/]*([@-~])|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)|\x1b[ -/]*[0-~]?/g;
/** Control characters, and those that turn the direction of reading or are not seen. */
const ODD = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/u;
const ODD_ALL = new RegExp(ODD, "gu");
const TAB = 8;

/** The pieces of a line. */
export function pieces(line: string): Piece[] {
  if (!line.includes("\x1b")) return visible(line, PLAIN, { column: 0 });
  const found: Piece[] = [];
  let style = PLAIN;
  let from = 0;
  const at = { column: 0 };
  for (const sequence of line.matchAll(SEQUENCE)) {
    if (sequence.index > from) found.push(...visible(line.slice(from, sequence.index), style, at));
    if (sequence[2] === "m") style = styled(style, sequence[1] ?? "");
    from = sequence.index + sequence[0].length;
  }
  if (from < line.length) found.push(...visible(line.slice(from), style, at));
  return found;
}

/** The text alone, as it is shown. */
export function plain(line: string): string {
  const all = pieces(line);
  return all.length === 1 ? (all[0]?.text ?? "") : all.map((piece) => piece.text).join("");
}

/** What a terminal would have left of a line that was written over by carriage returns, and how often it was. */
export function overwritten(message: string): { last: string; times: number } {
  const parts = message.replace(/\r+$/, "").split("\r");
  if (parts.length < 2) return { last: parts[0] ?? "", times: 0 };
  let last = "";
  for (const part of parts) if (part !== "" && stripped(part).trim() !== "") last = part;
  return { last, times: parts.length };
}

function stripped(text: string): string {
  return text.replace(SEQUENCE, "");
}

function visible(text: string, style: Style, at: { column: number }): Piece[] {
  const look = lookOf(style);
  const make = (piece: string, odd: boolean): Piece => ({
    text: piece,
    look: odd ? `${look} odd`.trim() : look,
    ...(style.front.startsWith("#") || style.back.startsWith("#") ? coloured(style) : {}),
  });
  const untabbed = text.includes("\t") ? tabs(text, at) : text;
  at.column += untabbed.length;
  if (!ODD.test(untabbed)) return [make(untabbed, false)];
  const found: Piece[] = [];
  let from = 0;
  for (const odd of untabbed.matchAll(ODD_ALL)) {
    if (odd.index > from) found.push(make(untabbed.slice(from, odd.index), false));
    found.push(make(named(odd[0]), true));
    from = odd.index + odd[0].length;
  }
  if (from < untabbed.length) found.push(make(untabbed.slice(from), false));
  return found;
}

function tabs(text: string, at: { column: number }): string {
  let out = "";
  for (const part of text.split(/(\t)/)) {
    if (part === "\t") out += " ".repeat(TAB - ((at.column + out.length) % TAB));
    else out += part;
  }
  return out;
}

/** `^[`, `U+202E`. */
function named(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 32) return `^${String.fromCharCode(code + 64)}`;
  if (code === 127) return "^?";
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

function lookOf(style: Style): string {
  const names: string[] = [];
  if (style.bold) names.push("b");
  if (style.dim) names.push("d");
  if (style.italic) names.push("i");
  if (style.underline) names.push("u");
  if (style.strike) names.push("s");
  if (style.hidden) names.push("h");
  const [front, back] = style.inverse ? [style.back || "inv", style.front || "inv"] : [style.front, style.back];
  if (front && !front.startsWith("#")) names.push(`f${front}`);
  if (back && !back.startsWith("#")) names.push(`g${back}`);
  return names.join(" ");
}

function coloured(style: Style): Pick<Piece, "color" | "background"> {
  const [front, back] = style.inverse ? [style.back, style.front] : [style.front, style.back];
  return { ...(front.startsWith("#") && { color: front }), ...(back.startsWith("#") && { background: back }) };
}

function styled(before: Style, parameters: string): Style {
  const style = { ...before };
  const codes = parameters.replace(/:/g, ";").split(";").map((code) => (code === "" ? 0 : Number(code)));
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) Object.assign(style, PLAIN);
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 7) style.inverse = true;
    else if (code === 8) style.hidden = true;
    else if (code === 9) style.strike = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.underline = false;
    else if (code === 27) style.inverse = false;
    else if (code === 28) style.hidden = false;
    else if (code === 29) style.strike = false;
    else if (code >= 30 && code <= 37) style.front = String(code - 30);
    else if (code === 39) style.front = "";
    else if (code >= 40 && code <= 47) style.back = String(code - 40);
    else if (code === 49) style.back = "";
    else if (code >= 90 && code <= 97) style.front = String(code - 82);
    else if (code >= 100 && code <= 107) style.back = String(code - 92);
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(at + 1));
      if (colour) style[code === 38 ? "front" : "back"] = colour;
      at += used;
    }
  }
  return style;
}

/** A colour of 256, or of all; and how many numbers it takes. */
function extended(codes: number[]): [string, number] {
  const [kind, ...rest] = codes;
  if (kind === 5) {
    const n = rest[0] ?? 0;
    if (n < 16) return [String(n), 2];
    if (n < 232) {
      const level = (part: number) => (part === 0 ? 0 : 55 + part * 40);
      return [hex(level(Math.floor((n - 16) / 36)), level(Math.floor((n - 16) / 6) % 6), level((n - 16) % 6)), 2];
    }
    const grey = 8 + (Math.min(n, 255) - 232) * 10;
    return [hex(grey, grey, grey), 2];
  }
  if (kind === 2) {
    const [red = 0, green = 0, blue = 0] = rest;
    return [hex(red, green, blue), 4];
  }
  return ["", 0];
}

function hex(...parts: number[]): string {
  return `#${parts.map((part) => Math.min(255, Math.max(0, part | 0)).toString(16).padStart(2, "0")).join("")}`;
}
