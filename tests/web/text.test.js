/** Formatting codes, Markdown, links and names in a text, and elements made of them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeEntry } from "../../src/trio_chat/web/app/model/entries.js";
import { invitationOf } from "../../src/trio_chat/web/app/platform/address.js";
import { _, localeOf, numberText, plural } from "../../src/trio_chat/web/app/platform/i18n.js";
import { plain, plainName, spans } from "../../src/trio_chat/web/app/text/formatting.js";
import { links } from "../../src/trio_chat/web/app/text/links.js";
import { blocks, inlines } from "../../src/trio_chat/web/app/text/markdown.js";
import { mentions } from "../../src/trio_chat/web/app/text/names.js";
import { crc32, nickClass } from "../../src/trio_chat/web/app/text/nick_colour.js";
import { isSecretLine } from "../../src/trio_chat/web/app/text/secrets.js";
import { safeHref, uploadedFile, withFileNames } from "../../src/trio_chat/web/app/text/targets.js";
import { isJumbo, saidNodes, textNodes, withoutFiles } from "../../src/trio_chat/web/app/text/nodes.js";
import { eventText } from "../../src/trio_chat/web/app/views/event_text.js";

/** @param {string} text */
const shown = (text) =>
  inlines(text).map(({ text: part, style, code, href }) => [
    part,
    ...Object.keys(style),
    ...(code ? ["code"] : []),
    ...(href ? [href] : []),
  ]);

test("codes toggle styles, and a reset ends all of them", () => {
  assert.deepEqual(spans("a\x02b\x1dc\x02d\x0fe"), [
    { text: "a", style: {} },
    { text: "b", style: { bold: true } },
    { text: "c", style: { bold: true, italic: true } },
    { text: "d", style: { italic: true } },
    { text: "e", style: {} },
  ]);
});

test("a colour takes at most two digits, and a comma belongs to it only before a digit", () => {
  assert.deepEqual(spans("\x03041"), [{ text: "1", style: { fg: 4 } }]);
  assert.deepEqual(spans("\x034,x"), [{ text: ",x", style: { fg: 4 } }]);
  assert.deepEqual(spans("\x034,12x\x03y"), [
    { text: "x", style: { fg: 4, bg: 12 } },
    { text: "y", style: {} },
  ]);
});

test("the extended colours become basic ones, and 99 is no colour", () => {
  assert.equal(spans("\x0352x")[0]?.style.fg, 5 < 16 ? spans("\x0316x")[0]?.style.fg : -1);
  assert.equal(spans("\x0398x")[0]?.style.fg, 14);
  assert.equal(spans("\x0399x")[0]?.style.fg, undefined);
});

test("a hexadecimal colour is dropped with its digits", () => {
  assert.equal(plain("\x04ff0000,00ff00red"), "red");
});

test("control characters and overrides of direction do not reach the page", () => {
  assert.equal(plain("a\x00\x07b\u202ec\u2028d"), "abcd");
  assert.equal(plainName("cod.\u2067exe\u200f"), "cod.exe");
  assert.equal(plainName("two\n\nlines"), "two lines");
});

test("Markdown needs signs that touch their words", () => {
  assert.deepEqual(shown("**b** *i* ~~s~~ __b__ _i_"), [
    ["b", "bold"],
    [" "],
    ["i", "italic"],
    [" "],
    ["s", "strike"],
    [" "],
    ["b", "bold"],
    [" "],
    ["i", "italic"],
  ]);
  for (const text of [
    "2*3*4",
    "2 * 3 * 4",
    "snake_case_name",
    "** **",
    "*",
    "**",
    "a*b",
    "~~",
    "5 ~~ 6",
    "_",
  ]) {
    assert.deepEqual(shown(text), [[text]], text);
  }
});

test("signs between punctuation marks, as in faces and in names of files, stay", () => {
  for (const text of [
    "\u00af\\_(ツ)_/\u00af",
    "^_^ hi ^_^",
    "-_- ... -_-",
    "(>_<) (>_<)",
    "*_* wow (*_*)",
    "rm /tmp/*.log /var/*.gz",
    "ls *.py src/*.py",
    'replace "_" by "_"',
  ]) {
    assert.deepEqual(shown(text), [[text]], text);
  }
});

