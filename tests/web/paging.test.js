/** Pages of the history that the server does not send: the view must not ask for them at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newWorkspace, settle, textsOf } from "./support.js";

const COUNT = 350;
const NO_PAGE = { side: "older", reason: "No page" };

/** A page in a channel with a long history, of which it has the newest messages. */
async function withLongHistory() {
  const made = newWorkspace();
  const { server, actions, workspace } = made;
  for (let count = 0; count < COUNT; count += 1) {
    server.store("#lobby", "ann!u@h", "PRIVMSG", `m${count}`);
  }
  actions.connect({ nick: "me" });
  await settle();
  const buffer = workspace.current.value;
  return { ...made, buffer, timeline: buffer.timeline };
}

/** Have the server refuse the pages of one side. */
function refuse(server, side) {
  server.replace("CHATHISTORY", (_server, message) => {
    const [kind] = message.params;
    server.reply(message, [`:server FAIL CHATHISTORY MESSAGE_ERROR ${kind} #lobby :No ${side}`]);
  });
}

test("a refused page stalls its timeline for a while", async () => {
  const { server, clock, actions, buffer, timeline } = await withLongHistory();
  refuse(server, "page");
  await assert.rejects(actions.loadOlder(buffer), /No page/);
  assert.deepEqual([timeline.stalled.value, timeline.loading.value], [NO_PAGE, ""]);
  await clock.advance(9_999);
  assert.deepEqual(timeline.stalled.value, NO_PAGE);
  await clock.advance(1);
  assert.equal(timeline.stalled.value, null);
});

test("a timeline is stalled before its page is no longer loaded", async () => {
  const { server, actions, buffer, timeline } = await withLongHistory();
  refuse(server, "page");
  const states = [];
  timeline.loading.subscribe((loading) => states.push([loading, timeline.stalled.peek()]));
  await actions.loadOlder(buffer).catch(() => {});
  assert.deepEqual(states, [
    ["", null],
    ["older", null],
    ["", NO_PAGE],
  ]);
});

test("the user can have a stalled timeline filled", async () => {
  const { server, actions, buffer, timeline } = await withLongHistory();
  refuse(server, "page");
  await actions.loadOlder(buffer).catch(() => {});
  delete server.answers.CHATHISTORY;
  await actions.loadOlder(buffer);
  assert.equal(timeline.stalled.value, null);
  assert.equal(textsOf(buffer).length, 200);
});

test("newer pages stall a timeline, too", async () => {
  const { server, actions, buffer, timeline } = await withLongHistory();
  await actions.loadAround(buffer, server.history["#lobby"][50].msgid);
  refuse(server, "newer page");
  await assert.rejects(actions.loadNewer(buffer), /No newer page/);
  const stalled = { side: "newer", reason: "No newer page" };
  assert.deepEqual([timeline.stalled.value, timeline.loading.value], [stalled, ""]);
});

test("a page that is asked for without a connection stalls until there is one", async () => {
  const { server, clock, actions, buffer, timeline } = await withLongHistory();
  server.reachable = false;
  server.drop();
  await settle();
  await assert.rejects(actions.loadOlder(buffer), /no connection/i);
  assert.notEqual(timeline.stalled.value, null);
  server.reachable = true;
  await clock.advance(3000);
  assert.equal(timeline.stalled.value, null);
  await actions.loadOlder(buffer);
  assert.equal(textsOf(buffer).length, 200);
});

test("a jump without a connection says that there is none", async () => {
  const { server, actions, buffer } = await withLongHistory();
  server.reachable = false;
  server.drop();
  await settle();
  const { msgid } = server.history["#lobby"][50];
  await assert.rejects(actions.loadAround(buffer, msgid), /no connection/i);
});

test("the newest messages are asked for again when the way back to them failed", async () => {
  const { server, clock, actions, buffer } = await withLongHistory();
  await actions.loadAround(buffer, server.history["#lobby"][50].msgid);
  refuse(server, "page");
  await actions.backToLive(buffer);
  assert.deepEqual(textsOf(buffer), []);
  delete server.answers.CHATHISTORY;
  await clock.advance(5000);
  assert.equal(textsOf(buffer).at(-1), `m${COUNT - 1}`);
});
