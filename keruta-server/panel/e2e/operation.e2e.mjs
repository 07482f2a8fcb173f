// What stands behind the tasks: artifacts, background jobs, retention and export, notifications, the test of the cluster.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { openPage, run, signIn, until } from "./scene.mjs";

/** A webhook that answers as it is told, 200 where nothing is left. */
async function webhook() {
  const received = [];
  const answers = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      received.push(JSON.parse(body));
      response.writeHead(answers.shift() ?? 200).end("ok");
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { received, answers, url: `http://127.0.0.1:${server.address().port}/services/T0/B0/x`, close: () => server.close() };
}

const row = (page, text) => page.locator("tbody tr", { hasText: text });

export const tests = [
  [
    "artifacts are listed with their sizes and downloaded, whatever they are called",
    async ({ scene, browser }) => {
      await scene.api("POST", "/api/v1/tasks", { id: "made-files", image: "busybox", namespace: "nowhere", queue: "later" });
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/tasks/made-files");
      await page.locator(".tabs").getByRole("link", { name: "Artifacts" }).click();
      await page.getByText("It left no artifacts.").waitFor();
      const files = { "report/index.html": "<script>alert(1)</script>", "日本 %2F.txt": "こんにちは", "coverage.bin": "x".repeat(3000) };
      for (const [path, text] of Object.entries(files)) {
        await scene.api("PUT", `/api/v1/tasks/made-files/artifacts/${path.split("/").map(encodeURIComponent).join("/")}`, text, { "content-type": "text/html" });
      }
      await page.reload();
      await row(page, "coverage.bin").getByText("2.9 KiB").waitFor();
      assert.equal(await page.locator("tbody tr").count(), 3);
      for (const [path, text] of Object.entries(files)) {
        const download = page.waitForEvent("download");
        await row(page, path).getByRole("link", { name: "Download" }).click();
        const found = await download;
        assert.equal(readFileSync(await found.path(), "utf8"), text);
        assert.ok(path.endsWith(found.suggestedFilename()) || /%|_/.test(found.suggestedFilename()), found.suggestedFilename());
      }
      // More than a page has.
      await Promise.all(Array.from({ length: 52 }, (_, n) => scene.api("PUT", `/api/v1/tasks/made-files/artifacts/many/${String(n).padStart(2, "0")}`, "x")));
      await page.reload();
      await row(page, "many/00").waitFor();
      await page.getByRole("link", { name: "Next page" }).click();
      await row(page, "日本").waitFor();
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "background jobs are seen, run by hand, and say what came of it",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page, "olga");
      await page.goto("/storage");
      const job = (name) => page.getByRole("region", { name, exact: true });
      await job("log-retention").getByText("Deletes log lines whose time is over.").waitFor();
      await job("log-export").getByText(/Waits: a place to export to/).waitFor();
      const before = await scene.api("GET", "/api/v1/background-jobs/log-retention");
      await job("log-retention").getByRole("button", { name: "Run now" }).click();
      await page.getByText("It has been started").waitFor();
      await until("it has run", async () => (await scene.api("GET", "/api/v1/background-jobs/log-retention")).startedAt !== before.startedAt);
      await job("log-retention").locator(".badge.ok").waitFor();
      await job("log-retention").getByText(/lines: \d/).waitFor();
      await job("log-retention").getByText("Last run").waitFor();
      // What is to come is told as that.
      await job("log-retention").locator("dd span", { hasText: /next in \d+/ }).waitFor();
      await job("log-export").getByRole("button", { name: "Run now" }).click();
      await job("log-export").locator(".badge.bad, .badge.ok").waitFor();
      assert.deepEqual(page.troubles, []);
      const vera = await openPage(browser, scene);
      await signIn(vera, "vera");
      await vera.goto("/storage");
      await vera.getByRole("region", { name: "log-export", exact: true }).waitFor();
      assert.equal(await vera.getByRole("button", { name: "Run now" }).count(), 0);
    },
  ],
  [
    "what is kept is told by its size; retention and export are set, and logs are exported",
    async ({ scene, browser }) => {
      await scene.api("POST", "/api/v1/tasks", { id: "to-export", image: "busybox", namespace: "archive", queue: "later" });
      await scene.lines("to-export", "main", Array.from({ length: 500 }, (_, n) => `line ${n} of what is exported`), { done: true });
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/storage?tab=kept");
      await row(page, "archive").getByText("500", { exact: true }).waitFor();
      await page.getByText("logs are exported nowhere").waitFor();
      await page.locator(".tabs").getByRole("link", { name: "Server settings" }).click();
      const field = (pointer) => page.locator(`[data-pointer="${pointer}"]`);
      await field("/logs/export/url").fill("ftp://somewhere");
      await page.getByRole("button", { name: "Check and save" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("button", { name: "Save" }).click();
      await page.locator('[data-pointer="/logs/export/url"][aria-invalid="true"]').waitFor();
      const place = join(scene.directory, "exported");
      await field("/logs/export/url").fill(`file://${place}`);
      const namespaces = field("/logs/namespaces");
      await namespaces.getByRole("button", { name: "Add an entry" }).click();
      await namespaces.getByLabel("Name", { exact: true }).fill("archive");
      await namespaces.getByLabel("Value", { exact: true }).fill("null");
      await field("/audit/retention").fill("90d");
      await page.getByRole("button", { name: "Check and save" }).click();
      assert.deepEqual(await dialog.locator("tbody td:first-child").allTextContents(), ["logs.export.url", "logs.namespaces.archive", "audit.retention"]);
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.waitFor({ state: "detached" });
      await page.getByText(/set by user\/ada/).first().waitFor();
      const { settings } = await scene.api("GET", "/api/v1/settings/server");
      assert.deepEqual([settings.logs.namespaces, settings.logs.export.url], [{ archive: null }, `file://${place}`]);
      // It is exported, and nothing is left to be.
      await page.locator(".tabs").getByRole("link", { name: "Background jobs" }).click();
      const job = page.getByRole("region", { name: "log-export", exact: true });
      await until("it is exported", async () => {
        // Its pieces are exported when they are merged.
        await job.getByRole("button", { name: "Run now", disabled: false }).click({ timeout: 1000 }).catch(() => {});
        return existsSync(place) && readdirSync(place, { recursive: true }).some((file) => /to-export/.test(String(file)));
      }, 90_000);
      await page.locator(".tabs").getByRole("link", { name: "What is kept" }).click();
      await page.getByText("all full pieces are exported").waitFor();
      // A viewer reads.
      const vera = await openPage(browser, scene);
      await signIn(vera, "vera");
      await vera.goto("/storage?tab=server");
      await vera.getByText("Only admins can change settings.").waitFor();
      assert.equal(await vera.locator('[data-pointer="/logs/export/url"]').isDisabled(), true);
      await scene.api("PUT", "/api/v1/settings/server", {}, { "if-match": "*" });
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "notifications: channels, a test that arrives and one that does not, rules, the outbox",
    async ({ scene, browser }) => {
      const hook = await webhook();
      writeFileSync(join(scene.secrets, "slack-webhook"), hook.url);
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/notifications");
      await page.getByText("A rule needs a channel").waitFor();
      await page.getByRole("link", { name: "Channels" }).click();
      const dialog = page.getByRole("dialog");
      await page.getByRole("button", { name: "New Slack channel" }).click();
      await dialog.getByLabel("Name", { exact: true }).fill("Operations");
      await dialog.getByLabel("Where the webhook's URL is").fill("../../etc/passwd");
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.locator('[name="webhookUrl"][aria-invalid="true"]').waitFor();
      await dialog.getByLabel("Where the webhook's URL is").fill("slack-webhook");
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.waitFor({ state: "detached" });
      await row(page, "Operations").getByText("Slack: slack-webhook").waitFor();
      await row(page, "Operations").getByRole("button", { name: "Send a test" }).click();
      await page.getByText("The test was sent").waitFor();
      assert.equal(hook.received.length, 1);
      hook.answers.push(404);
      await row(page, "Operations").getByRole("button", { name: "Send a test" }).click();
      await page.getByText("The test could not be sent").waitFor();
      await page.getByRole("button", { name: "New e-mail channel" }).click();
      await dialog.getByLabel("Name", { exact: true }).fill("Mail");
      await dialog.getByLabel("SMTP server").fill("mail.example.com");
      await dialog.getByLabel("Sender").fill("keruta@example.com");
      await dialog.getByLabel("Recipients").fill("nobody");
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.locator('[name="to"][aria-invalid="true"]').waitFor();
      await dialog.getByLabel("Recipients").fill("Ada L <ada@example.com>, ops@example.com");
      await dialog.getByRole("button", { name: "Save" }).click();
      await row(page, "Mail").getByText("ops@example.com").waitFor();
      await row(page, "Mail").getByRole("button", { name: "Edit" }).click();
      await dialog.getByLabel("Port").fill("2525");
      await dialog.getByRole("button", { name: "Save" }).click();
      await until("the port is kept", async () => (await scene.api("GET", "/api/v1/notifications/channels")).items.some((one) => one.target.email?.port === 2525));
      await row(page, "Mail").getByRole("button", { name: "Delete" }).click();
      await dialog.getByRole("button", { name: "Delete" }).click();
      await row(page, "Mail").waitFor({ state: "detached" });

      await page.getByRole("link", { name: "Rules" }).click();
      await page.getByRole("button", { name: "New rule" }).click();
      await dialog.getByLabel("Name", { exact: true }).fill("Failures of tasks");
      assert.equal(await dialog.getByLabel("Waits longer than").count(), 0);
      await dialog.getByLabel("Of what").selectOption("taskStuck");
      await dialog.getByLabel("Waits longer than").fill("0");
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.locator('[name="waitingSeconds"][aria-invalid="true"]').waitFor();
      await dialog.getByLabel("Of what").selectOption("taskFailed");
      await dialog.getByLabel("Of these namespaces").fill("tasks");
      await dialog.getByRole("button", { name: "Save" }).click();
      await row(page, "Failures of tasks").getByText("Operations").waitFor();
      await scene.task("tells-1", { containers: { main: run(["no"], 7) } }, { title: "Tells of its failure" });
      await until("somebody is told", () => hook.received.some((body) => JSON.stringify(body).includes("Tells of its failure")));
      await row(page, "Failures of tasks").getByRole("button", { name: "Turn off" }).click();
      await row(page, "Failures of tasks").getByText("off", { exact: true }).waitFor();
      await page.getByRole("link", { name: "Outbox" }).click();
      await row(page, "Tells of its failure").getByText("sent", { exact: true }).waitFor();
      const failed = row(page, "given up");
      await failed.getByText("404").waitFor();
      await failed.getByRole("button", { name: "Try again" }).click();
      await failed.waitFor({ state: "detached" });
      await page.getByRole("link", { name: "Rules" }).click();
      await row(page, "Failures of tasks").getByRole("button", { name: "Delete" }).click();
      await dialog.getByRole("button", { name: "Delete" }).click();
      await page.getByText("No rules yet").waitFor();
      hook.close();
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "the cluster is tested, by the settings as they are and by those that are not saved",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/settings");
      const card = page.getByRole("region", { name: "Test the connection" });
      await card.getByRole("button", { name: "Test the connection" }).click();
      await card.locator(".checks li").first().waitFor();
      const asItIs = await card.locator(".notice strong").textContent();
      const names = await card.locator(".checks .badge").allTextContents();
      assert.ok(names.length >= 4 && names.some((name) => name.startsWith("cluster fine")), names.join());
      // A draft, which stays one.
      await page.locator('[data-pointer="/configPath"]').fill("/nowhere/kubeconfig");
      await card.getByText("with what you have changed").waitFor();
      await card.getByRole("button", { name: "Test the connection" }).click();
      await card.getByText("The cluster cannot be used as it is").waitFor();
      await card.getByText("/nowhere/kubeconfig").first().waitFor();
      assert.notEqual((await scene.api("GET", "/api/v1/settings/kubernetes")).settings.configPath, "/nowhere/kubeconfig");
      console.log(`      as it is: ${asItIs}`);
      // What cannot be read is told.
      await page.locator('[data-pointer="/defaultNamespace"]').fill("Not A Namespace");
      await card.getByRole("button", { name: "Test the connection" }).click();
      await card.getByRole("alert").getByText("/defaultNamespace").waitFor();
      page.once("dialog", (question) => void question.accept());
      await page.goto("/tasks");
      assert.deepEqual(page.troubles, []);
    },
  ],
];
