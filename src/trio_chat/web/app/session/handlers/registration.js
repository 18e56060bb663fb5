/** Handlers of the connection itself: capabilities, login, nickname, welcome, its end. */
import { _ } from "../../platform/i18n.js";
import { codeOf, entryRefused, nickRefused, otherError } from "../reasons.js";

/** @import { Message } from "../../irc/message.js" */
/** @import { ChatBuffer } from "../../model/buffer.js" */
/** @import { Client } from "../client.js" */
/** @import { Handler } from "./table.js" */

/** @type {Record<string, Handler>} */
export const registration = {
  PING: (client, { params }) => client.send("PONG", ...params.slice(0, 1)),
  PONG(client, { params }) {
    if (params.at(-1) === "welcome") client.answered();
  },
  CAP(client, { params }) {
    const changed = client.negotiation.receive(params);
    client.login.negotiated();
    if (changed && client.isReady) {
      client.updateFeatures();
      client.profiles.begin();
    }
    if (client.isGreeted && client.negotiation.isSettled) client.ready();
  },
  AUTHENTICATE: (client, { params }) => void client.login.challenged(params[0] ?? "+"),
  900(client, { params }) {
    client.model.me.account.value = params[2] ?? "";
  },
  901(client) {
    client.model.me.account.value = "";
  },
  903: (client) => client.login.succeeded(),
  907: (client) => client.login.succeeded(),
  "001"(client, { params, tags }) {
    client.nickname.welcomed(params[0] ?? "");
    client.setSource(client.model.me.nick.value, "");
    client.welcomed(tags.get("time") ?? "");
  },
  "005"(client, { params }) {
    client.model.isupport.update(params.slice(1, -1));
    if (client.isReady) client.updateFeatures();
  },
  376: (client) => client.greeted(),
  422: (client) => client.greeted(),
  433: (client, message) => client.nickname.inUse(message),
  451(client, { params }) {
    if (params[1] === "CAP") withoutCap(client);
    else client.channels.areJoinedEarly = false;
  },
  ERROR(client, { params }) {
    const reason = params[0] ?? "";
    if (client.link.isExpected) return;
    client.lastError = reason.replace(/^Closing Link: \S+ \(?/i, "").replace(/\)$/, "");
  },
};

for (const code of ["902", "904", "905", "906", "908"]) {
  registration[code] = (client, message) => client.login.refused(message);
}
for (const code of ["431", "432", "435", "437"]) {
  registration[code] = (client, message, origin) => nickError(client, message, origin);
}
for (const code of ["463", "464", "465", "466"]) {
  registration[code] = (client, message, origin) => entryError(client, message, origin);
}

/**
 * Go on with a server that has no capabilities.
 * @param {Client} client
 */
export function withoutCap(client) {
  client.negotiation.unavailable();
  client.login.negotiated();
}

/**
 * @param {Client} client
 * @param {Message} message
 * @param {ChatBuffer|null} origin
 */
function nickError(client, message, origin) {
  const name = message.params[1] ?? client.nickname.asked;
  const reason = nickRefused(name, message);
  if (!client.isReady) client.close(reason, "nick");
  else if (origin) client.model.tell(origin, reason, true);
  else client.model.notify(reason, true);
}

/**
 * @param {Client} client
 * @param {Message} message
 * @param {ChatBuffer|null} origin
 */
function entryError(client, message, origin) {
  if (!client.isReady) {
    client.close(entryRefused(message), message.command === "464" ? "password" : "banned");
  } else {
    client.model.tell(
      origin ?? client.model.server,
      _("The name or the password of the operator is wrong."),
      true,
    );
  }
}

/**
 * Take a FAIL that ends the registration; return whether it was one.
 * @param {Client} client
 * @param {Message} message
 */
export function failedRegistration(client, message) {
  if (client.isReady) return false;
  const code = codeOf(message);
  if (code === "NICKNAME_RESERVED") {
    const nick = message.params[2] ?? client.nickname.asked;
    client.close(nickRefused(nick, message), "login");
    return true;
  }
  if (code === "ACCOUNT_REQUIRED") {
    client.close(entryRefused(message), "account");
    return true;
  }
  if (/^(NICK|USER|PASS|\*)$/.test(message.params[0] ?? "")) {
    client.close(otherError(message), message.params[0] === "NICK" ? "nick" : "");
    return true;
  }
  if (message.params[0] === "AUTHENTICATE") {
    client.login.refused(message);
    return true;
  }
  return false;
}