test("punctuation may stand at both sides of what is emphasised", () => {
  assert.deepEqual(shown("(*wow!*) *(see below)*. _“hi”_, **重要**。"), [
    ["("],
    ["wow!", "italic"],
    [") "],
    ["(see below)", "italic"],
    [". "],
    ["“hi”", "italic"],
    [", "],
    ["重要", "bold"],
    ["。"],
  ]);
});

test("three signs, and signs of two kinds, are both styles", () => {
  assert.deepEqual(shown("***a***"), [["a", "italic", "bold"]]);
  assert.deepEqual(shown("_**a**_"), [["a", "bold", "italic"]]);
});

test("emphasis nests, and an unclosed sign is text", () => {
  assert.deepEqual(shown("**a _b_ c**"), [
    ["a ", "bold"],
    ["b", "italic", "bold"],
    [" c", "bold"],
  ]);
  assert.deepEqual(shown("*a **b*"), [["a **b", "italic"]]);
  assert.deepEqual(shown("**a"), [["**a"]]);
});

test("nothing is formatted inside of code", () => {
  assert.deepEqual(shown("`**a** https://x.org` b"), [["**a** https://x.org", "code"], [" b"]]);
  assert.deepEqual(shown("`` a`b ``"), [["a`b", "code"]]);
  assert.deepEqual(shown("`open"), [["`open"]]);
  // As in CommonMark, a part of a run neither opens nor closes.
  assert.deepEqual(shown("``a`"), [["``a`"]]);
  assert.deepEqual(shown("``a`b`"), [["``a"], ["b", "code"]]);
});

test("signs inside of a link are part of it, those after it are not", () => {
  assert.deepEqual(shown("**https://x.org/a_b_c**"), [
    ["https://x.org/a_b_c", "bold", "https://x.org/a_b_c"],
  ]);
});

test("a code block keeps its lines; without its end it is text", () => {
  assert.deepEqual(blocks("a\n```js\n**x**\n\n y\n```\nb"), [
    { type: "paragraph", lines: [[{ text: "a", style: {} }]] },
    { type: "code", text: "**x**\n\n y", language: "js" },
    { type: "paragraph", lines: [[{ text: "b", style: {} }]] },
  ]);
  assert.equal(blocks("```\nnever closed")[0]?.type, "paragraph");
});

test("lines after a > are a quote, a lone > is not", () => {
  assert.deepEqual(
    blocks("> a\n> b\nc").map(({ type }) => type),
    ["quote", "paragraph"],
  );
  assert.deepEqual(
    blocks(">").map(({ type }) => type),
    ["paragraph"],
  );
});

test("a long line of signs takes no quadratic time", () => {
  const started = performance.now();
  inlines("*a ".repeat(20_000));
  inlines("`".repeat(100_000));
  inlines("**".repeat(20_000));
  // Seconds, not milliseconds: a slow machine must not fail here.
  assert.ok(performance.now() - started < 10_000);
});

test("links end before the punctuation of the sentence", () => {
  const found = (/** @type {string} */ text) =>
    links(text).map(({ start, end }) => text.slice(start, end));
  assert.deepEqual(found("see https://x.org/a, or (https://y.org/b_(c))."), [
    "https://x.org/a",
    "https://y.org/b_(c)",
  ]);
  assert.deepEqual(found("ircs://irc.x.org/chan, mailto:a@b.org"), [
    "ircs://irc.x.org/chan",
    "mailto:a@b.org",
  ]);
});

