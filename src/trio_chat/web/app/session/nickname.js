/**
 * Nickname of the user: the wanted one, and another one while that is not free. After a lost
 * connection, the server perhaps still has the former session, which has the nickname.
 */
import { _ } from "../platform/i18n.js";
import { nickRefused } from "./reasons.js";

/** @import { Message } from "../irc/message.js" */
/** @import { Client } from "./client.js" */

const MOST_TRIED = 9;
/** Pauses before a nickname is tried again, with a server that does not say when it is free. */
const PAUSES = [30_000, 60_000, 120_000, 240_000];

/** The nickname, over all connections. */
export class Nickname {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    this.wanted = "";
    /** The one that the user has chosen while there was no connection. */
    this.later = "";
    /** The one that was asked for last. */
    this.asked = "";
    this.tried = 0;
    /** Whether the last NICK was sent to take the wanted nickname back. */
    this.isTakingBack = false;
    this.timer = 0;
    this.attempts = 0;
  }

  /** @param {string} nick */
  want(nick) {
    this.wanted = nick;
    this.later = "";
    this.reset();
  }

  /** Forget the connection. */
  reset() {
    this.asked = this.wanted;
    this.tried = this.attempts = 0;
    this.isTakingBack = false;
    this.client.clock.stop(this.timer);
  }

  /** Whether the user has another nickname than the wanted one. */
  get isOther() {
    return !this.client.model.same(this.wanted, this.client.model.me.nick.value);
  }

  /**
   * Take the nickname of the welcome.
   * @param {string} nick
   */
  welcomed(nick) {
    const { model } = this.client;
    model.me.nick.value = nick || this.asked;
    // The server has shortened it, or has given one of its own.
    if (!model.same(model.me.nick.value, this.asked)) this.wanted = model.me.nick.value;
  }

  /**
   * Take the nickname that was chosen meanwhile, or say that the wanted one is not free, and take it
   * back when it is.
   */
  watch() {
    const { later } = this;
    this.later = "";
    if (later) this.change(later);
    if (later || !this.isOther) return;
    const { model } = this.client;
    const nick = this.wanted;
    const other = model.me.nick.value;
    model.notify(
      _("The nickname “{nick}” is in use: you are {other} until it is free.", { nick, other }),
    );
    this.client.privates.monitor("+", [nick]);
    if (!model.isupport.tokens.has("MONITOR")) this.tryLater();
  }

  tryLater() {
    const { client } = this;
    const { generation } = client;
    const pause = PAUSES[this.attempts];
    if (pause === undefined) return;
    this.attempts += 1;
    this.timer = client.clock.start(() => {
      if (generation !== client.generation || !this.isOther) return;
      this.freed(this.wanted);
      this.tryLater();
    }, pause);
  }

  /**
   * Try another nickname before the welcome; afterwards the user decides.
   * @param {Message} message
   */
  inUse(message) {
    const { client } = this;
    const { model } = client;
    const nick = message.params[1] ?? this.asked;
    if (client.isReady) {
      if (!model.same(nick, this.wanted) || !this.isTakingBack) {
        model.notify(nickRefused(nick, message), true);
      }
      this.isTakingBack = false;
      return;
    }
    this.tried += 1;
    if (this.tried > MOST_TRIED) {
      client.close(nickRefused(this.wanted, message), "nick");
      return;
    }
    this.asked = this.another();
    client.send("NICK", this.asked);
  }

  /** Return the wanted nickname with a number, cut so that a server keeps the number. */
  another() {
    const number = String(this.tried + 1);
    const length = this.client.model.isupport.number("NICKLEN");
    const cut = this.wanted.slice(0, Math.max(length - number.length, 1));
    return (length && this.wanted.length + number.length > length ? cut : this.wanted) + number;
  }

  /**
   * Take the wanted nickname back when nobody has it any longer.
   * @param {string} nick
   */
  freed(nick) {
    const { client } = this;
    if (!client.isReady || !this.isOther || !client.model.same(nick, this.wanted)) return;
    this.isTakingBack = true;
    client.send("NICK", this.wanted);
  }

  /**
   * Note that the user has another nickname.
   * @param {string} from
   * @param {string} to
   */
  renamed(from, to) {
    const { model } = this.client;
    const isBack = this.isTakingBack && model.same(to, this.wanted);
    if (isBack) this.client.privates.monitor("-", [to]);
    const isAsked = this.isTakingBack || model.same(to, this.asked);
    this.isTakingBack = false;
    if (isAsked || model.same(from, this.wanted)) {
      this.wanted = this.asked = to;
      model.preferences.nick = to;
    }
  }

  /** @param {string} nick */
  change(nick) {
    if (!this.client.isReady) {
      this.later = nick;
      this.client.model.notify(
        _("There is no connection to the server. When it is back, you will be {nick}.", { nick }),
      );
      return;
    }
    this.isTakingBack = false;
    this.asked = nick;
    this.client.send("NICK", nick);
  }
}
