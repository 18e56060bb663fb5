/** Reasons of refusals, by numeric or FAIL code: what happened, and what the user can do next. */
import { N_, _ } from "../platform/i18n.js";

/** @import { Message } from "../irc/message.js" */

/** Numerics and FAIL; 696 is about the parameter of a mode. */
export const REFUSAL = /^(?:FAIL|[45]\d\d|69\d)$/;

/** @typedef {Record<string, string>} Table */

/** @type {Table} */
const NICK = {
  431: N_("A nickname is needed."),
  432: N_(
    "The server does not allow the nickname “{name}”: begin with a letter, use letters and digits, and keep it short.",
  ),
  433: N_("The nickname “{name}” is in use. Choose another."),
  435: N_("You are banned from a channel, and cannot change your nickname while you are in it."),
  437: N_("The nickname “{name}” is not free yet. Choose another, or try again in a few minutes."),
  NICKNAME_RESERVED: N_(
    "The nickname “{name}” belongs to an account. If it is yours, log in; if not, choose another.",
  ),
};
/** @type {Table} */
const JOIN = {
  403: N_("{name} cannot be joined: that is not the name of a channel."),
  405: N_("{name} cannot be joined: you are in too many channels. Leave one first."),
  437: N_("{name} cannot be joined at the moment. Try again in a few minutes."),
  471: N_("{name} cannot be joined: the channel is full."),
  473: N_("{name} cannot be joined without an invitation. Ask one of its operators to invite you."),
  474: N_("{name} cannot be joined: you are banned from it."),
  475: N_("{name} cannot be joined without its key: /join {name} key"),
  KEY: N_(
    "{name} cannot be joined: the invitation or key is wrong, has expired, was used up, or was revoked. Ask whoever gave it to you for a new one.",
  ),
  476: N_("{name} cannot be joined: that is not the name of a channel."),
  477: N_("{name} can be joined only by users that are logged in."),
  479: N_("{name} cannot be joined: its name looks like that of another channel."),
};
/** @type {Table} */
const MESSAGE = {
  401: N_("There is nobody called {name}."),
  403: N_("There is no channel {name}."),
  404: N_("You may not write in {name}."),
  407: N_("There are too many receivers."),
  412: N_("There is no text."),
  417: N_("The message is too long."),
  442: N_("You are not in {name}."),
  477: N_("{name} accepts messages only from users that are logged in."),
  492: N_("{name} does not accept this kind of message."),
};
/** @type {Table} */
const ENTRY = {
  463: N_("The server does not accept connections from your address."),
  464: N_("The server's password is missing or wrong."),
  465: N_("You are banned from this server. Ask its administrator."),
  466: N_("You are about to be banned from this server. Ask its administrator."),
  ACCOUNT_REQUIRED: N_("This server accepts only users that log in to an account."),
};
/** @type {Table} */
const ACCOUNT = {
  904: N_("Not logged in as {name}: check the account and the password."),
  905: N_("The password is too long."),
  906: N_("The login was aborted. Try again."),
  907: N_("You are logged in already."),
  908: N_("The server and this page have no login method in common."),
  ACCOUNT_EXISTS: N_("There is an account {name} already. If it is yours, log in."),
  ACCOUNT_NAME_MUST_BE_NICK: N_("An account has to be called like your nickname."),
  ALREADY_AUTHENTICATED: N_("You are logged in already."),
  BAD_ACCOUNT_NAME: N_("An account cannot be called {name}."),
  CODE_REQUIRED: N_("This account asks for a code, too: that of your authenticator."),
  DISALLOWED: N_("Accounts cannot be registered on this server."),
  INVALID_INVITATION: N_(
    "This server accepts new accounts by invitation only. Yours is missing, has expired, or was used.",
  ),
  INVITATION_REQUIRED: N_("This server accepts new accounts by invitation only."),
  INVALID_EMAIL: N_("This server wants an e-mail address."),
  UNACCEPTABLE_EMAIL: N_("The server does not take this e-mail address."),
  WEAK_PASSWORD: N_("The password is too easy to guess. Choose a longer one."),
  UNACCEPTABLE_PASSWORD: N_("The server does not take this password. Choose another."),
  INVALID_CODE: N_("The code is wrong."),
  TEMPORARILY_UNAVAILABLE: N_("The server cannot do this at the moment. Try again later."),
};
/** @type {Table} */
const OTHER = {
  401: N_("There is nobody called {name}."),
  403: N_("There is no channel {name}."),
  404: /** @type {string} */ (MESSAGE["404"]),
  421: N_("The server does not know the command {name}."),
  441: N_("{name} is not in that channel."),
  442: N_("You are not in {name}. Join it first: /join {name}"),
  443: N_("{name} is in that channel already."),
  461: N_("{name} needs more parameters."),
  464: N_("The name or the password of the operator is wrong."),
  472: N_("The server does not know the mode {name}."),
  481: N_("Only operators of the server may do that."),
  482: N_("Your rank in {name} is too low for that."),
  491: N_("This server has no operator of that name for you."),
  NICKNAME_RESERVED: /** @type {string} */ (NICK["NICKNAME_RESERVED"]),
};

