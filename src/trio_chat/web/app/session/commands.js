/** Commands that are typed with a slash, as those of the terminal client: one table. */
import { maskOf } from "../irc/masks.js";
import { parse } from "../irc/message.js";
import { isMessage } from "../model/entries.js";
import { N_, _ } from "../platform/i18n.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Actions, Command, Completion, Entry } from "../model/types.js" */
/** @import { Client } from "./client.js" */

/** Changes in one MODE that every server accepts. */
const AT_ONCE = 4;

/**
 * What a command may use.
 * @typedef {object} Context
 * @property {Client} client
 * @property {ChatBuffer} buffer
 * @property {Actions} actions
 * @property {(text: string, error?: boolean) => void} tell
 */

/**
 * @typedef {object} SlashCommand
 * @property {string} usage
 * @property {string} help
 * @property {number} least
 * @property {number} most The last argument takes the rest of the line.
 * @property {Completion[]} complete
 * @property {boolean} lines Whether the last argument may have several lines.
 * @property {(context: Context, words: string[]) => void} run
 */

/** @type {Map<string, SlashCommand>} */
export const COMMANDS = new Map();

/**
 * @param {string} name
 * @param {string} usage
 * @param {string} help
 * @param {[number, number]} words
 * @param {Completion[]} complete
 * @param {SlashCommand["run"]} run
 * @param {boolean} [lines]
 */
function command(name, usage, help, [least, most], complete, run, lines = false) {
  COMMANDS.set(name, { usage, help, least, most, complete, lines, run });
}

