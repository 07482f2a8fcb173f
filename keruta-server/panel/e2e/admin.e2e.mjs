// Settings, repositories, documents, the audit log, access.
import assert from "node:assert/strict";
import { PASSWORD, openPage, signIn, until } from "./scene.mjs";

export const tests = [
  [
    "settings: origins, rules, a look before saving, history, back to the default",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/settings");
      const field = (pointer) => page.locator(`[data-pointer="${pointer}"]`);
      await field("/defaultNamespace").waitFor();
      assert.equal(await field("/defaultNamespace").inputValue(), "tasks");
      await page.getByText("from --set defaultNamespace").waitFor();
      await field("/defaultImage").fill("NOT an image");
      await page.getByText(/^must match/).first().waitFor();
      await page.getByRole("button", { name: "Check and save" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
      await page.getByRole("alert").first().waitFor();
      await field("/defaultImage").fill("ghcr.io/acme/agent:1.4");
      await field("/workspace/size").fill("2Gi");
      await field("/grace/imagePull").fill("3m");
      await page.getByRole("button", { name: "Check and save" }).click();
      const dialog = page.getByRole("dialog");
      assert.deepEqual(await dialog.locator("tbody td:first-child").allTextContents(), ["defaultImage", "workspace.size", "grace.imagePull"]);
      await dialog.getByText("1Gi (default)").waitFor();
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.waitFor({ state: "detached" });
      await page.getByText(/set by user\/ada/).first().waitFor();
      const set = (await scene.api("GET", "/api/v1/settings/kubernetes")).set;
      assert.deepEqual([set.defaultImage, set.workspace, set.grace], ["ghcr.io/acme/agent:1.4", { size: "2Gi" }, { imagePull: "3m" }]);
      await page.locator("section", { hasText: "History of changes" }).getByText("ghcr.io/acme/agent:1.4").waitFor();
      // Somebody else changes them meanwhile.
      await field("/queue").fill("mine");
      await scene.api("PATCH", "/api/v1/settings/kubernetes", { queue: "theirs" }, { "if-match": "*" });
      await page.getByRole("button", { name: "Check and save" }).click();
      await dialog.getByRole("button", { name: "Save" }).click();
      await page.getByText("It has changed since you opened it").waitFor();
      page.once("dialog", (question) => void question.accept());
      await page.reload();
      await field("/defaultImage").waitFor();
      const image = page.locator(".field", { has: field("/defaultImage") });
      await image.getByRole("button", { name: "Back to the default" }).click();
      assert.equal(await field("/defaultImage").inputValue(), "");
      await page.getByRole("button", { name: "Check and save" }).click();
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.waitFor({ state: "detached" });
      await until("it is gone", async () => (await scene.api("GET", "/api/v1/settings/kubernetes")).set.defaultImage === undefined);
      await scene.api("PATCH", "/api/v1/settings/kubernetes", { queue: null, workspace: null, grace: null }, { "if-match": "*" });
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "repositories and documents are made, changed and deleted",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/repositories");
      await page.getByText("No repositories yet").waitFor();
      await page.getByRole("link", { name: "New repository" }).click();
      await page.getByLabel("Name").fill("The app");
      await page.getByLabel("URL").fill("ext::sh -c id");
      await page.getByRole("button", { name: "Add" }).click();
      await page.locator('[name="url"][aria-invalid="true"]').waitFor();
      await page.getByLabel("URL").fill("https://git.example.com/acme/app.git");
      await page.getByLabel("ID").fill("app");
      await page.getByLabel("Setup script").fill("npm ci\n");
      await page.getByRole("button", { name: "Add" }).click();
      await page.getByRole("heading", { name: "Repository The app" }).waitFor();
      await page.getByLabel("Setup script").fill("npm ci --omit=dev\n");
      await page.getByRole("button", { name: "Save" }).click();
      await until("the script is changed", async () => (await scene.api("GET", "/api/v1/repositories/app/script")) === "npm ci --omit=dev\n");
      await page.goto("/repositories?q=app");
      await page.getByRole("link", { name: "The app" }).click();
      await page.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await page.getByText("No repositories yet").waitFor();
      await page.goto("/documents/new");
      await page.getByLabel("Title").fill("House rules");
      await page.getByLabel("Text").fill("# Rules\n<script>alert(1)</script>\n");
      await page.getByRole("button", { name: "Add" }).click();
      await page.getByRole("heading", { name: "Document House rules" }).waitFor();
      assert.match(await page.getByLabel("Text").inputValue(), /<script>/);
      await page.getByLabel("Title").fill("Rules of the house");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("heading", { name: "Document Rules of the house" }).waitFor();
      await page.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await page.getByText("No documents yet").waitFor();
      assert.deepEqual(page.troubles, []);
    },
  ],
  [
    "users, tokens and sessions, and what the audit log says of them",
    async ({ scene, browser }) => {
      const page = await openPage(browser, scene);
      await signIn(page);
      await page.goto("/access");
      await page.getByRole("button", { name: "New user" }).click();
      await page.getByLabel("Name").fill("temp");
      await page.getByLabel(/^New password/).fill("tiny");
      await page.getByRole("button", { name: "Add" }).click();
      await page.locator("dialog .error-text, dialog .notice.bad").first().waitFor();
      await page.getByLabel(/^New password/).fill(PASSWORD);
      await page.getByRole("button", { name: "Add" }).click();
      const row = page.locator("tr", { hasText: "temp" });
      await row.getByLabel("Role: temp").selectOption("operator");
      await until("the role is changed", async () => (await scene.api("GET", "/api/v1/users")).items.find((user) => user.name === "temp").role === "operator");
      await row.getByRole("button", { name: "Actions: temp" }).click();
      await row.getByRole("button", { name: "Forbid signing in" }).click();
      await row.getByText("May not sign in").waitFor();
      await row.getByRole("button", { name: "Actions: temp" }).click();
      await row.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await row.waitFor({ state: "detached" });
      await page.getByRole("link", { name: "Tokens" }).click();
      await page.getByRole("button", { name: "New token" }).click();
      await page.getByLabel("Name").fill("ci");
      await page.getByRole("button", { name: "Add" }).click();
      const secret = await page.locator(".secret").textContent();
      const asked = await fetch(`${scene.url}/api/v1/me`, { headers: { authorization: `Bearer ${secret}` } });
      assert.equal((await asked.json()).role, "viewer");
      await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
      await page.locator("tr", { hasText: "ci" }).getByRole("button", { name: "Revoke" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
      await page.locator("tr", { hasText: "ci" }).getByText("Revoked").waitFor();
      await page.getByRole("link", { name: "Sessions" }).click();
      await page.getByText("this one").waitFor();
      await page.goto("/audit");
      await page.getByRole("link", { name: "token.revoked" }).first().click();
      await until("only that action", async () => new Set(await page.locator("tbody td:nth-child(3)").allTextContents()).size === 1);
      assert.match(page.url(), /action=token.revoked/);
      assert.deepEqual(page.troubles, []);
    },
  ],
];
