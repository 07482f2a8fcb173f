import { test } from "node:test";
import assert from "node:assert/strict";
import { BLOCK, type Line, Rows } from "./rows.ts";

const line = (number: number, source = 1): Line => ({ source, number, time: "", level: "INFO", text: `l${number}`, continues: false });

test("one log has its rows alone, several have heads", () => {
  const rows = new Rows();
  rows.reset([{ source: 7, total: 3 }]);
  assert.equal(rows.total, 3);
  assert.deepEqual(rows.locate(0), { section: 0, entry: 0 });
  rows.reset([
    { source: 7, total: 3 },
    { source: 9, total: 2 },
  ]);
  assert.equal(rows.total, 7);
  assert.deepEqual(rows.at(0), { kind: "head", section: 0 });
  assert.deepEqual(rows.locate(4), { section: 1, entry: -1 });
  assert.deepEqual(rows.locate(6), { section: 1, entry: 1 });
  assert.equal(rows.locate(7), null);
  assert.equal(rows.rowOf(9, 1), 6);
  assert.equal(rows.rowOf(8, 1), null);
});

test("what is looked at and not there is asked for, once for each block", () => {
  const rows = new Rows();
  rows.reset([{ source: 1, total: 3 * BLOCK }]);
  assert.deepEqual(rows.missing(BLOCK - 2, 2 * BLOCK + 1), [
    { section: 0, block: 0 },
    { section: 0, block: 1 },
    { section: 0, block: 2 },
  ]);
  rows.fill(0, 1, [[BLOCK + 1, line(2)]], 2 * BLOCK);
  assert.deepEqual(rows.missing(BLOCK, BLOCK + 3), []);
  assert.deepEqual(rows.at(BLOCK), { kind: "missing", count: 1 });
  assert.deepEqual(rows.at(BLOCK + 1), { kind: "line", line: line(2) });
  assert.deepEqual(rows.at(BLOCK + 2), { kind: "missing", count: BLOCK - 2 });
  assert.deepEqual(rows.at(0), { kind: "pending" });
});

test("lines that come are appended, also across blocks", () => {
  const rows = new Rows();
  rows.reset([{ source: 1, total: 0 }]);
  for (let n = 1; n <= BLOCK + 3; n += 1) rows.append(0, line(n));
  assert.equal(rows.total, BLOCK + 3);
  assert.deepEqual(rows.missing(0, rows.total), []);
  assert.deepEqual(rows.at(BLOCK + 2), { kind: "line", line: line(BLOCK + 3) });
});

test("what comes live while a block is loaded is neither lost nor taken for what is no longer kept", () => {
  const rows = new Rows();
  rows.reset([{ source: 1, total: 10 }]);
  assert.deepEqual(rows.missing(0, 10), [{ section: 0, block: 0 }]);
  rows.append(0, line(11));
  assert.deepEqual(rows.at(10), { kind: "line", line: line(11) });
  // One is there, the ones before it are not.
  assert.deepEqual(rows.missing(0, 11), [{ section: 0, block: 0 }]);
  assert.deepEqual(rows.at(9), { kind: "pending" });
  // The answer knows nothing of the eleventh.
  rows.fill(0, 0, Array.from({ length: 10 }, (_, n) => [n, line(n + 1)] as const), 10);
  assert.deepEqual(rows.missing(0, 11), []);
  for (let n = 0; n < 11; n += 1) assert.deepEqual(rows.at(n), { kind: "line", line: line(n + 1) });
  rows.append(0, line(12));
  assert.deepEqual(rows.at(11), { kind: "line", line: line(12) });
});

test("a hole behind lines that are there is asked for", () => {
  const rows = new Rows();
  rows.reset([{ source: 1, total: 4 }]);
  rows.fill(0, 0, [[0, line(1)], [1, line(2)]], 2);
  assert.deepEqual(rows.missing(0, 4), [{ section: 0, block: 0 }]);
  rows.fill(0, 0, [[0, line(1)], [1, line(2)], [3, line(4)]], 4);
  assert.deepEqual(rows.missing(0, 4), []);
  assert.deepEqual(rows.at(2), { kind: "missing", count: 1 });
});

test("no more is held than may be", () => {
  const rows = new Rows();
  rows.reset([{ source: 1, total: 0 }]);
  for (let n = 0; n < 200 * BLOCK; n += 1) rows.append(0, line(n));
  assert.ok(rows.held <= 48 * BLOCK, String(rows.held));
  assert.equal(rows.at(rows.total - 1).kind, "line");
});
