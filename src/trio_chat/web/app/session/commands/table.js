/** All commands: each module adds its own to the registry. They are loaded when one is typed. */
import "./conversations.js";
import "./messages.js";
import "./moderation.js";
import "./account.js";
import "./notifications.js";
import "./polls.js";
import "./schedule.js";
import "./calls.js";

export { commandList, runCommand } from "./registry.js";
