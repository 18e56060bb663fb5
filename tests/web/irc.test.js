/** Lines, names, modes and texts of IRC. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { foldFunction } from "../../src/trio_chat/web/app/irc/casemapping.js";
import { stripFormatting } from "../../src/trio_chat/web/app/irc/formatting.js";
import { Isupport } from "../../src/trio_chat/web/app/irc/isupport.js";
import { matcher } from "../../src/trio_chat/web/app/irc/masks.js";
import {
  byteLength,
  escapeTag,
  format,
  parse,
  unescapeTag,
} from "../../src/trio_chat/web/app/irc/message.js";
import { changeModes, parseModes } from "../../src/trio_chat/web/app/irc/modes.js";
import {
  batches,
  messageLines,
  pieces,
  roomForText,
} from "../../src/trio_chat/web/app/irc/split.js";
import { generator } from "./support.js";

/** Lines and their parts: command, parameters, source, tags. */
const LINES = [
  ["foo bar baz asdf", "FOO", ["bar", "baz", "asdf"], "", {}],
  [":coolguy foo bar baz asdf", "FOO", ["bar", "baz", "asdf"], "coolguy", {}],
  ["foo bar baz :asdf quux", "FOO", ["bar", "baz", "asdf quux"], "", {}],
  ["foo bar baz :", "FOO", ["bar", "baz", ""], "", {}],
  ["foo bar baz ::asdf", "FOO", ["bar", "baz", ":asdf"], "", {}],
  [":coolguy foo bar baz :  asdf quux ", "FOO", ["bar", "baz", "  asdf quux "], "coolguy", {}],
  [":coolguy PRIVMSG bar :lol :) ", "PRIVMSG", ["bar", "lol :) "], "coolguy", {}],
  ["@a=b;c=32;k;rt=ql7 foo", "FOO", [], "", { a: "b", c: "32", k: "", rt: "ql7" }],
  [
    "@a=b\\\\and\\nk;c=72\\s45;d=gh\\:764 foo",
    "FOO",
    [],
    "",
    { a: "b\\and\nk", c: "72 45", d: "gh;764" },
  ],
  ["@c;h=;a=b :quux ab cd", "AB", ["cd"], "quux", { c: "", h: "", a: "b" }],
  [":src JOIN #chan", "JOIN", ["#chan"], "src", {}],
  [":src JOIN :#chan", "JOIN", ["#chan"], "src", {}],
  [":src AWAY ", "AWAY", [], "src", {}],
  [":cool\tguy foo bar baz", "FOO", ["bar", "baz"], "cool\tguy", {}],
  ["@tag1=value\\\\ntest COMMAND", "COMMAND", [], "", { tag1: "value\\ntest" }],
  ["@tag1=value\\1 COMMAND", "COMMAND", [], "", { tag1: "value1" }],
  ["@tag1=value1\\ COMMAND", "COMMAND", [], "", { tag1: "value1" }],
  ["@tag1=1;tag2=3;tag1=5 COMMAND", "COMMAND", [], "", { tag1: "5", tag2: "3" }],
  [":gravel.example MODE #tckk +n ", "MODE", ["#tckk", "+n"], "gravel.example", {}],
  [":a!b@c  PRIVMSG   #x   :  y", "PRIVMSG", ["#x", "  y"], "a!b@c", {}],
  [
    "@time=1;msgid=a=b :a PRIVMSG #x hi\r\n",
    "PRIVMSG",
    ["#x", "hi"],
    "a",
    { time: "1", msgid: "a=b" },
  ],
];

for (const [line, command, params, source, tags] of LINES) {
  test(`a line is divided into its parts: ${JSON.stringify(line)}`, () => {
    const message = parse(line);
    assert.deepEqual(
      [message.command, message.params, message.source, Object.fromEntries(message.tags)],
      [command, params, source, tags],
    );
  });
}

test("a line without a command is none", () => {
  for (const line of ["", " ", "@a=b", "@a=b ", ":source", ":source ", "\r\n"]) {
    assert.equal(parse(line), null, JSON.stringify(line));
  }
});

test("the nickname is the source up to its user or host", () => {
  const nicks = [":a!b@c X", ":a@c X", ":server.example X", "X"].map((line) => parse(line).nick);
  assert.deepEqual(nicks, ["a", "a", "server.example", ""]);
});

