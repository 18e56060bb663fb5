/** Commands about conversations. */
import { shortTime } from "../../platform/dates.js";
import { N_, _ } from "../../platform/i18n.js";
import { joinNamed } from "../typed_names.js";
import { COMMANDS, channelAndRest, command, isOffline, notInChannel, signature } from "./registry.js";

/** @import { Context } from "./registry.js" */

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
    context.tell(found.map(([name, { help }]) => `${signature(name)} — ${_(help)}`).join("\n"));
  },
);

command(
  "join",
  N_("#channel [key]"),
  N_("joins a channel, or goes back to one you are in"),
  [1, 2],
  ["channel"],
  ({ client, actions }, [name = "", key = ""]) => {
    joinNamed(actions, client.model.isupport.channelTypes, name, key);
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
      : client.privates.open(target);
    if (buffer) client.outgoing.send(buffer, text, "notice", "");
  },
);

command(
  "me",
  N_("text"),
  N_("says what you do: “/me waves” is shown as “* Nickname waves”"),
  [1, 1],
  ["emoji"],
  (context, [text = ""]) => {
    const { client, buffer } = context;
    if (buffer.kind === "server") notInChannel(context);
    else client.outgoing.send(buffer, text, "action", buffer.replyTo.value?.msgid ?? "");
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
          found
            .map((each) => `${each.name} (${each.members}) ${each.topic}`.trimEnd())
            .join("\n") ||
            _("There are no such channels."),
        ),
      (error) => tell(error.message, true),
    );
  },
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
  "ignore",
  N_("[nickname or mask …]"),
  N_("hides a user's messages, also in the history; without a name: shows the list"),
  [0, 1],
  ["nick"],
  ({ client, actions, tell }, [words = ""]) => {
    const masks = namesIn(words);
    if (!masks.length) {
      const known = client.model.preferences.ignored.value;
      const names = known.join(", ");
      tell(
        known.length
          ? _("You ignore: {names}. /unignore with a name ends that.", { names })
          : _("You ignore nobody."),
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
    const known = new Map(
      client.model.preferences.ignored.value.map((each) => [each.toLowerCase(), each]),
    );
    const wanted = words === "*" && !known.has("*") ? [...known.values()] : namesIn(words);
    const masks = wanted.filter((each) => known.has(each.toLowerCase()));
    const missing = wanted.filter((each) => !known.has(each.toLowerCase()));
    for (const each of masks) actions.ignore(each, false);
    if (missing.length) {
      const names = missing.join(", ");
      tell(_("Not ignored: {names}. /ignore shows the list.", { names }), true);
    }
    if (masks.length) tell(_("Shown again: {names}", { names: masks.join(", ") }));
    else if (!missing.length) tell(_("You ignore nobody."));
  },
);

/** @param {string} words */
function namesIn(words) {
  return [...new Set(words.split(/[\s,]+/).filter(Boolean))];
}

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
                `${name} ${shortTime(entry.time)} ${entry.nick}: ${entry.text}`,
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
  (context) => {
    const { actions, buffer, tell } = context;
    if (isOffline(context)) return;
    actions.loadOlder(buffer).catch((error) => tell(error.message, true));
  },
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
    buffer.hiddenFrom = Infinity;
  },
);

/**
 * @param {Context} context
 * @param {string} target
 * @param {string} text
 * @param {boolean} show
 */
function sayTo({ client, actions, tell }, target, text, show) {
  const { model } = client;
  const isChannel = model.isupport.isChannel(target);
  const buffer = isChannel ? model.get(target) : client.privates.open(target);
  if (!buffer || buffer.kind === "server") {
    tell(_("You are not in {name}. Join it first: /join {name}", { name: target }), true);
    return;
  }
  if (show || !isChannel) actions.open(buffer);
  if (text) client.outgoing.send(buffer, text, "message", "");
}
