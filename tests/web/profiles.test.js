/** Profiles: what users say about themselves by metadata, and what the page makes of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { middle } from "../../src/trio_chat/web/app/platform/pictures.js";
import { connected, FakeClock, FakeServer, newWorkspace, settle } from "./support.js";

const FILE = "/file/AAAAAAAAAAAAAAAAAAAAAA/me.webp";
globalThis.location ??= /** @type {any} */ ({ origin: "https://chat.example" });

/** A server with metadata of its one client. */
class MetadataServer extends FakeServer {
  constructor(clock) {
    super(clock);
    this.caps += " draft/metadata-2=before-connect,max-subs=50";
    this.replace("METADATA", (_server, message) => this.metadata(message));
  }

  metadata(message) {
    const [, subcommand, key, value] = message.params;
    if (subcommand !== "SET") return;
    this.reply(message, [
      value === undefined
        ? `:server 766 ${this.nick} ${this.nick} ${key} :key not set`
        : `:server 761 ${this.nick} ${this.nick} ${key} * :${value}`,
    ]);
  }
}

async function world(options = {}) {
  const clock = new FakeClock();
  const all = await connected({ clock, server: new MetadataServer(clock), ...options });
  const { server, workspace } = all;
  const told = (nick, key, value) =>
    server.say(`:${nick}!u@h METADATA ${nick} ${key} *${value === undefined ? "" : ` :${value}`}`);
  return { ...all, told, profile: (nick) => workspace.profiles.get(nick) };
}

test("profiles are followed, and changed and removed values are shown", async () => {
  const { server, told, profile, workspace, clock } = await world();
  assert.equal(workspace.features.value.profiles, true);
  assert.match(server.sent("METADATA")[0], /METADATA \* SUB display-name .*avatar/);
  told("ann", "display-name", "Ann Smith");
  server.say(":server 761 me ann pronouns * :she/her");
  const { version } = workspace.profiles;
  const before = version.value;
  await clock.advance(200);
  assert.ok(version.value > before);
  assert.deepEqual([profile("ANN").displayName, profile("ann").pronouns], ["Ann Smith", "she/her"]);
  told("ann", "display-name");
  server.say(":server 766 me ann pronouns :key not set");
  assert.deepEqual([profile("ann").displayName, profile("ann").pronouns], ["", ""]);
});

test("texts lose what would disguise or disturb others", async () => {
  const { told, profile } = await world();
  const zalgo = `a${"\u0301".repeat(50)}`;
  for (const [value, wanted] of [
    ["\x02bold\x0f \x0304red", "bold red"],
    ["\u202enimda\u202c", "nimda"],
    ["\u2066bob\u2069", "bob"],
    ["  two   words  ", "two words"],
    [zalgo, "a\u0301\u0301"],
    ["x".repeat(5000), "x".repeat(100)],
  ]) {
    told("ann", "display-name", value);
    assert.equal(profile("ann").displayName, wanted);
  }
});

test("a picture is shown only if it is a file of this server", async () => {
  const { told, profile } = await world();
  const { origin } = location;
  for (const address of [
    "https://evil.example/tracker.png",
    "javascript:alert(1)",
    "data:image/svg+xml,<svg/>",
    `${origin}/other/AAAAAAAAAAAAAAAAAAAAAA/x.png`,
    `${origin}/file/AAAAAAAAAAAAAAAAAAAAAA/x.svg`,
    `${origin}/file/AAAAAAAAAAAAAAAAAAAAAA/x.html`,
    `//evil.example${FILE}`,
    "not an address",
  ]) {
    told("ann", "avatar", address);
    assert.equal(profile("ann")?.avatar ?? "", "", address);
  }
  told("ann", "avatar", `https://elsewhere.example:8080${FILE}`);
  assert.equal(profile("ann").avatar, `${origin}${FILE}`, "another name of this server");
});

test("a homepage is a link by http, or nothing", async () => {
  const { told, profile } = await world();
  told("ann", "homepage", "javascript:alert(1)");
  assert.equal(profile("ann")?.homepage ?? "", "");
  told("ann", "homepage", "https://ann.example/");
  assert.equal(profile("ann").homepage, "https://ann.example/");
});

