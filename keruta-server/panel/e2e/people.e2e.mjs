// For everybody: roles, languages, themes, the keyboard, screen readers, small screens.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { openPage, signIn, until } from "./scene.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATHS = ["/tasks", "/tasks?logs=build-1042", "/tasks/new", "/tasks/build-1042", "/tasks/build-1042/logs?find=test", "/tasks/build-1042/manifest", "/tasks/build-1042/artifacts", "/tasks/build-1042/history", "/settings", "/repositories", "/repositories/new", "/documents", "/notifications", "/notifications?tab=channels", "/notifications?tab=outbox", "/storage", "/storage?tab=kept", "/storage?tab=server", "/audit", "/access", "/access?tab=tokens", "/nowhere"];

async function settled(page) {
  await page.waitForLoadState("networkidle", { timeout: 3000 }).catch(() => {});
  await until("nothing is loading", async () => (await page.locator(".loading").count()) === 0);
}

/** What axe-core finds, serious or worse. */
async function violations(page) {
  // Beside the page's own script, by the debugger: the page's policy stays as it is.
  await page.evaluate(AXE);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations
    .filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary}`).slice(0, 3).join(" | ")}`);
}

export const tests = [
  [
    "a viewer reads, and is offered and allowed nothing else",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page, "vera");
      await page.locator("tr[data-task=build-1042]").waitFor();
      for (const name of ["New task", "Actions: build-1042"]) assert.equal(await page.getByRole("button", { name }).or(page.getByRole("link", { name })).count(), 0, name);
      assert.equal(await page.locator(".side").getByText("Audit log").count(), 0);
      await page.goto("/tasks/build-1042");
      await page.locator(".verdict").waitFor();
      for (const name of ["Edit", "Retry", "Delete"]) assert.equal(await page.locator(".task-head").getByText(name, { exact: true }).count(), 0, name);
      await page.goto("/settings");
      await page.getByText("Only admins can change settings.").waitFor();
      assert.equal(await page.getByRole("button", { name: "Check and save" }).count(), 0);
      assert.equal(await page.locator('[data-pointer="/defaultImage"]').isDisabled(), true);
      await page.goto("/tasks/new");
      await page.getByText("Your role does not allow this").waitFor();
      assert.equal(await page.getByRole("button", { name: "Create the task" }).isDisabled(), true);
      for (const path of ["/audit", "/access"]) {
        await page.goto(path);
        await page.getByText("Your role does not allow this").waitFor();
      }
      // The server refuses as well, also a change without the session's word.
      const tried = await page.evaluate(async () => {
        const me = await (await fetch("/api/v1/me")).json();
        const post = (headers) => fetch("/api/v1/tasks/build-1042/retry", { method: "POST", headers }).then((answer) => answer.status);
        return [await post({ "x-csrf-token": me.csrfToken }), await post({})];
      });
      assert.deepEqual(tried, [403, 403]);
      const olga = await openPage(browser, scene);
      await signIn(olga, "olga");
      assert.deepEqual(await olga.evaluate(async () => (await fetch("/api/v1/tasks/build-1042/retry", { method: "POST" })).status), 403);
      await olga.getByRole("link", { name: "New task" }).waitFor();
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "the language is the browser's, or chosen by hand",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene, { locale: "ja-JP" });
      await signIn(page);
      await page.getByRole("heading", { name: "タスク管理" }).waitFor();
      assert.equal(await page.locator("html").getAttribute("lang"), "ja");
      await page.locator("tr[data-task=build-1042]").getByRole("link", { name: "ログ" }).waitFor();
      await page.goto("/settings");
      await page.getByText("デフォルトネームスペース").waitFor();
      await page.getByRole("button", { name: "アカウント" }).click();
      await page.getByLabel("言語").selectOption("en");
      await page.getByRole("heading", { name: "Kubernetes settings" }).waitFor();
      await page.reload();
      await page.getByRole("heading", { name: "Kubernetes settings" }).waitFor();
      await page.getByRole("button", { name: "Account" }).click();
      await page.getByLabel("Appearance").selectOption("dark");
      const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      const dark = await paper();
      await page.getByLabel("Appearance").selectOption("light");
      assert.notEqual(await paper(), dark);
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "axe-core finds nothing serious on any screen, light, dark, in Japanese, on a phone",
    async ({ scene, browser }) => {
      const bad = [];
      for (const options of [{}, { theme: "dark", locale: "ja" }, { width: 390, height: 800 }]) {
        const page = await openPage(browser, scene, options);
        await page.goto("/");
        await page.locator(".sign .card").waitFor();
        const look = async (path) => {
          for (const one of await violations(page)) bad.push(`${path} ${JSON.stringify(options)} ${one}`);
        };
        await look("sign-in");
        await signIn(page);
        for (const path of PATHS) {
          await page.goto(path);
          await page.locator("main h1, dialog h2").first().waitFor({ state: "attached" });
          await settled(page);
          await look(path);
          if (options.width) {
            const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
            if (over > 0) bad.push(`${path} is ${over} px wider than a phone`);
          }
        }
        assert.deepEqual(page.troubles, []);
        await page.context().close();
      }
      assert.deepEqual(bad, []);
    },
  ],
  [
    "everything is done by the keyboard",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.locator("tr[data-task=build-1042]").waitFor();
      await page.locator("body").press("/");
      assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "ID or title");
      await page.keyboard.type("flaky");
      await page.locator("tr[data-task=docs-7]").waitFor({ state: "detached" });
      await page.evaluate(() => document.activeElement.blur());
      await page.keyboard.press("j");
      await page.keyboard.press("l");
      await page.getByRole("dialog").getByText("assertion failed").waitFor();
      await page.keyboard.press("f");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.keyboard.press("?");
      await page.getByRole("dialog").getByText("Find, next hit").or(page.getByRole("dialog").getByText("Next hit")).first().waitFor();
      await page.keyboard.press("Escape");
      // The first stop of the Tab key leads past the menu.
      await page.goto("/tasks");
      await page.locator("tr[data-task=build-1042]").waitFor();
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate(() => document.activeElement.id), "content");
    },
  ],
  [
    "the first load is small, and a session that ends leads back to the same place",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      let bytes = 0;
      page.on("response", async (response) => {
        if (/\.(js|css)$/.test(response.url())) bytes += (await response.request().sizes()).responseBodySize;
      });
      await signIn(page);
      await until("it is counted", () => bytes > 0);
      if (!process.env.PANEL_DIST) assert.ok(bytes > 20_000 && bytes < 100_000, String(bytes));
      await page.goto("/tasks/build-1042/manifest");
      await page.locator(".yaml").waitFor();
      const sessions = (await scene.api("GET", "/api/v1/sessions")).items;
      for (const session of sessions) await scene.api("DELETE", `/api/v1/sessions/${session.id}`);
      await page.getByLabel("Manifest").first().selectOption("1");
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await page.locator('input[name="name"]').fill("ada");
      await page.locator('input[name="password"]').fill("correct horse battery");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.locator(".yaml").waitFor();
      assert.match(page.url(), /manifest\?sent=1/);
    },
  ],
];
