// The list of tasks, one task, its form, and what is done to it.
import assert from "node:assert/strict";
import { openPage, run, signIn, until } from "./scene.mjs";

const text = async (page, selector) => (await page.locator(selector).first().textContent()) ?? "";

export const tests = [
  [
    "filters, search, sort and paging stand in the URL and outlive back and reload",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.locator("tr[data-task=build-1042]").waitFor();
      await page.getByRole("button", { name: /^Failed/ }).click();
      await page.locator("tr[data-task=docs-7]").waitFor({ state: "detached" });
      assert.equal(new URL(page.url()).search, "?status=FAILED");
      await page.getByRole("searchbox", { name: "ID or title" }).fill("flaky");
      await page.locator("tr[data-task=oom-3]").waitFor({ state: "detached" });
      assert.match(page.url(), /q=flaky/);
      await page.reload();
      await page.locator("tr[data-task=build-1042]").waitFor();
      assert.equal(await page.locator("tr[data-task]").count(), 1);
      await page.locator(".row-link").first().click();
      await page.locator(".verdict").waitFor();
      await page.goBack();
      await page.locator("tr[data-task=build-1042]").waitFor();
      assert.match(page.url(), /status=FAILED&q=flaky/);
      await page.getByRole("button", { name: "Clear the filters" }).click();
      await page.locator("tr[data-task=docs-7]").waitFor();
      await page.getByLabel("Sort").selectOption("priority");
      await until("the highest priority is first", async () => (await page.locator("tr[data-task]").first().getAttribute("data-task")) === "build-1042");
      for (let n = 0; n < 55; n += 1) await scene.api("POST", "/api/v1/tasks", { id: `page-${n}`, image: "busybox", priority: -5, queue: "later", namespace: "nowhere" });
      await page.goto("/tasks?namespace=nowhere");
      await page.locator("tr[data-task=page-54]").waitFor();
      await page.getByRole("link", { name: "Next page" }).click();
      await page.locator("tr[data-task=page-0]").waitFor();
      await page.reload();
      await page.locator("tr[data-task=page-0]").waitFor();
      await page.goBack();
      await page.locator("tr[data-task=page-54]").waitFor();
      for (let n = 0; n < 55; n += 1) await scene.api("POST", `/api/v1/tasks/page-${n}/cancel`, {}).catch(() => {});
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "a new task and its end are seen without a reload",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.getByText("Live", { exact: true }).waitFor();
      await scene.task("live-1", { containers: { main: run([1500]) } }, { title: "Seen live" });
      await page.locator("tr[data-task=live-1] .badge.IN_PROGRESS").waitFor();
      await page.locator("tr[data-task=live-1] .badge.COMPLETED").waitFor();
    },
  ],
  [
    "a task is made with the schema's rules at the field, changed, and copied",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.locator("body").press("n");
      await page.getByRole("heading", { name: "New task" }).waitFor();
      const field = (pointer) => page.locator(`[data-pointer="${pointer}"]`);
      await field("/id").fill("has spaces");
      await page.getByText("must match ^\\S+$").waitFor();
      await field("/id").fill("made-1");
      await field("/title").fill("Made <b>here</b>");
      await field("/image").fill("Not An Image");
      await field("/priority").fill("many");
      await page.getByText("a whole number is expected").waitFor();
      await field("/priority").fill("7");
      await page.getByRole("button", { name: "Create the task" }).click();
      await page.getByText(/field needs a look|fields need a look/).waitFor();
      assert.equal(await field("/image").getAttribute("aria-invalid"), "true");
      await field("/image").fill("busybox:1.37");
      await field("/script").fill("echo hello\nsleep 600");
      await page.getByRole("button", { name: "Add an entry" }).first().click();
      await page.getByLabel("Name", { exact: true }).first().fill("GREETING");
      await page.getByLabel("Value", { exact: true }).first().fill("hello");
      await page.getByRole("button", { name: "Create the task" }).click();
      await page.getByRole("heading", { name: "Made <b>here</b>" }).waitFor();
      const made = await scene.api("GET", "/api/v1/tasks/made-1");
      assert.deepEqual([made.priority, made.env, made.script], [7, { GREETING: "hello" }, "echo hello\nsleep 600"]);
      await scene.untilStatus("made-1", "COMPLETED", "FAILED", "IN_PROGRESS");
      await scene.untilStatus("made-1", "COMPLETED");
      await page.getByRole("link", { name: "Edit" }).click();
      await field("/title").fill("Changed");
      // Leaving with changes is asked about.
      let asked = 0;
      page.once("dialog", (dialog) => {
        asked += 1;
        void dialog.dismiss();
      });
      await page.locator(".side").getByRole("link", { name: "Tasks" }).click();
      assert.equal(asked, 1);
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("heading", { name: "Changed" }).waitFor();
      await page.goto("/tasks/new?like=made-1");
      assert.equal(await field("/title").inputValue(), "Changed");
      await page.getByRole("button", { name: "As JSON" }).click();
      assert.match(await page.locator("textarea").first().inputValue(), /"GREETING": "hello"/);
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "cancel, retry and delete say what they mean for the Job and the claim",
    async ({ scene, browser }) => {
      await scene.task("end-1", { containers: { main: { runs: [{ steps: [{ line: "working" }, "forever"] }] } } }, { title: "To be ended" });
      await scene.untilStatus("end-1", "IN_PROGRESS");
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/tasks/end-1");
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByText("Its Job is ended").waitFor();
      await page.getByText("The claim with the workspace stays.").waitFor();
      await page.getByLabel("Why, for the history").fill("no longer needed");
      await page.getByRole("button", { name: "Cancel the task" }).click();
      await page.locator(".task-head .badge.CANCELLED").waitFor();
      await page.getByRole("link", { name: "History" }).click();
      await page.getByText("no longer needed").first().waitFor();
      await page.getByRole("button", { name: "Retry" }).click();
      await page.getByText("Attempt 2 goes into the queue").waitFor();
      await page.getByRole("button", { name: "Try again" }).click();
      await scene.untilStatus("end-1", "IN_PROGRESS");
      await scene.api("POST", "/api/v1/tasks/end-1/cancel", {});
      await scene.untilStatus("end-1", "CANCELLED");
      await page.getByRole("button", { name: "Delete" }).click();
      const go = page.getByRole("button", { name: "Delete the task" });
      assert.equal(await go.isDisabled(), true);
      await page.getByLabel("Type end-1 to delete it").fill("end-1");
      await go.click();
      await page.getByRole("heading", { name: "Tasks" }).waitFor();
      // The history outlives it.
      await page.goto("/tasks/end-1");
      await page.getByText("This task was deleted").waitFor();
    },
  ],
  [
    "one task: verdict, timeline, family, manifest with origins, history",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/tasks/build-1042");
      await page.getByText("The command ended with an error").waitFor();
      assert.match(await text(page, ".verdict"), /101/);
      // The evidence is shown as the log is: in colours, without what a terminal would swallow.
      const evidence = page.locator(".verdict .message");
      await evidence.locator(".f1", { hasText: "test result: FAILED." }).waitFor();
      assert.doesNotMatch(await text(page, ".verdict"), /\u001b|\[\d+m|\^\[/);
      const phases = await page.locator(".timeline li").evaluateAll((all) => all.map((one) => [one.querySelector(".what").textContent, one.querySelector(".long").textContent]));
      // All that the server has seen, each step of the beginning too: on a busy machine it may miss one that is short.
      const { items } = await scene.api("GET", "/api/v1/tasks/build-1042/events?limit=200");
      const steps = items.filter((event) => event.detail?.phase === "step").map(({ detail }) => `${detail.name} (${detail.number} of ${detail.of})`);
      const running = items.some((event) => event.detail?.phase === "running") ? ["Running"] : [];
      const names = phases.map(([name]) => name);
      const places = ["In the queue", ...steps, ...running, "Failed"].map((name) => names.indexOf(name));
      assert.ok(places.every((place, at) => place > (places[at - 1] ?? -1)), JSON.stringify({ phases, steps }));
      assert.ok(phases.every(([, long]) => /^[\d.]+s$|m /.test(long)), JSON.stringify(phases));
      await page.goto("/tasks/oom-3");
      await page.getByText("A container used more memory than its limit").waitFor();
      await page.goto("/tasks/child-1");
      await page.locator(".tree").getByText("Prepare the workspace").waitFor();
      await page.locator(".tree").getByText("日本語のタスク").waitFor();
      await page.goto("/tasks/build-1042/manifest");
      await page.locator(".yaml").getByText("keruta-job-build-1042").first().waitFor();
      await page.getByLabel("Show where each field comes from").check();
      await page.locator(".yaml-origin").getByText("task: image").first().waitFor();
      await page.getByRole("button", { name: "Copy" }).click();
      await until("it is copied", async () => (await page.evaluate(() => navigator.clipboard.readText())).includes("kind: Job"));
      const download = page.waitForEvent("download");
      await page.getByRole("link", { name: "Download" }).click();
      assert.equal((await download).suggestedFilename(), "build-1042.yaml");
      await page.getByLabel("Manifest").first().selectOption("1");
      await page.locator(".yaml").getByText("keruta-job-build-1042").first().waitFor();
      assert.equal(new URL(page.url()).searchParams.get("sent"), "1");
      await page.goto("/tasks/build-1042/history");
      await page.getByText("Submitted to the cluster").waitFor();
      assert.doesNotMatch(await text(page, "table.list"), /\u001b|\[\d+m/);
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "each attempt has its phases, its verdict and its log",
    async ({ scene, browser }) => {
      const life = (line, exit) => ({ containers: { main: { ...run([line], exit), image: { slowMs: 900 } } } });
      await scene.task("twice-1", life("the first try", 3), { title: "Tried twice" });
      await scene.untilStatus("twice-1", "FAILED");
      await scene.api("POST", "/api/v1/tasks/twice-1/retry");
      await scene.untilStatus("twice-1", "FAILED");
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/tasks/twice-1");
      const attempts = page.getByRole("group", { name: "Attempts" });
      await attempts.getByRole("button", { name: /^Attempt 2/, pressed: true }).waitFor();
      await page.locator(".timeline").getByText(/^(Pulling the image of|Starting) main/).first().waitFor();
      await attempts.getByRole("button", { name: /^Attempt 1/ }).click();
      assert.match(page.url(), /attempt=1/);
      await page.getByRole("link", { name: "Show the log" }).click();
      await page.locator(".line .text", { hasText: "the first try" }).waitFor();
      assert.match(page.url(), /logs\?attempt=1&container=main/);
      await page.getByLabel("Attempt", { exact: true }).selectOption("2");
      await until("the second attempt's log", () => /attempt=2/.test(page.url()));
      await page.locator(".line .text", { hasText: "the first try" }).waitFor();
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "the last day stands above the list, in numbers too",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      const plot = page.getByRole("img", { name: /^Last 24 hours/ });
      await plot.waitFor();
      const { day } = await scene.api("GET", "/api/v1/statistics");
      const sum = (what) => day.reduce((total, part) => total + part[what], 0);
      assert.ok(sum("completed") > 1 && sum("failed") > 1);
      await until("it tells what there is", async () => (await plot.getAttribute("aria-label")).includes(`${sum("completed")} completed, ${sum("failed")} failed, ${sum("cancelled")} cancelled`));
      for (const kind of ["completed", "failed", "queued"]) assert.ok((await plot.locator(`rect.${kind}`).count()) > 0, kind);
      assert.match(await plot.locator("title").last().textContent(), /^From .*: \d+ completed/);
    },
  ],
];
