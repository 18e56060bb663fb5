/** The page comes back: after sleep, without a network, after a restart of the server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose } from "../../src/trio_chat/web/app/platform/diagnosis.js";
import "../../src/trio_chat/web/app/platform/message_cache.js"; // so that tests need not wait for it
import { followLifecycle } from "../../src/trio_chat/web/app/platform/lifecycle.js";
import { connected, FakeStorage, newWorkspace, settle, textsOf, until } from "./support.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Let time pass in which no timer runs, as on a phone in a pocket. */
function sleep(clock, milliseconds) {
  clock.time += milliseconds;
}

test("after sleep, a dead socket is replaced within seconds, and what was missed is there", async () => {
  const { server, clock, client, workspace, texts } = await connected();
  server.hear("#lobby", "ann", "before");
  server.receive = () => {};
  sleep(clock, 3 * HOUR);
  server.store("#lobby", "ann!u@h", "PRIVMSG", "meanwhile");
  client.link.wake();
  await settle();
  assert.equal(server.sockets.length, 1, "it is asked first whether it is dead");
  await clock.advance(4000);
  delete server.receive;
  await clock.advance(2000);
  assert.equal(server.sockets.length, 2);
  assert.equal(workspace.connection.value.phase, "ready");
  assert.deepEqual(texts(), ["before", "meanwhile"]);
});

test("after sleep, a socket that still works is kept", async () => {
  const { server, clock, client, workspace } = await connected();
  sleep(clock, 3 * HOUR);
  client.link.wake();
  await clock.advance(MINUTE);
  assert.equal(server.sockets.length, 1);
  assert.equal(workspace.connection.value.phase, "ready");
});

test("a socket that was closed without an event is replaced at once", async () => {
  const { server, client, clock, workspace } = await connected();
  server.socket.close();
  client.link.wake();
  await clock.advance(1);
  assert.equal(server.sockets.length, 2);
  assert.equal(workspace.connection.value.phase, "ready");
});

test("a socket that was opening when the page fell asleep is not waited for", async () => {
  const { server, client, clock, workspace, actions } = newWorkspace();
  server.silent = true;
  actions.connect({ nick: "me" });
  await settle();
  assert.equal(workspace.connection.value.phase, "connecting");
  server.silent = false;
  sleep(clock, HOUR);
  client.link.wake();
  await settle();
  assert.equal(workspace.connection.value.phase, "ready");
});

test("waking up often opens one connection", async () => {
  const { server, client, clock, workspace } = await connected();
  server.drop();
  for (let count = 0; count < 5; count += 1) client.link.wake();
  await settle();
  await clock.advance(MINUTE);
  assert.equal(server.sockets.length, 2);
  assert.equal(workspace.connection.value.phase, "ready");
});

test("a timer alone notices sleep, without any event of the browser", async () => {
  const { server, clock, workspace } = await connected();
  server.receive = () => {};
  sleep(clock, HOUR);
  await clock.advance(1);
  await clock.advance(4000);
  delete server.receive;
  await clock.advance(5000);
  assert.equal(server.sockets.length, 2);
  assert.equal(workspace.connection.value.phase, "ready");
});

test("a clock that is set back delays no check", async () => {
  const { server, clock } = await connected();
  await clock.advance(5000);
  for (const timer of clock.timers) timer.at -= HOUR;
  sleep(clock, -HOUR);
  server.receive = () => {};
  await clock.advance(MINUTE);
  assert.ok(server.sockets.length > 1);
});

test("a message on the way when the page fell asleep is neither lost, doubled nor refused", async () => {
  const { server, clock, client, buffer, actions, texts } = await connected();
  server.replace("PRIVMSG", (_server, { params }) => {
    server.store(params[0], "me!u@h", "PRIVMSG", params[1]);
  });
  actions.input(buffer, "on the way");
  await settle();
  server.receive = () => {};
  sleep(clock, HOUR);
  await clock.advance(1);
  assert.equal(buffer.timeline.entries.at(-1).failed, "");
  client.link.wake();
  await clock.advance(4000);
  delete server.receive;
  delete server.answers.PRIVMSG;
  await clock.advance(5000);
  assert.deepEqual(texts(), ["on the way"]);
  assert.deepEqual(
    buffer.timeline.entries.filter((each) => each.pending || each.failed),
    [],
  );
  assert.equal(server.history["#lobby"].length, 1);
});

