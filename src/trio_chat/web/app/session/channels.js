/** Channels that the user is to be in, over all connections, and the way into them. */
import { _ } from "../platform/i18n.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { KeptChannel } from "../model/settings.js" */
/** @import { Invitation } from "../platform/address.js" */
/** @import { Client } from "./client.js" */

const AT_ONCE = 5;

/** The wanted channels. */
export class WantedChannels {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    /** With their keys, by folded names. @type {Map<string, KeptChannel>} */
    this.wanted = new Map();
    /** Keys and invitations from the page's address, by folded names. @type {Map<string, string>} */
    this.keys = new Map();
    /** Token from the page's address that lets the user register an account. */
    this.invitation = "";
    /** Folded name of the channel that is shown when it is joined. */
    this.goingTo = "";
    /** Whether JOIN was sent before the welcome, and the server has not refused that. */
    this.areJoinedEarly = false;
  }

  get model() {
    return this.client.model;
  }

  // What the user wants

  /**
   * Want to be in a channel.
   * @param {string} name
   * @param {string} [key]
   */
  want(name, key = "") {
    const folded = this.model.fold(name);
    const known = this.wanted.get(folded);
    this.wanted.set(folded, { name, key: key || (known?.key ?? "") });
    this.keep();
  }

  /** @param {string} name */
  unwant(name) {
    this.wanted.delete(this.model.fold(name));
    this.keep();
    const buffer = this.model.get(name);
    if (buffer && !this.client.isReady) this.refuse(buffer);
  }

  keep() {
    this.model.preferences.channels = [...this.wanted.values()];
    for (const buffer of this.model.buffers.value) buffer.wanted.value = this.isWanted(buffer);
  }

  /** @param {string} name */
  has(name) {
    return this.wanted.has(this.model.fold(name));
  }

  /** @param {string} name */
  hasKey(name) {
    return Boolean(this.wanted.get(this.model.fold(name))?.key);
  }

  /**
   * Return whether the user is to be in a channel; true for other conversations.
   * @param {ChatBuffer} buffer
   */
  isWanted(buffer) {
    return buffer.kind !== "channel" || this.has(buffer.name);
  }

  /**
   * Fail the messages to a channel that the user has left.
   * @param {ChatBuffer} buffer
   */
  refuse(buffer) {
    this.client.outgoing.refuse(buffer, _("You have left the channel."));
  }

  /** Fold all names anew: the server has announced its case mapping. */
  refold() {
    const all = [...this.wanted.values()];
    this.wanted.clear();
    for (const each of all) this.wanted.set(this.model.fold(each.name), each);
  }

  /**
   * Follow a channel that was renamed.
   * @param {string} from
   * @param {string} to
   */
  renamed(from, to) {
    const key = this.wanted.get(this.model.fold(from))?.key;
    this.wanted.delete(this.model.fold(from));
    this.want(to, key);
  }

  // Joining

  /** Join the channels that the user is to be in, and is not in yet. */
  joinAll() {
    const all = [...this.wanted.values()].filter(
      (each) => !this.model.get(each.name)?.joined.value,
    );
    all.sort((one, other) => (other.key ? 1 : 0) - (one.key ? 1 : 0));
    const current = this.model.current.value;
    // The current channel is joined first: its user waits.
    const first = all.findIndex((each) => current && this.model.same(each.name, current.name));
    const [ahead] = first >= 0 ? all.splice(first, 1) : [];
    if (ahead) this.join([ahead]);
    for (let start = 0; start < all.length; start += AT_ONCE) {
      this.join(all.slice(start, start + AT_ONCE));
    }
  }

  /** @param {KeptChannel[]} channels */
  join(channels) {
    if (!channels.length) return;
    const names = channels.map((each) => each.name).join(",");
    const keys = channels.map((each) => each.key).join(",");
    this.client.send("JOIN", names, ...(/[^,]/.test(keys) ? [keys] : []));
  }

  /**
   * Join before the welcome: a server carries out commands in order. One that does not do so is
   * asked again after its welcome.
   */
  joinEarly() {
    this.areJoinedEarly = true;
    this.joinAll();
  }

  /** Join after the welcome if the server has refused to do so before. */
  welcomed() {
    if (!this.areJoinedEarly) this.joinAll();
  }

  /**
   * Note that the server has let the user into a channel.
   * @param {ChatBuffer} buffer
   * @param {string} name As the server writes it.
   * @param {number} time
   */
  joined(buffer, name, time) {
    buffer.name = name;
    buffer.joined.value = true;
    buffer.members.clear();
    buffer.knowsMembers = false;
    buffer.interrupted();
    this.client.pins.joined(buffer);
    this.want(name);
    // Without a marker, what was said before the first visit does not count as unread.
    const { keptMarkers } = this.model;
    if (!buffer.markerKnown && !buffer.fetched)
      buffer.readMarker.value = keptMarkers.get(buffer.key) ?? time;
    keptMarkers.delete(buffer.key);
    if (this.goingTo === buffer.key || !this.model.current.value) {
      this.goingTo = "";
      this.model.show(buffer);
    }
    if (this.client.isReady) this.entered(buffer);
  }

  /**
   * Ask for what happens in a channel, and has happened.
   * @param {ChatBuffer} buffer
   */
  entered(buffer) {
    if (buffer === this.model.current.value) this.client.shown(buffer);
    this.client.history.sync(buffer);
  }

  // The address of the page

  /** @param {Invitation} invitation */
  takeAddress({ channels, account }) {
    this.invitation = account;
    for (const { name, key } of channels) if (key) this.keys.set(this.model.fold(name), key);
    this.model.wanted.value = channels.map((each) => each.name);
  }

  /**
   * Go to the channels of the address, which the user has changed.
   * @param {Invitation} invitation
   */
  followAddress(invitation) {
    this.takeAddress(invitation);
    const { channels } = invitation;
    const [first] = channels;
    if (!this.client.isReady || !first) return;
    const known = this.model.get(first.name);
    if (known?.joined.value) this.model.show(known);
    else this.goingTo = this.model.fold(first.name);
    for (const { name, key } of channels) this.want(name, key);
    this.join(channels.filter((each) => !this.model.get(each.name)?.joined.value));
  }
}