test("what is written is read as it was, whatever the parameters and tags", () => {
  const random = generator(1);
  const chars = [..."ab:; \\=,\t#@!é日🎉\u0001\u0002"];
  const word = (length) =>
    Array.from({ length }, () => chars[Math.floor(random() * chars.length)]).join("");
  for (let run = 0; run < 2000; run += 1) {
    const middle = Array.from(
      { length: Math.floor(random() * 3) },
      () => `x${word(4).replace(/ /g, "")}`,
    );
    const params = [...middle, word(Math.floor(random() * 12))];
    const tags = [
      ["+k", word(6)],
      ["label", word(3)],
    ];
    const message = parse(format("PRIVMSG", params, tags));
    assert.deepEqual(message.params, params);
    assert.deepEqual([...message.tags], tags);
  }
});

test("a value of a tag survives escaping, also line ends", () => {
  for (const value of ["", "a;b c\\d\r\n", "\\s", "\\:", ";;", "  "]) {
    assert.equal(unescapeTag(escapeTag(value)), value);
    assert.doesNotMatch(escapeTag(value), /[; \r\n]/);
  }
});

test("nothing can be written that would be read as something else", () => {
  const wrong = [["a b", "c"], [":a", "c"], ["", "c"], ["a\nQUIT"], ["a\r"], ["a\0"]];
  for (const params of wrong) assert.throws(() => format("PRIVMSG", params), RangeError);
  assert.equal(format("PRIVMSG", ["#a", ":)"]), "PRIVMSG #a ::)");
});

test("lines that the server would refuse are not written", () => {
  assert.equal(byteLength(format("PRIVMSG", ["#a", "x".repeat(499)])), 510);
  assert.throws(() => format("PRIVMSG", ["#a", "é".repeat(251)]), RangeError);
  assert.throws(() => format("TAGMSG", ["#a"], [["+t", "x".repeat(4100)]]), RangeError);
});

test("names are folded as the server announces", () => {
  const cases = [
    ["ascii", "", "ÄB[]~^", "Äb[]~^"],
    ["rfc1459", "", "AB[]\\~", "ab{}|^"],
    ["ascii", "rfc8265", "ÄB[]", "äb[]"],
    ["rfc7613", "", "Ａｎｎ", "ann"],
    ["ascii", "rfc8265", "e\u0301", "é"],
    ["something", "", "Ann", "ann"],
  ];
  for (const [mapping, beyond, name, folded] of cases) {
    assert.equal(foldFunction(mapping, beyond)(name), folded);
  }
});

test("folding twice is folding once", () => {
  const fold = foldFunction("ascii", "rfc8265");
  const random = generator(2);
  for (let run = 0; run < 3000; run += 1) {
    const name = String.fromCodePoint(
      ...Array.from({ length: 4 }, () => 0x21 + Math.floor(random() * 0x2000)),
    );
    assert.equal(fold(fold(name)), fold(name));
  }
});

test("tokens of the server are set, changed and removed", () => {
  const isupport = new Isupport();
  isupport.update(["NETWORK=a\\x20b", "PREFIX=(qo)~@", "NICKLEN=30", "WHOX", "CHANTYPES=#&"]);
  assert.deepEqual(
    [isupport.text("NETWORK", ""), isupport.ranks, isupport.number("NICKLEN")],
    ["a b", "qo", 30],
  );
  assert.deepEqual(
    ["#a", "&a", "a", ""].map((name) => isupport.isChannel(name)),
    [true, true, false, false],
  );
  isupport.update(["-PREFIX", "-NICKLEN"]);
  assert.deepEqual([isupport.prefixes, isupport.number("NICKLEN")], ["@+", 0]);
});

test("prefixes of members and of targets are told from names", () => {
  const isupport = new Isupport();
  isupport.update(["PREFIX=(qaohv)~&@%+", "STATUSMSG=~&@%+"]);
  assert.deepEqual(isupport.splitPrefixes("@+ann!u@h"), ["@+", "ann!u@h"]);
  assert.deepEqual(isupport.splitStatus("@#a"), ["@", "#a"]);
  assert.deepEqual(isupport.splitStatus("#a"), ["", "#a"]);
  assert.deepEqual(isupport.splitStatus("+ann"), ["", "+ann"]);
  assert.equal(isupport.changeRank("+", "o", true), "@+");
  assert.equal(isupport.changeRank("@+", "o", false), "+");
});