/**
 * Return the code of an error: the numeric, or that of a standard reply.
 * @param {Message} message
 */
export function codeOf({ command, params }) {
  return /^(FAIL|WARN|NOTE)$/.test(command) ? (params[1] ?? "") : command;
}

/** @param {Message} message */
function wordsOf({ params }) {
  return params.at(-1) ?? "";
}

/**
 * @param {Table} table
 * @param {string} code
 * @param {string} name
 */
function sentence(table, code, name) {
  const known = Object.hasOwn(table, code) ? table[code] : "";
  return known ? _(known, { name }) : "";
}

/**
 * @param {string} name
 * @param {Message} message
 */
export function nickRefused(name, message) {
  const reason = wordsOf(message);
  return (
    sentence(NICK, codeOf(message), name) ||
    _("The server refuses the nickname “{name}”: {reason}", { name, reason })
  );
}

/**
 * Return why a channel cannot be joined; "" for an error that says nothing of that.
 * @param {string} name
 * @param {Message} message
 * @param {boolean} hadKey Whether JOIN had a key, or the token of an invitation.
 */
export function joinRefused(name, message, hadKey) {
  const code = codeOf(message);
  return sentence(JOIN, hadKey && /^47[35]$/.test(code) ? "KEY" : code, name);
}

/**
 * @param {string} name
 * @param {Message} message
 */
export function messageRefused(name, message) {
  const reason = wordsOf(message);
  return sentence(MESSAGE, codeOf(message), name) || reason || _("The server refused this.");
}

/**
 * Return why the server does not let the client in; "" for another error.
 * @param {Message} message
 */
export function entryRefused(message) {
  const known = sentence(ENTRY, codeOf(message), "");
  const reason = wordsOf(message);
  return known && reason && codeOf(message) === "465" ? `${known} (${reason})` : known;
}

/**
 * @param {string} name "" of a login by single sign-on or a passkey, which names no account.
 * @param {Message} message
 */
export function accountRefused(name, message) {
  const code = codeOf(message);
  const isNobody = !name && Object.hasOwn(ACCOUNT, code) && /\{name\}/.test(ACCOUNT[code] ?? "");
  const known = isNobody ? _("You were not logged in.") : sentence(ACCOUNT, code, name);
  // What is usual is said by the sentence.
  const reason = wordsOf(message).replace(/^SASL authentication failed: (wrong account or password)?/, "");
  const count = code === "WEAK_PASSWORD" && /at least (\d+) characters/.exec(reason)?.[1];
  if (count) return _("The password is too short: it needs at least {count} characters.", { count });
  const explained = ["904", "BAD_ACCOUNT_NAME", "WEAK_PASSWORD", "UNACCEPTABLE_PASSWORD"];
  if (known && reason && (isNobody || explained.includes(code))) return `${known} (${reason})`;
  return known || reason || _("The server did not do it.");
}

/**
 * Return the text of any other error.
 * @param {Message} message
 */
export function otherError(message) {
  const { params } = message;
  const isStandard = message.command === "FAIL";
  const about = isStandard ? (params.length > 3 ? (params[2] ?? "") : "") : (params[1] ?? "");
  const reason = wordsOf(message);
  const known = sentence(OTHER, codeOf(message), about || params[0] || "");
  if (known) return known;
  return about && about !== reason && !isStandard ? `${about}: ${reason}` : reason;
}
