/** Single sign-on: to the page of the provider and back, and the login with a token. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { begin, finish } from "../../src/trio_chat/web/app/platform/sign_on.js";
import { connected, newWorkspace, settle } from "./support.js";

const KNOWN = {
  name: "Example",
  issuer: "https://sso.example.org",
  authorization: "https://sso.example.org/auth?realm=x",
  client_id: "trio-chat",
  scope: "openid profile",
};

/** A browser that is at the page, and its server. */
class FakeBrowser {
  constructor() {
    this.kept = new Map();
    this.asked = [];
    this.gone = "";
    this.replaced = "";
    this.answers = [{ ok: true, json: async () => KNOWN }];
    this.location = {
      origin: "https://chat.example.org",
      pathname: "/",
      hash: "#/python",
      assign: (/** @type {string} */ url) => (this.gone = url),
    };
    this.history = { replaceState: (_state, _title, url) => (this.replaced = url) };
    this.storage = {
      getItem: (key) => this.kept.get(key) ?? null,
      setItem: (key, value) => this.kept.set(key, value),
      removeItem: (key) => this.kept.delete(key),
    };
    this.fetch = async (url, options) => {
      this.asked.push([url, options]);
      const answer = this.answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    };
  }
}

/** A browser that was led to the provider. */
async function begun() {
  const browser = new FakeBrowser();
  await begin({ remember: true }, browser);
  const { searchParams } = new URL(browser.gone);
  browser.answers = [{ ok: true, json: async () => ({ token: "to.ke.n", name: "ann" }) }];
  return { browser, state: searchParams.get("state"), sent: searchParams };
}

test("the user is led to the provider with a challenge", async () => {
  const { browser, sent } = await begun();
  assert.ok(browser.gone.startsWith("https://sso.example.org/auth?realm=x&"));
  assert.equal(sent.get("redirect_uri"), "https://chat.example.org/");
  assert.equal(sent.get("code_challenge_method"), "S256");
  const { verifier, nonce } = JSON.parse(browser.kept.get("sign-on"));
  const hashed = createHash("sha256").update(verifier).digest("base64url");
  assert.equal(sent.get("code_challenge"), hashed);
  assert.equal(sent.get("nonce"), nonce);
  assert.ok(!browser.gone.includes(verifier));
});

test("the code is exchanged once, and leaves the address", async () => {
  const { browser, state } = await begun();
  const answer = new URLSearchParams({ code: "c", state, iss: KNOWN.issuer });
  assert.deepEqual(await finish(answer, browser), { token: "to.ke.n", name: "ann", remember: true });
  assert.equal(browser.replaced, "/#/python");
  const [url, { method, body }] = browser.asked.at(-1);
  assert.equal(`${method} ${url}`, "POST sso");
  assert.equal(JSON.parse(body).code, "c");
  await assert.rejects(finish(answer, browser), /not begun here/);
});

for (const [name, change] of Object.entries({
  "another state": { state: "x" },
  "no state": { state: "" },
  "another issuer": { iss: "https://evil.example.org" },
})) {
  test(`an answer with ${name} is not taken`, async () => {
    const { browser, state } = await begun();
    const asked = browser.asked.length;
    const answer = new URLSearchParams({ code: "c", state, ...change });
    await assert.rejects(finish(answer, browser), /not begun here/);
    assert.equal(browser.asked.length, asked);
    assert.equal(browser.replaced, "/#/python");
  });
}

test("a refusal of the provider is shown", async () => {
  const { browser, state } = await begun();
  const answer = new URLSearchParams({ error: "access_denied", state });
  await assert.rejects(finish(answer, browser), /refused/);
});

test("a server that cannot be reached is no way in", async () => {
  const browser = new FakeBrowser();
  browser.answers = [new Error("offline"), { ok: false }];
  await assert.rejects(begin({ remember: false }, browser), /cannot be reached/);
  await assert.rejects(begin({ remember: false }, browser), /cannot be reached/);
  assert.equal(browser.gone, "");
});

test("an address that is not encrypted is not gone to", async () => {
  const local = "javascript://localhost/%0aalert(1)";
  for (const authorization of ["http://sso.example.org/", "javascript:alert(1)", local]) {
    const browser = new FakeBrowser();
    browser.answers = [{ ok: true, json: async () => ({ ...KNOWN, authorization }) }];
    await assert.rejects(begin({ remember: false }, browser));
    assert.equal(browser.gone, "");
  }
});

test("a provider on this machine is gone to without encryption, whatever its name", async () => {
  for (const host of ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "sso.localhost"]) {
    const browser = new FakeBrowser();
    const known = { ...KNOWN, authorization: `http://${host}/auth` };
    browser.answers = [{ ok: true, json: async () => known }];
    await begin({ remember: false }, browser);
    assert.ok(browser.gone.startsWith(`http://${host}/auth?`));
  }
});
