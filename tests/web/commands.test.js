/** Commands, actions and questions: what the user does becomes the right lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { commandList, runCommand } from "../../src/trio_chat/web/app/session/commands/table.js";
import { joinNamed } from "../../src/trio_chat/web/app/session/typed_names.js";
import { invitationOf } from "../../src/trio_chat/web/app/platform/address.js";
import { connected, newWorkspace, settle, textsOf, until } from "./support.js";

/** Type a line in the lobby; return what was sent for it, without tags. */
async function typed(line, prepare = () => {}) {
  const all = await connected();
  await prepare(all);
  const before = all.server.lines.length;
  all.actions.input(all.buffer, line);
  await settle();
  const sent = all.server.lines.slice(before).map((each) => each.replace(/^@\S+ /, ""));
  return { ...all, sent };
}

const LINES = [
  ["hello", ["PRIVMSG #lobby hello"]],
  ["//path is a command", ["PRIVMSG #lobby :/path is a command"]],
  [" /not a command", ["PRIVMSG #lobby :/not a command"]],
  ["/me waves", ["PRIVMSG #lobby :\x01ACTION waves\x01"]],
  ["/ME waves", ["PRIVMSG #lobby :\x01ACTION waves\x01"]],
  ["/topic A new topic", ["TOPIC #lobby :A new topic"]],
  ["/topic #lobby A new topic", ["TOPIC #lobby :A new topic"]],
  ["/topic", ["TOPIC #lobby"]],
  ["/kick bob too loud", ["KICK #lobby bob :too loud"]],
  ["/op bob", ["MODE #lobby +o bob"]],
  ["/op @bob @carl", ["MODE #lobby +oo bob carl"]],
  ["/invite @bob", ["INVITE bob #lobby"]],
  ["/devoice a b c d e", ["MODE #lobby -vvvv a b c d", "MODE #lobby -v e"]],
  ["/ban a:bob *!*@evil.example", ["MODE #lobby +bb a:bob *!*@evil.example"]],
  ["/unban *!*@evil.example", ["MODE #lobby -b *!*@evil.example"]],
  ["/mute *!*@evil.example", ["MODE #lobby +b m:*!*@evil.example"]],
  ["/unmute *!*@evil.example", ["MODE #lobby -b m:*!*@evil.example"]],
  ["/mode +l 20", ["MODE #lobby +l 20"]],
  ["/mode #other +m", ["MODE #other +m"]],
  ["/invite bob", ["INVITE bob #lobby"]],
  ["/join other", ["JOIN #other"]],
  ["/join #other secret", ["JOIN #other secret"]],
  ["/join #other,more secret,key", ["JOIN #other secret", "JOIN #more key"]],
  ["/part see you", ["PART #lobby :see you"]],
  ["/nick rob", ["NICK rob"]],
  ["/nick Rob Roy", ["NICK Rob_Roy"]],
  ["/away for lunch", ["AWAY :for lunch"]],
  ["/away", ["AWAY"]],
  ["/quote MODE #lobby +b", ["MODE #lobby +b"]],
  ["/oper ann secret", ["OPER ann secret"]],
  ["/rehash", ["REHASH"]],
  ["/filter add hold @channels buy * now", ["FILTER add hold @channels buy * now"]],
  ["/kill bob too  loud", ["KILL bob :too loud"]],
  ["/reports resolve 3 :the user was banned", ["REPORTS resolve 3 :the user was banned"]],
  ["/names", ["NAMES #lobby"]],
  ["/notice #lobby look", ["NOTICE #lobby look"]],
  ["/msg #lobby hi there", ["PRIVMSG #lobby :hi there"]],
];
for (const [line, expected] of LINES) {
  test(`a typed line is sent as it should be: ${line}`, async () => {
    const { sent, buffer } = await typed(line);
    const wanted = sent.slice(0, expected.length);
    assert.deepEqual(wanted, expected);
    assert.equal(buffer.draft.value, "");
  });
}

