/** Channels and registration: events, errors, and the way in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, newWorkspace, settle, textsOf } from "./support.js";

const last = (buffer) => buffer.timeline.entries.at(-1);

test("topics come with their author and time, change, and go", async () => {
  const { server, buffer } = await connected();
  server.say(":server 332 me #lobby :Welcome");
  server.say(":server 333 me #lobby ann!u@h 1700000000");
  assert.deepEqual(buffer.topic.value, { text: "Welcome", by: "ann", time: 1_700_000_000_000 });
  server.say("@time=2026-01-31T12:00:00.000Z :bob!u@h TOPIC #lobby :News");
  assert.deepEqual([buffer.topic.value.text, buffer.topic.value.by], ["News", "bob"]);
  server.say(":server 331 me #lobby :No topic is set");
  assert.equal(buffer.topic.value.text, "");
});

test("a dialog learns whether the server has done what it asks for", async () => {
  const { server, actions, buffer } = await connected();
  const dialogs = {
    TOPIC: () => actions.setTopic(buffer, "News"),
    KICK: () => actions.kick(buffer, "bob", "why"),
    REDACT: () => actions.redact(buffer, { msgid: "id1" }, "why"),
  };
  for (const [command, ask] of Object.entries(dialogs)) {
    server.replace(command, (_server, message) =>
      server.reply(message, [":server 482 me #lobby :You're not channel operator"]),
    );
    await assert.rejects(ask(), /rank in #lobby is too low/);
  }
  server.replace("TOPIC", (_server, message) =>
    server.reply(message, [":me!u@h TOPIC #lobby :News"]),
  );
  await dialogs.TOPIC();
  assert.equal(buffer.topic.value.text, "News");
});

test("a channel that is renamed keeps its messages, and is joined by its new name again", async () => {
  const { server, buffer, clock } = await connected();
  server.hear("#lobby", "ann", "before");
  server.say(":ann!u@h RENAME #lobby #hall :better");
  assert.equal(buffer.name, "#hall");
  server.history["#hall"] = server.history["#lobby"];
  server.drop();
  await clock.advance(3000);
  assert.equal(buffer.joined.value, true);
  assert.match(server.sent("JOIN").at(-1), /^JOIN #hall$/);
  assert.deepEqual(textsOf(buffer), ["before"]);
});

test("a tab that is loaded anew shows a renamed channel and its draft under the new name", async () => {
  const before = await connected();
  const { server, clock, passing, buffer } = before;
  before.actions.join("#attic");
  await settle();
  before.actions.open("#lobby");
  buffer.draft.value = "half";
  await clock.advance(1000);
  server.say(":ann!u@h RENAME #lobby #zoo :better");
  await settle();
  const { workspace } = await connected({ server, clock, passing });
  assert.equal(workspace.current.value?.name, "#zoo");
  assert.equal(workspace.current.value?.draft.value, "half");
});

test("a channel that forwards leads to the other one", async () => {
  const { server, workspace, actions, client } = await connected();
  server.replace("JOIN", () => {
    server.say(":server 470 me #full #overflow :Forwarding");
    server.say(":me!u@h JOIN #overflow * :me");
  });
  actions.join("#full");
  await settle();
  assert.equal(workspace.current.value.name, "#overflow");
  assert.deepEqual([client.channels.has("#full"), client.channels.has("#overflow")], [false, true]);
});

test("who has an invitation that is none any more learns that", async () => {
  const { server, workspace, actions } = await connected();
  server.replace("JOIN", (_server, { params }) => {
    server.say(`:server 473 me ${params[0]} :Cannot join channel (+i)`);
  });
  actions.join("#den");
  await settle();
  assert.match(workspace.notices.value.at(-1).text, /without an invitation/);
  actions.join("#den", "token");
  await settle();
  assert.match(workspace.notices.value.at(-1).text, /has expired, was used up/);
});

test("modes follow the server, and own ranks with them", async () => {
  const { server, buffer } = await connected();
  server.say(":server 324 me #lobby +lnt 20");
  server.say(":ann!u@h MODE #lobby +ok-l me secret");
  assert.deepEqual([buffer.modes.value, buffer.myPrefixes.value], ["+knt secret", "@"]);
  server.say(":ann!u@h MODE #lobby -o me");
  assert.equal(buffer.myPrefixes.value, "");
});

test("invitations are told to their receiver, and shown to the members", async () => {
  const { server, workspace, buffer } = await connected();
  server.say(":ann!u@h INVITE me #party");
  assert.match(workspace.notices.value.at(-1).text, /ann invites you to #party/);
  server.say(":ann!u@h INVITE bob #lobby");
  assert.deepEqual([last(buffer).kind, last(buffer).target], ["invite", "bob"]);
});

test("a message to a channel that the user has just left is not sent", async () => {
  const { server, buffer, actions, clock } = await connected();
  server.reachable = false;
  server.drop();
  await settle();
  actions.input(buffer, "too late");
  actions.part(buffer);
  assert.match(last(buffer).failed, /left the channel/);
  server.reachable = true;
  await clock.advance(60_000);
  assert.equal(server.sent("PRIVMSG").length, 0);
  assert.equal(buffer.joined.value, false);
});

test("a message that was not delivered stays when the user goes to the past and back", async () => {
  const { server, buffer, actions } = await connected();
  server.replace("PRIVMSG", (_server, message) =>
    server.reply(message, [":server 404 me #lobby :Cannot send to channel"]),
  );
  actions.input(buffer, "my long thoughts");
  await settle();
  buffer.timeline.live.value = false;
  await actions.backToLive(buffer);
  assert.deepEqual([last(buffer).text, last(buffer).failed !== ""], ["my long thoughts", true]);
});

test("what refuses the entry is said in the form that can mend it", async () => {
  for (const [line, problem, reason] of [
    [":server 432 * me :Erroneous nickname", "nick", /does not allow the nickname/],
    [":server 464 * :Password incorrect", "password", /password is missing or wrong/],
    [":server 465 * :No spam", "banned", /banned from this server.*No spam/],
    [":server FAIL * ACCOUNT_REQUIRED :Log in", "account", /only users that log in/],
  ]) {
    const { server, workspace, actions, clock } = newWorkspace();
    server.replace("NICK", () => server.say(line));
    actions.connect({ nick: "me" });
    await settle();
    const { phase, problem: found, reason: said } = workspace.connection.value;
    assert.deepEqual([phase, found], ["closed", problem], line);
    assert.match(said, reason);
    await clock.advance(120_000);
    assert.equal(server.sockets.length, 1, "it is not tried again");
  }
});

test("errors of the nickname are notes once the user is in", async () => {
  const { server, workspace } = await connected();
  server.say(":server 432 me !! :Erroneous nickname");
  server.say(":server 464 me :Password incorrect");
  assert.equal(workspace.connection.value.phase, "ready");
  assert.match(workspace.notices.value.at(-1).text, /does not allow the nickname “!!”/);
  assert.match(last(workspace.buffers.value[0]).text, /operator is wrong/);
});

test("all nicknames in use end the attempt", async () => {
  const { server, workspace, actions } = newWorkspace();
  server.replace("NICK", (_server, { params }) =>
    server.say(`:server 433 * ${params[0]} :Nickname is already in use`),
  );
  actions.connect({ nick: "me" });
  await settle();
  assert.deepEqual(
    [workspace.connection.value.phase, workspace.connection.value.problem],
    ["closed", "nick"],
  );
  assert.equal(server.sent("NICK").length, 10);
});

test("a history that cannot be read now is asked for again, and leaves no gap", async () => {
  const { server, buffer, clock, texts } = await connected();
  server.hear("#lobby", "ann", "before");
  server.replace("CHATHISTORY", (_server, message) =>
    server.reply(message, [":server FAIL CHATHISTORY MESSAGE_ERROR LATEST #lobby :Not now"]),
  );
  server.drop();
  server.store("#lobby", "ann!u@h", "PRIVMSG", "missed");
  await clock.advance(3000);
  server.hear("#lobby", "ann", "after");
  assert.deepEqual(texts(), ["before", "after"]);
  assert.ok(buffer.missedAfter);
  delete server.answers.CHATHISTORY;
  await clock.advance(30_000);
  assert.deepEqual(texts(), ["before", "missed", "after"]);
  assert.equal(buffer.missedAfter, undefined);
});

test("a page of messages that are hidden does not end the history", async () => {
  const { server, workspace, actions } = newWorkspace();
  server.page = 10;
  server.store("#lobby", "ann!u@h", "PRIVMSG", "oldest");
  for (let count = 0; count < 60; count += 1) {
    server.store("#lobby", "eve!u@h", "PRIVMSG", `spam ${count}`);
  }
  server.store("#lobby", "ann!u@h", "PRIVMSG", "newest");
  actions.ignore("eve", true);
  actions.connect({ nick: "me" });
  await settle();
  const buffer = workspace.current.value;
  for (let count = 0; count < 10 && buffer.timeline.hasOlder.value; count += 1) {
    await actions.loadOlder(buffer);
  }
  assert.deepEqual(textsOf(buffer), ["oldest", "newest"]);
});

test("private conversations that came while the user was offline are opened", async () => {
  const { server, workspace, actions, client } = newWorkspace();
  server.store("bob", "bob!u@h", "PRIVMSG", "are you there?");
  server.replace("CHATHISTORY", (_server, message) => {
    const label = message.tags.get("label");
    if (message.params[0] !== "TARGETS") return;
    server.say(`@label=${label} :server BATCH +T draft/chathistory-targets`);
    server.say("@batch=T :server CHATHISTORY TARGETS bob 2026-01-31T12:00:00.000Z");
    server.say("@batch=T :server CHATHISTORY TARGETS #lobby 2026-01-31T12:00:00.000Z");
    server.say(":server BATCH -T");
  });
  client.model.me.account.value = "me";
  actions.connect({ nick: "me" });
  await settle();
  const names = workspace.buffers.value.map((each) => each.name);
  assert.deepEqual(names, ["", "#lobby", "bob"]);
});
