/**
 * Client: one user at one server, over as many connections as it takes. It passes the server's
 * messages to the handlers, and has the phase of the present connection.
 */
import { _ } from "../platform/i18n.js";
import { isBatch } from "./batches.js";
import { WantedChannels } from "./channels.js";
import { Exchange } from "./exchange.js";
import { featuresOf } from "./features.js";
import { HANDLERS } from "./handlers/table.js";
import { History } from "./history.js";
import { LevelUpdates } from "./levels.js";
import { Login } from "./login.js";
import { ReadMarkers } from "./markers.js";
import { Nickname } from "./nickname.js";
import { noteNumbers } from "./numbers.js";
import { OutgoingMessages } from "./outgoing.js";
import { Paging } from "./paging.js";
import { Pins } from "./pins.js";
import { PrivateConversations } from "./privates.js";
import { ProfileUpdates } from "./profiles.js";
import { Typing } from "./typing.js";

/** @import { Message } from "../irc/message.js" */
/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { ChatModel } from "../model/model.js" */
/** @import { Actions, Connection, ConnectOptions, Phase } from "../model/types.js" */
/** @import { Item } from "./batches.js" */
/** @import { LinkOptions } from "./link.js" */
/** @import { Credentials } from "./login.js" */

/** Source of a user whose address is not known yet, as long as one can be. */
const LONGEST_SOURCE = `!${"u".repeat(17)}@${"h".repeat(64)}`;

/** The client. */
export class Client extends Exchange {
  /**
   * @param {ChatModel} model
   * @param {LinkOptions & {secure: boolean, host: string}} options
   */
  constructor(model, options) {
    super(model, options, {
      onConnecting: () => this.setPhase("connecting"),
      onOpen: () => this.opened(),
      onLost: (retryAt, reason) => this.lost(retryAt, reason),
      onReason: (reason) => {
        model.connection.value = { ...model.connection.value, reason };
      },
    });
    this.secure = options.secure;
    this.host = options.host;
    /** Number of the present connection: what another one was asked for does not count. */
    this.generation = 0;
    this.login = new Login(this);
    this.history = new History(this);
    this.paging = new Paging(this);
    this.pins = new Pins(this);
    this.outgoing = new OutgoingMessages(this);
    this.markers = new ReadMarkers(this);
    this.typing = new Typing(this);
    this.nickname = new Nickname(this);
    this.channels = new WantedChannels(this);
    this.privates = new PrivateConversations(this);
    this.profiles = new ProfileUpdates(this);
    this.levels = new LevelUpdates(this);
    this.isReady = false;
    /** Whether the server has ended its welcome. */
    this.isGreeted = false;
    this.isRegistering = false;
    this.source = "";
    this.serverPassword = "";
    /** @type {Credentials|null} */
    this.credentials = null;
    this.wasReady = false;
    this.wantedAway = "";
    /** Whether messages are pushed to this device. */
    this.isPushed = false;
    /** What the server said before it closed the connection. */
    this.lastError = "";
    /** Server's clock minus this one's, in milliseconds. */
    this.clockAhead = 0;
    /** Called when a message was deleted. @type {(buffer: ChatBuffer, msgid: string) => void} */
    this.onRedacted = () => {};
    model.onRead = (buffer, time) => this.markers.read(buffer, time);
    model.onOpen = (buffer) => {
      this.shown(buffer);
      void this.history.verify(buffer).catch(() => {});
      void this.pins.load(buffer);
    };
  }

  // Connecting

  /**
   * @param {ConnectOptions} options
   * @param {Credentials|null} credentials
   */
  connect(options, credentials) {
    if (this.link.wanted) {
      this.link.stop();
      this.ended();
    }
    this.nickname.want(options.nick);
    this.model.me.nick.value = options.nick;
    this.serverPassword = options.serverPassword ?? this.serverPassword;
    this.credentials = credentials;
    for (const name of options.channels ?? []) this.channels.want(name);
    this.link.start();
  }

  /** Connect at once, also after the connection was ended. */
  retry() {
    if (this.link.wanted) this.link.retry();
    else if (this.nickname.wanted) this.link.start();
  }

