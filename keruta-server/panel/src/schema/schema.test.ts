import { test } from "node:test";
import assert from "node:assert/strict";
import { Reader, type Schema, broken, mergePatch, withValue } from "./schema.ts";

const root: Schema = {
  $defs: {
    Label: { type: "string", pattern: "^[a-z]+$", maxLength: 3 },
    Duration: { anyOf: [{ type: "string", minLength: 1 }, { type: "integer" }], description: "A length." },
    Kind: { oneOf: [{ const: "a", description: "The first." }, { const: "b" }] },
    Group: { type: "object", properties: { inner: { $ref: "#/$defs/Label", default: "x" } } },
  },
  properties: {
    name: { anyOf: [{ $ref: "#/$defs/Label" }, { type: "null" }], description: "Its name." },
    long: { $ref: "#/$defs/Duration" },
    kind: { $ref: "#/$defs/Kind" },
    group: { $ref: "#/$defs/Group" },
    many: { type: ["integer", "null"], minimum: 1 },
    words: { type: "array", items: { $ref: "#/$defs/Label" } },
    env: { type: "object", patternProperties: { "^[A-Z]+$": { anyOf: [{ type: "string" }, { type: "object" }] } } },
    odd: { type: "array", items: { type: "object" } },
    $schema: { writeOnly: true },
  },
};

test("a schema is read as fields", () => {
  const fields = new Reader(root).fields();
  assert.deepEqual(fields.map((field) => [field.name, field.kind.kind, field.nullable]), [
    ["name", "text", true],
    ["long", "text", false],
    ["kind", "choice", false],
    ["group", "group", false],
    ["many", "number", true],
    ["words", "lines", false],
    ["env", "map", false],
    ["odd", "json", false],
  ]);
  assert.equal(fields[0]!.description, "Its name.");
  assert.equal(fields[1]!.description, "A length.");
  assert.equal(fields[0]!.schema.maxLength, 3);
});

test("rules are checked at the field", () => {
  const [name, , , , many] = new Reader(root).fields();
  assert.deepEqual(broken(name!.schema, "abcd"), [{ rule: "maxLength", limit: 3 }]);
  assert.deepEqual(broken(name!.schema, "A"), [{ rule: "pattern", pattern: "^[a-z]+$" }]);
  assert.deepEqual(broken(many!.schema, 0), [{ rule: "minimum", limit: 1 }]);
  assert.deepEqual(broken(many!.schema, "x"), [{ rule: "number" }]);
  assert.deepEqual(broken(name!.schema, "ab"), []);
});

test("documents are changed at a place, and told as a merge patch", () => {
  const before = { a: { b: 1, c: 2 }, d: [1] };
  const after = withValue(withValue(before, ["a", "b"], undefined), ["e", "f"], "x");
  assert.deepEqual(after, { a: { c: 2 }, d: [1], e: { f: "x" } });
  assert.deepEqual(mergePatch(before, after), { a: { b: null }, e: { f: "x" } });
  assert.deepEqual(withValue({ a: { b: 1 } }, ["a", "b"], undefined), {});
});
