// Pictures of the main screens, as the README shows them.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPage, signIn, sleep } from "./scene.mjs";

const OUT = process.env.KERUTA_E2E_SHOTS ?? join(dirname(fileURLToPath(import.meta.url)), "out");

export const tests = [
  [
    "pictures",
    async ({ scene, browser }) => {
      mkdirSync(OUT, { recursive: true });
      for (const [theme, locale, width] of [["light", "en", 1280], ["dark", "ja", 1280], ["light", "en", 390]]) {
        const page = await openPage(browser, scene, { theme, locale, width, height: width < 500 ? 780 : 800 });
        const shoot = async (name, path, ready) => {
          await page.goto(path);
          await page.locator(ready).first().waitFor();
          await sleep(400);
          await page.screenshot({ path: join(OUT, `${name}-${theme}-${locale}-${width}.png`) });
        };
        await page.goto("/");
        await page.locator(".sign .card").waitFor();
        await page.screenshot({ path: join(OUT, `sign-in-${theme}-${locale}-${width}.png`) });
        await signIn(page);
        await shoot("tasks", "/tasks", "table.tasks");
        await shoot("modal", "/tasks?logs=build-1042", ".log-row .line");
        await shoot("logs", "/tasks/build-1042/logs?find=test", ".log-row .line");
        await shoot("task", "/tasks/build-1042", ".verdict");
        await shoot("family", "/tasks/child-1", ".tree");
        await shoot("manifest", "/tasks/build-1042/manifest", ".yaml");
        await shoot("history", "/tasks/build-1042/history", "table.list");
        await shoot("form", "/tasks/new", ".form .fields");
        await shoot("settings", "/settings", ".settings .fields");
        await shoot("audit", "/audit", "table.list");
        await shoot("access", "/access", "table.list");
        await shoot("repositories", "/repositories", ".empty");
        await shoot("storage", "/storage", "h1");
        await shoot("nothing", "/nowhere", ".empty");
        if (page.troubles.length) throw new Error(page.troubles.join("\n"));
        await page.context().close();
      }
    },
  ],
];