test("a command that does not exist, or with wrong words, is kept in the prompt and explained", async () => {
  for (const line of ["/nosuch", "/kick", "/verify one", "/topic a\nb", "/", "/ hello"]) {
    const { sent, buffer } = await typed(line, ({ buffer: lobby }) => {
      lobby.draft.value = line;
    });
    assert.deepEqual(sent, [], line);
    assert.equal(buffer.draft.value, line);
    assert.equal(buffer.timeline.entries.at(-1).kind, "error", line);
  }
});

for (const line of [
  '/poll "tea or coffee"',
  "/vote 2",
  "/at sometime hello",
  "/remind tomorrow",
  "/reply @nobody yes",
  "/search words",
  "/invite bob #other",
  "/go nowhere",
]) {
  test(`a command that is refused when it is carried out stays in the prompt: ${line}`, async () => {
    const { buffer } = await typed(line, ({ server, buffer: lobby }) => {
      lobby.draft.value = line;
      server.replace("SEARCH", (_server, message) => {
        server.reply(message, [":server FAIL SEARCH INTERNAL_ERROR :No search"]);
      });
    });
    await until(() => buffer.timeline.entries.at(-1).kind === "error");
    assert.equal(buffer.draft.value, line);
  });
}

/** Type a line that the server refuses; type `meanwhile` before that. */
async function refusedByTheServer(line, meanwhile = "") {
  const { actions, buffer, server } = await connected();
  const [, command] = /^\/(\w+)/.exec(line);
  let asked = null;
  server.replace(command.toUpperCase(), (_server, message) => (asked = message));
  buffer.draft.value = line;
  actions.input(buffer, line);
  await settle();
  assert.equal(buffer.draft.value, "");
  buffer.draft.value = meanwhile;
  server.reply(asked, [":server 482 me #lobby :You're not channel operator"]);
  await settle();
  assert.equal(buffer.timeline.entries.at(-1).kind, "error");
  return buffer.draft.value;
}

test("a command that the server refuses comes back into the prompt", async () => {
  const line = "/topic what took long to write";
  assert.equal(await refusedByTheServer(line), line);
  assert.equal(await refusedByTheServer(line, "something else"), "something else");
});

test("a mask that the server does not take is explained without the words of the protocol", async () => {
  const { actions, buffer, server } = await connected();
  server.replace("MODE", (_server, message) => {
    server.reply(message, [":server 696 me #lobby b *!*@*.example.org :The host can cover nobody"]);
  });
  buffer.draft.value = "/ban *!*@*.example.org";
  actions.input(buffer, buffer.draft.value);
  await until(() => buffer.timeline.entries.at(-1).kind === "error");
  await settle();
  assert.equal(buffer.timeline.entries.at(-1).text, "#lobby: The host can cover nobody");
  assert.equal(buffer.draft.value, "/ban *!*@*.example.org");
});

test("what is asked with /quote is answered where it was asked", async () => {
  for (const [line, numeric] of [["/quote MOTD", "372"], ["/quote LUSERS", "251"]]) {
    const { actions, buffer, server } = await connected();
    server.replace(line.split(" ")[1], (_server, message) =>
      server.reply(message, [`:server ${numeric} me :There are five users`]),
    );
    actions.input(buffer, line);
    await settle();
    assert.equal(buffer.timeline.entries.at(-1).text, "There are five users");
  }
});

test("a ban that the server refuses comes back, with the reason for the removal", async () => {
  const { actions, buffer, server } = await connected();
  for (const command of ["MODE", "KICK"])
    server.replace(command, (_server, message) => {
      server.reply(message, [":server 482 me #lobby :You're not channel operator"]);
    });
  buffer.draft.value = "/kickban ann far too loud";
  actions.input(buffer, buffer.draft.value);
  await until(() => server.sent("KICK").length);
  await settle();
  assert.equal(buffer.draft.value, "/kickban ann far too loud");
});