test("each mode takes the parameters that its type has", () => {
  const isupport = new Isupport();
  isupport.update(["PREFIX=(ov)@+", "CHANMODES=beI,k,l,imnst"]);
  const changes = parseModes(["+ob-kl+nl-v", "ann", "*!*@x", "key", "20", "bob"], isupport);
  const shown = changes.map(({ given, letter, param }) => `${given ? "+" : "-"}${letter} ${param}`);
  assert.deepEqual(shown, ["+o ann", "+b *!*@x", "-k key", "-l ", "+n ", "+l 20", "-v bob"]);
});

test("the modes of a channel follow the changes", () => {
  const isupport = new Isupport();
  isupport.update(["CHANMODES=b,k,l,imnt"]);
  const apply = (modes, ...params) => changeModes(modes, parseModes(params, isupport), isupport);
  assert.equal(apply("", "+tnk", "key"), "+knt key");
  assert.equal(apply("+knt key", "-k+l", "key", "5"), "+lnt 5");
  assert.equal(apply("+n", "-n+b", "x!*@*"), "");
});

test("codes of formatting are removed with their numbers, and nothing else", () => {
  const cases = [
    ["\x02bold\x0f and \x1ditalic", "bold and italic"],
    ["\x0304,12red\x03 2", "red 2"],
    ["\x031,2,3", ",3"],
    ["\x04ff0000,00ff00x", "x"],
    ["a\x07b\x01c\n\td", "abc\n\td"],
    ["plain 99", "plain 99"],
  ];
  for (const [text, plain] of cases) assert.equal(stripFormatting(text), plain);
});

test("pieces of a text are the text, fit, and divide no character", () => {
  const random = generator(3);
  const parts = ["word ", "é", "日本", "🎉", "👩‍👩‍👧", " ", "x".repeat(30)];
  for (let run = 0; run < 500; run += 1) {
    const text = Array.from({ length: 30 }, () => parts[Math.floor(random() * parts.length)]).join(
      "",
    );
    const room = 20 + Math.floor(random() * 60);
    const found = pieces(text, room);
    assert.equal(found.join(""), text);
    for (const piece of found) {
      assert.ok(byteLength(piece) <= room && piece.isWellFormed());
      assert.doesNotMatch(piece, /^\u200d/);
    }
  }
});

test("a character that is longer than a line is divided nevertheless", () => {
  const text = `e${"\u0301".repeat(300)}`;
  const found = pieces(text, 100);
  assert.equal(found.join(""), text);
  assert.ok(found.every((piece) => byteLength(piece) <= 100));
});

test("messages of several lines keep the limits, and lose nothing", () => {
  const random = generator(4);
  for (let run = 0; run < 200; run += 1) {
    const lines = Array.from({ length: 1 + Math.floor(random() * 60) }, () =>
      "y".repeat(Math.floor(random() * 400)),
    );
    const found = batches(messageLines(lines.join("\n"), 300), 24, 4096);
    for (const each of found) {
      assert.ok(
        each.length <= 24 && each.reduce((sum, line) => sum + line.text.length + 1, 0) <= 4096,
      );
      assert.equal(each[0].concat, false);
    }
    assert.equal(
      found
        .flat()
        .map((line) => line.text)
        .join(""),
      lines.join(""),
    );
  }
});

test("the room for a text counts the source that others see", () => {
  const room = roomForText("nick!user@host", "#a", "PRIVMSG");
  assert.equal(byteLength(`:nick!user@host PRIVMSG #a :${"x".repeat(room)}`), 510);
});

test("masks match nicknames, users and hosts, and take no other sign for a wildcard", () => {
  const cases = [
    ["ann", "Ann!u@h", true],
    ["ann", "anna!u@h", false],
    ["*!*@evil.*", "bob!u@evil.example", true],
    ["*!*@evil.*", "bob!u@good.example", false],
    ["a?n!*@*", "ann!u@h", true],
    ["a.n", "ann!u@h", false],
    ["[x]", "[x]!u@h", true],
    ["*@10.0.*", "ann!u@10.0.0.1", true],
    ["ann", "ann", true],
  ];
  const fold = foldFunction("ascii");
  for (const [mask, source, expected] of cases) {
    assert.equal(matcher([mask], fold)(source), expected, `${mask} ${source}`);
  }
  assert.equal(matcher([], fold)("ann!u@h"), false);
});
