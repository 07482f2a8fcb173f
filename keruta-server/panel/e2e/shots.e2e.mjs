// Pictures of the main screens. With KERUTA_E2E_DOCS=docs those of the README are made anew.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPage, signIn, sleep } from "./scene.mjs";

const OUT = process.env.KERUTA_E2E_SHOTS;
const DOCS = process.env.KERUTA_E2E_DOCS;
const HERE = dirname(fileURLToPath(import.meta.url));

const SCREENS = [
  ["tasks", "/tasks", "table.tasks"],
  ["modal", "/tasks?logs=build-1042", ".log-row .line"],
  ["logs", "/tasks/build-1042/logs?find=test", ".log-row .line mark"],
  ["task", "/tasks/build-1042", ".verdict"],
  ["family", "/tasks/child-1", ".tree"],
  ["manifest", "/tasks/build-1042/manifest", ".yaml"],
  ["history", "/tasks/build-1042/history", "table.list"],
  ["form", "/tasks/new", ".form .fields"],
  ["settings", "/settings", ".settings .fields"],
  ["audit", "/audit", "table.list"],
  ["access", "/access", "table.list"],
  ["repositories", "/repositories", ".filter-row"],
  ["repository", "/repositories/new", ".form"],
  ["notifications", "/notifications?tab=outbox", ".task-body"],
  ["jobs", "/storage", ".job"],
  ["kept", "/storage?tab=kept", "table.list"],
  ["server", "/storage?tab=server", ".settings .fields"],
];
const README = [
  ["tasks", { width: 1280, height: 760 }],
  ["logs", { width: 1280, height: 640 }],
  ["task", { width: 1280, height: 760 }],
  ["logs", { width: 390, height: 760, theme: "dark", locale: "ja" }, "phone"],
];

/** A picture as WebP, which the browser itself makes. */
async function webp(context, png) {
  const page = await context.newPage();
  const data = await page.evaluate(async (bytes) => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))]));
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext("2d").drawImage(image, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.9 });
    return [...new Uint8Array(await blob.arrayBuffer())];
  }, png.toString("base64"));
  await page.close();
  return Buffer.from(data);
}

export const tests = [
  [
    "pictures of all screens",
    async ({ scene, browser }) => {
      if (OUT) mkdirSync(OUT, { recursive: true });
      for (const [theme, locale, width] of [["light", "en", 1280], ["dark", "ja", 1280], ["light", "en", 390]]) {
        const page = await openPage(browser, scene, { theme, locale, width, height: width < 500 ? 780 : 800 });
        await signIn(page);
        for (const [name, path, ready] of SCREENS) {
          await page.goto(path);
          await page.locator(ready).first().waitFor();
          await sleep(150);
          await page.screenshot(OUT && { path: join(OUT, `${name}-${theme}-${locale}-${width}.png`) });
        }
        if (page.troubles.length) throw new Error(page.troubles.join("\n"));
        await page.context().close();
      }
    },
  ],
  [
    "pictures for the README",
    async ({ scene, browser }) => {
      if (!DOCS) return;
      const to = join(HERE, "../../..", DOCS);
      mkdirSync(to, { recursive: true });
      for (const [name, options, as = name] of README) {
        const page = await openPage(browser, scene, options);
        await signIn(page);
        const [, path, ready] = SCREENS.find(([one]) => one === name);
        await page.goto(path);
        await page.locator(ready).first().waitFor();
        if (as === "phone") await page.locator(".log-panel").scrollIntoViewIfNeeded();
        if (as === "phone") await page.evaluate(() => document.querySelector(".log-panel").scrollIntoView());
        await sleep(600);
        const plain = await browser.newContext();
        writeFileSync(join(to, `panel-${as}.webp`), await webp(plain, await page.screenshot()));
      }
    },
  ],
];
