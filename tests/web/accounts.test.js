/** Accounts: registration, verification, and what can go wrong with them. */
import assert from "node:assert/strict";
import { test } from "node:test";
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