command(
  "help",
  N_("[command]"),
  N_("shows the commands, or what one of them does"),
  [0, 1],
  ["command"],
  (context, words) => {
    const wanted = (words[0] ?? "").replace(/^\//, "").toLowerCase();
    if (wanted && !COMMANDS.has(wanted)) {
      context.tell(
        _("There is no command /{name}. /help shows all commands.", { name: wanted }),
        true,
      );
      return;
    }
    const found = [...COMMANDS].filter(([name]) => !wanted || name === wanted);
    context.tell(
      found.map(([name, { usage, help }]) => `/${name} ${_(usage)} — ${_(help)}`).join("\n"),
    );
  },
);

command(
  "nick",
  N_("nickname"),
  N_("changes your nickname"),
  [1, 1],
  [""],
  ({ actions }, [nick = ""]) => actions.changeNick(nick),
);

command(
  "join",
  N_("#channel [key]"),
  N_("joins a channel, or goes back to one you are in"),
  [1, 2],
  ["channel"],
  ({ client, actions }, [name = "", key = ""]) => {
    actions.join(client.model.isupport.isChannel(name) ? name : `#${name}`, key);
  },
);

command(
  "part",
  N_("[#channel] [reason]"),
  N_("leaves a channel"),
  [0, 2],
  ["channel", ""],
  (context, words) => {
    const [buffer, rest] = channelAndRest(context, words);
    if (buffer) context.actions.part(buffer, rest);
  },
);

command(
  "close",
  "",
  N_("leaves this channel, or ends this conversation, and removes it from the list"),
  [0, 0],
  [],
  ({ actions, buffer }) => actions.close(buffer),
);

command(
  "msg",
  N_("nickname text"),
  N_("sends a message to one person, or to another channel"),
  [2, 2],
  ["nick", ""],
  (context, [target = "", text = ""]) => sayTo(context, target, text, false),
  true,
);

command(
  "query",
  N_("nickname [text]"),
  N_("opens a private conversation"),
  [1, 2],
  ["nick", ""],
  (context, [target = "", text = ""]) => sayTo(context, target, text, true),
  true,
);

command(
  "notice",
  N_("nickname text"),
  N_("sends a notice, which opens no window for its receiver"),
  [2, 2],
  ["nick", ""],
  ({ client }, [target = "", text = ""]) => {
    const { model } = client;
    const buffer = model.isupport.isChannel(target)
      ? model.get(target)
      : client.openPrivate(target);
    if (buffer) client.outgoing.send(buffer, text, "notice", "");
  },
);

command(
  "me",
  N_("text"),
  N_("says what you do: “/me waves” is shown as “* Nickname waves”"),
  [1, 1],
  ["emoji"],
  ({ client, buffer }, [text = ""]) => {
    client.outgoing.send(buffer, text, "action", buffer.replyTo.value?.msgid ?? "");
  },
);

command(
  "reply",
  N_("[@nickname] text"),
  N_("answers the last message, or that of somebody; @2 is the last but one"),
  [1, 2],
  ["nick", ""],
  (context, words) => {
    const [entry, text] = messageAndRest(context, words, false);
    if (entry && text) context.client.outgoing.send(context.buffer, text, "message", entry.msgid);
  },
  true,
);

command(
  "react",
  N_("[@nickname] emoji"),
  N_("reacts to the last message, or that of somebody; again: takes that back"),
  [1, 2],
  ["emoji"],
  (context, words) => {
    const [entry, reaction] = messageAndRest(context, words, false);
    if (!entry || !reaction) return;
    const { actions, buffer, client } = context;
    const mine = entry.reactions?.get(reaction)?.has(client.model.me.nick.value);
    if (mine) actions.unreact(buffer, entry, reaction);
    else actions.react(buffer, entry, reaction);
  },
);

command(
  "redact",
  N_("[@nickname] [reason]"),
  N_("deletes your last message, or that of somebody if you may"),
  [0, 2],
  ["nick", ""],
  (context, words) => {
    const [entry, reason] = messageAndRest(context, words, true);
    if (entry) context.actions.redact(context.buffer, entry, reason);
  },
);

command(
  "topic",
  N_("[#channel] [text]"),
  N_("shows the topic of the channel, or changes it"),
  [0, 2],
  ["channel", ""],
  (context, words) => {
    const [buffer, text] = channelAndRest(context, words);
    if (!buffer) return;
    if (text) context.actions.setTopic(buffer, text);
    else context.client.command(context.buffer, "TOPIC", buffer.name);
  },
);

command(
  "names",
  N_("[#channel]"),
  N_("shows who is in the channel"),
  [0, 1],
  ["channel"],
  (context, words) => {
    const [buffer] = channelAndRest(context, words);
    if (buffer) context.client.command(context.buffer, "NAMES", buffer.name);
  },
);

command(
  "list",
  N_("[mask]"),
  N_("shows the channels of the server, or those whose names fit a mask such as *linux*"),
  [0, 1],
  [],
  ({ actions, tell }, [mask = ""]) => {
    actions.list(mask).then(
      (found) =>
        tell(
          found.map((each) => `${each.name} (${each.members}) ${each.topic}`).join("\n") ||
            _("There are no such channels."),
        ),
      (error) => tell(error.message, true),
    );
  },
);

command(
  "away",
  N_("[text]"),
  N_("tells others that you are away, and why; without a text: that you are back"),
  [0, 1],
  [""],
  ({ actions }, [text = ""]) => actions.away(text),
);

command(
  "whois",
  N_("nickname"),
  N_("shows what the server knows about a user"),
  [1, 1],
  ["nick"],
  ({ actions, tell }, [nick = ""]) => {
    actions.whois(nick).then(
      (card) =>
        tell(
          [
            `${card.nick} (${card.host}) ${card.realname}`,
            card.account && _("account {name}", { name: card.account }),
            card.away && _("away: {text}", { text: card.away }),
            card.channels.join(" "),
            ...card.more,
          ]
            .filter(Boolean)
            .join("\n"),
        ),
      (error) => tell(error.message, true),
    );
  },
);

command(
  "invite",
  N_("nickname [#channel]"),
  N_("invites somebody to the channel"),
  [1, 2],
  ["nick", "channel"],
  (context, [nick = "", name = ""]) => {
    const buffer = name ? context.client.model.get(name) : context.buffer;
    if (buffer?.kind === "channel") context.actions.invite(buffer, nick);
    else notInChannel(context);
  },
);

command(
  "kick",
  N_("nickname [reason]"),
  N_("removes somebody from the channel, if you are its operator"),
  [1, 2],
  ["nick", ""],
  (context, [nick = "", reason]) => {
    if (context.buffer.kind === "channel") context.actions.kick(context.buffer, nick, reason);
    else notInChannel(context);
  },
);

const RANKS = /** @type {[string, string, string][]} */ ([
  ["op", "+o", N_("makes a user an operator of the channel")],
  ["deop", "-o", N_("takes the rank of operator away")],
  ["halfop", "+h", N_("makes a user a half-operator of the channel")],
  ["dehalfop", "-h", N_("takes the rank of half-operator away")],
  ["voice", "+v", N_("lets a user speak in a moderated channel")],
  ["devoice", "-v", N_("takes the right to speak away")],
]);
for (const [name, mode, help] of RANKS) {
  command(name, N_("nickname …"), help, [1, 1], ["nick"], (context, [nicks = ""]) =>
    changeModes(context, mode, nicks.split(/\s+/)),
  );
}

command(
  "ban",
  N_("[nickname or mask …]"),
  N_("keeps a user out of the channel; without a name: shows the bans"),
  [0, 1],
  ["nick"],
  (context, [words = ""]) => {
    if (words) changeModes(context, "+b", words.split(/\s+/).map(maskOf));
    else showBans(context, (mask) => !/^\$?m:/.test(mask));
  },
);

command(
  "unban",
  N_("nickname or mask …"),
  N_("lifts a ban"),
  [1, 1],
  ["nick"],
  (context, [words = ""]) => changeModes(context, "-b", words.split(/\s+/).map(maskOf)),
);

command(
  "mute",
  N_("[nickname or mask …]"),
  N_("lets a user read without speaking; without a name: shows the bans"),
  [0, 1],
  ["nick"],
  (context, [words = ""]) => {
    if (words) changeMute(context, "+", words.split(/\s+/));
    else showBans(context, (mask) => /^\$?m:/.test(mask));
  },
);

command(
  "unmute",
  N_("nickname or mask …"),
  N_("lets a user speak again"),
  [1, 1],
  ["nick"],
  (context, [words = ""]) => changeMute(context, "-", words.split(/\s+/)),
);

command(
  "mode",
  N_("[target] [modes]"),
  N_("shows or changes modes, such as /mode +o nickname"),
  [0, 1],
  [""],
  (context, [words = ""]) => {
    const params = words.split(/\s+/).filter(Boolean);
    if (!params.length || /^[+-]/.test(params[0] ?? "")) params.unshift(context.buffer.name);
    if (params[0]) context.client.command(context.buffer, "MODE", ...params);
    else notInChannel(context);
  },
);

command(
  "ignore",
  N_("[nickname or mask …]"),
  N_("hides a user's messages, also in the history; without a name: shows the list"),
  [0, 1],
  ["nick"],
  ({ client, actions, tell }, [words = ""]) => {
    const masks = words.split(/\s+/).filter(Boolean);
    if (!masks.length) {
      const known = client.model.preferences.ignored.value;
      tell(
        known.length ? _("Ignored: {names}", { names: known.join(", ") }) : _("Nobody is ignored."),
      );
      return;
    }
    for (const each of masks) actions.ignore(each, true);
    tell(_("Hidden from now on: {names}", { names: masks.join(", ") }));
  },
);

command(
  "unignore",
  N_("nickname or mask …"),
  N_("shows the messages of a user again; * means all ignored users"),
  [1, 1],
  ["nick"],
  ({ client, actions, tell }, [words = ""]) => {
    const masks = words === "*" ? client.model.preferences.ignored.value : words.split(/\s+/);
    for (const each of masks) actions.ignore(each, false);
    tell(_("Shown again: {names}", { names: masks.join(", ") }));
  },
);

command(
  "search",
  N_("words"),
  N_("finds messages of the channel that have these words in them"),
  [1, 1],
  [""],
  ({ actions, buffer, tell }, [text = ""]) => {
    actions.search(text, buffer.kind === "channel" ? buffer : null).then(
      (found) =>
        tell(
          found
            .map(
              ({ buffer: name, entry }) =>
                `${name} ${new Date(entry.time).toLocaleString()} ${entry.nick}: ${entry.text}`,
            )
            .join("\n") || _("Nothing was found."),
        ),
      (error) => tell(error.message, true),
    );
  },
);

command(
  "history",
  "",
  N_("shows earlier messages of the channel; again, the ones before them"),
  [0, 1],
  [],
  ({ actions, buffer }) => void actions.loadOlder(buffer),
);

command(
  "go",
  N_("letters"),
  N_("goes to the channel or person whose name has these letters"),
  [1, 1],
  ["channel"],
  ({ client, actions, tell }, [letters = ""]) => {
    const found = client.model.buffers.value.find((each) =>
      each.key.includes(client.model.fold(letters)),
    );
    if (found) actions.open(found);
    else tell(_("No channel or person matches {name}.", { name: letters }), true);
  },
);

command(
  "clear",
  "",
  N_("removes what is shown here; the server still has it"),
  [0, 0],
  [],
  ({ buffer }) => {
    buffer.timeline.replace([]);
    buffer.timeline.hasOlder.value = false;
  },
);

command(
  "register",
  N_("[e-mail] password"),
  N_("makes your nickname an account of your own"),
  [1, 2],
  [],
  ({ client, actions, tell }, words) => {
    const [email, password] = words.length > 1 ? words : ["", words[0]];
    const account = client.model.me.nick.value;
    actions.register(account, password ?? "", email).then(
      ({ verify }) =>
        tell(
          verify
            ? _("A code was sent to you: /verify {name} code", { name: account })
            : _("The account {name} is yours now.", { name: account }),
        ),
      (error) => tell(error.message, true),
    );
  },
);

command(
  "verify",
  N_("account code"),
  N_("completes a registration with the code that was sent to you"),
  [2, 2],
  [],
  ({ actions, tell }, [account = "", code = ""]) => {
    actions.verify(account, code).then(
      () => tell(_("The account {name} is yours now.", { name: account })),
      (error) => tell(error.message, true),
    );
  },
);

command(
  "login",
  N_("[account] password"),
  N_("logs in to your account"),
  [1, 2],
  [],
  ({ client, actions, tell }, words) => {
    const [account, password] = words.length > 1 ? words : [client.model.me.nick.value, words[0]];
    actions.login(account ?? "", password ?? "").then(
      () => tell(_("You are logged in as {name}.", { name: account ?? "" })),
      (error) => tell(error.message, true),
    );
  },
);

command("logout", "", N_("logs out of your account"), [0, 0], [], ({ actions, tell }) => {
  actions.logout().then(
    () => tell(_("You are logged out.")),
    (error) => tell(error.message, true),
  );
});

command(
  "oper",
  N_("name [password]"),
  N_("makes you an operator of the server"),
  [1, 2],
  [],
  ({ client, buffer }, words) => client.command(buffer, "OPER", ...words),
);

command("reconnect", "", N_("connects to this server anew, at once"), [0, 0], [], ({ client }) =>
  client.link.reconnect(),
);

command(
  "quote",
  N_("line"),
  N_("sends a line to the server as it is, for what has no command here"),
  [1, 1],
  [""],
  ({ client, buffer, tell }, [line = ""]) => {
    const message = parse(line);
    if (message) client.command(buffer, message.command, ...message.params);
    else tell(_("This cannot be sent: {text}", { text: line }), true);
  },
);

command("quit", N_("[reason]"), N_("leaves the chat"), [0, 1], [""], ({ actions }, [reason]) =>
  actions.leave(reason),
);

/**
 * Carry out a typed line: a message, or a command. A line that begins with `//` is a message that
 * begins with one slash.
 * @param {Context} context
 * @param {string} line
 * @returns {boolean} Whether it was taken; if not, the user was told why.
 */
export function interpret(context, line) {
  const { client, buffer } = context;
  const text = line.replace(/\0/g, "").replace(/\r\n?/g, "\n").trimEnd();
  if (!text.trim()) return false;
  const isCommand = text.startsWith("/") && !text.startsWith("//");
  if (isCommand) return runCommand(context, text);
  if (buffer.kind === "server") {
    context.tell(
      _(
        "You are not in a channel. Join one with /join #channel, or write to one person with /msg nickname text.",
      ),
      true,
    );
    return false;
  }
  if (!buffer.joined.value && client.isReady && !client.channels.has(buffer.key)) {
    context.tell(
      _("You are not in {name}. Join it first: /join {name}", { name: buffer.name }),
      true,
    );
    return false;
  }
  const message = text.replace(/^\/\//, "/").replace(/^\s+\//, "/");
  client.typing.messageSent(buffer);
  return client.outgoing.send(buffer, message, "message", buffer.replyTo.value?.msgid ?? "");
}

/**
 * @param {Context} context
 * @param {string} text
 */
function runCommand(context, text) {
  const [, name = "", rest = ""] = /^\/(\S*)\s*(.*)$/s.exec(text) ?? [];
  const found = COMMANDS.get(name.toLowerCase());
  if (!found) {
    context.tell(
      _(
        "There is no command /{name}. /help shows all commands; to send a line that begins with /, type // instead.",
        { name },
      ),
      true,
    );
    return false;
  }
  if (!found.lines && rest.includes("\n")) {
    context.tell(
      _("/{name} takes one line. Nothing was sent; what you typed is still there.", { name }),
      true,
    );
    return false;
  }
  const words = splitWords(rest, found.most);
  if (words.length < found.least || words.length > found.most) {
    context.tell(_("Usage: {usage}", { usage: `/${name} ${_(found.usage)}`.trimEnd() }), true);
    return false;
  }
  found.run(context, words);
  return true;
}

/**
 * Split a text into at most `most` words, of which the last one has the rest.
 * @param {string} text
 * @param {number} most
 */
function splitWords(text, most) {
  const words = [];
  let rest = text.trim();
  while (rest && words.length < most - 1) {
    const [, word = "", after = ""] = /^(\S+)\s*(.*)$/s.exec(rest) ?? [];
    words.push(word);
    rest = after;
  }
  return rest ? [...words, rest] : words;
}

/**
 * Return the commands as the views complete them.
 * @returns {Command[]}
 */
export function commandList() {
  return [...COMMANDS].map(([name, { usage, help, complete }]) => ({
    name,
    get usage() {
      return _(usage);
    },
    get help() {
      return _(help);
    },
    complete,
  }));
}

/** @param {Context} context */
function notInChannel(context) {
  context.tell(_("You are not in a channel."), true);
}

/**
 * Return the channel that the words name, or the current one, and the rest.
 * @param {Context} context
 * @param {string[]} words
 * @returns {[ChatBuffer|null, string]}
 */
function channelAndRest(context, words) {
  const { model } = context.client;
  const [name = ""] = words;
  const named = model.isupport.isChannel(name) ? model.get(name) : undefined;
  if (named) return [named, words.slice(1).join(" ")];
  if (context.buffer.kind === "channel") return [context.buffer, words.join(" ")];
  notInChannel(context);
  return [null, ""];
}

/**
 * Return the message that the words name, and the rest.
 * @param {Context} context
 * @param {string[]} words
 * @param {boolean} own Whether the last one is the user's own without a name.
 * @returns {[Entry|null, string]}
 */
function messageAndRest({ client, buffer, tell }, words, own) {
  const isNamed = /^@./.test(words[0] ?? "");
  const name = isNamed ? (words[0] ?? "").slice(1) : "";
  const number = /^\d+$/.test(name) ? Number(name) : 0;
  const all = buffer.timeline.entries.filter(
    (each) => each.msgid && isMessage(each) && !each.redactedBy,
  );
  const fits = (/** @type {Entry} */ each) =>
    name && !number ? client.model.same(each.nick, name) : number || each.self === own;
  const entry = all.filter(fits).at(-(number || 1)) ?? null;
  if (!entry) tell(_("There is no such message here."), true);
  return [entry, (isNamed ? words.slice(1) : words).join(" ")];
}

/**
 * @param {Context} context
 * @param {string} target
 * @param {string} text
 * @param {boolean} show
 */
function sayTo({ client, actions, tell }, target, text, show) {
  const { model } = client;
  const isChannel = model.isupport.isChannel(target);
  const buffer = isChannel ? model.get(target) : client.openPrivate(target);
  if (!buffer || buffer.kind === "server") {
    tell(_("You are not in {name}. Join it first: /join {name}", { name: target }), true);
    return;
  }
  if (show || !isChannel) actions.open(buffer);
  if (text) client.outgoing.send(buffer, text, "message", "");
}

/**
 * @param {Context} context
 * @param {string} mode
 * @param {string[]} params
 */
function changeModes(context, mode, params) {
  if (context.buffer.kind !== "channel") {
    notInChannel(context);
    return;
  }
  const letter = mode.charAt(1);
  for (let start = 0; start < params.length; start += AT_ONCE) {
    const some = params.slice(start, start + AT_ONCE);
    const changes = mode.charAt(0) + letter.repeat(some.length);
    context.client.command(context.buffer, "MODE", context.buffer.name, changes, ...some);
  }
}

/**
 * @param {Context} context
 * @param {"+"|"-"} sign
 * @param {string[]} words
 */
function changeMute(context, sign, words) {
  const { mute } = context.client.model.isupport;
  if (!mute) {
    context.tell(_("This server cannot mute users. /ban keeps a user out of the channel."), true);
    return;
  }
  changeModes(
    context,
    sign + mute.mode,
    words.map((each) => mute.prefix + maskOf(each)),
  );
}

/**
 * @param {Context} context
 * @param {(mask: string) => boolean} fits
 */
function showBans({ actions, buffer, tell }, fits) {
  actions.banList(buffer).then(
    (masks) => tell(masks.filter(fits).join("\n") || _("There are none.")),
    (error) => tell(error.message, true),
  );
}
