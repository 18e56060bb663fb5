/** Which package of the program is offered to a visitor. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fittingDownload, offerIn, systemOf } from "../../src/trio_chat/web/app/platform/downloads.js";

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
  [{ platform: "Linux aarch64", userAgent: "Mozilla/5.0 (X11; Linux x86_64)" }, "linux-arm"],
  [{ userAgent: "Mozilla/5.0 (X11; Ubuntu; Linux aarch64; rv:130.0)" }, "debian-arm"],
  [{ userAgent: "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)" }, ""],
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

test("the server says which package fits a system", () => {
  const systems = { windows: all[1].name, mac: "trio_chat-of-no-list.whl" };
  const best = (system) => fittingDownload({ ...offerIn(null), downloads: all, systems }, system);
  assert.equal(best("windows")?.name, "trio-chat-setup-0.9.0.exe");
  for (const system of ["mac", "linux", "", "constructor"]) assert.equal(best(system), undefined);
});

test("an answer of another form offers nothing", () => {
  const nothing = { downloads: [], systems: {}, commands: [], address: "" };
  for (const answer of [
    null,
    1,
    [],
    {},
    { files: {}, commands: "x", systems: 1, address: {} },
    { files: [null, 1, { name: "x" }, { name: "../x", size: 1, sha256 }], commands: [1] },
  ])
    assert.deepEqual(offerIn(answer), nothing);
});

test("a package whose digest is being computed is offered", () => {
  const files = [{ ...all[0], sha256: "" }, { ...all[1], sha256: "x" }];
  assert.deepEqual(offerIn({ files }).downloads, [files[0]]);
});
