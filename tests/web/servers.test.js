/** Other servers: without capabilities, with other names and limits, and hostile ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Batches } from "../../src/trio_chat/web/app/session/batches.js";
import { parse } from "../../src/trio_chat/web/app/irc/message.js";
import {
  connected,
  FakeClock,
  FakeServer,
  generator,
  newWorkspace,
  settle,
  textsOf,
} from "./support.js";

/** A server as of 1993, but for the WebSocket: no capabilities, tags, echoes or RPL_ISUPPORT. */
class BareServer extends FakeServer {
  constructor(clock, tokens = "") {
    super(clock);
    this.bareTokens = tokens;
    this.replace("CAP", () => this.say(":irc 421 * CAP :Unknown command"));
    this.replace("NICK", (_server, { params }) => this.named(params[0]));
    this.replace("USER", () => {
      this.hasUser = true;
      this.welcome();
    });
    this.replace("JOIN", (_server, { params }) => this.joining(params[0]));
    this.replace("PRIVMSG", (_server, { params }) => {
      if (params[0] === "#closed") this.say(`:irc 404 ${this.nick} #closed :Cannot send`);
    });
    this.replace("WHOIS", (_server, { params }) => this.whois(params[0]));
    this.replace("LIST", () => {
      this.say(`:irc 321 ${this.nick} Channel :Users Name`);
      this.say(`:irc 322 ${this.nick} #lobby 2 :The topic`);
      this.say(`:irc 323 ${this.nick} :End`);
    });
    this.replace("MODE", (_server, { params }) => {
      if (params[1] !== "b") return;
      this.say(`:irc 367 ${this.nick} ${params[0]} *!*@evil`);
      this.say(`:irc 368 ${this.nick} ${params[0]} :End`);
    });
    for (const each of ["MONITOR", "CHATHISTORY", "MARKREAD", "TAGMSG", "WHO"]) {
      this.replace(each, () => this.say(`:irc 421 ${this.nick} ${each} :Unknown command`));
    }
  }

  receive(line) {
    assert.ok(!line.startsWith("@"), `a server without message-tags receives ${line}`);
    super.receive(line);
  }

  named(nick) {
    if (this.welcomed) this.say(`:${this.nick}!u@h NICK :${nick}`);
    this.nick = nick.slice(0, 9);
    this.welcome();
  }

  welcome() {
    if (!this.nick || !this.hasUser || this.welcomed) return;
    this.welcomed = true;
    this.say(`:irc 001 ${this.nick} :Welcome`);
    if (this.bareTokens) this.say(`:irc 005 ${this.nick} ${this.bareTokens} :are supported`);
    this.say(`:irc 422 ${this.nick} :No MOTD`);
  }

  joining(names) {
    // It says nothing to what comes before the welcome.
    if (!this.welcomed) return;
    for (const name of names.split(",")) {
      this.say(`:${this.nick}!u@h JOIN :${name}`);
      this.say(`:irc 353 ${this.nick} = ${name} :${this.nick} @ann +bob`);
      this.say(`:irc 366 ${this.nick} ${name} :End`);
    }
  }

  whois(nick) {
    if (nick !== "ann") this.say(`:irc 401 ${this.nick} ${nick} :No such nick`);
    else {
      this.say(`:irc 311 ${this.nick} ann u host.example * :Ann`);
      this.say(`:irc 319 ${this.nick} ann :@#lobby`);
    }
    this.say(`:irc 318 ${this.nick} ${nick} :End`);
  }
}

async function bare(tokens) {
  const clock = new FakeClock();
  const server = new BareServer(clock, tokens);
  // JOIN came too early for this server, so that it is sent again.
  const all = newWorkspace({ clock, server });
  all.workspace.attentive.value = true;
  all.actions.connect({ nick: "me" });
  await settle();
  await clock.advance(1);
  return { ...all, buffer: all.workspace.current.value };
}

test("a server without capabilities is a chat nevertheless", async () => {
  const { workspace, server, buffer, actions } = await bare();
  assert.equal(workspace.connection.value.phase, "ready");
  assert.equal(buffer?.name, "#lobby");
  assert.deepEqual([...buffer.members.values()].map((each) => each.prefixes + each.nick).sort(), [
    "+bob",
    "@ann",
    "me",
  ]);
  server.say(":ann!u@h PRIVMSG #lobby :hello");
  actions.input(buffer, "hello ann");
  await settle();
  assert.deepEqual(textsOf(buffer), ["hello", "hello ann"]);
  const entry = buffer.timeline.entries.at(-1);
  assert.deepEqual([entry.pending, entry.failed], [false, ""]);
  assert.deepEqual(workspace.notices.value, []);
});