test("a message of the former session, which still has the nickname, is not sent again", async () => {
  const { server, clock, buffer, actions, texts, workspace } = await connected();
  server.replace("PRIVMSG", (_server, { params }) => {
    server.store(params[0], "me!u@h", "PRIVMSG", params[1]);
    server.taken = ["me"];
    server.drop();
  });
  actions.input(buffer, "once");
  await settle();
  delete server.answers.PRIVMSG;
  await clock.advance(5000);
  assert.equal(workspace.me.nick.value, "me2");
  assert.deepEqual(texts(), ["once"]);
  assert.equal(server.sent("PRIVMSG").length, 1);
  server.taken = [];
  server.say(":server 731 me2 :me");
  await settle();
  assert.equal(workspace.me.nick.value, "me");
  assert.ok(server.sent("MONITOR").includes("MONITOR - me"));
});

test("a nickname is tried again where the server does not say that it is free", async () => {
  const { workspace, server, actions, clock } = newWorkspace();
  server.tokens = " -MONITOR";
  server.taken = ["me"];
  actions.connect({ nick: "me" });
  await settle();
  assert.equal(workspace.me.nick.value, "me2");
  await clock.advance(31_000);
  assert.equal(workspace.me.nick.value, "me2");
  server.taken = [];
  await clock.advance(61_000);
  assert.equal(workspace.me.nick.value, "me");
  assert.equal(server.sent("MONITOR").length, 0);
});

test("two tabs of one user stay in their own channels when they are loaded anew", async () => {
  const lasting = new FakeStorage();
  const connect = { remember: true };
  const first = await connected({ lasting, connect });
  first.actions.join("#first");
  await settle();
  const second = await connected({ lasting, connect });
  second.actions.part(second.workspace.buffers.value.find((each) => each.name === "#first"));
  second.actions.join("#second");
  await settle();
  const again = newWorkspace({ lasting, passing: first.passing });
  again.client.resume(again.actions);
  await settle();
  const names = again.workspace.buffers.value.map((each) => each.name).filter(Boolean);
  assert.deepEqual(names, ["#first", "#lobby"]);
});

test("a server that is restarted is said to be, and is joined again", async () => {
  const { server, clock, workspace, buffer } = await connected();
  server.reachable = false;
  server.socket.serverClose(1012);
  assert.match(workspace.connection.value.reason, /restarted/);
  await clock.advance(20_000);
  server.reachable = true;
  server.modes = "+n";
  await clock.advance(MINUTE);
  assert.equal(workspace.connection.value.phase, "ready");
  assert.equal(buffer.joined.value, true);
});

/** The last words of a node that is restarted while others serve the network. */
function sendAway(server) {
  server.say(":server NOTE * RECONNECT :This server is being restarted, connect again");
  server.say("ERROR :Closing link: 192.0.2.7 (This server is being restarted, connect again)");
  server.socket.serverClose(1001);
}

test("a node that is restarted is left at once, and another one is found behind its address", async () => {
  const { server, clock, workspace, buffer, texts } = await connected();
  server.hear("#lobby", "ann", "before");
  await clock.advance(MINUTE);
  server.store("#lobby", "ann!u@h", "PRIVMSG", "meanwhile");
  sendAway(server);
  assert.equal(workspace.connection.value.reason, "The server is being restarted.");
  assert.deepEqual(workspace.notices.value, []);
  await clock.advance(500);
  assert.equal(server.sockets.length, 2);
  await clock.advance(2000);
  assert.equal(workspace.connection.value.phase, "ready");
  assert.equal(buffer.joined.value, true);
  assert.deepEqual(texts(), ["before", "meanwhile"]);
});

test("nodes that send every client away are not asked without a pause", async () => {
  const { server, clock } = await connected();
  await clock.advance(MINUTE);
  sendAway(server);
  await clock.advance(500);
  assert.equal(server.sockets.length, 2);
  sendAway(server);
  await clock.advance(499);
  assert.equal(server.sockets.length, 2);
  await clock.advance(1000);
  assert.equal(server.sockets.length, 3);
});

test("the reason that the server gives for closing is shown without the address", async () => {
  const { server, workspace } = await connected();
  server.say("ERROR :Closing link: 192.0.2.7 (Killed)");
  server.socket.serverClose(1000);
  const { reason } = workspace.connection.value;
  assert.equal(reason, "The server has closed the connection: Killed");
});

test("what the server offers after its restart replaces what it offered before", async () => {
  const { server, clock, workspace } = await connected();
  server.tokens = " -WHOX TOPICLEN=20";
  server.caps = server.caps.replace("draft/chathistory", "");
  server.drop();
  await clock.advance(5000);
  const { history, limits } = workspace.features.value;
  assert.deepEqual([history, limits.topic], [false, 20]);
});

const PASSWORD = { nick: "me", account: "me", password: "secret", remember: false };