test("a link ends at a quotation mark, at a bracket of the text, and where another begins", () => {
  const found = (/** @type {string} */ text) => links(text).map(({ href }) => href);
  for (const [text, ...expected] of [
    ['"https://x.org/a"', "https://x.org/a"],
    ["«https://x.org/a»", "https://x.org/a"],
    ["见https://x.org/a。", "https://x.org/a"],
    ["[https://x.org/a]", "https://x.org/a"],
    ["https://x.org/a)b", "https://x.org/a"],
    ["https://x.org/[a](b)", "https://x.org/[a](b)"],
    ["https://x.org**bold**", "https://x.org/"],
    ["https://x.org,https://y.org/a,https://z.org", "https://x.org/", "https://y.org/a", "https://z.org/"],
    ["x=https://x.org/?a=https://y.org", "https://x.org/?a=https://y.org"],
    ["https://[::1]:5000/a", "https://[::1]:5000/a"],
    ["https://президент.рф/путь!", new URL("https://президент.рф/путь").href],
  ])
    assert.deepEqual(found(text ?? ""), expected, text);
});

test("a scheme inside of a word or without a host makes no link", () => {
  for (const text of ["xhttps://x.org", "https://", "https://...", "a:// b", "https://x.org:99999/"])
    assert.deepEqual(links(text), [], text);
});

test("an address of mail is a link, the mask or the address of a user is none", () => {
  assert.deepEqual(
    links("write to <a.b+c@x.org>").map(({ href }) => href),
    ["mailto:a.b+c@x.org"],
  );
  const masked = "bob (bob@x1.y2.z3.ip)";
  for (const text of ["nick!user@host.example.com", "@user:example.com", "example.com@x", masked])
    assert.deepEqual(links(text), [], text);
});

test("links of a long text are found in linear time", () => {
  const started = performance.now();
  for (const part of ["a.", "-.", "a@", "x.org/", "https://x.org/(", "http://", "a.b@", "]["])
    links(part.repeat(50_000));
  // Seconds, not milliseconds: a slow machine must not fail here.
  assert.ok(performance.now() - started < 30_000);
});

test("names of files are no links, hosts with www or a path are", () => {
  for (const text of ["main.py", "README.md", "a.b", "1.2.3.4", "e.g. this"])
    assert.deepEqual(links(text), [], text);
  for (const text of ["www.x.de", "example.com", "youtu.be/x"])
    assert.equal(links(text).length, 1, text);
});

test("targets that run code, or that look like others, are no links", () => {
  for (const url of [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "blob:https://x.org/1",
    "file:///etc/passwd",
    "https://good.org\u202egpj.exe",
    "https://x.org/\u200bhidden",
    `https://x.org/${"a".repeat(3000)}`,
    "not a url",
  ]) {
    assert.equal(safeHref(url), "", url);
    assert.deepEqual(
      links(`x ${url}`).filter(({ href }) => !/^https?:\/\/(?:x|good)\.org/u.test(href)),
      [],
      url,
    );
  }
  assert.equal(safeHref("https://x.org/a"), "https://x.org/a");
});

test("only files of the page's own server are shown", () => {
  const origin = "http://chat.example:5000";
  assert.deepEqual(uploadedFile("http://chat.example:5000/file/abc/a%20b.PNG", origin), {
    href: "http://chat.example:5000/file/abc/a%20b.PNG",
    name: "a b.PNG",
    certain: true,
    image: true,
  });
  assert.equal(uploadedFile("http://chat.example:5000/file/abc/a.svg", origin)?.image, false);
  for (const href of [
    "http://other.example/file/abc/a.png",
    "http://chat.example:5001/file/abc/a.png",
    "http://chat.example:5000/file/a.png",
    "http://chat.example:5000/other/a/b.png",
    "javascript:1",
    "x",
  ]) {
    assert.equal(uploadedFile(href, origin), null, href);
  }
});

test("a link to the server under another name is looked for on the page's own", () => {
  const token = "o3q-blyGqKpctEwZGX-6Iw";
  const file = uploadedFile(
    `http://192.0.2.1:5000/file/${token}/a.png?w=3`,
    "https://chat.example",
  );
  assert.deepEqual(
    [file?.href, file?.certain],
    [`https://chat.example/file/${token}/a.png?w=3`, false],
  );
});

test("an address of another scheme becomes one of the page's own", () => {
  assert.equal(
    uploadedFile("https://chat.example/file/a/b.png", "http://chat.example")?.href,
    "http://chat.example/file/a/b.png",
  );
});

