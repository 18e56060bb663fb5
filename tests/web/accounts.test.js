/** Accounts: registration, verification, and what can go wrong with them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../src/trio_chat/web/app/irc/message.js";
import { accountRefused } from "../../src/trio_chat/web/app/session/reasons.js";
import { connected } from "./support.js";

/** A workspace whose server answers a command with a line. */
async function world(command, ...lines) {
  const all = await connected();
  all.server.replace(command, (_server, message) => all.server.reply(message, lines));
  return all;
}

test("a registration that needs a code says so, and the code ends it", async () => {
  const { server, actions } = await world(
    "REGISTER",
    ":server REGISTER VERIFICATION_REQUIRED me :A code was sent",
  );
  assert.deepEqual(await actions.register("me", "secret word", "me@example.org"), { verify: true });
  assert.deepEqual(server.sent("REGISTER"), ["REGISTER me me@example.org :secret word"]);
  server.replace("VERIFY", (_server, message) =>
    server.reply(message, [":server VERIFY SUCCESS me :Account verified"]),
  );
  await actions.verify("me", "1234");
  assert.deepEqual(server.sent("VERIFY"), ["VERIFY me 1234"]);
});

test("an invitation of the address is sent with the registration", async () => {
  const { server, client, actions } = await world(
    "REGISTER",
    ":server REGISTER VERIFICATION_REQUIRED me :A code was sent",
  );
  client.channels.invitation = "token";
  await actions.register("", "secret");
  assert.deepEqual(server.sent("REGISTER"), ["REGISTER * * secret token"]);
});

test("a refused registration says why, with the server's reason where that helps", async () => {
  for (const [code, wanted] of [
    ["ACCOUNT_EXISTS me", /There is an account me already/],
    ["WEAK_PASSWORD me", /too easy to guess.*\(Reason\)/],
    ["INVITATION_REQUIRED me", /by invitation only/],
    ["SOMETHING_NEW me", /Error: Reason$/],
  ]) {
    const { actions } = await world("REGISTER", `:server FAIL REGISTER ${code} :Reason`);
    await assert.rejects(actions.register("me", "secret"), wanted, code);
  }
});

test("what a refusal always says has no English beside the words of the page", () => {
  const said = (/** @type {string} */ line) => {
    const message = parse(line);
    assert.ok(message);
    return accountRefused("me", message);
  };
  assert.equal(
    said(":server FAIL REGISTER WEAK_PASSWORD me :A password has at least 6 characters"),
    "The password is too short: it needs at least 6 characters.",
  );
  const wrong = "Not logged in as me: check the account and the password.";
  assert.equal(said(":server 904 * :SASL authentication failed: wrong account or password"), wrong);
  assert.equal(said(":server 904 * :SASL authentication failed: try later"), `${wrong} (try later)`);
});

test("names and codes that cannot be sent are refused before they are", async () => {
  const { server, actions } = await connected();
  await assert.rejects(actions.register("two words", "secret"), /no name or code with spaces/);
  await assert.rejects(actions.verify("me", "1\r\nQUIT"), /no name or code with spaces/);
  assert.equal(server.sent("REGISTER").length + server.sent("QUIT").length, 0);
});

test("a login needs a connection", async () => {
  const { server, actions } = await connected();
  server.reachable = false;
  server.drop();
  await assert.rejects(actions.login("me", "secret"), /no connection/);
  await assert.rejects(actions.register("me", "secret"), /no connection|lost/);
});
