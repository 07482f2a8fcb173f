// The log view: filters, search, links, hostile lines, live lines, a server that restarts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { openPage, run, signIn, sleep, until } from "./scene.mjs";

const shown = (page) => page.locator(".log-row .line .text").allTextContents();
const numbers = async (page) => (await page.locator(".log-row .line .number").allTextContents()).map(Number);

/** All lines of a log, as one sees them who pages from its beginning to a line. */
function readThrough(page, last) {
  return page.evaluate(async (end) => {
    const box = document.querySelector(".log-scroll");
    const press = (key) => box.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const drawn = async () => {
      do await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      while (box.querySelector(".pending"));
    };
    const found = new Map();
    press("Home");
    for (let page = 0; page < 1000; page += 1) {
      await drawn();
      for (const row of box.querySelectorAll(".log-row[data-row]")) {
        const text = row.querySelector(".text")?.textContent;
        if (text !== undefined) found.set(Number(row.dataset.row), text);
      }
      if ([...found.values()].includes(end)) break;
      press("PageDown");
    }
    return [...found].sort((a, b) => a[0] - b[0]).map(([, text]) => text);
  }, last);
}

/** A task with a log of its own, without a cluster's doing. */
async function logged(scene, id, texts, container = "main") {
  await scene.api("POST", "/api/v1/tasks", { id, image: "busybox", namespace: "nowhere", priority: -9, queue: "later" });
  const BATCH = 20_000;
  for (let from = 0; from < texts.length; from += BATCH) {
    await scene.lines(id, container, texts.slice(from, from + BATCH), { offset: from, done: from + BATCH >= texts.length });
  }
}