test("a profile belongs to a user, not to whoever has the nickname next", async () => {
  const { server, told, profile } = await world();
  told("ann", "display-name", "Ann");
  server.say(":ann!u@h NICK anna");
  assert.deepEqual([profile("anna").displayName, profile("ann")], ["Ann", undefined]);
  server.say(":anna!u@h QUIT :bye");
  assert.equal(profile("anna"), undefined);
  server.say(":bob!u@h JOIN #lobby");
  told("bob", "display-name", "Bob");
  server.say(":bob!u@h PART #lobby");
  server.say(":bob!other@h JOIN #lobby");
  assert.equal(profile("bob"), undefined);
});

test("keys and targets that mean nothing to the page take no room", async () => {
  const { server, told, client } = await world();
  for (const key of ["constructor", "__proto__", "url", "x/y"]) told("ann", key, "x");
  server.say(":ann!u@h METADATA #lobby avatar * :x");
  assert.equal(client.model.profiles.byNick.size, 0);
  for (let count = 0; count < 6000; count += 1) told(`n${count}`, "status", "here");
  assert.equal(client.model.profiles.byNick.size, 5000);
});

test("profiles that were too many at once are asked for later", async () => {
  const { server, clock } = await world();
  server.say(":server 774 me #lobby 4");
  server.say(":server 774 me #lobby 4");
  await clock.advance(3000);
  assert.equal(server.sent("METADATA").length, 1);
  await clock.advance(2000);
  assert.deepEqual(server.sent("METADATA").slice(1), ["METADATA #lobby SYNC"]);
  server.say(":server 774 me #lobby -1e99");
  server.drop();
  await clock.advance(1000);
  assert.equal(server.sent("METADATA").filter((line) => line.includes("SYNC")).length, 1);
});

test("the user's own profile is set key by key, and refusals say why", async () => {
  const { server, actions, profile, clock } = await world();
  await actions.setProfile({ displayName: " Me Myself ", status: "" });
  assert.deepEqual(server.sent("METADATA").slice(1), ["METADATA * SET display-name :Me Myself"]);
  assert.equal(profile("me").displayName, "Me Myself");
  server.replace("METADATA", (_server, message) =>
    server.reply(message, [":server FAIL METADATA VALUE_INVALID :value is too long or not UTF8"]),
  );
  await assert.rejects(actions.setProfile({ status: "x" }), /too long/);
  assert.equal(profile("me").status, "");
  await clock.advance(1);
});

test("the profile of a guest is set again with the next connection", async () => {
  const { server, actions, clock } = await world();
  await actions.setProfile({ displayName: "Guest" });
  server.drop();
  await clock.advance(3000);
  const sets = server.sent("METADATA").filter((line) => line.includes("SET"));
  assert.deepEqual(sets, Array(2).fill("METADATA * SET display-name Guest"));
  await actions.setProfile({ displayName: "" });
  server.drop();
  await clock.advance(3000);
  assert.equal(server.sent("METADATA").filter((line) => line.includes("SET")).length, 3);
});

test("a card shows the values of WHOIS, and no stale ones", async () => {
  const { server, actions, told, profile } = await world();
  told("ann", "status", "old");
  server.replace("WHOIS", (_server, message) =>
    server.reply(message, [
      ":server 311 me ann u h * :Ann",
      ":server 760 me ann display-name * :Ann Smith",
      ":server 760 me ann unknown * :x",
      ":server 318 me ann :End",
    ]),
  );
  const card = await actions.whois("ann");
  assert.deepEqual(card.more, []);
  assert.deepEqual([profile("ann").displayName, profile("ann").status], ["Ann Smith", ""]);
});

test("a server without metadata is not asked for profiles", async () => {
  const { workspace, server, actions } = newWorkspace();
  actions.connect({ nick: "me" });
  await settle();
  assert.equal(workspace.features.value.profiles, false);
  assert.equal(server.sent("METADATA").length, 0);
  await assert.rejects(actions.setProfile({ status: "x" }), /keeps no profiles/);
});

test("a picture is cut to the square in its middle", () => {
  assert.deepEqual(middle(300, 100), { left: 100, top: 0, side: 100 });
  assert.deepEqual(middle(100, 301), { left: 0, top: 100, side: 100 });
});
