/** All commands: each module adds its own to the registry. */
import "./conversations.js";
import "./moderation.js";
import "./account.js";

export { commandList, interpret } from "./registry.js";
