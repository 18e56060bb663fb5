/**
 * Client: one user at one server, over as many connections as it takes. It passes the server's
 * messages to the handlers, and has the state of the present connection.
 */
import { format, parse } from "../irc/message.js";
import { noFeatures } from "../model/model.js";
import { _ } from "../platform/i18n.js";
import { Batches, isBatch } from "./batches.js";
import { HANDLERS } from "./handlers/table.js";
import { History } from "./history.js";
import { Link } from "./link.js";
import { Login } from "./login.js";
import { ReadMarkers } from "./markers.js";
import { Negotiation } from "./negotiation.js";
import { OutgoingMessages } from "./outgoing.js";
import { Paging } from "./paging.js";
import { codeOf } from "./reasons.js";
import { Refused, Requests } from "./requests.js";
import { Typing } from "./typing.js";

/** @import { Message } from "../irc/message.js" */
/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { ChatModel } from "../model/model.js" */
/** @import { KeptChannel } from "../model/settings.js" */
/** @import { Actions, Connection, ConnectOptions, Phase } from "../model/types.js" */
/** @import { Invitation } from "../platform/address.js" */
/** @import { Item } from "./batches.js" */
/** @import { LinkOptions } from "./link.js" */
/** @import { Credentials } from "./login.js" */

/** Source of a user whose address is not known yet, as long as one can be. */
const LONGEST_SOURCE = `!${"u".repeat(17)}@${"h".repeat(64)}`;
const MOST_MONITORED = 100;

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
    this.login = new Login(this);
    this.history = new History(this);
    this.paging = new Paging(this);
    this.outgoing = new OutgoingMessages(this);
    this.markers = new ReadMarkers(this);
    this.typing = new Typing(this);
    this.isReady = false;
    this.isRegistering = false;
    /** Whether the channels were joined before the welcome, and the server has not refused that. */
    this.joinsEarly = false;
    this.source = "";
    /** The nickname that the user wants. */
    this.wantedNick = "";
    /** The nickname that was asked for last. */
    this.askedNick = "";
    this.serverPassword = "";
    /** @type {Credentials|null} */
    this.credentials = null;
    /** Channels to be in, with their keys. @type {Map<string, KeptChannel>} */
    this.channels = new Map();
    /** Keys and invitations from the page's address, by folded names. @type {Map<string, string>} */
    this.keys = new Map();
    /** Token from the page's address that lets the user register an account. */
    this.invitation = "";
    /** Key of the channel that is shown when it is joined. */
    this.goingTo = "";
    this.triedNicks = 0;
    this.wasReady = false;
    /** Whether the last NICK was sent to take the wanted nickname back. */
    this.isTakingBack = false;
    this.wantedAway = "";
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
    this.wantedNick = this.askedNick = options.nick;
    this.model.me.nick.value = options.nick;
    this.triedNicks = 0;
    this.serverPassword = options.serverPassword ?? this.serverPassword;
    this.credentials = credentials;
    for (const name of options.channels ?? []) this.want(name, "");
    this.link.start();
  }

  /** Connect at once, also after the connection was ended. */
  retry() {
    if (this.link.wanted) this.link.retry();
    else if (this.wantedNick) this.link.start();
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
    this.send("NICK", this.askedNick);
    this.send("USER", "web", "0", "*", this.wantedNick);
    this.negotiation.end();
    // The server carries out commands in order, so that JOIN need not wait for the welcome.
    this.joinsEarly = true;
    this.joinWanted();
  }

  /** @param {string} time */
  welcomed(time) {
    const server = Date.parse(time);
    if (Number.isFinite(server)) this.clockAhead = server - this.clock.now();
  }

  /** Go on after the server's welcome and its ISUPPORT. */
  ready() {
    if (this.isReady) return;
    const isReturn = this.wasReady;
    this.isReady = this.wasReady = true;
    this.isRegistering = false;
    this.link.settled();
    this.model.refold();
    this.updateFeatures();
    this.setPhase("ready");
    this.model.preferences.nick = this.wantedNick;
    this.model.preferences.wasConnected = true;
    this.model.preferences.serverPassword = this.serverPassword;
    const privates = this.model.buffers.value.filter((each) => each.kind === "private");
    const nicks = privates.map((each) => each.name);
    if (!this.model.same(this.wantedNick, this.model.me.nick.value)) nicks.push(this.wantedNick);
    this.monitor("+", nicks);
    if (this.model.me.away.value) this.send("AWAY", this.model.me.away.value);
    if (!this.joinsEarly) this.joinWanted();
    // Not every server carries out what was sent before its welcome.
    else this.send("PING", "joined");
    for (const buffer of privates) this.enterPrivate(buffer);
    if (!isReturn || this.model.me.account.value) {
      void this.history.findConversations().catch(() => {});
    }
    this.tellNick();
    if (!this.model.current.value && !this.channels.size) this.model.show(this.model.server);
    this.refreshPush();
  }

  /** Say that the wanted nickname is not free. */
  tellNick() {
    const nick = this.wantedNick;
    const other = this.model.me.nick.value;
    if (this.model.same(nick, other)) return;
    this.model.notify(
      _("The nickname “{nick}” is in use: you are {other} until it is free.", { nick, other }),
    );
  }

  refreshPush() {
    if (!this.model.features.value.vapid || !this.model.me.account.value) return;
    void import("./push.js").then(({ refresh }) => refresh(this)).catch(() => {});
  }

  /** Join the channels that the user is to be in, and is not in yet. */
  joinWanted() {
    const all = [...this.channels.values()].filter(
      (each) => !this.model.get(each.name)?.joined.value,
    );
    all.sort((one, other) => (other.key ? 1 : 0) - (one.key ? 1 : 0));
    const current = this.model.current.value;
    // The current channel is joined first: its user waits.
    const first = all.findIndex((each) => current && this.model.same(each.name, current.name));
    const [ahead] = first >= 0 ? all.splice(first, 1) : [];
    if (ahead) this.join([ahead]);
    for (let start = 0; start < all.length; start += 5) this.join(all.slice(start, start + 5));
  }

  /** @param {KeptChannel[]} channels */
  join(channels) {
    if (!channels.length) return;
    const names = channels.map((each) => each.name).join(",");
    const keys = channels.map((each) => each.key).join(",");
    this.send("JOIN", names, ...(/[^,]/.test(keys) ? [keys] : []));
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
    this.isReady = this.isRegistering = false;
    this.generation += 1;
    this.history.reset();
    this.requests.end();
    this.login.end();
    this.typing.end();
    this.askedNick = this.wantedNick;
    this.triedNicks = 0;
    for (const buffer of this.model.buffers.value) {
      if (buffer.kind === "channel") buffer.joined.value = false;
      buffer.wanted.value = this.isWanted(buffer);
      if (!buffer.wanted.value) this.refuseLeft(buffer);
      buffer.knowsMembers = false;
      buffer.created = 0;
      buffer.peer.value = null;
      buffer.interrupted();
    }
  }

  updateFeatures() {
    const { isupport } = this.model;
    const { enabled, multiline } = this.negotiation;
    const tags = enabled.has("message-tags");
    this.model.features.value = {
      ...noFeatures(),
      network: isupport.text("NETWORK", this.host),
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
      filehost: isupport.text(
        "FILEHOST",
        isupport.text("draft/FILEHOST", isupport.text("soju.im/FILEHOST", "")),
      ),
      vapid: isupport.text("VAPID", ""),
      accounts: enabled.has("sasl"),
      registration: enabled.has("draft/account-registration"),
      history: enabled.has("draft/chathistory"),
      search: enabled.has("soju.im/search"),
      redaction: enabled.has("draft/message-redaction"),
      reactions: tags,
      markers: enabled.has("draft/read-marker"),
      mute: isupport.mute !== null,
      secure: this.secure,
    };
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
    if (!this.isReady || !first) return;
    const known = this.model.get(first.name);
    if (known?.joined.value) this.model.show(known);
    else this.goingTo = this.model.fold(first.name);
    for (const { name, key } of channels) this.want(name, key);
    this.join(channels.filter((each) => !this.model.get(each.name)?.joined.value));
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
      this.link.send(format(command, params, tags));
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
      if (!this.link.isOpen) {
        reject(new Error(_("There is no connection to the server.")));
        return;
      }
      const label = this.requests.add((items) => {
        const failure = items.find((item) => !isBatch(item) && item.command === "FAIL");
        if (failure && !isBatch(failure)) {
          reject(new Refused(codeOf(failure), failure.params.at(-1) ?? ""));
        } else resolve(items);
      }, reject);
      this.sendTagged([["label", label]], command, params);
    });
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
    const label = this.requests.add(
      (items) => {
        for (const item of items) this.dispatch(item, buffer);
      },
      () => {},
    );
    this.sendTagged([["label", label]], command, params);
  }

  // Receiving

  /** @param {string} line */
  receive(line) {
    const message = parse(line);
    if (!message) return;
    const item = this.batches.take(message);
    if (item && !this.requests.take(item)) this.dispatch(item, null);
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

  // Places

  /**
   * Want to be in a channel.
   * @param {string} name
   * @param {string} key
   */
  want(name, key) {
    const folded = this.model.fold(name);
    const known = this.channels.get(folded);
    this.channels.set(folded, { name, key: key || (known?.key ?? "") });
    this.keepChannels();
  }

  /** @param {string} name */
  unwant(name) {
    this.channels.delete(this.model.fold(name));
    this.keepChannels();
    const buffer = this.model.get(name);
    if (buffer && !this.isReady) this.refuseLeft(buffer);
  }

  /** @param {ChatBuffer} buffer */
  refuseLeft(buffer) {
    this.outgoing.refuse(buffer, _("You have left the channel."));
  }

  keepChannels() {
    this.model.preferences.channels = [...this.channels.values()];
    for (const buffer of this.model.buffers.value) buffer.wanted.value = this.isWanted(buffer);
  }

  /**
   * Return whether the user is to be in a channel; true for other conversations.
   * @param {ChatBuffer} buffer
   */
  isWanted(buffer) {
    return buffer.kind !== "channel" || this.channels.has(this.model.fold(buffer.name));
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
    this.want(name, "");
    // Without a marker, what was said before the first visit does not count as unread.
    if (!buffer.markerKnown && !buffer.fetched) buffer.readMarker.value = time;
    if (this.goingTo === buffer.key || !this.model.current.value) {
      this.goingTo = "";
      this.model.show(buffer);
    }
    if (buffer === this.model.current.value) this.shown(buffer);
    this.history.sync(buffer);
  }

  /**
   * Take the wanted nickname back when nobody has it any longer.
   * @param {string} nick
   */
  nickFreed(nick) {
    const { me } = this.model;
    if (!this.isReady || !this.model.same(nick, this.wantedNick) || this.model.isMe(nick)) return;
    if (this.model.same(me.nick.value, this.wantedNick)) return;
    this.isTakingBack = true;
    this.send("NICK", this.wantedNick);
  }

  /**
   * Note that the user has another nickname.
   * @param {string} from
   * @param {string} to
   */
  renamed(from, to) {
    const asked = this.isTakingBack || this.model.same(to, this.askedNick);
    this.isTakingBack = false;
    if (asked || this.model.same(from, this.wantedNick)) {
      this.wantedNick = this.askedNick = to;
      this.model.preferences.nick = to;
    }
  }

  /** @param {string} nick */
  changeNick(nick) {
    this.isTakingBack = false;
    this.askedNick = nick;
    this.send("NICK", nick);
  }

  /**
   * Return the buffer of a private conversation, which is made if there is none.
   * @param {string} nick
   */
  openPrivate(nick) {
    const known = this.model.get(nick);
    if (known) return known;
    const buffer = this.model.ensure(nick);
    if (buffer.kind === "private" && this.isReady) {
      this.monitor("+", [nick]);
      this.enterPrivate(buffer);
    }
    return buffer;
  }

  /** @param {ChatBuffer} buffer */
  enterPrivate(buffer) {
    this.markers.request(buffer);
    this.history.sync(buffer);
  }

  /**
   * @param {"+"|"-"} sign
   * @param {string[]} nicks
   */
  monitor(sign, nicks) {
    const most = this.model.isupport.number("MONITOR") || MOST_MONITORED;
    const some = nicks.filter(Boolean).slice(0, most);
    for (let start = 0; start < some.length; start += 10) {
      this.send("MONITOR", sign, some.slice(start, start + 10).join(","));
    }
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