test("in a line without links a file has its name for its address", () => {
  const origin = "https://chat.example";
  const file = `${origin}/file/o3q-blyGqKpctEwZGX-6Iw/sea%20view%E2%80%AE.png`;
  assert.equal(withFileNames(`look ${file} and ${file}`, origin), "look sea view.png and sea view.png");
  assert.equal(withFileNames("see https://x.org/a", origin), "see https://x.org/a");
});

test("the own nickname is found as a word, and channels by their sign", () => {
  const found = (/** @type {string} */ text) =>
    mentions(text, "Ann", "#").map(({ start, end, kind }) => [text.slice(start, end), kind]);
  assert.deepEqual(found("ann: hi, joanna and ANN"), [
    ["ann", "nick"],
    ["ANN", "nick"],
  ]);
  assert.deepEqual(found("go to #dev, #1 is not one, nor a#b; (#ops)"), [
    ["#dev", "channel"],
    ["#ops", "channel"],
  ]);
  assert.deepEqual(
    found("[#dev] «#ops», (#a[b]) [#c-{d}] and #e…").map(([name]) => name),
    ["#dev", "#ops", "#a[b]", "#c-{d}", "#e"],
  );
  assert.deepEqual(mentions("anything", "", "#"), []);
});

test("the colours of nicknames are those of the terminal client", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assert.deepEqual(["anna", "Boris", "дмитрий", "ChanServ", "[x]"].map(nickClass), [
    "n15",
    "n19",
    "n13",
    "n12",
    "n12",
  ]);
});

test("a few emoji are drawn large, words and many emoji are not", () => {
  assert.ok(isJumbo("🎉") && isJumbo("👍🏽 👩‍👩‍👧") && isJumbo("❤️"));
  assert.ok(!isJumbo("ok 🎉") && !isJumbo("123") && !isJumbo("🎉".repeat(9)) && !isJumbo(""));
});

test("addresses of files at the end of a message are not shown as its text", () => {
  const origin = "http://chat.example";
  const file = `${origin}/file/${"A".repeat(22)}/a.png`;
  const without = (/** @type {string} */ text) => withoutFiles(text, origin);
  assert.equal(without(`look\n\n here\n${file}\n${file}?w=1&h=2\n`), "look\n\n here");
  assert.equal(without(file), "");
  for (const text of [
    `see ${file}`,
    `${file}\nend`,
    `\`\`\`\n${file}\n\`\`\``,
    `a\nhttp://other.example/file/${"A".repeat(22)}/a.png`,
  ]) {
    assert.equal(without(text), text);
  }
});

const options = { nick: "me", channelTypes: "#", origin: "http://chat.example" };

/**
 * Return the names of all elements and attributes in nodes.
 * @param {any} node
 * @returns {string[]}
 */
function markup(node) {
  if (Array.isArray(node)) return node.flatMap(markup);
  if (node === null || typeof node !== "object") return [];
  const { children, ...props } = node.props;
  return [String(node.type), ...Object.keys(props), ...markup(children)];
}

test("no text becomes markup, an event handler or a style", () => {
  const allowed = new Set([
    "span",
    "strong",
    "em",
    "s",
    "a",
    "code",
    "pre",
    "br",
    "blockquote",
    "mark",
    "class",
    "dir",
    "href",
    "target",
    "rel",
    "title",
    "tabIndex",
    "data-language",
    "data-channel",
  ]);
  for (const text of [
    "<img src=x onerror=alert(1)>",
    "</span><script>alert(1)</script>",
    "**<b onclick=x>**",
    "```<svg onload=x>\n<a>\n```",
    '```js" onload="x\n1\n```',
    "> <iframe src=javascript:1>",
    "[x](javascript:alert(1))",
    'https://x.org/"onmouseover=alert(1)//',
    "#<script> me: `<img>`",
    "\x0304,99<style>*{}</style>",
    "__proto__ **constructor** _toString_",
  ]) {
    const extra = markup(textNodes(text, options)).filter((name) => !allowed.has(name));
    assert.deepEqual(extra, [], text);
  }
});

