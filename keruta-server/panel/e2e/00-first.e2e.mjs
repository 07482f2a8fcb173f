// The first start: the first account is made in the browser with the token that the server printed.
import assert from "node:assert/strict";
import { PASSWORD, openPage, run, signIn } from "./scene.mjs";

export const tests = [
  [
    "the first account is made with the first token",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await page.goto("/tasks?status=FAILED");
      await page.getByRole("button", { name: "First start?" }).click();
      await page.locator('input[name="token"]').fill(scene.token);
      await page.locator('input[name="name"]').fill("ada");
      await page.locator('input[name="password"]').fill("short");
      await page.getByRole("button", { name: "Make the account" }).click();
      assert.equal(await page.locator(".side").count(), 0);
      await page.locator('input[name="password"]').fill(PASSWORD);
      await page.getByRole("button", { name: "Make the account" }).click();
      await page.getByRole("heading", { name: "Tasks" }).waitFor();
      // Where one wanted to go is where one is.
      assert.equal(new URL(page.url()).search, "?status=FAILED");
      for (const [name, role] of [["vera", "viewer"], ["olga", "operator"]]) await scene.api("POST", "/api/v1/users", { name, password: PASSWORD, role });
      await seed(scene);
      assert.deepEqual(page.troubles, []);
    },
    { always: true },
  ],
  [
    "a wrong password is told, and signing out leads to the door",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await page.goto("/");
      await page.locator('input[name="name"]').fill("ada");
      await page.locator('input[name="password"]').fill("not the password");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("The name or the password is wrong.").waitFor();
      await signIn(page);
      await page.getByRole("button", { name: "Account" }).click();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await page.reload();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
    },
  ],
];

/** Tasks of every kind, for all the other tests. */
async function seed(scene) {
  const clone = run(["Cloning into '/work'...", "remote: Enumerating objects: 4213, done.", 1200, "HEAD is now at 5f3a9c1"]);
  const ansi = [
    "\u001b[1m==> Running the tests\u001b[0m",
    "\u001b[32m✓\u001b[0m parses a task \u001b[2m(4 ms)\u001b[0m",
    "\u001b[32m✓\u001b[0m renders a Job \u001b[2m(11 ms)\u001b[0m",
    "INFO  loading 240 fixtures",
    "WARN  the cache is cold: the first run takes longer",
    "Downloading  10%\rDownloading  55%\rDownloading 100%",
    "\u001b[31m✗\u001b[0m follows a log across a rotation",
    "ERROR assertion failed: expected 3 lines, got 2",
    "    at tests/follow.rs:118:9",
    "\u001b[1;31mtest result: FAILED.\u001b[0m 57 passed; 1 failed",
  ];
  const repository = { url: "https://git.example.com/acme/app.git" };
  await scene.task("build-1042", { containers: { "git-clone": clone, main: run([...ansi.slice(0, 5), 400, ...ansi.slice(5), 100], 101) } }, {
    title: "Fix the flaky test of the log follower", description: "It fails once in fifty runs.\nFind out why, and mend it.", priority: 5, repository,
  });
  await scene.task("docs-7", { containers: { main: run(["Building the book", 300, "done"]) } }, { title: "Write the chapter on workspaces" });
  await scene.task("oom-3", { containers: { main: { runs: [{ steps: [{ line: "allocating" }, { sleepMs: 150 }], end: "oomKilled" }] } } }, { title: "Train the small model", priority: 2 });
  await scene.task("wait-9", { unschedulable: { message: "0/3 nodes are available: 3 Insufficient memory." } }, { title: "Needs a bigger node" });
  await scene.task("parent-1", { containers: { main: run(["prepared"]) } }, { title: "Prepare the workspace", workspace: { kind: "pvc" } });
  await scene.untilStatus("parent-1", "COMPLETED");
  await scene.task("child-1", { containers: { main: run(["one"]) } }, { title: "First half", parentId: "parent-1" });
  await scene.task("child-2", { containers: { main: run([{ numbered: { count: 400, prefix: "step ", over_ms: 600_000 } }]) } }, { title: "日本語のタスク：ログを読む", parentId: "child-1" });
  await scene.untilStatus("build-1042", "FAILED");
  await scene.untilStatus("oom-3", "FAILED");
  await scene.untilStatus("docs-7", "COMPLETED");
  await scene.untilStatus("child-1", "COMPLETED");
  await scene.untilStatus("child-2", "IN_PROGRESS");
}
