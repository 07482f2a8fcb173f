// The real server on SQLite with a scripted cluster behind it, and a browser before it.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "../../..");
const BIN = process.env.KERUTA_BIN ?? join(ROOT, "target/debug");
export const NAMESPACE = "tasks";
export const PASSWORD = "correct horse battery";
const LIFE = "scripted.keruta.dev/life";

export const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Asks again until it is there. */
export async function until(what, look, patience = 30_000) {
  const began = Date.now();
  let last;
  for (;;) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() - began > patience) throw new Error(`waited in vain: ${what}${last ? `: ${last.message}` : ""}`);
    await sleep(50);
  }
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

export class Scene {
  static async start() {
    const scene = new Scene();
    scene.directory = mkdtempSync(join(tmpdir(), "keruta-e2e-"));
    scene.port = await freePort();
    scene.url = `http://127.0.0.1:${scene.port}`;
    scene.kubeconfig = join(scene.directory, "kubeconfig");
    scene.secrets = join(scene.directory, "secrets");
    mkdirSync(scene.secrets);
    scene.cluster = spawn(join(BIN, "scripted-apiserver"), [scene.kubeconfig, NAMESPACE], { stdio: ["pipe", "pipe", "inherit"] });
    await new Promise((done, fail) => {
      scene.cluster.stdout.once("data", done);
      scene.cluster.once("exit", (code) => fail(new Error(`the scripted cluster ended: ${code}`)));
    });
    await scene.serve();
    return scene;
  }

  /** Starts the server, the first time or again on the same database. */
  async serve() {
    const flags = ["--listen", `127.0.0.1:${this.port}`, "--secrets-dir", this.secrets, "--allow-private-webhooks", "--set", "defaultNamespace=tasks", "--set", `configPath=${this.kubeconfig}`];
    const env = { ...process.env, KERUTA_DATABASE: `sqlite:${join(this.directory, "keruta.db")}` };
    this.server = spawn(join(BIN, "keruta-server"), flags, { cwd: this.directory, env, stdio: ["ignore", "inherit", "pipe"] });
    let said = "";
    this.server.stderr.on("data", (piece) => {
      said += piece;
      if (process.env.KERUTA_E2E_LOG) process.stderr.write(piece);
    });
    this.said = () => said;
    await until("the server", async () => (await fetch(`${this.url}/readyz`)).ok);
    this.token ??= /keruta_admin_[0-9a-f]+/.exec(said)?.[0];
  }

  async end(signal = "SIGTERM") {
    if (this.server.exitCode !== null || this.server.signalCode !== null) return;
    const ended = new Promise((done) => this.server.once("exit", done));
    this.server.kill(signal);
    await ended;
  }

  async stop() {
    await this.end("SIGKILL").catch(() => {});
    this.cluster.stdin.end();
    this.cluster.kill();
    if (!process.env.KERUTA_E2E_KEEP) rmSync(this.directory, { recursive: true, force: true });
  }

  /** A request by the first admin's token. */
  async api(method, path, body, headers = {}) {
    const isText = typeof body === "string";
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body !== undefined && { "content-type": isText ? "application/x-ndjson" : "application/json" }), ...headers },
      body: body === undefined ? undefined : isText ? body : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text && response.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(text) : text;
  }

  /** Somebody deletes a task's Pods in the cluster. What keeps them as evidence keeps no logs. */
  async deletePods(task) {
    const server = /server: (\S+)/.exec(readFileSync(this.kubeconfig, "utf8"))[1];
    const pods = `${server}/api/v1/namespaces/${NAMESPACE}/pods`;
    const ask = async (path, options) => (await fetch(pods + path, options)).text();
    const names = JSON.parse(await ask(`?labelSelector=task-id%3D${task}`)).items.map((pod) => pod.metadata.name);
    for (const name of names) {
      await ask(`/${name}`, { method: "DELETE" });
      await until("its log is gone", async () => /unable to retrieve/.test(await ask(`/${name}/log?container=main`)));
    }
  }

  /** Makes a task whose containers do what their lives say. */
  task(id, life = {}, more = {}) {
    const patch = { merge: { metadata: { annotations: { [LIFE]: JSON.stringify(life) } } } };
    return this.api("POST", "/api/v1/tasks", { id, image: "busybox:1.37", command: ["sh", "-c", "true"], backoffLimit: 0, podPatch: patch, ...more });
  }

  async untilStatus(id, ...statuses) {
    return until(`${id} is ${statuses}`, async () => {
      const task = await this.api("GET", `/api/v1/tasks/${id}`);
      return statuses.includes(task.status) && task;
    });
  }

  /** Lines as an agent sends them. */
  async lines(id, container, texts, options = {}) {
    const { offset = 0, done = false, attempt = 1, from = Date.UTC(2026, 10, 30, 10) } = options;
    const body = texts.map((text, at) => JSON.stringify({ timestamp: new Date(from + offset + at).toISOString(), message: text })).join("\n");
    return this.api("POST", `/api/v1/tasks/${id}/logs?attempt=${attempt}&container=${container}&offset=${offset}&done=${done}`, body);
  }
}

/** A life of one container: `run(["a line", 200, "another"], 3)` writes, waits, writes, exits with 3. */
export function run(steps, exit = 0) {
  const told = steps.map((step) => (typeof step === "number" ? { sleepMs: step } : typeof step === "string" ? { line: step } : step));
  return { runs: [{ steps: told, end: { exit } }] };
}

export async function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--js-flags=--expose-gc", "--enable-precise-memory-info", "--font-render-hinting=none"],
  });
}

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** A page with a fresh profile. What goes to another server, or is refused by the policy, fails the test. */
export async function openPage(browser, scene, options = {}) {
  const { locale = "en", theme = "light", width = 1280, height = 860 } = options;
  const context = await browser.newContext({
    baseURL: scene.url,
    locale,
    colorScheme: theme,
    viewport: { width, height },
    timezoneId: "UTC",
    permissions: ["clipboard-read", "clipboard-write"],
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.troubles = [];
  page.on("pageerror", (error) => page.troubles.push(`error: ${error.stack ?? error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|ERR_/.test(message.text())) page.troubles.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== scene.url) page.troubles.push(`request to ${request.url()}`);
  });
  // While one works on the panel: the files of dist/ instead of those that are compiled in.
  if (process.env.PANEL_DIST) {
    const policy = (await fetch(scene.url)).headers.get("content-security-policy");
    await page.route(/^[^?]*$|\?/, async (route) => {
      const { pathname } = new URL(route.request().url());
      if (/^\/(api|healthz|readyz|metrics)/.test(pathname)) return route.fallback();
      const name = pathname.startsWith("/assets/") ? pathname.slice(8) : "index.html";
      const headers = { "content-type": TYPES[extname(name)], ...(name === "index.html" && { "content-security-policy": policy }) };
      return route.fulfill({ headers, body: readFileSync(join(process.env.PANEL_DIST, name)) });
    });
  }
  return page;
}

export async function signIn(page, name = "ada", password = PASSWORD) {
  await page.goto("/");
  await page.locator('input[name="name"]').fill(name);
  await page.locator('input[name="password"]').fill(password);
  await page.locator('form.card button[type="submit"]').click();
  await page.locator(".side nav").waitFor({ state: "attached" });
}
