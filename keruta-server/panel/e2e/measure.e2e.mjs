// A million lines, and five thousand a second.
import assert from "node:assert/strict";
import { openPage, signIn, sleep, until } from "./scene.mjs";

const MILLION = 1_000_000;

async function heap(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const { metrics } = await session.send("Performance.getMetrics").catch(() => ({ metrics: [] }));
  await session.detach();
  return { used: usedSize, nodes: metrics.find((one) => one.name === "Nodes")?.value };
}

/** The resident memory of the process that renders a page, in bytes. */
async function resident(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const { readFileSync } = await import("node:fs");
  const sizes = processInfo.filter((one) => one.type === "renderer").map((one) => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${one.id}/status`, "utf8"))?.[1] ?? 0) * 1024);
  return Math.max(0, ...sizes);
}

export const tests = [
  [
    "a million lines: the end in under a second, under 150 MB",
    async ({ scene, browser, long }) => {
      const count = long ? MILLION : 100_000;
      await scene.api("POST", "/api/v1/tasks", { id: "million", image: "busybox", namespace: "nowhere", queue: "later" });
      const BATCH = 20_000;
      for (let from = 0; from < count; from += BATCH) {
        const texts = Array.from({ length: BATCH }, (_, n) => `line ${from + n + 1} of a long log, with some more text to it`);
        await scene.lines("million", "main", texts, { offset: from, done: from + BATCH >= count });
      }
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/tasks/million/logs");
      await page.getByText(`line ${count} of`).waitFor();
      const box = page.locator(".log-scroll");
      await box.focus();
      await page.keyboard.press("Home");
      await page.getByText("line 1 of").waitFor();
      const times = [];
      for (let n = 0; n < 3; n += 1) {
        await page.keyboard.press("Home");
        await page.getByText("line 1 of").waitFor();
        const took = await page.evaluate(
          (wanted) =>
            new Promise((done) => {
              const began = performance.now();
              const look = () => {
                if ([...document.querySelectorAll(".line .text")].some((line) => line.textContent.startsWith(wanted))) done(performance.now() - began);
                else requestAnimationFrame(look);
              };
              document.querySelector(".log-scroll").dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
              requestAnimationFrame(look);
            }),
          `line ${count} of`,
        );
        times.push(took);
      }
      // Wherever the bar is dragged to, the lines there come.
      for (const share of [0.5, 0.1, 0.9, 0.33]) {
        await box.evaluate((element, at) => {
          element.scrollTop = at * (element.scrollHeight - element.clientHeight);
        }, share);
        await until(`the lines at ${share}`, async () => {
          const first = Number(await page.locator(".line .number").first().textContent().catch(() => "0"));
          return Math.abs(first / count - share) < 0.02;
        });
      }
      // A wheel's turn moves by what it says, however long the log is.
      await box.hover();
      await sleep(400);
      const before = Number(await page.locator(".line .number").nth(20).textContent());
      await page.mouse.wheel(0, 200);
      await until("ten lines on", async () => Math.abs(Number(await page.locator(".line .number").nth(20).textContent()) - before - 10) <= 1);
      const used = await heap(page);
      const memory = await resident(browser);
      console.log(`      ${count} lines: to the end in ${times.map((time) => Math.round(time)).join(", ")} ms; heap ${(used.used / 1e6).toFixed(1)} MB, the tab's own memory ${(memory / 1e6).toFixed(0)} MB`);
      assert.ok(Math.max(...times) < 1000, String(times));
      assert.ok(used.used < 60e6 && memory < 150e6, `${used.used} ${memory}`);
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "five thousand lines a second, none lost",
    async ({ scene, browser, long }) => {
      const seconds = long ? 60 : 6;
      const RATE = 5000;
      await scene.api("POST", "/api/v1/tasks", { id: "flood", image: "busybox", namespace: "nowhere", queue: "later" });
      await scene.lines("flood", "main", ["begin"], {});
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/tasks/flood/logs");
      await page.getByText("begin").waitFor();
      await page.evaluate(() => {
        globalThis.frames = [];
        let last = performance.now();
        const frame = (now) => {
          globalThis.frames.push(now - last);
          last = now;
          requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      });
      const began = Date.now();
      let sent = 1;
      const PIECE = 500;
      while (sent < 1 + seconds * RATE) {
        const texts = Array.from({ length: PIECE }, (_, n) => `flood ${sent + n} of lines that come as fast as they can`);
        await scene.lines("flood", "main", texts, { offset: sent });
        sent += PIECE;
        const ahead = ((sent - 1) / RATE) * 1000 - (Date.now() - began);
        if (ahead > 0) await sleep(ahead);
      }
      const took = (Date.now() - began) / 1000;
      await page.getByText(`${sent.toLocaleString("en")} lines`).waitFor({ timeout: 20_000 });
      await page.getByText(`flood ${sent - 1} of`).waitFor();
      const late = Date.now() - began - took * 1000;
      const frames = await page.evaluate(() => globalThis.frames.slice(5));
      frames.sort((a, b) => a - b);
      const slow = frames.filter((frame) => frame > 100).length;
      const memory = await resident(browser);
      const kept = await heap(page);
      console.log(`      ${sent - 1} lines in ${took.toFixed(1)} s, the last seen ${late} ms later; frames: half under ${frames[frames.length >> 1].toFixed(0)} ms, 99% under ${frames[Math.floor(frames.length * 0.99)].toFixed(0)} ms, ${slow} of ${frames.length} over 100 ms; heap ${(kept.used / 1e6).toFixed(1)} MB, the tab's own memory ${(memory / 1e6).toFixed(0)} MB`);
      // None is missing: the numbers are those that were sent, without a hole, wherever one looks.
      await page.locator(".log-scroll").focus();
      for (const at of [0, 0.25, 0.5, 0.75, 1]) {
        await page.locator(".log-scroll").evaluate((element, share) => {
          element.scrollTop = share * (element.scrollHeight - element.clientHeight);
        }, at);
        await until("lines without a hole", async () => {
          const lines = await page.locator(".line").evaluateAll((all) => all.map((line) => [Number(line.querySelector(".number").textContent), line.querySelector(".text").textContent]));
          return lines.length > 20 && lines.every(([number, text]) => number === 1 || text.startsWith(`flood ${number - 1} `));
        });
      }
      const summary = await scene.api("GET", "/api/v1/tasks/flood/logs/summary");
      assert.equal(summary.sources[0].lines, sent);
      assert.ok(memory < 150e6, String(memory));
      assert.deepEqual(page.troubles, []);
    },
  ],
];
