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
