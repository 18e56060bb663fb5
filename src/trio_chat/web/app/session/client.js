/**
 * Client: one user at one server, over as many connections as it takes. It passes the server's
 * messages to the handlers, and has the state of the present connection.
 */
import { format, parse } from "../irc/message.js";
import { _ } from "../platform/i18n.js";
import { Batches, isBatch } from "./batches.js";
import { WantedChannels } from "./channels.js";
import { featuresOf } from "./features.js";
import { HANDLERS } from "./handlers/table.js";
import { History } from "./history.js";
import { Link } from "./link.js";
import { Login } from "./login.js";
import { ReadMarkers } from "./markers.js";
import { Negotiation } from "./negotiation.js";
import { Nickname } from "./nickname.js";
import { OutgoingMessages } from "./outgoing.js";
import { Paging } from "./paging.js";
import { PrivateConversations } from "./privates.js";
import { ProfileUpdates } from "./profiles.js";
import { codeOf } from "./reasons.js";
import { Refused, Requests } from "./requests.js";
import { Typing } from "./typing.js";
import { UnlabelledRequests } from "./unlabelled.js";

/** @import { Message } from "../irc/message.js" */
/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { ChatModel } from "../model/model.js" */
/** @import { Actions, Connection, ConnectOptions, Phase } from "../model/types.js" */
/** @import { Item } from "./batches.js" */
/** @import { LinkOptions } from "./link.js" */
/** @import { Credentials } from "./login.js" */

/** Source of a user whose address is not known yet, as long as one can be. */
const LONGEST_SOURCE = `!${"u".repeat(17)}@${"h".repeat(64)}`;

/** Characters of a line of the server: tags have at most 8191 bytes, and a line 512 or somewhat more. */
const LONGEST_LINE = 65_536;

/** The client. */
export class Client {
  /**
   * @param {ChatModel} model
   * @param {LinkOptions & {secure: boolean, host: string}} options
   */
  constructor(model, options) {
    this.model = model;
    this.clock = options.clock;
    this.secure = options.secure;
    this.host = options.host;
    this.link = new Link(options, {
      onConnecting: () => this.setPhase("connecting"),
      onOpen: () => this.opened(),
      onLine: (line) => this.receive(line),
      onLost: (retryAt, reason) => this.lost(retryAt, reason),
      onReason: (reason) => {
        this.model.connection.value = { ...this.model.connection.value, reason };
      },
    });
    /** Number of the present connection: what another one was asked for does not count. */
    this.generation = 0;
    this.negotiation = this.newNegotiation();
    this.batches = new Batches();
    this.requests = new Requests(this.clock);
    this.unlabelled = new UnlabelledRequests(this.clock);
    this.login = new Login(this);
    this.history = new History(this);
    this.paging = new Paging(this);
    this.outgoing = new OutgoingMessages(this);
    this.markers = new ReadMarkers(this);
    this.typing = new Typing(this);
    this.nickname = new Nickname(this);
    this.channels = new WantedChannels(this);
    this.privates = new PrivateConversations(this);
    this.profiles = new ProfileUpdates(this);
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
    };
  }

  newNegotiation() {
    return new Negotiation((command, ...params) => this.send(command, ...params));
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
    this.negotiation = this.newNegotiation();
    this.batches = new Batches();
    this.history.reset();
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
   * Note the server's welcome. What it offers is told behind it, anew on each connection.
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

  // Sending

  /**
   * Send a command. One that cannot be written is dropped: the views check what the user types.
   * @param {string} command
   * @param {string[]} params
   */
  send(command, ...params) {
    this.sendTagged([], command, params);
  }

  /**
   * @param {Iterable<readonly [string, string]>} tags
   * @param {string} command
   * @param {readonly string[]} params
   */
  sendTagged(tags, command, params) {
    try {
      this.link.send(format(command, params, this.negotiation.allowed(tags)));
    } catch {
      this.model.notify(_("This cannot be sent: it is too long, or has a space too many."), true);
    }
  }

  /**
   * Send a command and return what the server answers.
   * @param {string} command
   * @param {readonly string[]} params
   * @returns {Promise<Item[]>} Rejected when the connection is lost, or the server refuses.
   */
  request(command, params) {
    return new Promise((resolve, reject) => {
      const answer = (/** @type {Item[]} */ items) => {
        const failure = items.find((item) => !isBatch(item) && item.command === "FAIL");
        if (failure && !isBatch(failure)) {
          reject(new Refused(codeOf(failure), failure.params.at(-1) ?? ""));
        } else resolve(items);
      };
      this.ask(command, params, answer, reject);
    });
  }

  /**
   * Send a command, and call one of the functions with what the server answers.
   * @param {string} command
   * @param {readonly string[]} params
   * @param {(items: Item[]) => void} answer
   * @param {(error: Error) => void} fail
   */
  ask(command, params, answer, fail) {
    if (!this.link.isOpen) fail(new Error(_("There is no connection to the server.")));
    else if (this.negotiation.hasLabels) {
      this.sendTagged([["label", this.requests.add(answer, fail)]], command, params);
    } else {
      const send = () => this.send(command, ...params);
      this.unlabelled.add(command, params, { send, answer, fail });
    }
  }

  /**
   * Send a command of the user; answers that belong to no place are shown in the buffer.
   * @param {ChatBuffer} buffer
   * @param {string} command
   * @param {string[]} params
   */
  command(buffer, command, ...params) {
    if (!this.isReady) {
      this.model.notify(_("There is no connection to the server."), true);
      return;
    }
    if (!this.negotiation.hasLabels) {
      this.send(command, ...params);
      return;
    }
    const answer = (/** @type {Item[]} */ items) => {
      for (const item of items) this.dispatch(item, buffer);
    };
    this.ask(command, params, answer, () => {});
  }

  // Receiving

  /** @param {string} line */
  receive(line) {
    const message = line.length <= LONGEST_LINE ? parse(line) : null;
    if (!message) return;
    const item = this.batches.take(message);
    const isAnswer = item && (this.requests.take(item) || this.unlabelled.take(item));
    if (item && !isAnswer) this.dispatch(item, null);
  }

  /**
   * Pass an item to its handler.
   * @param {Item} item
   * @param {ChatBuffer|null} origin The buffer whose command it answers.
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