  /**
   * End the connection, and stay away.
   * @param {string} reason
   */
  leave(reason) {
    if (this.link.isOpen) this.send("QUIT", ...(reason ? [reason] : []));
    this.close("", "");
  }

  /**
   * @param {string} reason
   * @param {Connection["problem"]} problem
   */
  close(reason, problem) {
    this.link.stop();
    this.ended();
    this.setPhase("closed", reason, problem);
  }

  /**
   * @param {Phase} phase
   * @param {string} [reason]
   * @param {Connection["problem"]} [problem]
   */
  setPhase(phase, reason = "", problem = "") {
    const before = this.model.connection.value;
    const isSame = before.phase === phase && before.reason === reason && before.problem === problem;
    if (!isSame) this.model.connection.value = { phase, retryAt: 0, reason, problem };
  }

  opened() {
    this.setPhase("registering");
    this.generation += 1;
    this.renew();
    this.history.reset();
    this.paging.reset();
    this.isRegistering = true;
    this.negotiation.begin();
    if (this.serverPassword) this.send("PASS", this.serverPassword);
    if (this.credentials) this.login.begin(this.credentials);
    else this.register();
  }

  /** Ask for the nickname, and end the negotiation: the server lets the client in. */
  register() {
    this.send("NICK", this.nickname.asked);
    this.send("USER", "web", "0", "*", this.nickname.wanted);
    this.negotiation.end();
    this.channels.joinEarly();
  }

  /**
   * Note the server's welcome. RPL_ISUPPORT follows it, anew on each connection.
   * @param {string} time
   */
  welcomed(time) {
    const server = Date.parse(time);
    if (Number.isFinite(server)) this.clockAhead = server - this.clock.now();
    this.model.isupport.reset();
    this.send("PING", "welcome");
  }

  /**
   * Take the answer to the PING behind the welcome. The server has carried out everything by then
   * that was sent before it; what it has not answered, it does not know.
   */
  answered() {
    if (!this.negotiation.isSettled) this.negotiation.unavailable();
    this.greeted();
    if (this.channels.areJoinedEarly) this.channels.joinAll();
  }

  /** Go on when the welcome is complete, and the capabilities are known. */
  greeted() {
    this.isGreeted = true;
    if (this.negotiation.isSettled) this.ready();
  }

  /** Go on after the server's welcome and its ISUPPORT. */
  ready() {
    if (this.isReady) return;
    const isReturn = this.wasReady;
    this.isReady = this.wasReady = true;
    this.isRegistering = false;
    this.link.settled();
    this.model.refold();
    this.channels.refold();
    this.updateFeatures();
    this.setPhase("ready");
    this.model.preferences.nick = this.nickname.wanted;
    this.model.preferences.wasConnected = true;
    this.model.preferences.serverPassword = this.serverPassword;
    if (this.model.me.away.value) this.send("AWAY", this.model.me.away.value);
    this.channels.welcomed();
    this.privates.welcomed();
    this.nickname.watch();
    this.profiles.begin();
    void this.levels.begin().catch(() => {});
    const { code, token, passkey, isPlain } = this.credentials ?? {};
    if (code || token || passkey || isPlain) {
      void import("./accounts.js").then(({ keepDevice }) => keepDevice(this)).catch(() => {});
    }
    if (!isReturn || this.model.me.account.value) {
      void this.history.findConversations().catch(() => {});
    }
    for (const buffer of this.model.buffers.value) {
      if (buffer.kind === "channel" && buffer.joined.value) this.channels.entered(buffer);
    }
    const hasPlace = this.model.current.value || this.channels.wanted.size;
    if (!hasPlace) this.model.show(this.model.server);
    this.refreshPush();
  }

  /** Register this device for push messages again, or end those of a user that was here before. */
  refreshPush() {
    const isGuest = !this.model.me.account.value;
    if (!this.model.features.value.vapid) return;
    if (isGuest && (this.credentials || !globalThis.navigator?.serviceWorker?.controller)) return;
    void import("./push.js")
      .then(({ refresh, unsubscribe }) => (isGuest ? unsubscribe(this) : refresh(this)))
      .catch(() => {});
  }

