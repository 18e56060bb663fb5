/** The session against a server in memory: connecting, talking, history, reconnecting. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connected, newWorkspace, settle, textsOf } from "./support.js";

test("a nickname is all that it takes to be in the lobby with its history", async () => {
  const { workspace, server, actions } = newWorkspace();
  server.store("#lobby", "ann!u@h", "PRIVMSG", "hello");
  actions.connect({ nick: "me" });
  await settle();
  assert.equal(workspace.connection.value.phase, "ready");
  assert.equal(workspace.current.value?.name, "#lobby");
  assert.deepEqual(textsOf(workspace.current.value), ["hello"]);
  assert.deepEqual([...workspace.current.value.members.keys()], ["me", "ann"]);
});

test("a message is pending until its echo, and then has the server's identity", async () => {
  const { server, buffer, actions } = await connected();
  server.replace("PRIVMSG", () => {});
  actions.input(buffer, "hello");
  await settle();
  const [entry] = buffer.timeline.entries.slice(-1);
  assert.deepEqual([entry.pending, entry.msgid], [true, ""]);
  const label = /label=(\w+)/.exec(server.lines.at(-1))[1];
  server.say(`@label=${label};msgid=x;time=2026-01-31T12:00:01.000Z :me!u@h PRIVMSG #lobby :hello`);
  assert.deepEqual(
    [entry.pending, entry.msgid, entry.time],
    [false, "x", Date.UTC(2026, 0, 31, 12, 0, 1)],
  );
  assert.equal(textsOf(buffer).length, 1);
});

test("a confirmed message stands behind those that the server had before it", async () => {
  const { server, buffer, actions } = await connected();
  server.replace("PRIVMSG", () => {});
  actions.input(buffer, "mine");
  await settle();
  server.hear("#lobby", "ann", "before");
  assert.deepEqual(textsOf(buffer), ["before", "mine"]);
});

test("a refused message says why, and can be sent again", async () => {
  const { server, buffer, actions } = await connected();
  server.replace("PRIVMSG", (_server, message) => {
    server.reply(message, [":server 404 me #lobby :Cannot send to channel"]);
  });
  actions.input(buffer, "hello");
  await settle();
  const entry = buffer.timeline.entries.at(-1);
  assert.deepEqual([entry.pending, entry.failed], [false, "You may not write in #lobby."]);
  delete server.answers.PRIVMSG;
  actions.resend(entry);
  await settle();
  assert.deepEqual(
    buffer.timeline.entries.filter((each) => each.text === "hello").map((each) => each.failed),
    [""],
  );
});

test("several lines are one message, in both directions", async () => {
  const { server, buffer, actions } = await connected();
  actions.input(buffer, "one\ntwo");
  await settle();
  assert.deepEqual(textsOf(buffer), ["one\ntwo"]);
  server.say("@msgid=q;time=2026-01-31T12:00:01.000Z :ann!u@h BATCH +x draft/multiline #lobby");
  server.say("@batch=x :ann!u@h PRIVMSG #lobby :a");
  server.say("@batch=x;draft/multiline-concat :ann!u@h PRIVMSG #lobby :b");
  server.say("@batch=x :ann!u@h PRIVMSG #lobby :c");
  server.say("BATCH -x");
  assert.equal(textsOf(buffer).at(-1), "ab\nc");
});

test("what was missed is put in its place after a reconnect, once", async () => {
  const { server, buffer, clock, texts } = await connected();
  server.hear("#lobby", "ann", "1");
  server.drop();
  server.store("#lobby", "ann!u@h", "PRIVMSG", "2");
  server.store("#lobby", "ann!u@h", "PRIVMSG", "3");
  await clock.advance(2000);
  server.hear("#lobby", "ann", "4");
  assert.deepEqual(texts(), ["1", "2", "3", "4"]);
  assert.equal(buffer.joined.value, true);
});

test("a lost message that the history has is not sent again", async () => {
  const { server, buffer, clock, actions } = await connected();
  server.replace("PRIVMSG", (_server, { params }) => {
    server.store(params[0], "me!u@h", "PRIVMSG", params[1]);
    server.drop();
  });
  actions.input(buffer, "hello");
  await settle();
  delete server.answers.PRIVMSG;
  await clock.advance(2000);
  assert.deepEqual(textsOf(buffer), ["hello"]);
  assert.equal(
    buffer.timeline.entries.some((each) => each.pending),
    false,
  );
  assert.equal(server.sent("PRIVMSG").length, 1);
});

test("a lost message that the history does not have is sent again, also with an older twin", async () => {
  const { server, buffer, clock, actions } = await connected();
  actions.input(buffer, "hello");
  await settle();
  server.replace("PRIVMSG", () => server.drop());
  actions.input(buffer, "hello");
  await settle();
  delete server.answers.PRIVMSG;
  await clock.advance(2000);
  assert.deepEqual(textsOf(buffer), ["hello", "hello"]);
  assert.equal(server.history["#lobby"].length, 2);
  assert.equal(
    buffer.timeline.entries.some((each) => each.pending || each.failed),
    false,
  );
});

test("what is typed without a connection is sent when there is one", async () => {
  const { server, buffer, clock, actions } = await connected();
  server.reachable = false;
  server.drop();
  await settle();
  actions.input(buffer, "later");
  assert.equal(buffer.timeline.entries.at(-1).pending, true);
  server.reachable = true;
  await clock.advance(10_000);
  assert.deepEqual(textsOf(buffer), ["later"]);
  assert.equal(buffer.timeline.entries.at(-1).pending, false);
});

test("a page of events is not empty: pages are fetched until there are messages", async () => {
  const { workspace, server, actions } = newWorkspace();
  server.store("#lobby", "ann!u@h", "PRIVMSG", "old");
  for (let count = 0; count < 150; count += 1) server.store("#lobby", "bob!u@h", "JOIN");
  actions.connect({ nick: "me" });
  await settle();
  assert.deepEqual(textsOf(workspace.current.value), ["old"]);
  assert.equal(workspace.current.value.timeline.hasOlder.value, false);
});

test("scrolling up loads older messages in order, without a double", async () => {
  const { server, actions, workspace } = newWorkspace();
  const wanted = Array.from({ length: 350 }, (_, index) => `m${index}`);
  for (const text of wanted) server.store("#lobby", "ann!u@h", "PRIVMSG", text);
  actions.connect({ nick: "me" });
  await settle();
  const buffer = workspace.current.value;
  assert.deepEqual(textsOf(buffer), wanted.slice(-100));
  while (buffer.timeline.hasOlder.value) await actions.loadOlder(buffer);
  assert.deepEqual(textsOf(buffer), wanted);
});

test("a jump into the past shows what is around a message, and leads back", async () => {
  const { server, actions, workspace } = newWorkspace();
  const ids = Array.from(
    { length: 900 },
    (_, index) => server.store("#lobby", "ann!u@h", "PRIVMSG", `m${index}`).msgid,
  );
  actions.connect({ nick: "me" });
  await settle();
  const buffer = workspace.current.value;
  const found = await actions.loadAround(buffer, ids[300]);
  assert.equal(found.text, "m300");
  assert.equal(buffer.timeline.live.value, false);
  server.hear("#lobby", "ann", "now");
  assert.equal(textsOf(buffer).includes("now"), false);
  while (!buffer.timeline.live.value) await actions.loadNewer(buffer);
  assert.equal(textsOf(buffer).at(-1), "now");
  const texts = textsOf(buffer);
  assert.deepEqual(
    texts.slice(texts.indexOf("m300"), -1),
    Array.from({ length: 600 }, (_, index) => `m${index + 300}`),
  );
});

test("too large a gap is not filled: the newest messages replace the old ones", async () => {
  const { server, buffer, clock } = await connected();
  server.hear("#lobby", "ann", "old");
  server.drop();
  for (let count = 0; count < 700; count += 1)
    server.store("#lobby", "ann!u@h", "PRIVMSG", `m${count}`);
  await clock.advance(2000);
  assert.equal(textsOf(buffer).includes("old"), false);
  assert.equal(textsOf(buffer).at(-1), "m699");
  assert.equal(buffer.timeline.hasOlder.value, true);
});

test("a dead socket is noticed by a PING without an answer", async () => {
  const { server, clock, workspace } = await connected();
  server.replace("PING", () => {});
  await clock.advance(60_000);
  assert.equal(server.sockets.length > 1, true);
  assert.equal(workspace.connection.value.phase, "ready");
});

test("the pauses between attempts grow to a minute, and waking up ends them", async () => {
  const { server, clock, workspace, client } = await connected();
  server.reachable = false;
  server.drop();
  await clock.advance(300_000);
  const attempts = server.sockets.length;
  assert.ok(attempts > 5 && attempts < 15, String(attempts));
  server.reachable = true;
  client.link.wake();
  await settle();
  assert.equal(workspace.connection.value.phase, "ready");
});

test("unread messages are counted behind the marker, and the marker moves when they are seen", async () => {
  const { server, workspace, buffer, clock, actions } = await connected();
  actions.join("#other");
  await settle();
  server.hear("#lobby", "ann", "hello");
  server.hear("#lobby", "ann", "me: look");
  await clock.advance(100);
  assert.deepEqual([buffer.unread.value, buffer.mentions.value], [2, 1]);
  assert.deepEqual(
    workspace.mentions.value.map((each) => each.entry.text),
    ["me: look"],
  );
  await clock.advance(1000);
  actions.open("#lobby");
  assert.deepEqual([buffer.unread.value, buffer.mentions.value], [0, 0]);
  await clock.advance(5000);
  assert.equal(server.sent("MARKREAD").length > 0, true);
});

test("a device that logs in later sees where the unread messages begin", async () => {
  const { server, clock, workspace, actions } = newWorkspace();
  workspace.attentive.value = true;
  server.store("#lobby", "ann!u@h", "PRIVMSG", "read elsewhere");
  server.markers["#lobby"] = `timestamp=${server.stamp}`;
  const read = clock.now();
  await clock.advance(1000);
  server.store("#lobby", "ann!u@h", "PRIVMSG", "not read");
  await clock.advance(1000);
  actions.connect({ nick: "me" });
  await settle();
  await clock.advance(100);
  const buffer = workspace.current.value;
  assert.deepEqual(textsOf(buffer), ["read elsewhere", "not read"]);
  assert.equal(buffer.unreadFrom.value, read);
  assert.equal(buffer.unread.value, 0);
});

test("what was said before the first visit is not unread", async () => {
  const { server, clock, workspace, actions } = newWorkspace();
  workspace.attentive.value = true;
  server.store("#lobby", "ann!u@h", "PRIVMSG", "long ago");
  await clock.advance(1000);
  actions.connect({ nick: "me" });
  await settle();
  await clock.advance(100);
  assert.equal(workspace.current.value.unreadFrom.value, 0);
});

test("what a guest has not read is unread when the tab is loaded anew", async () => {
  const before = await connected();
  const { server, clock, passing } = before;
  before.actions.join("#other");
  await settle();
  await clock.advance(1000);
  server.hear("#lobby", "ann", "not read");
  await clock.advance(1000);
  before.client.markers.flush();
  server.markers = {}; // the server forgets a guest that leaves
  const { workspace } = await connected({ server, clock, passing });
  await clock.advance(100);
  const lobby = workspace.buffers.value.find(({ name }) => name === "#lobby");
  assert.equal(workspace.current.value.name, "#other");
  assert.equal(lobby?.unread.value, 1);
});

test("a marker that another device has moved clears the count", async () => {
  const { server, buffer, actions, clock } = await connected();
  actions.join("#other");
  await settle();
  await clock.advance(1000);
  server.hear("#lobby", "ann", "hello");
  await clock.advance(100);
  assert.equal(buffer.unread.value, 1);
  server.say(`:server MARKREAD #lobby timestamp=${server.stamp}`);
  assert.equal(buffer.unread.value, 0);
});

test("following a busy channel sends few markers and draws ten times a second", async () => {
  const { server, buffer, clock } = await connected();
  await clock.advance(5000);
  const before = server.sent("MARKREAD").length;
  const { value } = buffer.timeline.version;
  for (let count = 0; count < 500; count += 1) {
    server.hear("#lobby", "ann", `m${count}`);
    await clock.advance(10);
  }
  assert.ok(server.sent("MARKREAD").length - before <= 4);
  assert.ok(buffer.timeline.version.value - value <= 55);
});

test("a nickname in use is replaced, and taken back when it is free", async () => {
  const { workspace, server, actions } = newWorkspace();
  server.taken = ["me"];
  actions.connect({ nick: "me" });
  await settle();
  assert.equal(workspace.me.nick.value, "me2");
  assert.ok(server.sent("MONITOR").join().includes("me"));
  server.taken = [];
  server.say(":server 731 me2 :me");
  await settle();
  assert.equal(workspace.me.nick.value, "me");
});

test("a capability that is requested after the end of the negotiation does not hold it up", async () => {
  const { workspace, server, actions } = newWorkspace();
  server.caps += " draft/webpush soju.im/webpush";
  server.taken = ["me"];
  actions.connect({ nick: "me" });
  await settle();
  assert.equal(workspace.me.nick.value, "me2");
  assert.equal(workspace.connection.value.phase, "ready");
});

test("a nickname of an account closes the connection, and says what to do", async () => {
  const { workspace, server, actions } = newWorkspace();
  server.replace("NICK", () => server.say(":server FAIL NICK NICKNAME_RESERVED me :Reserved"));
  actions.connect({ nick: "me" });
  await settle();
  const { phase, problem, reason } = workspace.connection.value;
  assert.deepEqual([phase, problem], ["closed", "login"]);
  assert.match(reason, /belongs to an account/);
});

test("reactions also reach messages that are loaded after them", async () => {
  const { workspace, server, actions } = newWorkspace();
  server.page = 2;
  const { msgid } = server.store("#lobby", "ann!u@h", "PRIVMSG", "hello");
  server.store("#lobby", "bob!u@h", "TAGMSG", undefined, [
    ["+draft/react", "👍"],
    ["+draft/reply", msgid],
  ]);
  server.store("#lobby", "ann!u@h", "PRIVMSG", "more");
  actions.connect({ nick: "me" });
  await settle();
  const entry = workspace.current.value.timeline.find(msgid);
  assert.deepEqual([...entry.reactions.get("👍")], ["bob"]);
});

test("the name of the account and a reply to an own message are mentions, too", async () => {
  const { server, workspace, buffer, actions } = await connected();
  server.say(":server 900 me me!u@h annabel :Logged in");
  actions.send(buffer, "lunch?");
  await settle();
  const { msgid } = buffer.timeline.entries.findLast((each) => each.text === "lunch?");
  server.hear("#lobby", "ann", "annabel: hello");
  server.hear("#lobby", "ann", "yes", [["+draft/reply", msgid]]);
  server.hear("#lobby", "ann", "no", [["+draft/reply", "gone"]]);
  assert.deepEqual(
    workspace.mentions.value.map((each) => each.entry.text),
    ["annabel: hello", "yes"], // of the same time
  );
});

test("a deleted message loses its text, also from the mentions", async () => {
  const { server, workspace, buffer } = await connected();
  const msgid = server.hear("#lobby", "ann", "me: secret");
  assert.equal(workspace.mentions.value.length, 1);
  server.say(`:ann!u@h REDACT #lobby ${msgid}`);
  const entry = buffer.timeline.find(msgid);
  assert.deepEqual([entry.text, entry.redactedBy], ["", "ann"]);
  assert.equal(workspace.mentions.value.length, 0);
});

test("nobody types that has left", async () => {
  const { server, buffer } = await connected();
  for (const leaving of ["PART #lobby", "QUIT :bye"]) {
    server.say(":ann!u@h JOIN #lobby");
    server.say("@+typing=active :ann!u@h TAGMSG #lobby");
    assert.deepEqual(buffer.typing.value, ["ann"]);
    server.say(`:ann!u@h ${leaving}`);
    assert.deepEqual(buffer.typing.value, []);
  }
});

test("typing is sent once in three seconds, and that of others ends by itself", async () => {
  const { server, buffer, clock, actions } = await connected();
  for (let count = 0; count < 10; count += 1) actions.typing(buffer, true);
  await settle();
  assert.equal(server.sent("TAGMSG").length, 1);
  server.say("@+typing=active :ann!u@h TAGMSG #lobby");
  assert.deepEqual(buffer.typing.value, ["ann"]);
  await clock.advance(6000);
  assert.deepEqual(buffer.typing.value, []);
});

test("nothing is said about typing that the server refuses", async () => {
  const { server, workspace, buffer, actions } = await connected();
  server.replace("TAGMSG", (_, { tags }) => {
    const label = tags.has("label") ? `@label=${tags.get("label")} ` : "";
    server.say(`${label}:server 404 me #lobby :Cannot send to channel`);
  });
  const before = buffer.timeline.entries.length;
  actions.typing(buffer, true);
  await settle();
  assert.equal(server.sent("TAGMSG").length, 1);
  assert.equal(buffer.timeline.entries.length, before);
  assert.deepEqual(workspace.notices.value, []);
});

test("a private message opens a conversation; a notice of a stranger does not", async () => {
  const { server, workspace, clock } = await connected();
  server.say("@msgid=p1;time=2026-01-31T12:00:00.000Z :bob!u@h PRIVMSG me :psst");
  server.say(":eve!u@h NOTICE me :buy");
  const names = workspace.buffers.value.map((each) => each.name);
  assert.deepEqual(names, ["", "#lobby", "bob"]);
  const bob = workspace.buffers.value[2];
  await clock.advance(100);
  assert.deepEqual([bob.unread.value, bob.mentions.value], [1, 1]);
});

test("ignored users are hidden, in what comes and in the history", async () => {
  const { server, buffer, actions } = await connected();
  server.store("#lobby", "eve!u@h", "PRIVMSG", "spam");
  actions.ignore("eve", true);
  server.hear("#lobby", "eve", "more spam");
  server.hear("#lobby", "ann", "hello");
  await actions.backToLive(buffer);
  assert.deepEqual(textsOf(buffer), ["hello"]);
});

test("members follow joins, parts, nicknames and ranks", async () => {
  const { server, buffer } = await connected();
  server.say(":bob!u@h JOIN #lobby bobby :Bob");
  server.say(":server MODE #lobby +ov bob bob");
  server.say(":bob!u@h NICK rob");
  const rob = buffer.members.get("rob");
  assert.deepEqual([rob.prefixes, rob.account], ["@+", "bobby"]);
  server.say(":rob!u@h QUIT :bye");
  assert.equal(buffer.members.has("rob"), false);
});

test("being kicked leaves the channel, and the page does not return by itself", async () => {
  const { server, buffer, clock, actions } = await connected();
  server.say(":ann!u@h KICK #lobby me :out");
  assert.equal(buffer.joined.value, false);
  server.drop();
  await clock.advance(2000);
  assert.equal(buffer.joined.value, false);
  actions.join("#lobby");
  await settle();
  assert.equal(buffer.joined.value, true);
});

test("a channel that cannot be joined says why in its place", async () => {
  const { server, workspace, actions } = await connected();
  server.replace("JOIN", (_server, { params }) =>
    server.say(`:server 473 me ${params[0]} :Invite only`),
  );
  actions.join("#closed");
  await settle();
  assert.match(workspace.notices.value.at(-1).text, /without an invitation/);
});

test("channels are in the order of their names, and of the numbers in them", async () => {
  const { server, workspace } = await connected();
  for (const name of ["#room10", "#Room2", "#garden"]) server.say(`:me!m@h JOIN ${name}`);
  const names = workspace.buffers.value.map(({ name }) => name).filter(Boolean);
  assert.deepEqual(names, ["#garden", "#lobby", "#Room2", "#room10"]);
});
