// Builds dist/: the bundle, the page that names it, and their compressed forms. The same sources give the same bytes.
import { build } from "esbuild";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const out = process.env.PANEL_DIST ?? "dist";
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const result = await build({
  entryPoints: { app: "src/main.tsx", icon: "src/icon.svg" },
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2023", "chrome123", "firefox120", "safari17.5"],
  jsx: "automatic",
  jsxImportSource: "preact",
  entryNames: "[name]-[hash]",
  outdir: out,
  legalComments: "none",
  charset: "utf8",
  metafile: true,
  loader: { ".svg": "copy" },
});

const files = Object.keys(result.metafile.outputs).map((path) => basename(path));
const named = (end) => {
  const found = files.filter((file) => file.endsWith(end));
  if (found.length !== 1) throw new Error(`expected one ${end}: ${found}`);
  return found[0];
};
const page = readFileSync("src/index.html", "utf8")
  .replace("{{script}}", `/assets/${named(".js")}`)
  .replace("{{style}}", `/assets/${named(".css")}`)
  .replace("{{icon}}", `/assets/${named(".svg")}`);
writeFileSync(join(out, "index.html"), page);

for (const file of readdirSync(out)) {
  const bytes = readFileSync(join(out, file));
  writeFileSync(join(out, `${file}.gz`), gzipSync(bytes, { level: 9 }));
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  const brotli = brotliCompressSync(bytes, { params: quality });
  writeFileSync(join(out, `${file}.br`), brotli);
  console.log(`${file}: ${bytes.length} bytes, brotli ${brotli.length}`);
}
