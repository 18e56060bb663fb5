/** What a device keeps: messages for the time without a connection, settings, drafts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Preferences } from "../../src/trio_chat/web/app/model/settings.js";
import { KeptValues } from "../../src/trio_chat/web/app/platform/storage.js";
// Loaded here, so that tests need not wait for them.
import "../../src/trio_chat/web/app/platform/message_cache.js";
import "../../src/trio_chat/web/app/session/commands/table.js";
import { connected, FakeStorage, newWorkspace, settle, textsOf } from "./support.js";

/** As much of IndexedDB as the cache uses. */
class FakeDatabase {
  values = new Map();

  transaction() {
    return { objectStore: () => this };
  }

  put(value, key) {
    this.values.set(key, structuredClone(value));
  }

  getAll() {
    const request = { result: structuredClone([...this.values.values()]) };
    queueMicrotask(() => request.onsuccess());
    return request;
  }

  delete(key) {
    this.values.delete(key);
  }

  clear() {
    this.values.clear();
  }
}

function device() {
  const database = new FakeDatabase();
  return { database, lasting: new FakeStorage(), openDatabase: async () => database };
}

test("a device that remembers shows its messages without a connection, and what was missed later", async () => {
  const kept = device();
  const first = await connected({ ...kept, connect: { remember: true } });
  first.server.hear("#lobby", "ann", "before");
  await first.clock.advance(6000);
  first.server.drop();
  first.server.reachable = false;
  first.server.store("#lobby", "ann!u@h", "PRIVMSG", "meanwhile");
  const second = newWorkspace({ ...kept, server: first.server, clock: first.clock });
  second.client.resume(second.actions);
  await settle();
  const buffer = second.workspace.current.value;
  assert.deepEqual(textsOf(buffer), ["before"]);
  first.server.reachable = true;
  await first.clock.advance(5000);
  assert.deepEqual(textsOf(buffer), ["before", "meanwhile"]);
});

test("the first message after a quiet time is kept soon", async () => {
  const kept = device();
  const { server, clock } = await connected({ ...kept, connect: { remember: true } });
  await clock.advance(20_000);
  kept.database.values.clear();
  server.hear("#lobby", "ann", "hello");
  await clock.advance(500);
  assert.equal(kept.database.values.size, 1);
});

test("a message that was deleted meanwhile does not stay", async () => {
  const { server, clock, buffer } = await connected();
  server.hear("#lobby", "ann", "keep");
  server.hear("#lobby", "ann", "secret");
  server.hear("#lobby", "ann", "last");
  server.drop();
  server.history["#lobby"] = server.history["#lobby"].filter(
    ({ line }) => !line.includes("secret"),
  );
  await clock.advance(2000);
  assert.deepEqual(textsOf(buffer), ["keep", "", "last"]);
});

test("messages of a channel that was created anew were not deleted", async () => {
  const { server, clock, buffer } = await connected();
  for (const text of ["open", "closed", "again open"]) server.hear("#lobby", "ann", text);
  server.drop();
  server.history["#lobby"].splice(1, 1);
  server.created = clock.now() / 1000 + 1;
  await clock.advance(2000);
  assert.deepEqual(textsOf(buffer), ["open", "closed", "again open"]);
});

test("a device that does not remember keeps neither messages nor channels", async () => {
  const kept = device();
  const { server, clock } = await connected({ ...kept, connect: { remember: false } });
  server.hear("#lobby", "ann", "hello");
  await clock.advance(10_000);
  assert.equal(kept.database.values.size, 0);
  assert.doesNotMatch(JSON.stringify(kept.lasting.values), /lobby/);
});

test("a user that wants the device to forget leaves nothing on it", async () => {
  const kept = device();
  const { server, clock, actions } = await connected({ ...kept, connect: { remember: true } });
  server.hear("#lobby", "ann", "hello");
  await clock.advance(10_000);
  assert.equal(kept.database.values.size, 1);
  actions.setSettings({ remember: false });
  await clock.advance(10_000);
  assert.equal(kept.database.values.size, 0);
  assert.doesNotMatch(JSON.stringify(kept.lasting.values), /lobby/);
});

