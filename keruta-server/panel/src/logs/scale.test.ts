import { test } from "node:test";
import assert from "node:assert/strict";
import { Scale } from "./scale.ts";

test("a short log is scrolled as it is", () => {
  const scale = new Scale();
  scale.resize(5000, 500);
  scale.moved(1234);
  assert.equal(scale.top, 1234);
  assert.equal(scale.go(9999), 4500);
  assert.equal(scale.settle(), 4500);
});

test("of a tall log small moves are exact, and great ones a share", () => {
  const scale = new Scale();
  scale.resize(20_000_000, 500);
  assert.ok(scale.tall < 7_000_000);
  scale.moved(100);
  assert.equal(scale.top, 100);
  scale.settle();
  scale.moved(3_000_000 - 250);
  assert.ok(Math.abs(scale.top - scale.most / 2) < 1000, String(scale.top));
  const before = scale.top;
  scale.moved(3_000_000 - 250 + 60);
  assert.equal(scale.top, before + 60);
  const bar = scale.go(scale.most);
  assert.equal(bar, scale.tall - 500);
  assert.equal(scale.stuck, false);
});

test("at the bar's end the place may go on once the bar is put right", () => {
  const scale = new Scale();
  scale.resize(20_000_000, 500);
  scale.moved(3_000_000);
  scale.go(1_000);
  scale.moved(0);
  assert.ok(scale.top > 0 && scale.stuck);
  assert.ok(scale.settle() > 0);
});