test("what the server would cut, or what is no line, comes back and changes nothing", async () => {
  const long = "ж".repeat(250);
  for (const line of [`/topic ${long.slice(50)}`, `/away ${long}`, `/part ${long}`]) {
    const { actions, buffer, server, workspace, client } = await connected();
    const before = server.lines.length;
    buffer.draft.value = line;
    actions.input(buffer, line);
    await settle();
    const told = [...workspace.notices.value, ...buffer.timeline.entries];
    assert.ok(told.some(({ text }) => /too long/.test(text)), line);
    assert.deepEqual(server.lines.slice(before), [], line);
    assert.equal(buffer.draft.value, line);
    assert.equal(workspace.me.away.value, "");
    assert.ok(client.channels.has("#lobby"));
  }
});

test("a topic of a dialog that the server would cut is refused before that", async () => {
  const { actions, buffer, server } = await connected();
  await assert.rejects(actions.setTopic(buffer, "ж".repeat(200)), /has 400 bytes.* keeps 390/);
  assert.deepEqual(server.sent("TOPIC"), []);
});

test("what is too much to wait comes back, also from a command", async () => {
  const { actions, buffer, server, client } = await connected();
  server.drop();
  await settle();
  while (actions.send(buffer, "x") || client.outgoing.messages.length < 200);
  buffer.draft.value = "/me waits";
  actions.input(buffer, buffer.draft.value);
  await settle();
  assert.equal(buffer.draft.value, "/me waits");
});

test("what is typed without a connection is done afterwards, or explained and kept", async () => {
  const { actions, buffer, server, workspace, clock } = await connected();
  server.hear("#lobby", "ann", "hey");
  server.drop();
  await settle();
  for (const line of ["/react 👍", "/history", "/topic new"]) {
    const before = buffer.timeline.entries.length;
    buffer.draft.value = line;
    actions.input(buffer, line);
    await until(() => buffer.draft.value === line);
    const told = [...workspace.notices.value, ...buffer.timeline.entries.slice(before)];
    assert.equal(told.at(-1)?.text, "There is no connection to the server.", line);
    for (const { id } of workspace.notices.value) actions.dismiss(id);
  }
  for (const line of ["/nick rob", "/away for lunch", "/join #other"]) {
    actions.input(buffer, line);
    await settle();
  }
  assert.deepEqual(
    workspace.notices.value.map(({ text }) => text),
    ["There is no connection to the server. When it is back, you will be rob."],
  );
  const before = server.lines.length;
  await clock.advance(2000);
  await settle();
  const sent = server.lines.slice(before);
  for (const line of ["NICK me", "NICK rob", "AWAY :for lunch"]) assert.ok(sent.includes(line), line);
  assert.equal(workspace.me.nick.value, "rob");
  assert.ok(workspace.buffers.value.some(({ name, joined }) => name === "#other" && joined.value));
});

test("a dialog of a server without labels says that there is no connection", async () => {
  const { actions, buffer, client, server } = await connected();
  client.negotiation.enabled.delete("labeled-response");
  server.drop();
  await settle();
  await assert.rejects(actions.setTopic(buffer, "new"), /There is no connection/);
});

test("a channel without a topic says so when it is asked", async () => {
  const { actions, buffer, server } = await connected();
  server.replace("TOPIC", (_server, message) => {
    server.reply(message, [":server 331 me #lobby :No topic is set"]);
  });
  actions.input(buffer, "/topic");
  await until(() => buffer.timeline.entries.at(-1).text === "No topic");
});

test("a command with a password does not come back into the prompt", async () => {
  assert.equal(await refusedByTheServer("/oper ann secret"), "");
});

/** Type a line after a message of ann; return what was sent for it, and what was said then. */
async function aboutMessage(line, answer, name = "#lobby", account = "") {
  const { actions, server, workspace, buffer: lobby } = await connected();
  if (account) server.say(`:server 900 me me!u@h ${account} :You are now logged in`);
  const msgid = server.hear(name === "#lobby" ? name : "me", "ann", "hello");
  const buffer = workspace.buffers.value.find((each) => each.name === name) ?? lobby;
  const [, command] = /^(\w+)/.exec(answer[0]);
  const asked = [];
  server.replace(command, (_server, message) => {
    asked.push(message.params.map((each) => (each === msgid ? "MSGID" : each)).join(" "));
    server.reply(message, [answer[1]]);
  });
  const before = buffer.timeline.entries.length;
  actions.input(buffer, line);
  await until(() => buffer.timeline.entries.length > before);
  return [asked, buffer.timeline.entries.at(-1).text];
}

