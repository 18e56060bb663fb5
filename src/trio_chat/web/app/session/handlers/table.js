/** Handlers by command or numeric; `BATCH type` for a batch, and `*` for all others. */
import { channels } from "./channels.js";
import { messages } from "./messages.js";
import { metadata } from "./metadata.js";
import { registration } from "./registration.js";
import { replies } from "./replies.js";
import { status } from "./status.js";

/** @import { ChatBuffer } from "../../model/buffer.js" */
/** @import { Client } from "../client.js" */

/**
 * A handler gets a `Message`, or a `Batch` where its key says so.
 * @typedef {(client: Client, message: any, origin: ChatBuffer|null) => void} Handler
 */

/** @type {Map<string, Handler>} */
export const HANDLERS = new Map(
  Object.entries({ ...replies, ...status, ...messages, ...channels, ...metadata, ...registration }),
);
