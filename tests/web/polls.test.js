/** Polls as texts and reactions, by the table of cases that the Python clients pass, too. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  pollText,
  readPoll,
  typedPoll,
  readResult,
  resultText,
  voteFor,
  votersOf,
} from "../../src/trio_chat/web/app/irc/polls.js";

import { pollOf } from "../../src/trio_chat/web/app/model/polls.js";
import "../../src/trio_chat/web/app/session/commands/table.js";
import { connected, newWorkspace, settle } from "./support.js";

const CASES = JSON.parse(readFileSync(new URL("../poll_cases.json", import.meta.url), "utf8"));
const single = { question: "Lunch?", options: ["pizza", "soup", "none"], takesSeveral: false };
const POLLS = { single, several: { ...single, takesSeveral: true }, bot: single };

test("a typed poll becomes a message, or is explained", () => {
  for (const [typed, expected] of CASES.requests) {
    const poll = typedPoll(typed);
    if ("problem" in poll) {
      assert.equal(poll.problem, expected.problem, typed);
      continue;
    }
    assert.equal(pollText(poll, 350), expected, typed);
    assert.deepEqual(readPoll(pollText(poll, 0)), poll);
  }
});

test("a message is read as a poll, and other messages are not", () => {
  for (const [text, expected] of CASES.polls) assert.deepEqual(readPoll(text), expected, text);
});

test("only an answer with a count for each option closes a poll", () => {
  for (const [text, expected] of CASES.results) assert.deepEqual(readResult(text), expected, text);
  assert.deepEqual(readResult(resultText(single, [3, 0, 12], 350)), [3, 0, 12]);
});

test("votes are counted, and reactions that are no option are not", () => {
  for (const [kind, reactions, expected] of CASES.voters) {
    const all = new Map(Object.entries(reactions));
    const voters = votersOf(POLLS[kind], kind === "bot" ? "bob" : "ann", all, kind === "bot");
    assert.deepEqual(voters, expected, JSON.stringify(reactions));
  }
});

test("a vote takes back what it replaces", () => {
  for (const [kind, mine, number, takenBack, given] of CASES.votes) {
    assert.deepEqual(voteFor(POLLS[kind], mine, number), { takenBack, given }, `${kind} ${mine}`);
  }
});

/** Type a line; return what was sent for it as the tags of reactions, or as lines. */
async function typed({ server, actions, buffer }, line) {
  const before = server.lines.length;
  actions.input(buffer, line);
  await settle();
  return server.lines
    .slice(before)
    .map((each) => /draft\/(?:un)?react=[^; ]+/.exec(each)?.[0] ?? each.replace(/^@\S+ /, ""));
}

/** Return the last sentence that was told to the user. */
function lastTold({ buffer }) {
  return buffer.timeline.entries.filter(({ kind }) => kind === "error" || kind === "info").at(-1)?.text;
}

const ASKED = "📊 Lunch?  1️⃣ pizza  2️⃣ sushi";

test("/poll asks in a readable line, and /vote replaces the earlier vote", async () => {
  const all = await connected();
  assert.deepEqual(await typed(all, '/poll "Lunch?" pizza | sushi'), [`PRIVMSG #lobby :${ASKED}`]);
  assert.deepEqual(await typed(all, "/vote 1"), ["draft/react=1️⃣"]);
  assert.deepEqual(await typed(all, "/vote 2"), ["draft/react=2️⃣", "draft/unreact=1️⃣"]);
  const entry = all.buffer.timeline.entries.find(({ text }) => text === ASKED);
  assert.deepEqual(pollOf(all.buffer, entry, "me").counts, [0, 1]);
  assert.deepEqual(await typed(all, "/vote 2"), ["draft/unreact=2️⃣"]);
});

test("what is no poll or no vote is explained, and nothing is sent", async () => {
  const all = await connected();
  const explained = async (line) => {
    assert.deepEqual(await typed(all, line), [], line.slice(0, 40));
    return lastTold(all);
  };
  assert.match(await explained("/vote 1"), /There is no poll here/);
  assert.match(await explained("/poll close"), /no poll of yours/);
  assert.match(await explained("/poll Lunch? pizza"), /at least two options/);
  assert.match(await explained(`/poll N? ${"a|b".repeat(11)}`), /at most ten|are the same/);
  assert.match(await explained(`/poll N? ${"x".repeat(9000)} | y`), /too long for one message/);
  all.server.hear("#lobby", "ann", ASKED);
  assert.match(await explained("/vote 3"), /options 1 to 2/);
  assert.match(await explained("/vote 1 2"), /you choose one option/);
  assert.match(await explained("/vote pizza"), /Usage: \x11\/vote/);
  assert.match(await explained("/vote"), /Lunch\? · pizza – 0, sushi – 0/);
});