const CHANSERV = (text) => ["CHANSERV", `:ChanServ!s@s NOTICE me :${text}`];
const NOTE = ["REPORT", ":server NOTE REPORT REPORTED ann :Thanks"];
for (const [line, answer, name, account, asked] of [
  ["/pin", CHANSERV("Pinned"), "#lobby", "", "PIN #lobby MSGID"],
  ["/pin @ann", CHANSERV("Pinned"), "#lobby", "", "PIN #lobby MSGID"],
  ["/unpin 2", CHANSERV("Unpinned"), "#lobby", "", "UNPIN #lobby 2"],
  ["/pins", CHANSERV("None"), "#lobby", "", "PINS #lobby"],
  ["/report so rude", CHANSERV("Sent"), "#lobby", "", "REPORT #lobby MSGID so rude"],
  ["/report so rude", NOTE, "ann", "", "ann so rude"],
  ["/report so rude", NOTE, "ann", "me", "ann MSGID so rude"],
]) {
  test(`a command is about a message: ${line}, ${name} ${account}`, async () => {
    const [sent, said] = await aboutMessage(line, answer, name, account);
    assert.deepEqual(sent, [asked]);
    assert.equal(said, answer[1].split(" :").at(-1));
  });
}

test("a message of one's own is pinned when it is the last one", async () => {
  const { actions, server, buffer } = await connected();
  server.hear("#lobby", "ann", "hello");
  const own = server.hear("#lobby", "me", "we meet at five");
  server.replace("CHANSERV", () => {});
  actions.input(buffer, "/pin");
  await until(() => server.sent("CHANSERV").length);
  assert.equal(server.sent("CHANSERV")[0], `CHANSERV PIN #lobby ${own}`);
});

