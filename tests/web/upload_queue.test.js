// Turns of uploads: a few at once, again when the server asks for that, and none after a cancel.

import assert from "node:assert/strict";
import { test } from "node:test";

import { UploadQueue, UploadRefused } from "../../src/trio_chat/web/app/session/upload_queue.js";

/** A clock whose timers are due at once. */
const clock = { start: (action, delay) => (delays.push(delay), queueMicrotask(action)), stop() {} };
const delays = [];
const settled = () => new Promise((resolve) => setImmediate(resolve));
const { signal } = new AbortController();

test("two files are sent at once, the others in their turn", async () => {
  const queue = new UploadQueue(clock);
  const begun = [];
  const ends = [];
  const all = [0, 1, 2, 3].map((number) =>
    queue.run(signal, () => {
      begun.push(number);
      return new Promise((resolve) => ends.push(() => resolve(number)));
    }),
  );
  await settled();
  assert.deepEqual(begun, [0, 1]);
  ends[1]();
  await settled();
  assert.deepEqual(begun, [0, 1, 2]);
  ends[0]();
  await settled();
  ends[2]();
  ends[3]();
  assert.deepEqual(await Promise.all(all), [0, 1, 2, 3]);
});

test("a file that the server takes later is sent again", async () => {
  const queue = new UploadQueue(clock);
  let tries = 0;
  const send = async () => {
    tries += 1;
    if (tries < 3) throw new UploadRefused("too many at once", 5);
    return "sent";
  };
  assert.equal(await queue.run(signal, send), "sent");
  assert.deepEqual(delays, [5000, 5000]);
});

test("a wait that is too long is an error, and the next file has its turn", async () => {
  const queue = new UploadQueue(clock);
  const refused = async () => Promise.reject(new UploadRefused("try in an hour", 3600));
  for (let count = 0; count < 3; count += 1)
    await assert.rejects(queue.run(signal, refused), /in an hour/u);
  assert.equal(await queue.run(signal, async () => "sent"), "sent");
});

test("a cancelled file is not sent, whether it waits for its turn or for the server", async () => {
  const queue = new UploadQueue({ start: () => 1, stop() {} });
  const [first, second] = [new AbortController(), new AbortController()];
  const later = queue.run(first.signal, async () => Promise.reject(new UploadRefused("", 5)));
  await settled();
  first.abort();
  await assert.rejects(later, { name: "AbortError" });
  second.abort();
  await assert.rejects(
    queue.run(second.signal, () => assert.fail("sent")),
    { name: "AbortError" },
  );
});