/** A workspace that is logged in, with a server that answers AUTHENTICATE as told. */
async function loggedIn() {
  const all = newWorkspace({ secure: true });
  const { server } = all;
  server.caps = server.caps.replace("PLAIN,SCRAM-SHA-256", "PLAIN");
  const accept = (_server, { params }) => {
    if (params[0] === "SCRAM-SHA-256") server.say(":server 908 * PLAIN :are available");
    else if (params[0] === "PLAIN") server.say("AUTHENTICATE +");
    else {
      server.say(":server 900 * me!u@h me :You are now logged in");
      server.say(":server 903 * :SASL authentication successful");
    }
  };
  server.replace("AUTHENTICATE", accept);
  all.actions.connect(PASSWORD);
  await until(() => all.workspace.connection.value.phase === "ready");
  assert.equal(all.workspace.connection.value.phase, "ready");
  return { ...all, accept };
}

test("a server that cannot log in at the moment is tried again", async () => {
  for (const refusal of [
    ":server FAIL AUTHENTICATE TEMPORARILY_UNAVAILABLE :Not now",
    ":server 906 * :aborted",
  ]) {
    const { server, clock, workspace, accept } = await loggedIn();
    server.replace("AUTHENTICATE", () => server.say(refusal));
    server.drop();
    await clock.advance(1000);
    await until(() => workspace.connection.value.phase === "waiting");
    server.replace("AUTHENTICATE", accept);
    await clock.advance(3000);
    await until(() => workspace.connection.value.phase === "ready");
    assert.equal(workspace.me.account.value, "me");
  }
});

test("a server without accounts after its restart is tried again, not entered as a guest", async () => {
  const { server, clock, workspace } = await loggedIn();
  const { caps } = server;
  server.caps = caps.replace(/ sasl=\S+/, "");
  server.drop();
  await clock.advance(1000);
  assert.equal(workspace.connection.value.phase, "waiting");
  server.caps = caps;
  await clock.advance(20_000);
  assert.equal(workspace.connection.value.phase, "ready");
});

test("a password that is not valid any longer ends the attempts, and says so", async () => {
  const { server, clock, workspace } = await loggedIn();
  server.replace("AUTHENTICATE", (_server, { params }) => {
    if (params[0] === "SCRAM-SHA-256") server.say(":server 908 * PLAIN :are available");
    else if (params[0] === "PLAIN") server.say("AUTHENTICATE +");
    else server.say(":server 904 * :SASL authentication failed");
  });
  server.drop();
  await clock.advance(5 * MINUTE);
  const { phase, problem } = workspace.connection.value;
  assert.deepEqual([phase, problem], ["closed", "login"]);
  assert.equal(server.sockets.length, 2);
});

test("closed conversations do not come back with each connection", async () => {
  const { server, clock, workspace, actions } = await loggedIn();
  const asked = () => server.lines.filter((line) => line.includes("CHATHISTORY TARGETS"));
  const [first] = asked();
  assert.match(first, /TARGETS timestamp=2026-01-31T12:01:00.000Z timestamp=2026-01-01/);
  actions.close(workspace.current.value);
  server.replace("CHATHISTORY", (_server, message) => {
    if (message.params[0] === "TARGETS") {
      server.reply(message, [":server BATCH +T draft/chathistory-targets", ":server BATCH -T"]);
    }
  });
  server.drop();
  await clock.advance(2000);
  server.drop();
  await clock.advance(2000);
  assert.match(asked().at(-1), /timestamp=2026-01-31T11:59/);
});

test("the page wakes and leaves with each event of the browser", () => {
  const scope = Object.assign(new EventTarget(), {
    document: Object.assign(new EventTarget(), { visibilityState: "hidden" }),
  });
  const seen = [];
  followLifecycle(scope, { wake: () => seen.push("wake"), leave: () => seen.push("leave") });
  for (const type of ["online", "pageshow", "pagehide"]) scope.dispatchEvent(new Event(type));
  for (const type of ["freeze", "resume", "visibilitychange"]) {
    scope.document.dispatchEvent(new Event(type));
  }
  scope.document.visibilityState = "visible";
  scope.document.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(seen, ["wake", "wake", "leave", "leave", "wake", "leave", "wake"]);
});

test("why nothing can be opened is found out by HTTP", async () => {
  const place = { pathname: "/", protocol: "https:" };
  const answer = (status) => ({ fetch: async () => ({ status }), isOnline: () => true });
  const failing = (isOnline) => ({
    fetch: async () => {
      throw new TypeError("failed");
    },
    isOnline: () => isOnline,
  });
  assert.match(await diagnose(place, answer(429)), /too many connections/);
  assert.match(await diagnose(place, answer(403)), /address of this page/);
  assert.match(await diagnose(place, answer(502)), /not ready/);
  assert.match(await diagnose(place, answer(200)), /WebSocket/);
  assert.match(await diagnose(place, failing(true)), /certificate has changed/);
  assert.match(await diagnose(place, failing(false)), /no network/);
  assert.equal(await diagnose({ ...place, protocol: "http:" }, failing(true)), "");
});
