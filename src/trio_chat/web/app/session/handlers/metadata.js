/** Handlers of metadata (IRCv3 `draft/metadata-2`). */

/** @import { Message } from "../../irc/message.js" */
/** @import { Client } from "../client.js" */
/** @import { Handler } from "./table.js" */

/** @type {Record<string, Handler>} */
export const metadata = {
  METADATA(client, { params }) {
    client.profiles.received(params[0] ?? "", params[1] ?? "", params[3] ?? "");
  },
  760: (client, message) => noted(client, message),
  761: (client, message) => noted(client, message),
  766(client, { params }) {
    client.profiles.received(params[1] ?? "", params[2] ?? "", "");
  },
  770: () => {},
  771: () => {},
  772: () => {},
  774(client, { params }) {
    client.profiles.later(params[1] ?? "", Number(params[2]));
  },
};

/**
 * @param {Client} client
 * @param {Message} message
 */
function noted(client, { params }) {
  client.profiles.received(params[1] ?? "", params[2] ?? "", params[4] ?? "");
}