test("questions to a server without labels are answered, one after another", async () => {
  const { actions, buffer } = await bare();
  const [ann, bob, list, bans] = await Promise.allSettled([
    actions.whois("ann"),
    actions.whois("bob"),
    actions.list(),
    actions.banList(buffer),
  ]);
  assert.deepEqual([ann.value.realname, ann.value.channels], ["Ann", ["@#lobby"]]);
  assert.match(bob.reason.message, /nobody called bob/);
  assert.deepEqual(list.value, [{ name: "#lobby", members: 2, topic: "The topic" }]);
  assert.deepEqual(bans.value, ["*!*@evil"]);
});

test("a question that a server without labels does not answer ends by time, and the next is sent", async () => {
  const { actions, server, clock } = await bare();
  server.replace("WHOIS", () => {});
  const first = assert.rejects(actions.whois("ann"), /not answered/);
  const second = assert.rejects(actions.whois("bob"), /lost/);
  await clock.advance(61_000);
  await first;
  assert.equal(server.sent("WHOIS").length, 2);
  server.drop();
  await second;
});

test("a server without labels has echoes confirm messages, and errors refuse them", async () => {
  const clock = new FakeClock();
  const server = new FakeServer(clock);
  server.caps = "batch echo-message message-tags server-time draft/chathistory";
  const { buffer, actions, texts } = await connected({ clock, server });
  actions.input(buffer, "hello");
  await settle();
  const [entry] = buffer.timeline.entries.slice(-1);
  assert.deepEqual([entry.pending, entry.msgid !== ""], [false, true]);
  assert.deepEqual(texts(), ["hello"]);
  server.replace("PRIVMSG", () => server.say(":server 404 me #lobby :Cannot send to channel"));
  actions.input(buffer, "refused");
  await settle();
  assert.equal(buffer.timeline.entries.at(-1).failed, "You may not write in #lobby.");
  server.replace("PRIVMSG", () => server.drop());
  actions.input(buffer, "lost");
  await settle();
  delete server.answers.PRIVMSG;
  await clock.advance(3000);
  assert.deepEqual(texts(), ["hello", "refused", "lost"]);
  assert.ok(!server.lines.some((line) => line.includes("label=")));
});

test("a login at a server without capabilities says why it fails", async () => {
  const clock = new FakeClock();
  const { workspace, actions } = newWorkspace({ clock, server: new BareServer(clock) });
  actions.connect({ nick: "me", account: "me", password: "secret" });
  await settle();
  const { phase, problem, reason } = workspace.connection.value;
  assert.deepEqual([phase, problem], ["closed", "login"]);
  assert.match(reason, /no accounts/);
});

test("a nickname that the server cuts is not said to be in use", async () => {
  const clock = new FakeClock();
  const { workspace, actions } = newWorkspace({ clock, server: new BareServer(clock) });
  actions.connect({ nick: "averylongnickname" });
  await settle();
  assert.equal(workspace.me.nick.value, "averylong");
  assert.deepEqual(workspace.notices.value, []);
});

test("a server that ends its welcome with nothing lets the user in", async () => {
  const { workspace, server, actions, clock } = newWorkspace();
  const say = server.say.bind(server);
  server.say = (line) => /^:server 422/.test(line) || say(line);
  actions.connect({ nick: "me" });
  await settle();
  await clock.advance(5000);
  assert.equal(workspace.connection.value.phase, "ready");
});

test("names are compared as the server does", async () => {
  const strange = "CASEMAPPING=rfc1459 CHANTYPES=&! PREFIX=(yo)!@ STATUSMSG=@ CHANMODES=,,,";
  const { workspace, server, actions } = await bare(strange);
  actions.join("&Room[1]");
  await settle();
  server.say(":ann!u@h PRIVMSG &room{1} :one");
  server.say(":ann!u@h PRIVMSG @&ROOM[1} :two");
  server.say(":irc MODE &room{1} +yo ann bob");
  const room = workspace.buffers.value.find((each) => each.name === "&Room[1]");
  assert.deepEqual(textsOf(room), ["one", "two"]);
  assert.equal(room.members.get("ann").prefixes, "!@");
  server.say(":Bob[]!u@h PRIVMSG me :x");
  server.say(":bob{}!u@h PRIVMSG ME :y");
  const bob = workspace.buffers.value.find((each) => each.name === "Bob[]");
  assert.deepEqual(textsOf(bob), ["x", "y"]);
});

