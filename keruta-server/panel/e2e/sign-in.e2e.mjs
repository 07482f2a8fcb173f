// Signing in by an OpenID provider: a small one on loopback, in a real browser.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { openPage } from "./scene.mjs";

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A provider that lets in whoever comes, with these groups. */
async function provider(groups) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const codes = new Map();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, issuer);
    const json = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (url.pathname === "/.well-known/openid-configuration") {
      return json(200, { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys` });
    }
    if (url.pathname === "/keys") return json(200, { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k", use: "sig" }] });
    if (url.pathname === "/authorize") {
      const asked = Object.fromEntries(url.searchParams);
      codes.set("c1", asked);
      return response.writeHead(302, { location: `${asked.redirect_uri}?code=c1&state=${asked.state}` }).end();
    }
    let body = "";
    for await (const piece of request) body += piece;
    const form = new URLSearchParams(body);
    const asked = codes.get(form.get("code"));
    const proves = asked && createHash("sha256").update(form.get("code_verifier")).digest("base64url") === asked.code_challenge;
    if (!proves) return json(400, { error: "invalid_grant" });
    codes.clear();
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, sub: "7", aud: "keruta", exp: now + 60, iat: now, nonce: asked.nonce, preferred_username: "sol", groups };
    const message = `${part({ alg: "ES256", kid: "k" })}.${part(claims)}`;
    const signature = sign("sha256", Buffer.from(message), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");
    return json(200, { id_token: `${message}.${signature}`, token_type: "Bearer", access_token: "x" });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  return { issuer, stop: () => server.close() };
}

const set = (scene, oidc) => scene.api("PATCH", "/api/v1/settings/server", { oidc }, { "if-match": "*" });

export const tests = [
  [
    "whom a provider vouches for is let in, and who has no role is told so",
    async ({ scene, browser }) => {
      const groups = ["staff"];
      const there = await provider(groups);
      try {
        const page = await openPage(browser, scene);
        await page.goto("/tasks?status=FAILED");
        await page.getByRole("button", { name: "Sign in" }).waitFor();
        assert.equal(await page.getByRole("link", { name: "Sign in with" }).count(), 0);
        await set(scene, { issuer: there.issuer, clientId: "keruta", name: "Example SSO", roles: { viewer: ["staff"] } });
        await page.reload();
        await page.getByRole("link", { name: "Sign in with Example SSO" }).click();
        await page.getByRole("heading", { name: "Tasks" }).waitFor();
        // Where one wanted to go is where one is.
        assert.equal(new URL(page.url()).search, "?status=FAILED");
        await page.getByRole("button", { name: "Account" }).click();
        await page.getByText("Viewer").first().waitFor();
        await page.getByRole("button", { name: "Sign out" }).click();

        groups[0] = "guests";
        await page.getByRole("link", { name: "Sign in with Example SSO" }).click();
        await page.getByText("none of your groups has a role here").waitFor();
        await page.getByRole("combobox", { name: "Language" }).selectOption("ja");
        await page.getByText("keruta を使う権限がありません").waitFor();
        await page.getByRole("link", { name: "Example SSO でサインイン" }).waitFor();
      } finally {
        await set(scene, null);
        there.stop();
      }
    },
  ],
];
