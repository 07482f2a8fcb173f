import { test } from "node:test";
import assert from "node:assert/strict";
import { Layout, wrapped } from "./layout.ts";
import { Rows } from "./rows.ts";

test("rows that take more lines push the others down", () => {
  const rows = new Rows();
  rows.reset([
    { source: 1, total: 1000 },
    { source: 2, total: 1000 },
  ]);
  const layout = new Layout(rows);
  assert.equal(layout.total, 2002);
  assert.ok(layout.set(0, 10, 3));
  assert.ok(!layout.set(0, 10, 3));
  layout.set(1, 0, 2);
  // Row 0 is the first head, so entry 10 is row 11.
  assert.equal(layout.before(11), 11);
  assert.equal(layout.before(12), 14);
  assert.equal(layout.before(1001), 1003);
  assert.equal(layout.before(1003), 1006);
  assert.equal(layout.total, 2005);
  for (const row of [0, 10, 11, 12, 500, 1001, 1002, 1003, 2001]) {
    assert.equal(layout.rowAt(layout.before(row)), row);
    assert.equal(layout.rowAt(layout.before(row) + layout.lines(row) - 1), row);
  }
  layout.set(0, 10, 1);
  assert.equal(layout.before(12), 12);
});

test("a log that grows above keeps what is known of the one below", () => {
  const rows = new Rows();
  rows.reset([
    { source: 1, total: 2 },
    { source: 2, total: 2 },
  ]);
  const layout = new Layout(rows);
  layout.set(1, 1, 5);
  assert.equal(layout.lines(5), 5);
  rows.append(0, { source: 1, number: 3, time: "", level: "INFO", text: "", continues: false });
  assert.equal(layout.lines(6), 5);
  assert.equal(layout.total, 7 + 4);
});

test("a text is broken where the room ends", () => {
  const measure = { narrow: 10, wide: 18, room: 100 };
  assert.equal(wrapped("", measure), 1);
  assert.equal(wrapped("x".repeat(10), measure), 1);
  assert.equal(wrapped("x".repeat(11), measure), 2);
  assert.equal(wrapped("漢".repeat(5), measure), 1);
  assert.equal(wrapped("漢".repeat(6), measure), 2);
  assert.equal(wrapped("x漢".repeat(4), measure), 2);
});
