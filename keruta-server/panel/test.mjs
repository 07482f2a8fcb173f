// Runs the unit tests: each is bundled, because Node reads no TypeScript.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const tests = readdirSync("src", { recursive: true }).filter((file) => file.endsWith(".test.ts"));
const out = mkdtempSync(join(tmpdir(), "keruta-panel-"));
await build({
  entryPoints: tests.map((file) => join("src", file)),
  bundle: true,
  platform: "node",
  format: "esm",
  outdir: out,
  outExtension: { ".js": ".mjs" },
  outbase: "src",
});
const done = spawnSync(process.execPath, ["--test", out], { stdio: "inherit" });
rmSync(out, { recursive: true });
process.exit(done.status ?? 1);