test("another case mapping after a restart makes one buffer of two names", async () => {
  const clock = new FakeClock();
  const server = new BareServer(clock, "CASEMAPPING=ascii CHANTYPES=#");
  const { actions, workspace } = newWorkspace({ clock, server });
  actions.connect({ nick: "me" });
  await settle();
  for (const name of ["#a[", "#a{"]) actions.join(name);
  await settle();
  assert.equal(workspace.buffers.value.length, 4);
  server.bareTokens = "CASEMAPPING=rfc1459 CHANTYPES=#";
  server.drop();
  server.hasUser = false;
  await clock.advance(3000);
  assert.equal(workspace.connection.value.phase, "ready");
  assert.equal(workspace.buffers.value.length, 3);
});

const HOSTILE = `
:
@
@a
@a 
:x
@;;;= :x
PRIVMSG
:!@ PRIVMSG  :
PING
PING :
PONG
CAP
CAP * LS
CAP * ACK :
BATCH
BATCH +
BATCH -x
:ann!u@h BATCH +a
@batch=a :ann!u@h PRIVMSG
BATCH -a
:me!u@h JOIN
:me!u@h JOIN #
:me!u@h NICK
:me!u@h NICK :
:x NICK y z
MODE
MODE #lobby
MODE #lobby +
KICK
:irc MODE #lobby +ovohkl-x+ me
:irc 353
:irc 353 me
:irc 353 me = #lobby
:irc 366
:irc 333 me #lobby ann 1e300
:irc 333 me #lobby ann -5
:irc 329 me #lobby x
:irc 005
:irc 005 me PREFIX=() CHANTYPES= :x
:irc 005 me PREFIX=(
:irc 001
:irc 433
:irc 353
:irc 005 me PREFIX=(ov)@+ CHANTYPES=# NICKLEN=-1 TOPICLEN=x :y
:irc 354 me 1 #lobby
ERROR
@time=never :ann!u@h PRIVMSG #lobby :x
@time=+275760-09-13T00:00:00Z :a!b@c PRIVMSG #lobby :x
@+draft/react=x;+draft/reply=y :ann!u@h TAGMSG #lobby
TAGMSG
REDACT
REDACT #lobby
MARKREAD
MARKREAD #lobby
MARKREAD #lobby timestamp=x
FAIL
FAIL x
FAIL * constructor
FAIL JOIN __proto__ #lobby :x
NOTE
WARN
:irc 999
:irc 401
:irc 404 me #lobby
AUTHENTICATE
900
903
904
RENAME #lobby
RENAME #lobby x
INVITE
INVITE me
TOPIC
TOPIC #lobby
QUIT
:me!u@h QUIT
AWAY
ACCOUNT
SETNAME
CHGHOST
730
731
730 me :,,,
470 me
@label=r1 FAIL
@label= ACK
constructor
__proto__ x
toString
BATCH +__proto__ x
METADATA
:irc 760 me
:irc 761 me ann
:irc 766
:irc 774
METADATA ann
METADATA ann avatar * :javascript:x
`.split("\n");
HOSTILE.push("\0", "\r\n", " ", ":irc 353 me = #lobby :\x01");

test("no line of a server stops the page", async () => {
  const { server, buffer, workspace } = await connected();
  for (const line of HOSTILE) server.say(line);
  await settle();
  server.say(":irc 005 me PREFIX=(qaohv)~&@%+ CHANTYPES=# :are supported");
  server.say(":ann!u@h PRIVMSG #lobby :still there");
  assert.ok(textsOf(buffer).includes("still there"));
  assert.equal(workspace.connection.value.phase, "ready");
});