test("each channel of a list is to be joined again, and a name with a space is refused", async () => {
  const { actions, server, client, workspace } = await connected();
  joinNamed(actions, "#", "one, #two,,my channel", "");
  await settle();
  assert.deepEqual(server.sent("JOIN").slice(-2), ["JOIN #one", "JOIN #two"]);
  assert.deepEqual([...client.channels.wanted.keys()], ["#lobby", "#one", "#two"]);
  assert.match(workspace.notices.value.at(-1).text, /#my channel cannot be joined/);
});

test("what is typed while a command is loaded stays in the prompt", async () => {
  const { actions, buffer, server } = await connected();
  buffer.draft.value = "/me waves";
  actions.input(buffer, buffer.draft.value);
  assert.equal(buffer.draft.value, "");
  buffer.draft.value = "a message";
  await settle();
  assert.equal(server.sent("PRIVMSG").length, 1);
  assert.equal(buffer.draft.value, "a message");
});

test("a mask that hides others of the same network does not hide the user", async () => {
  const { server, buffer, actions } = await connected();
  actions.ignore("*!*@h", true);
  server.say(":bob!u@h PRIVMSG #lobby :from bob");
  server.say(":me!u@h PRIVMSG #lobby :from my phone");
  assert.deepEqual(textsOf(buffer), ["from my phone"]);
});

test("a question that is too long for a line fails at once", async () => {
  const { actions, buffer } = await connected();
  await assert.rejects(actions.search("long ".repeat(200), buffer), /too long/);
});

test("a channel that the user is not in is not taken for the text of a command", async () => {
  for (const line of ["/part #gardne", "/topic #gardne roses", "/names #gardne"]) {
    const { sent, buffer } = await typed(line);
    assert.deepEqual(sent, [], line);
    assert.match(buffer.timeline.entries.at(-1).text, /^You are not in #gardne/);
  }
});

test("a link into the channel is made with the terms of the command", async () => {
  for (const [line, asked] of [
    ["/invite-link 5 2d", [5, 172_800]],
    ["/invite-link 3", [3, 0]],
    ["/invite-link 1w", [0, 604_800]],
    ["/invite-link", [0, 0]],
    ["/invite-link soon", null],
    ["/invite-link 5 2d 1", null],
  ]) {
    let terms = null;
    await typed(line, ({ actions }) => {
      actions.inviteLink = async (_, seconds, uses) => {
        terms = [uses, seconds];
        return "";
      };
    });
    assert.deepEqual(terms, asked, line);
  }
});

test("what the server refuses in a channel where one may not write is explained", async () => {
  const { server, buffer } = await connected();
  server.say(":server 404 me #lobby :Cannot send to channel");
  assert.equal(buffer.timeline.entries.at(-1).text, "You may not write in #lobby.");
});

test("nothing is sent for an empty line", async () => {
  for (const line of ["", "   ", "\n\n"]) assert.deepEqual((await typed(line)).sent, []);
});

test("an answer carries the msgid of its message, once", async () => {
  const { server, buffer, actions } = await connected();
  const msgid = server.hear("#lobby", "ann", "question");
  buffer.replyTo.value = buffer.timeline.find(msgid);
  actions.input(buffer, "answer");
  actions.input(buffer, "more");
  await settle();
  const replies = server.lines.filter((line) => line.includes(`+draft/reply=${msgid}`));
  assert.equal(replies.length, 1);
  assert.equal(buffer.replyTo.value, null);
});

test("/react gives a reaction to the last message of another, and takes it back", async () => {
  const { server, buffer, actions } = await connected();
  const msgid = server.hear("#lobby", "ann", "hello");
  actions.input(buffer, "/react 👍");
  await settle();
  assert.deepEqual([...buffer.timeline.find(msgid).reactions.get("👍")], ["me"]);
  actions.input(buffer, "/react 👍");
  await settle();
  assert.equal(buffer.timeline.find(msgid).reactions, null);
});

test("/redact deletes the user's last message", async () => {
  const { server, buffer, actions } = await connected();
  actions.input(buffer, "oops");
  server.hear("#lobby", "ann", "hello");
  await settle();
  actions.input(buffer, "/redact");
  await settle();
  assert.deepEqual(textsOf(buffer), ["hello", ""]);
});

test("each command has a help and parameters that can be completed", () => {
  for (const { name, usage, help, complete } of commandList()) {
    assert.ok(help, name);
    assert.ok(Array.isArray(complete) && (usage === "" || typeof usage === "string"), name);
  }
});

test("/help shows every command", async () => {
  const { buffer } = await typed("/help");
  const { text } = buffer.timeline.entries.at(-1);
  for (const { name } of commandList()) assert.ok(text.includes(`/${name}`), name);
  assert.equal(typeof runCommand, "function");
});

test("a command without words has one space before its dash", async () => {
  const { buffer } = await typed("/help close");
  assert.match(buffer.timeline.entries.at(-1).text, /^\x11\/close\x11 — /);
});

test("WHOIS becomes a card", async () => {
  const { server, actions } = await connected();
  server.replace("WHOIS", (_server, message) =>
    server.reply(message, [
      ":server 311 me ann u host * :Ann",
      ":server 319 me ann :@#lobby #other",
      ":server 330 me ann annie :is logged in as",
      ":server 301 me ann :at lunch",
      ":server 317 me ann 60 1700000000 :seconds idle",
      ":server 671 me ann :is using a secure connection",
      ":server 338 me ann u@host 192.0.2.1 :Is actually using host",
      ":server 318 me ann :End",
    ]),
  );
  const card = await actions.whois("ann");
  assert.deepEqual(
    [
      card.nick,
      card.host,
      card.realname,
      card.account,
      card.away,
      card.channels,
      card.idle,
      card.secure,
      card.more,
    ],
    [
      ...["ann", "u@host", "Ann", "annie", "at lunch", ["@#lobby", "#other"], 60, true],
      ["Address: 192.0.2.1"],
    ],
  );
});

test("a user that does not exist is an error with a sentence", async () => {
  const { server, actions } = await connected();
  server.replace("WHOIS", (_server, message) =>
    server.reply(message, [":server 401 me nobody :No such nick"]),
  );
  await assert.rejects(actions.whois("nobody"), /There is nobody called nobody/);
});

test("LIST and SEARCH are answered as values", async () => {
  const { server, actions } = await connected();
  server.replace("LIST", (_server, message) =>
    server.reply(message, [
      ":server 321 me Channel :Users",
      ":server 322 me #a 3 :Topic: a",
      ":server 323 me :End",
    ]),
  );
  assert.deepEqual(await actions.list(), [{ name: "#a", members: 3, topic: "Topic: a" }]);
  server.replace("SEARCH", (_server, message) => {
    assert.match(message.params[0], /text=two\\swords;/);
    server.say(`@label=${message.tags.get("label")} :server BATCH +s soju.im/search`);
    server.say("@batch=s;msgid=x;time=2026-01-01T00:00:00.000Z :ann!u@h PRIVMSG #lobby :two words");
    server.say(":server BATCH -s");
  });
  const found = await actions.search("two words");
  assert.deepEqual(
    found.map(({ buffer, entry }) => [buffer, entry.text]),
    [["#lobby", "two words"]],
  );
});

test("a question fails when the connection is lost before its answer", async () => {
  const { server, actions } = await connected();
  server.replace("LIST", () => {});
  const answer = actions.list();
  await settle();
  server.drop();
  await assert.rejects(answer, /connection was lost/);
});

test("the devices of an account are listed, and this one is marked", async () => {
  const { server, actions } = await connected();
  server.replace("NICKSERV", (_server, message) =>
    server.reply(message, [
      ":NickServ!s@s NOTICE me :1: from 192.0.2.1, idle 5 s",
      ":NickServ!s@s NOTICE me :2 (this one): from 192.0.2.2, idle 0 s",
      ":NickServ!s@s NOTICE me :2 of at most 20 devices share me.",
    ]),
  );
  const sessions = await actions.sessions();
  assert.deepEqual(
    sessions.map(({ id, current }) => [id, current]),
    [
      ["1", false],
      ["2", true],
    ],
  );
});

test("an invitation link has the terms that the user wants", async () => {
  globalThis.location = { origin: "https://chat.example", pathname: "/" };
  const { server, buffer, actions } = await connected();
  assert.equal(await actions.inviteLink(buffer), "https://chat.example/#lobby");
  server.replace("INVITATION", (_server, message) => {
    assert.deepEqual(message.params, ["CREATE", "#lobby", "1", "60m"]);
    server.reply(message, [
      ":server INVITATION CREATED #lobby id 1 0 token :https://public/#lobby?invite=token",
    ]);
  });
  assert.equal(await actions.inviteLink(buffer, 3600, 1), "https://public/#lobby?invite=token");
  delete globalThis.location;
});

test("the address of the page names channels and invitations", () => {
  const cases = [
    ["", [], ""],
    ["#lobby", [["#lobby", ""]], ""],
    ["##lobby", [["#lobby", ""]], ""],
    ["#%23lobby", [["##lobby", ""]], ""],
    [
      "#a,b?invite=k",
      [
        ["#a", "k"],
        ["#b", "k"],
      ],
      "",
    ],
    ["#?invite=token", [], "token"],
    ["#%D1%87%D0%B0%D1%82", [["#чат", ""]], ""],
    ["#%zz", [["#%zz", ""]], ""],
    ["#a%20b", [], ""],
    ["#a?invite=x,y", [["#a", ""]], ""],
  ];
  for (const [hash, channels, account] of cases) {
    const found = invitationOf(hash);
    assert.deepEqual(
      [found.channels.map(({ name, key }) => [name, key]), found.account],
      [channels, account],
      hash,
    );
  }
});

test("a channel of the address is joined with its invitation, and shown", async () => {
  const { workspace, client, server, actions } = newWorkspace();
  client.channels.takeAddress(invitationOf("#party?invite=token"));
  actions.connect({ nick: "me" });
  await settle();
  assert.deepEqual(server.sent("JOIN"), ["JOIN #party token"]);
  assert.equal(workspace.current.value.name, "#party");
});

test("operators may delete what others wrote, other members only their own messages", async () => {
  const { server, buffer, actions } = await connected();
  const theirs = buffer.timeline.find(server.hear("#lobby", "ann", "theirs"));
  actions.input(buffer, "mine");
  await settle();
  const mine = buffer.timeline.entries.at(-1);
  assert.deepEqual(
    [actions.mayRedact(buffer, theirs), actions.mayRedact(buffer, mine)],
    [false, true],
  );
  server.say(":server MODE #lobby +o me");
  assert.equal(actions.mayRedact(buffer, theirs), true);
});

test("connecting as somebody else leaves the first connection", async () => {
  const { workspace, server, actions } = await connected();
  actions.connect({ nick: "other" });
  await settle();
  assert.equal(server.sockets.filter((socket) => !socket.closed).length, 1);
  assert.equal(workspace.me.nick.value, "other");
  assert.equal(workspace.connection.value.phase, "ready");
});

test("a refusal of the nickname that the page does not know ends the attempt with its reason", async () => {
  const { workspace, server, actions } = newWorkspace();
  server.replace("NICK", () =>
    server.say(":server FAIL NICK TOO_MANY_SESSIONS me :Too many devices"),
  );
  actions.connect({ nick: "me" });
  await settle();
  assert.deepEqual(
    [workspace.connection.value.phase, workspace.connection.value.reason],
    ["closed", "Too many devices"],
  );
});

test("a page that has slept asks the server at once, and notices a dead socket in seconds", async () => {
  const { server, clock, client, workspace } = await connected();
  server.replace("PING", () => {});
  clock.time += 3_600_000;
  client.link.wake();
  await clock.advance(6000);
  assert.equal(server.sockets.length, 2);
  assert.equal(workspace.connection.value.phase, "ready");
});

test("lines that make no sense do no harm", async () => {
  const { server, workspace, buffer } = await connected();
  const lines = [
    "",
    " ",
    ":",
    "@",
    "@a",
    ":x",
    "JOIN",
    ":me!u@h JOIN",
    ":me JOIN :",
    "PART",
    "KICK #lobby",
    "MODE",
    "MODE #lobby",
    "MODE #lobby +o",
    "NICK",
    ":ann!u@h NICK",
    "353 me",
    "353",
    "366",
    "332",
    "333 me #lobby",
    "BATCH",
    "BATCH +",
    "BATCH -x",
    "BATCH +y draft/multiline",
    "BATCH -y",
    "BATCH +z chathistory",
    "BATCH -z",
    "PRIVMSG",
    ":ann!u@h PRIVMSG",
    ":ann!u@h PRIVMSG #lobby",
    ":ann!u@h PRIVMSG #lobby \x01",
    ":ann!u@h PRIVMSG #lobby \x01ACTION",
    "TAGMSG",
    "@+typing=active TAGMSG",
    "@+react=x TAGMSG #lobby",
    "REDACT",
    "REDACT #lobby",
    "MARKREAD",
    "MARKREAD #lobby",
    "MARKREAD #lobby timestamp=x",
    "CAP",
    "CAP * LS",
    "CAP * ACK",
    "CAP * NEW :",
    "AUTHENTICATE",
    "FAIL",
    "FAIL X",
    "NOTE",
    "WARN",
    "ERROR",
    "001",
    "005",
    "005 me",
    "005 me = :x",
    "730",
    "731",
    "354",
    "301",
    "305",
    "@time=x;msgid= :ann!u@h PRIVMSG #lobby :t",
    "RENAME",
    "RENAME #lobby",
    "INVITE",
    ":ann!u@h INVITE me",
    "AWAY",
    "ACCOUNT",
    "CHGHOST",
    "SETNAME",
    "470",
    "471",
    "999",
    "QUIT",
  ];
  for (const line of lines) server.say(line);
  await settle();
  server.hear("#lobby", "ann", "still here");
  assert.equal(textsOf(buffer).at(-1), "still here");
  assert.equal(workspace.connection.value.phase, "ready");
});

test("a user can stay in the channels without a device, if the server allows it", async () => {
  const { server, actions } = await connected();
  const answer = (text) =>
    server.replace("NICKSERV", (_server, message) => server.reply(message, [`:NickServ!s@s NOTICE me :${text}`]));
  answer("always-on is on. On means: you stay.");
  assert.equal(await actions.alwaysOn(), true);
  await actions.setAlwaysOn(true);
  answer("This server does not allow that.");
  await assert.rejects(actions.setAlwaysOn(true), /does not allow/);
});

test("a password counts as changed only when the server says so", async () => {
  const { server, actions } = await connected();
  const answer = (text) =>
    server.replace("NICKSERV", (_server, message) => server.reply(message, [`:NickServ!s@s NOTICE me :${text}`]));
  answer("Your password is changed. Other sessions of your account that were ended: 1.");
  await actions.changePassword("old", "new");
  answer("The old password is wrong.");
  await assert.rejects(actions.changePassword("old", "new"), /old password is wrong/);
  answer("A password has at least 6 characters and at most 300 bytes.");
  await assert.rejects(actions.changePassword("old", "new"), /at least 6/);
});

test("the user is a guest again after logging out", async () => {
  const { server, actions, workspace } = await connected();
  server.say(":s 900 me me!m@h me :You are now logged in as me");
  await settle();
  assert.equal(workspace.me.account.value, "me");
  server.replace("NICKSERV", (_server, message) =>
    server.reply(message, [
      ":s 901 me me!m@h :You are now logged out",
      ":NickServ!s@s NOTICE me :You are logged out.",
    ]),
  );
  await actions.logout();
  assert.equal(workspace.me.account.value, "");
});

test("/unignore tells of names that are not ignored, and takes them with commas", async () => {
  const { actions, buffer } = await typed("/ignore bob, carl,*!*@h");
  for (const [line, told] of [
    ["/unignore bbo", ["Not ignored: bbo. /ignore shows the list."]],
    [
      "/unignore BOB, dave",
      ["Not ignored: dave. /ignore shows the list.", "Shown again: BOB"],
    ],
    ["/ignore", ["You ignore: carl, *!*@h. /unignore with a name ends that."]],
    ["/unignore *", ["Shown again: carl, *!*@h"]],
    ["/unignore *", ["You ignore nobody."]],
  ]) {
    const before = buffer.timeline.entries.length;
    actions.input(buffer, line);
    await settle();
    assert.deepEqual(
      buffer.timeline.entries.slice(before).map((each) => each.text),
      told,
    );
  }
});

test("/mode shows the modes of the channel, and of the user", async () => {
  const { actions, buffer, server } = await connected();
  for (const [line, answer, told] of [
    ["/mode", "324 me #lobby +Cnt", "Modes: +Cnt"],
    ["/mode me", "221 me +iw", "Modes: +iw"],
  ]) {
    server.replace("MODE", (_, message) => server.reply(message, [`:server ${answer}`]));
    actions.input(buffer, line);
    await settle();
    assert.equal(buffer.timeline.entries.at(-1)?.text, told);
  }
});

test("errors of modes and of operators are sentences", async () => {
  const { actions, buffer, server } = await connected();
  for (const [line, answer, told] of [
    ["/mode +z", "472 me z :is unknown mode char to me", "The server does not know the mode z."],
    ["/quote KILL bob", "481 me :Permission Denied", "Only operators of the server may do that."],
  ]) {
    server.replace(answer.startsWith("472") ? "MODE" : "KILL", (_, message) =>
      server.reply(message, [`:server ${answer}`]),
    );
    actions.input(buffer, line);
    await settle();
    assert.equal(buffer.timeline.entries.at(-1)?.text, told);
  }
});
