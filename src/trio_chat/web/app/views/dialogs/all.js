/**
 * The dialogs by their names, loaded together: one request of the bundle instead of a dozen, in which
 * the same words are compressed once. That for invitations is apart, with its QR codes.
 */

export { Account as account } from "./account.js";
export { BufferMenu as buffer, TopicEditor as topic } from "./buffer.js";
export { Channels as channels } from "./channels.js";
export { Devices as devices } from "./devices.js";
export { EmojiPicker as emoji } from "./emoji.js";
export { Keys as keys } from "./keys.js";
export { Delete as delete, Lines as lines, MessageMenu as message, Report as report } from "./message.js";
export { Pins as pins } from "./pins.js";
export { Picture as picture } from "./picture.js";
export { Mentions as mentions, Search as search } from "./search.js";
export { SettingsDialog as settings } from "./settings.js";
export { Switcher as switcher } from "./switcher.js";
export { User as user } from "./user.js";