test("no line that is cut, doubled or mixed stops the page", async () => {
  const { server, buffer } = await connected();
  const random = generator(5);
  const real = [
    "@msgid=a;time=2026-01-31T12:00:00.000Z;account=ann :ann!u@h PRIVMSG #lobby :hello there",
    ":ann!u@h JOIN #lobby ann :Ann",
    ":irc 353 me = #lobby :@ann!u@h +bob!u@h",
    "@batch=1 :ann!u@h PRIVMSG #lobby :x",
    "BATCH +1 draft/multiline #lobby",
    "BATCH -1",
    ":irc MODE #lobby +o-v+b ann bob *!*@x",
    ":irc 005 me CHANMODES=b,k,l,imnt MONITOR=5 :are",
    "FAIL CHATHISTORY MESSAGE_ERROR LATEST #lobby :no",
    ":irc 311 me ann u h * :Ann",
  ];
  for (let count = 0; count < 5000; count += 1) {
    let line = real[Math.floor(random() * real.length)];
    const other = real[Math.floor(random() * real.length)];
    line = line.slice(0, random() * line.length) + other.slice(random() * other.length);
    if (random() < 0.3) line = line.replace(/ /g, random() < 0.5 ? "  " : ":");
    server.say(line);
  }
  server.say("BATCH -1");
  server.say(":irc 005 me PREFIX=(ov)@+ CHANTYPES=# :are supported");
  server.say(":ann!u@h PRIVMSG #lobby :still there");
  assert.ok(textsOf(buffer).includes("still there"));
});

test("what a server can make grow has bounds", async () => {
  const { server, buffer, client, workspace } = await connected();
  const long = "x".repeat(100_000);
  server.say(`:ann!u@h PRIVMSG #lobby :${long}`);
  assert.deepEqual(textsOf(buffer), [], "lines");
  const msgid = server.hear("#lobby", "ann", "target");
  for (let count = 0; count < 3000; count += 1) {
    server.say(`:n${count}!u@h PRIVMSG me :hello`);
    server.say(`@+typing=active :n${count}!u@h TAGMSG #lobby`);
    server.say(`@+draft/react=r${count % 100};+draft/reply=${msgid} :n${count}!u@h TAGMSG #lobby`);
    server.say(`@+draft/react=x;+draft/reply=none${count} :n${count}!u@h TAGMSG #lobby`);
    server.say(`:op!u@h REDACT #lobby gone${count}`);
    server.say(`:n${count}!u@h INVITE me #c${count}`);
    server.say(`BATCH +b${count} draft/multiline #lobby`);
    server.say(`@batch=b1 :ann!u@h PRIVMSG #lobby :x`);
    server.say(`:irc 005 me T${count}=1 :are supported`);
    server.say(`CAP me NEW :vendor/c${count}`);
    server.say(`:me!u@h JOIN #j${count}`);
  }
  for (let count = 0; count < 21_000; count += 1) {
    if (count % 3) server.say(`:m${count}!u@h JOIN #lobby`);
    else server.say(`:irc 354 me 1 #lobby u h m${count} H 0 :r`);
  }
  const { timeline } = buffer;
  assert.ok(workspace.buffers.value.length <= 501, "buffers");
  assert.ok(buffer.typing.value.length <= 20, "typing");
  assert.ok(timeline.find(msgid).reactions.size <= 50, "reactions");
  assert.ok(timeline.orphans.size <= 500 && timeline.deletions.size <= 500, "orphans");
  assert.ok(workspace.notices.value.length <= 5, "notices");
  assert.ok(client.batches.open.size <= 100 && client.batches.size <= 20_000, "batches");
  assert.ok(client.model.isupport.tokens.size <= 500, "tokens");
  assert.ok(client.negotiation.offered.size <= 550, "capabilities");
  assert.ok(buffer.members.size <= 20_000, "members");
  assert.ok(client.channels.wanted.size <= 501, "channels");
});

test("items of batches are counted until the batch is complete, also in others", () => {
  const batches = new Batches();
  const take = (line) => batches.take(parse(line));
  for (let count = 0; count < 100; count += 1) {
    take("BATCH +o outer");
    take("@batch=o BATCH +i inner");
    for (let each = 0; each < 300; each += 1) take("@batch=i PRIVMSG #a :x");
    assert.equal(take("BATCH -i"), null);
    assert.equal(take("BATCH -o").items[0].items.length, 300);
    assert.equal(batches.size, 0);
  }
  take("BATCH +o outer");
  for (let count = 0; count < 30_000; count += 1) take("@batch=o PRIVMSG #a :x");
  assert.equal(take("BATCH -o").items.length, 20_000);
  assert.equal(take("@batch=never PRIVMSG #a :x"), null);
});
