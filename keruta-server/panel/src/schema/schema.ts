// JSON Schemas as the server publishes them, read as far as a form needs them. Pure.

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  anyOf?: Schema[];
  oneOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  writeOnly?: boolean;
}

export type Kind =
  | { kind: "text"; long: boolean }
  | { kind: "number" }
  | { kind: "boolean" }
  | { kind: "choice"; values: { value: string; description?: string }[] }
  | { kind: "lines" }
  | { kind: "map"; nullable: boolean }
  | { kind: "group"; properties: [string, Schema][] }
  | { kind: "json" };

export interface Field {
  name: string;
  schema: Schema;
  kind: Kind;
  /** Whether null is a value, too. */
  nullable: boolean;
  description: string;
}

/** Texts of several lines. */
const LONG = new Set(["description", "script"]);

export class Reader {
  constructor(readonly root: Schema) {}

  fields(of: Schema = this.root): Field[] {
    const properties = this.resolve(of).properties ?? {};
    return Object.entries(properties)
      .filter(([, schema]) => !schema.writeOnly)
      .map(([name, schema]) => this.field(name, schema));
  }

  field(name: string, schema: Schema): Field {
    const { schema: inner, nullable } = this.inner(schema);
    return { name, schema: inner, kind: this.kind(name, inner), nullable, description: schema.description ?? inner.description ?? "" };
  }

  resolve(schema: Schema): Schema {
    let found = schema;
    for (let depth = 0; found.$ref && depth < 8; depth += 1) {
      const name = found.$ref.replace("#/$defs/", "");
      const { $ref: _, ...beside } = found;
      found = { ...(this.root.$defs?.[name] ?? {}), ...beside };
    }
    return found;
  }

  private inner(schema: Schema): { schema: Schema; nullable: boolean } {
    const alternatives = schema.anyOf;
    if (alternatives) {
      const others = alternatives.filter((one) => one.type !== "null");
      if (others.length === 1 && others.length < alternatives.length) {
        const { anyOf: _, ...beside } = schema;
        return { schema: { ...this.resolve(others[0] ?? {}), ...beside, ...this.keptDescription(schema, others[0]) }, nullable: true };
      }
    }
    const resolved = this.resolve(schema);
    if (Array.isArray(resolved.type)) {
      const types = resolved.type.filter((type) => type !== "null");
      return { schema: { ...resolved, type: types.length === 1 ? types[0] : types }, nullable: types.length < resolved.type.length };
    }
    return { schema: resolved, nullable: false };
  }

  private keptDescription(outer: Schema, inner: Schema | undefined): Schema {
    const description = outer.description ?? (inner ? this.resolve(inner).description : undefined);
    return description === undefined ? {} : { description };
  }

  private kind(name: string, schema: Schema): Kind {
    const words = this.words(schema);
    if (words) return { kind: "choice", values: words };
    if (this.isDuration(schema)) return { kind: "text", long: false };
    switch (schema.type) {
      case "string":
        return { kind: "text", long: LONG.has(name) };
      case "integer":
      case "number":
        return { kind: "number" };
      case "boolean":
        return { kind: "boolean" };
      case "array": {
        const items = this.inner(schema.items ?? {}).schema;
        const simple = items.type === "string" || (items.anyOf ?? []).some((one) => this.resolve(one).type === "string");
        return simple ? { kind: "lines" } : { kind: "json" };
      }
      case "object": {
        if (schema.properties && Object.keys(schema.properties).length) {
          const first = new Set(schema.required);
          const properties = Object.entries(schema.properties).filter(([, one]) => !one.writeOnly);
          // What has to be said comes first.
          return { kind: "group", properties: [...properties.filter(([name]) => first.has(name)), ...properties.filter(([name]) => !first.has(name))] };
        }
        const values = Object.values(schema.patternProperties ?? {})[0] ?? schema.additionalProperties;
        if (isObject(values)) return this.takesText(values) ? { kind: "map", nullable: this.inner(values).nullable } : { kind: "json" };
        return { kind: "json" };
      }
      default:
        return { kind: "json" };
    }
  }

  private takesText(schema: Schema): boolean {
    const { schema: inner } = this.inner(schema);
    return inner.type === "string" || (inner.anyOf ?? inner.oneOf ?? []).some((one) => this.resolve(one).type === "string");
  }

  /** A length of time: a text, or a number of seconds. */
  private isDuration(schema: Schema): boolean {
    const types = (schema.anyOf ?? []).map((one) => this.resolve(one).type);
    return types.length === 2 && types.includes("string") && types.includes("integer");
  }

  private words(schema: Schema): { value: string; description?: string }[] | null {
    if (schema.enum?.every((one) => typeof one === "string")) return schema.enum.map((value) => ({ value: value as string }));
    const all = (schema.oneOf ?? []).map((one) => this.resolve(one));
    if (all.length && all.every((one) => typeof one.const === "string" || one.enum?.length === 1)) {
      return all.map((one) => ({ value: String(one.const ?? one.enum?.[0]), description: one.description }));
    }
    return null;
  }
}

/** What is wrong with a value, as rules that are not met. */
export type Broken = { rule: "number" } | { rule: "minimum" | "maximum" | "minLength" | "maxLength"; limit: number } | { rule: "pattern"; pattern: string };

export function broken(schema: Schema, value: unknown): Broken[] {
  const found: Broken[] = [];
  if (typeof value === "number") {
    if (!Number.isInteger(value)) found.push({ rule: "number" });
    if (schema.minimum !== undefined && value < schema.minimum) found.push({ rule: "minimum", limit: schema.minimum });
    if (schema.maximum !== undefined && value > schema.maximum) found.push({ rule: "maximum", limit: schema.maximum });
  } else if (typeof value === "string") {
    const numeric = schema.type === "integer" || schema.type === "number";
    if (numeric) return [{ rule: "number" }];
    const length = [...value].length;
    if (schema.minLength !== undefined && length < schema.minLength) found.push({ rule: "minLength", limit: schema.minLength });
    if (schema.maxLength !== undefined && length > schema.maxLength) found.push({ rule: "maxLength", limit: schema.maxLength });
    if (schema.pattern !== undefined && value !== "" && !matches(schema.pattern, value)) found.push({ rule: "pattern", pattern: schema.pattern });
  }
  return found;
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    // A pattern that a browser does not read is left to the server.
    return true;
  }
}

/** A document with a value put at a path; undefined takes it away, with the objects that it leaves empty. */
export function withValue(document: Record<string, unknown>, path: string[], value: unknown): Record<string, unknown> {
  const [name, ...rest] = path;
  if (name === undefined) return document;
  const next = { ...document };
  if (rest.length === 0) {
    if (value === undefined) delete next[name];
    else next[name] = value;
    return next;
  }
  const inner = withValue((next[name] as Record<string, unknown> | undefined) ?? {}, rest, value);
  if (Object.keys(inner).length === 0) delete next[name];
  else next[name] = inner;
  return next;
}

export function valueAt(document: unknown, path: string[]): unknown {
  let found = document;
  for (const name of path) found = found && typeof found === "object" ? (found as Record<string, unknown>)[name] : undefined;
  return found;
}

export function pointer(path: string[]): string {
  return path.map((part) => `/${part.replace(/~/g, "~0").replace(/\//g, "~1")}`).join("");
}

/** What a merge patch (RFC 7396) has to say to make one document of another. */
export function mergePatch(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name], after[name]];
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    if (now === undefined) patch[name] = null;
    else if (isObject(old) && isObject(now)) patch[name] = mergePatch(old, now);
    else patch[name] = now;
  }
  return patch;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
