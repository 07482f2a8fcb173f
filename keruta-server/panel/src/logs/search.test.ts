import { test } from "node:test";
import assert from "node:assert/strict";
import { isRisky, marker } from "./search.ts";

test("a text is found as the server finds it", () => {
  assert.deepEqual(marker({ q: "error" })?.("An ERROR, an error"), [
    [3, 8],
    [13, 18],
  ]);
  assert.deepEqual(marker({ q: "Error" })?.("An ERROR, an Error"), [[13, 18]]);
  for (const special of ["a.b", "(x", "[", "\\d", "a-b", "/", "$", "{2}"]) assert.deepEqual(marker({ q: special })?.(`-${special}-`), [[1, special.length + 1]]);
});

test("a pattern marks its hits, and whole lines where it might never end", () => {
  assert.deepEqual(marker({ regex: "er+or \\d" })?.("error 1"), [[0, 7]]);
  assert.equal(marker({ regex: "(a+)+$" })?.("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), "all");
  assert.equal(marker({ regex: "[[:alpha:" })?.("x"), "all");
  assert.ok(isRisky("(a|a)*b") && isRisky("((a+))+") && isRisky("x".repeat(300)) && isRisky("a*a*a*a*a*b"));
  assert.equal(marker({}), null);
});