test("/poll asks somebody in private, and a name in the question is a part of it", async () => {
  const all = await connected();
  const asked = await typed(all, '/poll @bob "Lunch?" pizza | sushi');
  assert.equal(asked.at(-1), `PRIVMSG bob :${ASKED}`);
  assert.equal(all.workspace.current.value.name, "bob");
  const closed = await typed(all, "/poll @bob close");
  assert.ok(closed.includes("PRIVMSG bob :🏁 Lunch?  1️⃣ pizza — 0  2️⃣ sushi — 0"));
  assert.match((await typed(all, "/poll @bob, lunch? a | b"))[0], /#lobby :📊 @bob, lunch\?/);
});

test("only its author closes a poll, and the counts stay", async () => {
  const all = await connected();
  await typed(all, '/poll "Lunch?" pizza | sushi');
  const entry = all.buffer.timeline.entries.find(({ text }) => text === ASKED);
  await typed(all, "/vote 2");
  const before = entry.revision;
  const result = "PRIVMSG #lobby :🏁 Lunch?  1️⃣ pizza — 0  2️⃣ sushi — 1";
  assert.deepEqual(await typed(all, "/poll close"), [result]);
  assert.ok(entry.revision > before);
  assert.deepEqual(await typed(all, "/vote 1"), []);
  assert.match(lastTold(all), /This poll is closed: Lunch\? · pizza – 0, sushi – 1/);
  assert.equal(pollOf(all.buffer, { ...entry, nick: "ann" }, "me").closed, false);
});

test("the votes of an older page do not replace those of a newer one", async () => {
  const { workspace, server, actions } = newWorkspace();
  server.page = 2;
  const { msgid } = server.store("#lobby", "ann!u@h", "PRIVMSG", ASKED);
  const react = (kind, sign) =>
    server.store("#lobby", "bob!u@h", "TAGMSG", undefined, [
      [`+draft/${kind}`, sign],
      ["+draft/reply", msgid],
    ]);
  react("react", "1️⃣");
  react("react", "2️⃣");
  react("unreact", "1️⃣");
  server.store("#lobby", "ann!u@h", "PRIVMSG", "more");
  actions.connect({ nick: "me" });
  await settle();
  const buffer = workspace.current.value;
  while (!buffer.timeline.find(msgid) && buffer.timeline.hasOlder.value) {
    actions.loadOlder(buffer);
    await settle();
  }
  assert.deepEqual(pollOf(buffer, buffer.timeline.find(msgid), "me").voters, [[], ["bob"]]);
});

test("reactions that are no vote cannot use up the room for votes", async () => {
  const all = await connected();
  const msgid = all.server.hear("#lobby", "ann", ASKED);
  const react = (nick, sign) =>
    all.server.say(`@+draft/react=${sign};+draft/reply=${msgid} :${nick}!u@h TAGMSG #lobby`);
  for (let number = 0; number < 80; number += 1) react("mallory", `junk${number}`);
  react("bob", "1️⃣");
  await settle();
  const entry = all.buffer.timeline.entries.find(({ text }) => text === ASKED);
  assert.deepEqual(pollOf(all.buffer, entry, "me").counts, [1, 0]);
});

test("a vote is counted without a walk through the timeline", async () => {
  const all = await connected();
  const msgid = all.server.hear("#lobby", "ann", ASKED);
  for (let number = 0; number < 50; number += 1) all.server.hear("#lobby", "ann", `text ${number}`);
  await settle();
  const { timeline } = all.buffer;
  const entry = timeline.find(msgid);
  let reads = 0;
  timeline.entries = new Proxy(timeline.entries, {
    get: (target, name) => ((reads += /^\d+$/u.test(String(name)) ? 1 : 0), Reflect.get(target, name)),
  });
  assert.equal(pollOf(all.buffer, entry, "me").total, 0);
  assert.ok(reads >= 50);
  reads = 0;
  for (const nick of ["bob", "carol"]) {
    all.server.say(`@+draft/react=1️⃣;+draft/reply=${msgid} :${nick}!u@h TAGMSG #lobby`);
  }
  await settle();
  assert.deepEqual(pollOf(all.buffer, entry, "me").counts, [2, 0]);
  assert.equal(reads, 0);
});

test("a poll is closed as long as the answer that closes it is there", async () => {
  const all = await connected();
  const { server, buffer } = all;
  const msgid = server.hear("#lobby", "ann", ASKED);
  await settle();
  const entry = buffer.timeline.find(msgid);
  const isClosed = async () => (await settle(), pollOf(buffer, entry, "me").closed);
  const close = (nick) => {
    const id = `closing-${nick}-${buffer.timeline.entries.length}`;
    const text = "🏁 Lunch?  1️⃣ pizza — 0  2️⃣ sushi — 7";
    server.say(`@msgid=${id};+draft/reply=${msgid} :${nick}!u@h PRIVMSG #lobby :${text}`);
    return id;
  };
  assert.equal(await isClosed(), false);
  close("bob");
  assert.equal(await isClosed(), false);
  const first = close("ann");
  assert.equal(await isClosed(), true);
  server.say(`:ann!u@h REDACT #lobby ${first}`);
  assert.equal(await isClosed(), false);
  close("ann");
  assert.equal(await isClosed(), true);
  buffer.timeline.dropBehind(entry);
  assert.equal(await isClosed(), false);
});
