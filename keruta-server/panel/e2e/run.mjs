// Runs the end-to-end tests: all, or those whose name has a word that is given. --long measures the long ones as well.
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Scene, openBrowser } from "./scene.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const long = process.argv.includes("--long");
const LIMIT = 15 * 60_000;

const watchdog = setTimeout(() => {
  console.error("the tests take too long");
  process.exit(1);
}, LIMIT);

const scene = await Scene.start();
const browser = await openBrowser();
let failed = 0;
try {
  const files = readdirSync(HERE).filter((file) => file.endsWith(".e2e.mjs")).sort();
  for (const file of files) {
    const { tests } = await import(join(HERE, file));
    for (const [name, act, options = {}] of tests) {
      if (words.length && !options.always && !words.some((word) => `${file} ${name}`.includes(word))) continue;
      if (options.long && !long) continue;
      const began = Date.now();
      try {
        await act({ scene, browser, long });
        console.log(`ok    ${file}: ${name} (${Date.now() - began} ms)`);
      } catch (error) {
        failed += 1;
        console.log(`FAIL  ${file}: ${name}\n${error.stack}`);
        for (const [at, page] of browser.contexts().flatMap((context) => context.pages()).entries()) {
          await page.screenshot({ path: join(process.env.KERUTA_E2E_FAILURES ?? scene.directory, `failure-${name.replace(/\W+/g, "-")}-${at}.png`) }).catch(() => {});
        }
      }
      for (const context of browser.contexts()) await context.close();
    }
  }
} finally {
  await browser.close();
  await scene.stop();
}
clearTimeout(watchdog);
if (failed) {
  console.error(`${failed} failed`);
  process.exit(1);
}
