/** Messages that are sent later: what NickServ is asked, and what its answers mean for the user. */
import assert from "node:assert/strict";
import { test } from "node:test";
import "../../src/trio_chat/web/app/session/commands/table.js";
import "../../src/trio_chat/web/app/session/queries.js";
import { presets } from "../../src/trio_chat/web/app/views/dialogs/later.js";
import { connected, FakeClock, FakeServer, settle } from "./support.js";

process.env.TZ = "Europe/Berlin";
globalThis.navigator ??= { languages: ["en"] };

/** A server whose NickServ answers with these lines. */
class ServiceServer extends FakeServer {
  constructor(clock) {
    super(clock);
    this.said = [];
    this.replace("NICKSERV", (_server, message) => {
      this.reply(message, this.said.map((line) => `:NickServ!s@h NOTICE me :${line}`));
    });
  }
}

async function world(...answers) {
  const clock = new FakeClock();
  const server = new ServiceServer(clock);
  const all = await connected({ clock, server });
  server.say(":server 900 me me!u@h ann :You are now logged in as ann");
  server.said = answers;
  await settle();
  const type = async (line) => {
    all.actions.input(all.buffer, line);
    await settle();
    await settle();
    return all.buffer.timeline.entries.at(-1);
  };
  const asked = () => server.sent("NICKSERV").map((line) => line.replace(/^@\S+ /, ""));
  return { ...all, server, type, asked };
}

const SENT = [
  ["/at 20m it is time", "NICKSERV AT 20m #lobby :it is time"],
  ["/at 2h #tea hi all", "NICKSERV AT 2h #tea :hi all"],
  ["/at 2h @bob hi", "NICKSERV AT 2h bob hi"],
  ["/at 2030-07-01 9:00 hi", "NICKSERV AT 2030-07-01T09:00:00+02:00 #lobby hi"],
  ["/remind 2030-12-01 9:00 check the build", "NICKSERV REMIND 2030-12-01T09:00:00+01:00 :check the build"],
  ["/at cancel 3", "NICKSERV AT CANCEL 3"],
  ["/at move 3 2030-07-01 9:00", "NICKSERV AT MOVE 3 2030-07-01T09:00:00+02:00"],
];
for (const [line, expected] of SENT) {
  test(`a typed line is a command of NickServ: ${line}`, async () => {
    const { type, asked } = await world("3. Will be sent to #lobby at once");
    await type(line);
    assert.equal(asked()[0], expected);
  });
}

test("what is no time or no text is explained, and nothing is asked", async () => {
  const lines = ["/at soon tea", "/at 20m", "/at 20m #tea", "/at cancel", "/at move 1", "/at move 1 20m x", "/remind 20m", "/remind soon x"];
  for (const line of lines) {
    const { type, asked } = await world();
    const last = await type(line);
    assert.equal(last.kind, "error", line);
    assert.match(last.text, /^Usage: \x11\/(?:at|remind) /, line);
    assert.equal(last.text.includes("A time is 20m"), /soon|move/u.test(line), line);
    assert.deepEqual(asked(), [], line);
  }
});

test("without an account it is said what to do", async () => {
  const { type, server, asked } = await world();
  server.say(":server 901 me me!u@h :You are now logged out");
  await settle();
  assert.match((await type("/at 20m tea")).text, /^Log in first/);
  assert.deepEqual(asked(), []);
});

test("what waits is listed with times of this device", async () => {
  const { type, actions } = await world(
    "2. 2030-07-01T09:00:00+02:00 reminder: tea: now",
    "1. 2030-07-02T09:00:00+02:00 to #tea: hi  all",
    "not of a list",
    "2 of at most 50 messages wait to be sent.",
  );
  const { messages, most } = await (await actions.schedule()).list();
  assert.equal(most, 50);
  assert.deepEqual(messages, [
    { number: "2", time: Date.parse("2030-07-01T07:00Z"), target: "", text: "tea: now" },
    { number: "1", time: Date.parse("2030-07-02T07:00Z"), target: "#tea", text: "hi  all" },
  ]);
  assert.match((await type("/at")).text, /reminder: tea: now\n1\. .*#tea: hi {2}all\n2 of at most 50/);
});

const REFUSED = [
  ["You have 50 messages that wait, which is as many as one can have.", /Cancel one first/],
  ["Only 5 messages can be sent within a minute.", /Choose another minute/],
  ["2001-01-01 00:00 UTC is over; now it is 2030-01-01 00:00 UTC.", /This time is over/],
  ["A message can wait for a year at most.", /for a year at most/],
  ["The text is too long for one message.", /too long/],
  ["eve has no account, so somebody else may be eve by then.", /^eve has no account/],
  ["There is no channel #lobby.", /cannot write there/],
  ["Not scheduled: Cannot send to channel.", /cannot write there/],
  ["There is no message 3 that waits. /msg NickServ AT shows them.", /does not wait/],
  ["I do not know AT. /msg NickServ HELP shows what I know.", /does not send messages later/],
  ["Something new.", /^Something new\.$/],
  ["", /has not|did not/],
];
for (const [answer, expected] of REFUSED) {
  test(`a refusal is explained: ${answer}`, async () => {
    const { actions } = await world(...(answer ? [answer] : []));
    const schedule = await actions.schedule();
    for (const ask of [() => schedule.at("20m", "#lobby", "x"), () => schedule.remind("20m", "x"), () => schedule.list()]) {
      await assert.rejects(ask(), { message: expected });
    }
  });
}

test("a channel that one cannot simply join is noted", async () => {
  const { actions } = await world("1. Will be sent to #a at x. Be in #a then, as one cannot simply join it.");
  const { number, note } = await (await actions.schedule()).at("20m", "#a", "x");
  assert.equal(number, "1");
  assert.match(note, /^Be in the channel then/);
});

test("suggested times are in the future and local, also when summer time begins", () => {
  const names = (now) =>
    presets(new Date(now), "24").map(([name, time]) => [name, time.toString().slice(0, 21)]);
  assert.deepEqual(names("2030-03-29T12:00:30"), [
    ["In 20 minutes", "Fri Mar 29 2030 12:21"],
    ["In an hour", "Fri Mar 29 2030 13:01"],
    ["This evening, 18:00", "Fri Mar 29 2030 18:00"],
    ["Tomorrow, 09:00", "Sat Mar 30 2030 09:00"],
    ["Monday, 09:00", "Mon Apr 01 2030 09:00"],
  ]);
  assert.deepEqual(names("2030-03-31T01:50"), [
    ["In 20 minutes", "Sun Mar 31 2030 03:10"],
    ["In an hour", "Sun Mar 31 2030 03:50"],
    ["This evening, 18:00", "Sun Mar 31 2030 18:00"],
    ["Tomorrow, 09:00", "Mon Apr 01 2030 09:00"],
  ]);
  assert.ok(!names("2030-04-01T17:30").some(([name]) => name.startsWith("This evening")));
  assert.equal(names("2030-04-01T17:30").at(-1)[1], "Mon Apr 08 2030 09:00");
});
