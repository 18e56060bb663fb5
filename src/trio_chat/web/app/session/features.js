/** Features: what the server offers, from its capabilities and RPL_ISUPPORT. */

import { CAPABILITY } from "./profiles.js";

/** @import { Isupport } from "../irc/isupport.js" */
/** @import { Features } from "../model/types.js" */
/** @import { Negotiation } from "./negotiation.js" */

/**
 * @param {Isupport} isupport
 * @param {Negotiation} negotiation
 * @param {{host: string, secure: boolean}} place
 * @returns {Features}
 */
export function featuresOf(isupport, { enabled, multiline }, { host, secure }) {
  const has = (/** @type {string} */ name) => enabled.has(name);
  const filehosts = ["FILEHOST", "draft/FILEHOST", "soju.im/FILEHOST"];
  return {
    network: isupport.text("NETWORK", host),
    caps: new Set(enabled),
    prefixes: isupport.prefixes,
    ranks: isupport.ranks,
    channelTypes: isupport.channelTypes,
    limits: {
      nick: isupport.number("NICKLEN"),
      topic: isupport.number("TOPICLEN"),
      away: isupport.number("AWAYLEN"),
      kick: isupport.number("KICKLEN"),
      channel: isupport.number("CHANNELLEN"),
      text: multiline.bytes,
      lines: multiline.lines,
    },
    filehost: filehosts.map((name) => isupport.text(name, "")).find(Boolean) ?? "",
    call: isupport.text("trio-chat/CALL", ""),
    vapid: isupport.text("VAPID", ""),
    accounts: has("sasl"),
    registration: has("draft/account-registration"),
    history: has("draft/chathistory"),
    search: has("soju.im/search"),
    redaction: has("draft/message-redaction"),
    reactions: has("message-tags"),
    markers: has("draft/read-marker"),
    profiles: has(CAPABILITY),
    mute: isupport.mute !== null,
    secure,
  };
}
