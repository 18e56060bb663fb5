/** Which package of the program is offered to a visitor. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  downloadsIn,
  fittingDownload,
  systemOf,
} from "../../src/trio_chat/web/app/platform/downloads.js";

const sha256 = "0".repeat(64);
const all = [
  "trio-chat-client-0.9.0.exe",
  "trio-chat-setup-0.9.0.exe",
  "trio-chat-portable-0.9.0.zip",
  "trio-chat_0.9.0_amd64.deb",
  "trio_chat-0.9.0-py3-none-any.whl",
  "trio-chat-offline-0.9.0.zip",
].map((name) => ({ name, size: 1, sha256 }));

for (const [hints, system] of [
  [{ userAgentData: { platform: "Windows", mobile: false } }, "windows"],
  [{ platform: "Win32", userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" }, "windows"],
  [{ platform: "Linux x86_64", userAgent: "Mozilla/5.0 (X11; Ubuntu; Linux x86_64)" }, "debian"],
  [{ platform: "Linux x86_64", userAgent: "Mozilla/5.0 (X11; Linux x86_64)" }, "linux"],
  [{ platform: "MacIntel", userAgent: "Mozilla/5.0 (Macintosh)", maxTouchPoints: 0 }, "mac"],
  [{ platform: "MacIntel", userAgent: "Mozilla/5.0 (Macintosh)", maxTouchPoints: 5 }, ""],
  [{ userAgentData: { platform: "Android", mobile: true }, platform: "Linux armv8l" }, ""],
  [{ platform: "Linux armv8l", userAgent: "Mozilla/5.0 (Linux; Android 14)" }, ""],
  [{ platform: "iPhone" }, ""],
  [{}, ""],
])
  test(`${JSON.stringify(hints)} is ${system || "no system with packages"}`, () => {
    assert.equal(systemOf(hints), system);
  });

test("each system gets its best package, and the next one when that is missing", () => {
  const best = (system, files = all) => fittingDownload(files, system)?.name;
  assert.equal(best("windows"), "trio-chat-setup-0.9.0.exe");
  assert.equal(best("windows", all.slice(0, 1)), "trio-chat-client-0.9.0.exe");
  assert.equal(best("debian"), "trio-chat_0.9.0_amd64.deb");
  assert.equal(best("linux"), "trio_chat-0.9.0-py3-none-any.whl");
  assert.equal(best("mac"), "trio_chat-0.9.0-py3-none-any.whl");
  assert.equal(best("mac", all.slice(0, 4)), undefined);
  assert.equal(best(""), undefined);
});

test("an answer of another form has no packages", () => {
  assert.deepEqual(downloadsIn({ files: all }), all);
  for (const answer of [null, 1, [], {}, { files: {} }, { files: [null, 1, { name: "x" }] }])
    assert.deepEqual(downloadsIn(answer), []);
  assert.deepEqual(downloadsIn({ files: [{ name: "../x", size: 1, sha256 }] }), []);
});