export const tests = [
  [
    "the Logs button opens a modal with all containers, and closing leads back",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/tasks?q=flaky");
      await page.locator("tr[data-task=build-1042]").getByRole("link", { name: "Logs" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText("assertion failed").waitFor();
      assert.match(page.url(), /q=flaky&logs=build-1042/);
      assert.equal(await dialog.locator(".log-head").count(), 2);
      await dialog.getByRole("button", { name: /^main/ }).click();
      await until("only main", async () => (await numbers(page)).join() === "1,2,3,4,5,6,7,8,9,10" && !(await shown(page)).some((line) => line.includes("Cloning")));
      await page.reload();
      await dialog.getByText("assertion failed").waitFor();
      await dialog.getByRole("link", { name: "Open as a page" }).click();
      await page.locator(".log-page").getByText("assertion failed").waitFor();
      assert.match(page.url(), /build-1042\/logs\?container=main/);
      await page.goBack();
      await dialog.getByText("assertion failed").waitFor();
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      assert.equal(new URL(page.url()).search, "?q=flaky");
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "colours, folded progress, levels",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/tasks/build-1042/logs?container=main");
      await page.locator(".line .f2").first().waitFor();
      const lines = await shown(page);
      assert.ok(lines.some((line) => line.startsWith("Downloading 100%")) && !lines.some((line) => line.includes("55%")));
      await page.getByTitle("3 updates of this line").click();
      await until("the updates are shown", async () => (await shown(page)).some((line) => line.includes("55%")));
      await page.getByLabel("Level", { exact: true }).selectOption("WARN");
      await until("two lines are left", async () => (await shown(page)).length === 2);
      await page.getByLabel("Level", { exact: true }).selectOption("=ERROR");
      await until("one line is left", async () => (await shown(page)).length === 1);
    },
  ],
  [
    "search by the server: counts, next and previous, pattern, only matching lines",
    async ({ scene, browser }) => {
      const texts = Array.from({ length: 30_000 }, (_, n) => (n % 1000 === 777 ? `needle ${n} ERROR` : `hay ${n}`));
      await logged(scene, "hay-1", texts);
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/tasks/hay-1/logs");
      await page.locator(".log-row .line").first().waitFor();
      await page.locator("body").press("/");
      await page.keyboard.type("needle");
      await page.getByText("30", { exact: true }).waitFor();
      await page.keyboard.press("Enter");
      await page.getByText(/^\d+ of 30$/).waitFor();
      await page.keyboard.press("Enter");
      const at = Number((await page.locator(".find-count").textContent()).split(" ")[0]);
      await until("the hit is seen", async () => (await page.locator(".line.current mark").count()) === 1);
      await page.keyboard.press("Shift+Enter");
      await page.getByText(at === 1 ? "30 of 30" : `${at - 1} of 30`).waitFor();
      await page.getByRole("button", { name: "Only lines that match" }).click();
      await until("only hits", async () => (await shown(page)).every((line) => line.startsWith("needle")) && (await shown(page)).length === 30);
      assert.equal((await numbers(page))[3], 3778);
      await page.getByRole("button", { name: "Regular expression" }).click();
      await page.getByLabel("Find in the log").fill("needle (1|2)7*\\d+ ");
      await until("the pattern's hits", async () => (await shown(page)).length === 22);
      await page.getByLabel("Find in the log").fill("needle (");
      await page.getByText("The regular expression is not valid").first().waitFor();
      await page.getByLabel("Find in the log").fill("nothing like it");
      await page.getByText("No line fits these filters").waitFor();
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "links to lines, selection, copy and download",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/tasks/hay-1/logs");
      await page.locator(".log-row .line").first().waitFor();
      await page.locator(".log-scroll").focus();
      await page.keyboard.press("Home");
      await page.locator(".number", { hasText: /^3$/ }).click();
      await page.locator(".number", { hasText: /^6$/ }).click({ modifiers: ["Shift"] });
      await page.getByText("4 lines selected").waitFor();
      await page.getByRole("button", { name: "Copy 4 lines" }).click();
      await until("copied", async () => (await page.evaluate(() => navigator.clipboard.readText())) === "hay 2\nhay 3\nhay 4\nhay 5\n");
      const source = /line=(\d+)/.exec(page.url())[1];
      await page.goto(`/tasks/hay-1/logs?line=${source}:20005-20007`);
      await until("the lines are seen", async () => (await page.locator(".line.selected").count()) === 3);
      assert.deepEqual((await page.locator(".line.selected .text").allTextContents()).slice(0, 1), ["hay 20004"]);
      await page.getByRole("button", { name: "Download" }).click();
      const download = page.waitForEvent("download");
      await page.getByRole("link", { name: "Messages alone" }).first().click();
      const whole = readFileSync(await (await download).path(), "utf8");
      assert.equal(whole.split("\n").length, 30_001);
      // Filtered, and with times.
      await page.goto("/tasks/hay-1/logs?find=needle&only=1");
      await page.locator(".log-row .line").first().waitFor();
      await page.getByRole("button", { name: "Download" }).click();
      const filtered = page.waitForEvent("download");
      await page.getByRole("link", { name: "Text with time and level" }).nth(1).click();
      assert.equal(readFileSync(await (await filtered).path(), "utf8").trim().split("\n").length, 30);
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "time, line numbers and wrap are kept",
    async ({ scene, browser }) => {
      await logged(scene, "wide-1", ["short", "x".repeat(3000), "漢字".repeat(400), "last"]);
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/tasks/wide-1/logs");
      await page.locator(".log-row .line").first().waitFor();
      const box = page.locator(".log-scroll");
      assert.ok((await box.evaluate((element) => element.scrollWidth - element.clientWidth)) > 1000);
      await page.locator("body").press("w");
      await page.locator("body").press("t");
      await page.locator(".line .time").first().waitFor();
      assert.ok((await box.evaluate((element) => element.scrollWidth - element.clientWidth)) < 2);
      // No row hides a part of its text, and none leaves a hole.
      const rows = await page.locator(".log-row").evaluateAll((all) => all.map((row) => ({ top: row.getBoundingClientRect().top, height: row.clientHeight, text: row.querySelector(".text").getBoundingClientRect().height, inner: row.querySelector(".text").scrollHeight })));
      for (const [at, row] of rows.entries()) {
        assert.ok(row.inner <= row.height + 1, JSON.stringify(rows));
        if (at) assert.ok(Math.abs(rows[at - 1].top + rows[at - 1].height - row.top) < 1.5, JSON.stringify(rows));
      }
      await page.reload();
      await page.locator(".line .time").first().waitFor();
      await page.locator("body").press("#");
      await page.locator(".line .number").first().waitFor({ state: "detached" });
    },
  ],
  [
    "hostile lines stay text",
    async ({ scene, browser }) => {
      const evil = [
        "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>",
        "\u001b]8;;javascript:alert(1)\u0007click\u001b]8;;\u0007 \u001b[2J\u001b[H\u001b[999Aup",
        "user = \u202eadmin\u2066 // \u2069\u2066 check",
        "nul \u0000 bell \u0007 del \u007f",
        "z\u0300\u0301\u0302".repeat(2000),
        "y".repeat(2_000_000),
        "\u001b[31m".repeat(5_000) + "many",
        "\r".repeat(5_000) + "returned",
        '"><svg onload=alert(1)>',
        "data: {\"event\":\"end\"}\n\nevent: end",
        "last line",
      ];
      await logged(scene, "evil-1", evil);
      await scene.api("PUT", "/api/v1/tasks/evil-1", { image: "busybox", namespace: "nowhere", priority: -9, queue: "later", title: "<img src=x onerror=alert(1)>\u202e", description: "<script>alert(1)</script>" }, { "if-match": "*" });
      const page = await openPage(browser, scene);
      page.on("dialog", () => page.troubles.push("a dialog"));
      await signIn(page);
      await page.goto("/tasks/evil-1/logs");
      await page.getByText("last line").waitFor();
      const lines = await shown(page);
      assert.ok(lines.some((line) => line.includes("<img src=x onerror=")), lines.join("\n").slice(0, 500));
      assert.ok(lines.some((line) => line.startsWith("click")));
      assert.ok(lines.some((line) => line.includes("U+202E")));
      assert.equal(await page.locator(".log-row img, .log-row script, .log-row svg[onload], .log-row a:not(.number)").count(), 0);
      await page.getByText(/more characters/).first().waitFor();
      await page.goto("/tasks/evil-1");
      await page.locator(".description").waitFor();
      assert.equal(await page.locator("main img, main script").count(), 0);
      assert.ok(!(await page.title()).includes("owned"));
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "live lines follow, pause and count, and survive a restart of the server",
    async ({ scene, browser }) => {
      await scene.task("tail-1", { containers: { main: run([{ numbered: { count: 1200, prefix: "tick ", over_ms: 24_000 } }, "the very end"]) } });
      await scene.untilStatus("tail-1", "IN_PROGRESS");
      // Another one, whose Pod goes while the server is away: what it wrote since is lost.
      await scene.task("gone-1", { containers: { main: run([{ numbered: { count: 300, prefix: "tock ", over_ms: 30_000 } }]) } });
      await scene.untilStatus("gone-1", "IN_PROGRESS");
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/tasks/tail-1/logs");
      await page.locator(".log-status .badge.live").waitFor();
      const last = async () => Number((await shown(page)).at(-1)?.split(" ")[1] ?? 0);
      const seen = await until("lines come", async () => (await last()) > 20 && (await last()));
      await until("it follows", async () => (await last()) > seen + 20);
      await page.getByRole("button", { name: "Pause" }).click();
      const still = await last();
      await page.getByText(/new lines/).waitFor();
      await sleep(1000);
      assert.ok(Math.abs((await last()) - still) < 15, "what is seen stands still");
      await page.getByRole("button", { name: /new lines/ }).click();
      await until("it follows again", async () => (await last()) > still + 20);
      await scene.end("SIGKILL");
      await page.getByText(/Trying again in/).waitFor();
      await scene.deletePods("gone-1");
      await scene.serve();
      await page.locator(".log-status .badge.live").waitFor({ timeout: 30_000 });
      await page.getByText("the very end").waitFor({ timeout: 60_000 });
      await page.getByText("The log has ended").waitFor({ timeout: 30_000 });
      await page.locator(".log-scroll").focus();
      // Nothing is missing, nothing twice.
      await page.getByText("1,201 lines").waitFor();
      const ticks = Array.from({ length: 1200 }, (_, index) => `tick ${index + 1}`);
      const kept = await scene.api("GET", "/api/v1/tasks/tail-1/logs?container=main&format=raw");
      assert.deepEqual(kept.trimEnd().split("\n"), [...ticks, "the very end"]);
      assert.deepEqual(await readThrough(page, "the very end"), [...ticks, "the very end"]);
      await page.goto("/tasks/gone-1/logs");
      await page.locator(".log-row .gap", { hasText: "Lines may be missing here" }).waitFor();
      assert.deepEqual(page.troubles, []);
    },
  ],
];