test("what the page says keeps the stars and underscores of masks and names", () => {
  for (const text of ["You ignore: *x*!*@*, __y__", "There is nobody called _bob_.", "~~a~~ `b` > c"]) {
    assert.deepEqual(saidNodes(`${text}\n> ${text}`, options).filter(Boolean).slice(0, 1), [text]);
    assert.deepEqual(markup(saidNodes(text, options)), [], text);
  }
});

test("what the page says has links to channels, but not in the usage of a command", () => {
  const names = (/** @type {string} */ text) => markup(saidNodes(text, options));
  assert.ok(names("You are not in #dev. /join #dev").includes("data-channel"));
  assert.deepEqual(names("Usage: \x11/join #channel [key]\x11"), ["span", "class"]);
});

test("a link opens apart from the page, and says where it leads", () => {
  const [span] = /** @type {any[]} */ (textNodes("https://x.org/ä", options));
  const link = [span.props.children].flat(9).find((node) => node?.type === "a");
  assert.equal(link.props.rel, "noopener noreferrer nofollow");
  assert.equal(link.props.target, "_blank");
  assert.equal(link.props.title, "https://x.org/%C3%A4");
});

test("a removal without a reason has none, though servers give the name of the operator", () => {
  const words = (/** @type {any} */ node) =>
    Array.isArray(node) ? node.map(words).join("") : (node?.props ? words(node.props.children) : (node ?? ""));
  for (const [reason, wanted] of [["bob", "bob removed ann"], ["rude", "bob removed ann (rude)"]]) {
    const entry = { ...makeEntry("kick", "bob", reason ?? "", 0), target: "ann" };
    assert.equal(words(eventText(entry, options)), wanted);
  }
});

test("a link to a channel leads to that channel in another tab, too", () => {
  for (const name of ["#dev", "##dev", "#50%", "#ä/b"]) {
    const [span] = /** @type {any[]} */ (textNodes(`see ${name}`, options));
    const link = [span.props.children].flat(9).find((node) => node?.type === "a");
    const { hash } = new URL(link.props.href, options.origin);
    assert.equal(invitationOf(hash).channels[0]?.name, name);
  }
});

test("dates have the region of the browser, or at least its clock", () => {
  assert.equal(localeOf("en", ["de-DE", "en-GB", "en-US"]), "en-GB");
  assert.equal(localeOf("en", ["ru-RU"]), "en-u-hc-h23");
  assert.equal(localeOf("ru", ["en-US"]), "ru-u-hc-h12");
  assert.equal(localeOf("ru", []), "ru");
});

test("only lines with a password in them are kept out of the prompt", () => {
  for (const line of [
    "/oper ann hunter2",
    "/quote OPER ann hunter2",
    "/quote :me PASS hunter2",
    "/quote PRIVMSG NickServ :IDENTIFY hunter2",
    "/quote NS IDENTIFY hunter2",
    "/quote JOIN #lobby hunter2",
    "/msg NickServ IDENTIFY #hunter2",
    "/msg ChanServ REGISTER #lobby hunter2",
    "/msg ChanServ IDENTIFY #lobby hunter2",
  ])
    assert.ok(isSecretLine(line), line);
  for (const line of [
    "/quote LIST",
    "/quote PRIVMSG #lobby :register me",
    "/msg ChanServ REGISTER #lobby",
    "/msg ChanServ DROP #lobby",
    "/msg ChanServ OP #lobby bob",
    "/msg bob identify yourself",
  ])
    assert.ok(!isSecretLine(line), line);
});

test("numbers are written as the language does, in texts and alone", () => {
  const [text, most] = ["{count} of at most {most} messages wait to be sent.", 12_000];
  assert.equal(_(text, { count: 1501, most }), "1,501 of at most 12,000 messages wait to be sent.");
  assert.equal(plural("{count} of {total}", "{count} of {total}", 9, { total: 1501 }), "9 of 1,501");
  assert.equal(_("Report {number}", { number: "1501" }), "Report 1501");
  assert.equal(numberText(1501), "1,501");
});
