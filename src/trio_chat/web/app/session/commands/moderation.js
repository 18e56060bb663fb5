/** Commands about channels and their members. */
import { N_, _ } from "../../platform/i18n.js";
import { tooLong } from "../../text/lengths.js";
import { changeBans, sendModes } from "../ban_masks.js";
import { channelAndRest, command, notInChannel, optional, usageOf } from "./registry.js";

/** @import { Context } from "./registry.js" */

command(
  "topic",
  N_("[#channel] [text]"),
  N_("shows the topic of the channel, or changes it"),
  [0, 2],
  ["channel", ""],
  (context, words) => {
    const [buffer, text] = channelAndRest(context, words);
    const { client, tell } = context;
    const problem = tooLong(text, client.model.features.value.limits.topic);
    if (buffer && problem) tell(problem, true);
    else if (buffer) client.command(context.buffer, "TOPIC", buffer.name, ...optional(text));
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

const SECONDS = /** @type {Record<string, number>} */ ({ m: 60, h: 3600, d: 86_400, w: 604_800 });

command(
  "invite-link",
  N_("[uses] [duration]"),
  N_("makes a link that lets others into the channel; 5 2d: five users within two days"),
  [0, 2],
  [],
  (context, words) => {
    const { buffer, actions, tell } = context;
    const [, uses = "", count = "", unit = ""] =
      /^(\d*)(?:(?:^| )(\d+)([mhdw]))?$/i.exec(words.join(" ")) ?? [];
    if (buffer.kind !== "channel") notInChannel(context);
    else if (words.length && !uses && !count)
      tell(usageOf("invite-link"), true);
    else
      actions
        .inviteLink(buffer, Number(count) * (SECONDS[unit.toLowerCase()] ?? 0), Number(uses))
        ?.then(tell, (/** @type {Error} */ error) => tell(error.message, true));
  },
);

command(
  "kick",
  N_("nickname [reason]"),
  N_("removes somebody from the channel, if you are its operator"),
  [1, 2],
  ["nick", ""],
  (context, [nick = "", reason]) => {
    if (context.buffer.kind === "channel") kick(context, nick, reason);
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
    if (words) ban(context, "+", words.split(/\s+/));
    else showBans(context, (mask) => !/^\$?m:/.test(mask));
  },
);

command(
  "unban",
  N_("nickname or mask …"),
  N_("lifts a ban"),
  [1, 1],
  ["nick"],
  (context, [words = ""]) => ban(context, "-", words.split(/\s+/)),
);

command(
  "kickban",
  N_("nickname [reason]"),
  N_("removes somebody from the channel, and keeps that user out"),
  [1, 2],
  ["nick", ""],
  (context, [nick = "", reason]) => {
    ban(context, "+", [nick], undefined, () => kick(context, nick, reason));
  },
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

/**
 * @param {Context} context
 * @param {string} nick
 * @param {string} [reason]
 */
function kick({ client, buffer }, nick, reason) {
  client.command(buffer, "KICK", buffer.name, nick, ...optional(reason));
}

/**
 * @param {Context} context
 * @param {string} mode
 * @param {string[]} params
 */
function changeModes(context, mode, params) {
  const { client, buffer } = context;
  if (buffer.kind === "channel") sendModes(client, buffer, mode, params);
  else notInChannel(context);
}

/**
 * @param {Context} context
 * @param {"+"|"-"} sign
 * @param {string[]} words
 * @param {{mode: string, prefix: string}} [how]
 * @param {() => void} [then]
 */
function ban(context, sign, words, how, then) {
  const { client, buffer } = context;
  if (buffer.kind === "channel") void changeBans(client, buffer, sign, words, how, then);
  else notInChannel(context);
}

/**
 * @param {Context} context
 * @param {"+"|"-"} sign
 * @param {string[]} words
 */
function changeMute(context, sign, words) {
  const { mute } = context.client.model.isupport;
  if (mute) ban(context, sign, words, mute);
  else
    context.tell(_("This server cannot mute users. /ban keeps a user out of the channel."), true);
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
