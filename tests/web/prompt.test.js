/** Completion of what is typed, fuzzy names, emoji by name, and translations. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { _, chosenLanguage, install, plural } from "../../src/trio_chat/web/app/platform/i18n.js";
import { commandList } from "../../src/trio_chat/web/app/session/commands/table.js";
import { searchEmoji } from "../../src/trio_chat/web/app/text/emoji.js";
import {
  candidates,
  inserted,
  nicks,
  queryAt,
} from "../../src/trio_chat/web/app/views/completion.js";
import { matching } from "../../src/trio_chat/web/app/views/matching.js";
import { fakeWorkspace, member } from "./fake_workspace.js";

const WEB = new URL("../../src/trio_chat/web/", import.meta.url);
const workspace = fakeWorkspace();
const commands = [
  ...workspace.commands,
  { name: "kick", usage: "", help: "", complete: /** @type {any} */ (["nick", ""]) },
];

/**
 * @param {string} text
 * @param {boolean} [forced]
 */
const query = (text, forced = false) =>
  queryAt(text, text.length, commands, { channelTypes: "#", forced });

afterEach(() => install({ language: "en", plurals: {}, texts: {} }));

test("the sign before a word decides what completes it", () => {
  assert.deepEqual(query("/jo"), { kind: "command", text: "jo", start: 0, end: 3 });
  assert.deepEqual(query("hi :thum"), { kind: "emoji", text: "thum", start: 3, end: 8 });
  assert.deepEqual(query("see #de"), { kind: "channel", text: "#de", start: 4, end: 7 });
  assert.deepEqual(query("hi @an"), { kind: "nick", text: "an", start: 3, end: 6 });
  for (const text of ["word", "", "a:b", "10:30", "http://x", "//join"])
    assert.equal(query(text), null, text);
});

test("Tab completes a word without a sign as a nickname", () => {
  assert.deepEqual(query("hi an", true), { kind: "nick", text: "an", start: 3, end: 5 });
  assert.equal(query("hi ", true), null);
});

test("parameters of a command are completed as it says", () => {
  assert.equal(query("/kick an")?.kind, "nick");
  assert.equal(query("/join de")?.kind, "channel");
  assert.equal(query("/kick ann be"), null);
});

test("a nickname that may stand before a text is completed after its @, and keeps that", () => {
  const typed = (/** @type {string} */ text) =>
    queryAt(text, text.length, commandList(), { channelTypes: "#", forced: false });
  for (const text of ["/poll ", "/vote ", "/reply ", "/react ", "/translate ", "/redact ", "/at 9:00 "]) {
    const start = text.length + 1;
    assert.deepEqual(typed(`${text}@an`), { kind: "nick", text: "an", start, end: start + 2 });
    assert.equal(typed(`${text}an`), null, text);
  }
  assert.equal(typed("/poll Lunch? pizza | an"), null);
});

test("nicknames come in the order in which their users spoke, without the own one", () => {
  const [, lobby] = workspace.buffers.value;
  assert.ok(lobby);
  const members = [
    member("ann"),
    member("anton", "", { spoke: 9 }),
    member("anke", "", { spoke: 5 }),
    member("anme"),
  ];
  const buffer = { ...lobby, members: new Map(members.map((each) => [each.nick, each])) };
  assert.deepEqual(nicks("an", buffer, "anme"), ["anton", "anke", "ann"]);
});

test("a nickname at the beginning gets a colon", () => {
  const [, lobby] = workspace.buffers.value;
  assert.ok(lobby);
  const at = (/** @type {string} */ text) => {
    const wanted = query(text, true);
    assert.ok(wanted);
    const [first] = candidates(wanted, workspace, lobby);
    assert.ok(first);
    return inserted(text, wanted, first);
  };
  assert.deepEqual(at("bo"), { text: "bob: ", cursor: 5 });
  assert.deepEqual(at("hi bo"), { text: "hi bob ", cursor: 7 });
});

test("a completion before a space adds no second one", () => {
  assert.deepEqual(
    inserted(
      "/jo x",
      { kind: "command", text: "jo", start: 0, end: 3 },
      { insert: "/join ", label: "" },
    ),
    { text: "/join x", cursor: 5 },
  );
});

test("some letters of a name find it, beginnings first", () => {
  const names = ["#random", "#dev", "#old-dev", "devin"];
  assert.deepEqual(
    matching(names, "dev", (name) => name),
    ["#dev", "devin", "#old-dev"],
  );
  assert.deepEqual(
    matching(names, "rdm", (name) => name),
    ["#random"],
  );
  assert.deepEqual(
    matching(names, "", (name) => name),
    names,
  );
  assert.deepEqual(
    matching(names, "x", (name) => name),
    [],
  );
});

for (const [language, word, emoji] of [
  ["en", "thumbsup", "👍"],
  ["en", "party", "🎉"],
  ["en", "+1", "👍"],
  ["ru", "сердце", "❤️"],
  ["ru", "tada", "🎉"],
]) {
  test(`emoji are found by name: ${word}`, () => {
    const groups = JSON.parse(readFileSync(new URL(`emoji/${language}.json`, WEB), "utf8"));
    const found = searchEmoji(groups, String(word), 12).map(([sign]) => sign);
    assert.ok(found.includes(String(emoji)), found.join(" "));
  });
}

test("a text without a translation is shown in English", () => {
  assert.equal(_("Hello {name}, {other}", { name: "<b>" }), "Hello <b>, {other}");
  assert.equal(plural("{count} file", "{count} files", 1), "1 file");
  assert.equal(plural("{count} file", "{count} files", 2), "2 files");
});

test("the form of a plural is that of its category", () => {
  const plurals = { one: 0, few: 1, many: 2, other: 1 };
  install({
    language: "ru",
    plurals,
    texts: { "{count} file": ["{count} файл", "{count} файла", "{count} файлов"] },
  });
  const forms = [1, 3, 5, 11, 21].map((count) => plural("{count} file", "{count} files", count));
  assert.deepEqual(forms, ["1 файл", "3 файла", "5 файлов", "11 файлов", "21 файл"]);
});

test("the language is the setting, or the first one of the browser that there is", () => {
  assert.equal(chosenLanguage("", ["de-DE", "ru-RU", "en"]), "ru");
  assert.equal(chosenLanguage("en", ["ru"]), "en");
  assert.equal(chosenLanguage("", ["xx"]), "en");
  assert.equal(chosenLanguage("../x", ["ru"]), "en");
});