test("a draft stays with its channel, also when the page is loaded anew", async () => {
  const kept = device();
  const { clock, buffer, passing, server } = await connected(kept);
  buffer.draft.value = "unfinished";
  await clock.advance(1000);
  const second = newWorkspace({ ...kept, passing, server, clock });
  second.client.resume(second.actions);
  await settle();
  assert.equal(second.workspace.current.value.draft.value, "unfinished");
});

test("what was never sent is in the prompt of a page that is loaded anew", async () => {
  const kept = device();
  const { clock, buffer, passing, server, actions } = await connected(kept);
  server.reachable = false;
  server.drop();
  await settle();
  for (const line of ["one", "//two", "/me waves"]) await actions.input(buffer, line);
  await settle();
  buffer.draft.value = "unfinished";
  await clock.advance(1000);
  const second = newWorkspace({ ...kept, passing, server, clock });
  second.client.resume(second.actions);
  await settle();
  const { draft } = second.workspace.current.value;
  assert.equal(draft.value, "one\n//two\n/me waves\nunfinished");
});

test("what was sent after all is no draft", async () => {
  const kept = device();
  const { clock, buffer, passing, server, actions } = await connected(kept);
  server.reachable = false;
  server.drop();
  await settle();
  await actions.input(buffer, "one");
  assert.match(JSON.stringify(passing.values), /one/);
  server.reachable = true;
  await clock.advance(120_000);
  assert.ok(server.sent("PRIVMSG").some((line) => line.includes("one")));
  const second = newWorkspace({ ...kept, passing, server, clock });
  second.client.resume(second.actions);
  await settle();
  assert.equal(second.workspace.current.value.draft.value, "");
});

test("a password for a service is never kept", async () => {
  const { server, workspace, actions, passing } = await connected(device());
  server.reachable = false;
  server.drop();
  await settle();
  actions.open("NickServ");
  await settle();
  for (const line of ["HELP", "IDENTIFY hunter2"]) {
    await actions.input(workspace.current.value, line);
  }
  assert.match(JSON.stringify(passing.values), /HELP/);
  assert.doesNotMatch(JSON.stringify(passing.values), /hunter2/);
});

test("a browser that keeps nothing has a chat nevertheless", async () => {
  const refusing = {
    getItem() {
      throw new Error("denied");
    },
    setItem() {
      throw new Error("full");
    },
    removeItem() {},
  };
  const { workspace, actions } = await connected({ lasting: refusing, passing: null });
  actions.setSettings({ theme: "dark" });
  assert.equal(workspace.settings.value.theme, "dark");
  assert.equal(workspace.connection.value.phase, "ready");
});

test("what somebody else has written into the storage is not believed", async () => {
  const lasting = new FakeStorage();
  for (const key of ["settings", "ignored", "channels", "nick"]) {
    for (const value of ["{", "null", "[1]", "5", '{"highlights": 5}']) {
      lasting.values[`trio-chat:${key}`] = value;
      const { workspace } = await connected({ lasting });
      assert.equal(workspace.connection.value.phase, "ready", `${key} ${value}`);
    }
  }
});

test("a device that begins or ends to remember finds its channels and drafts after a reload", () => {
  const areas = [new FakeStorage(), new FakeStorage()].map((area) => new KeptValues(area));
  const preferences = new Preferences(...areas);
  preferences.wasConnected = true;
  preferences.channels = [{ name: "#garden", key: "" }];
  preferences.current = "#garden";
  preferences.keepDraft("#garden", "half a sen");
  for (const remember of [true, false]) {
    preferences.change({ remember });
    if (!remember) preferences.forgetConversations();
    const later = new Preferences(...areas);
    assert.equal(later.settings.value.remember, remember);
    assert.equal(later.wasConnected, true);
    assert.deepEqual(later.channels, [{ name: "#garden", key: "" }]);
    assert.equal(later.current, "#garden");
    assert.equal(later.draft("#garden"), "half a sen");
  }
});