  /**
   * @param {number} retryAt
   * @param {string} reason
   */
  lost(retryAt, reason) {
    this.ended();
    const said = this.lastError
      ? _("The server has closed the connection: {reason}", { reason: this.lastError })
      : reason;
    this.lastError = "";
    this.model.connection.value = { phase: "waiting", retryAt, reason: said, problem: "" };
  }

  /** Note that the server is restarted, and has asked for another connection. */
  restarts() {
    this.lastError = "";
    this.link.expect();
  }

  /** Forget the connection; what the user wants stays. */
  ended() {
    this.isReady = this.isRegistering = this.isGreeted = false;
    this.generation += 1;
    this.history.reset();
    this.requests.end();
    this.unlabelled.end();
    this.outgoing.interrupted();
    this.login.end();
    this.typing.end();
    this.profiles.end();
    this.nickname.reset();
    // The next connection is not that of an operator until it says OPER.
    this.model.me.modes.value = "";
    for (const buffer of this.model.buffers.value) {
      if (buffer.kind === "channel") buffer.joined.value = false;
      buffer.wanted.value = this.channels.isWanted(buffer);
      if (!buffer.wanted.value) this.channels.refuse(buffer);
      buffer.knowsMembers = false;
      buffer.created = 0;
      buffer.peer.value = null;
      buffer.interrupted();
    }
  }

  updateFeatures() {
    this.model.features.value = featuresOf(this.model.isupport, this.negotiation, this);
  }

  /**
   * Connect again when the page was loaded anew.
   * @param {Actions} actions
   */
  resume(actions) {
    const { nick, wasConnected, serverPassword } = this.model.preferences;
    if (nick && wasConnected) actions.connect({ nick, serverPassword });
  }

  // Receiving

  /**
   * @param {Item} item
   * @override
   */
  arrived(item) {
    noteNumbers(this, item);
  }

  /**
   * Pass an item to its handler.
   * @param {Item} item
   * @param {ChatBuffer|null} origin The buffer whose command it answers.
   * @override
   */
  dispatch(item, origin) {
    if (!isBatch(item)) {
      const handler = HANDLERS.get(item.command) ?? HANDLERS.get("*");
      handler?.(this, item, origin);
      return;
    }
    const handler = HANDLERS.get(`BATCH ${item.type}`);
    if (handler) handler(this, item, origin);
    else for (const each of item.items) this.dispatch(each, origin);
  }

  /**
   * Return whether the user is an operator of a channel, or more.
   * @param {ChatBuffer} buffer
   */
  isOperator(buffer) {
    const { prefixes } = this.model.isupport;
    const operators = prefixes.slice(0, prefixes.indexOf("@") + 1);
    return [...buffer.myPrefixes.value].some((each) => operators.includes(each));
  }

  /** @param {Message} message */
  noteSource(message) {
    if (this.model.isMe(message.nick) && message.source.includes("@")) this.source = message.source;
  }

  /**
   * Note that a message was deleted.
   * @param {ChatBuffer} buffer
   * @param {string} msgid
   * @param {string} nick The user that deleted it.
   */
  redacted(buffer, msgid, nick) {
    const { model } = this;
    buffer.timeline.redact(msgid, nick);
    model.mentions.value = model.mentions.value.filter((each) => each.entry.msgid !== msgid);
    buffer.recount();
    this.onRedacted(buffer, msgid);
  }

  /** @param {ChatBuffer} buffer */
  shown(buffer) {
    if (!this.isReady || buffer.kind !== "channel" || !buffer.joined.value || buffer.knowsMembers)
      return;
    buffer.knowsMembers = true;
    this.send("MODE", buffer.name);
    if (this.model.isupport.tokens.has("WHOX")) this.send("WHO", buffer.name, "%tcuhnfar,1");
  }

  /**
   * Note that the server relays messages of this client under this source.
   * @param {string} nick
   * @param {string} userhost
   */
  setSource(nick, userhost) {
    this.source = userhost ? `${nick}!${userhost}` : nick + LONGEST_SOURCE;
  }
}
