import { test } from "node:test";
import assert from "node:assert/strict";
import { overwritten, pieces, plain } from "./text.ts";

test("colours become looks", () => {
  assert.deepEqual(pieces("a\x1b[1;31mb\x1b[0mc"), [
    { text: "a", look: "" },
    { text: "b", look: "b f1" },
    { text: "c", look: "" },
  ]);
  assert.deepEqual(pieces("\x1b[91;44mx"), [{ text: "x", look: "f9 g4" }]);
  assert.deepEqual(pieces("\x1b[7mx"), [{ text: "x", look: "finv ginv" }]);
  assert.deepEqual(pieces("\x1b[38;5;196mx"), [{ text: "x", look: "", color: "#ff0000" }]);
  assert.deepEqual(pieces("\x1b[38;2;1;2;300mx\x1b[39my"), [
    { text: "x", look: "", color: "#0102ff" },
    { text: "y", look: "" },
  ]);
  assert.deepEqual(pieces("\x1b[38;5;9mx"), [{ text: "x", look: "f9" }]);
});

test("other sequences are not shown, nor what is cut off", () => {
  assert.equal(plain("a\x1b[2K\x1b[1Gb"), "ab");
  assert.equal(plain("\x1b]0;title\x07x"), "x");
  assert.equal(plain("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\"), "link");
  assert.equal(plain("x\x1b]0;never ended"), "x");
  assert.equal(plain("x\x1b["), "x");
  assert.equal(plain("x\x1b"), "x");
});

test("what is hidden is named", () => {
  assert.deepEqual(pieces("a\u202eb"), [
    { text: "a", look: "" },
    { text: "U+202E", look: "odd" },
    { text: "b", look: "" },
  ]);
  assert.equal(plain("\x00\x7f\u200b"), "^@^?U+200B");
  assert.equal(plain("<img src=x onerror=alert(1)>"), "<img src=x onerror=alert(1)>");
});

test("tabs go to the next eighth column, across styles", () => {
  assert.equal(plain("a\tb"), "a       b");
  assert.equal(plain("\x1b[1mabc\x1b[0m\tb"), "abc     b");
});

test("a line that was written over is its last state", () => {
  assert.deepEqual(overwritten("10%\r50%\r100%"), { last: "100%", times: 3 });
  assert.deepEqual(overwritten("done\r"), { last: "done", times: 0 });
  assert.deepEqual(overwritten("50%\r\x1b[K"), { last: "50%", times: 2 });
  assert.deepEqual(overwritten("plain"), { last: "plain", times: 0 });
});

test("a hostile line takes no time", () => {
  const began = Date.now();
  pieces("\x1b]".repeat(50_000));
  pieces("\x1b[;".repeat(50_000));
  pieces(`\x1b[${"1;".repeat(100_000)}m`);
  overwritten("\r".repeat(200_000));
  assert.ok(Date.now() - began < 2000);
});
