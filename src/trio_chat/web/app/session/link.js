/**
 * Link to the server: one WebSocket after another (IRCv3 `websocket`), until it is stopped.
 *
 * A lost connection is tried again with growing pauses, and at once when the network comes back or
 * the page is looked at again. A browser does not report that a socket is dead, after sleep for
 * example, so the link asks by PING when it has heard nothing for a while.
 */
import { _ } from "../platform/i18n.js";

/** @import { Clock } from "../model/clock.js" */

const SUBPROTOCOL = "text.ircv3.net";
const OPEN_WITHIN = 15_000;
const CHECK_EVERY = 10_000;
/** Silence after which the server is asked whether it is there. */
const SILENCE = 30_000;
const ANSWER_WITHIN = 15_000;
/** The same for a page that has slept: its user waits. */
const ANSWER_WITHIN_AFTER_SLEEP = 4000;
/** `WebSocket.CLOSING`; a closed one has a greater state. */
const CLOSING = 2;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;
/** Time in which the clients of a node that is restarted go to the others. */
const MOST_SPREAD = 500;
/** A connection that was shorter is followed by a pause all the same. */
const STABLE = 30_000;

/**
 * @typedef {object} LinkEvents
 * @property {() => void} onConnecting
 * @property {() => void} onOpen
 * @property {(line: string) => void} onLine
 * @property {(retryAt: number, reason: string) => void} onLost
 * @property {(reason: string) => void} onReason Called after `onLost` with a better reason.
 */

/**
 * @typedef {object} LinkOptions
 * @property {string} url
 * @property {Clock} clock
 * @property {typeof WebSocket} WebSocket
 * @property {() => Promise<string>} [diagnose] Finds out why no connection can be opened.
 */

/** The link; it does nothing until `start`. */
export class Link {
  /**
   * @param {LinkOptions} options
   * @param {LinkEvents} events
   */
  constructor({ url, clock, WebSocket, diagnose }, events) {
    this.url = url;
    this.diagnose = diagnose;
    this.clock = clock;
    this.WebSocket = WebSocket;
    this.events = events;
    /** @type {WebSocket|null} */
    this.socket = null;
    this.isOpen = false;
    this.wanted = false;
    this.failures = 0;
    this.retryTimer = 0;
    this.checkTimer = 0;
    this.heard = 0;
    this.opened = 0;
    /** Whether the server has asked for another connection. */
    this.isExpected = false;
    this.checked = 0;
    /** Time by which the server has to answer; 0 when it was not asked. */
    this.deadline = 0;
    this.pings = 0;
    /** PINGs in a row that were not answered while the page slept. */
    this.missed = 0;
  }

  /** Connect, and stay connected. */
  start() {
    this.wanted = true;
    this.failures = 0;
    this.open();
  }

  /** End the connection, and make no other. */
  stop() {
    this.wanted = false;
    this.clock.stop(this.retryTimer);
    this.drop();
  }

  /** Connect at once, if the link waits for its next attempt. */
  retry() {
    if (this.wanted && !this.socket) this.open();
  }

  /** Note that the server has let the client in: the next pause is short again. */
  settled() {
    this.failures = 0;
  }

  /** Note that the server is restarted while others serve the network: behind the address is one. */
  expect() {
    this.isExpected = true;
  }

  /** Note that the page is looked at again, or that there is a network again. */
  wake() {
    if (!this.wanted) return;
    const now = this.clock.now();
    const hasSlept = now < this.checked || now - this.checked > 3 * CHECK_EVERY;
    this.checked = now;
    // A socket that was closed while the page slept perhaps never says so.
    const isClosed = this.socket !== null && this.socket.readyState >= CLOSING;
    if (isClosed) this.lost(_("The connection to the server was lost."));
    if (!this.socket || (!this.isOpen && hasSlept)) this.open();
    else if (this.isOpen) this.ask(ANSWER_WITHIN_AFTER_SLEEP);
  }

  /**
   * Send a line; without a connection it is dropped.
   * @param {string} line
   */
  send(line) {
    if (this.socket && this.isOpen) this.socket.send(line);
  }

  /**
   * Give up the present connection, and make another one after a pause.
   * @param {string} [reason]
   */
  reconnect(reason = _("The connection to the server was lost.")) {
    this.lost(reason);
  }

  open() {
    this.clock.stop(this.retryTimer);
    this.drop();
    this.events.onConnecting();
    /** @type {WebSocket} */
    let socket;
    try {
      socket = new this.WebSocket(this.url, SUBPROTOCOL);
    } catch {
      this.lost(_("This page may not open a connection to the server."));
      return;
    }
    this.socket = socket;
    this.heard = this.clock.now();
    this.deadline = this.heard + OPEN_WITHIN;
    this.check();
    socket.onopen = () => {
      if (this.socket !== socket) return;
      this.isOpen = true;
      this.hear();
      this.opened = this.heard;
      this.events.onOpen();
    };
    socket.onmessage = (event) => {
      if (this.socket !== socket || typeof event.data !== "string") return;
      this.hear();
      this.events.onLine(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      if (!this.isOpen) this.explain();
      this.lost(closeReason(event, this.isOpen));
    };
  }

  /** Report a better reason than that the socket was closed: a script is not told any. */
  explain() {
    const { failures } = this;
    this.diagnose?.().then(
      (reason) => {
        const isSame = this.failures === failures + 1 && this.wanted && !this.socket;
        if (reason && isSame) this.events.onReason(reason);
      },
      () => {},
    );
  }

  hear() {
    this.heard = this.clock.now();
    this.deadline = this.missed = 0;
  }

  /** Look at regular intervals whether the server still answers. */
  check() {
    const now = this.clock.now();
    const hasSlept = this.checked > 0 && now - this.checked > 3 * CHECK_EVERY;
    if (now < this.checked) this.setBack(now);
    this.checked = now;
    if (this.deadline && now >= this.deadline) {
      // The answer may wait behind this timer if both were late, but not twice.
      this.missed += 1;
      if (!hasSlept || this.missed > 1) {
        this.lost(_("The server does not answer."));
        return;
      }
    }
    this.schedule(CHECK_EVERY);
    if (this.isOpen && hasSlept) this.ask(ANSWER_WITHIN_AFTER_SLEEP);
    else if (this.isOpen && now - this.heard >= SILENCE) this.ask(ANSWER_WITHIN);
  }

  /**
   * Note that somebody has set the clock back.
   * @param {number} now
   */
  setBack(now) {
    this.heard = now;
    if (this.deadline) this.deadline = now + ANSWER_WITHIN;
  }

  /** @param {number} delay */
  schedule(delay) {
    this.clock.stop(this.checkTimer);
    this.checkTimer = this.clock.start(() => this.check(), delay);
  }

  /** @param {number} within */
  ask(within) {
    if (this.deadline > this.clock.now()) return;
    this.pings += 1;
    this.send(`PING link${this.pings}`);
    this.deadline = this.clock.now() + within;
    this.schedule(Math.min(within, CHECK_EVERY));
  }

  drop() {
    const { socket } = this;
    this.socket = null;
    this.isOpen = false;
    this.deadline = this.missed = 0;
    this.checked = 0;
    this.clock.stop(this.checkTimer);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** @param {string} reason */
  lost(reason) {
    const isAtOnce = this.isExpected && this.clock.now() - this.opened >= STABLE;
    this.isExpected = false;
    this.drop();
    if (!this.wanted) return;
    this.failures += 1;
    const pause = Math.min(FIRST_PAUSE * 2 ** (this.failures - 1), LONGEST_PAUSE);
    const random = this.clock.random();
    const delay = isAtOnce ? MOST_SPREAD * random : pause * (0.5 + random);
    this.clock.stop(this.retryTimer);
    this.retryTimer = this.clock.start(() => this.open(), delay);
    this.events.onLost(this.clock.now() + delay, reason);
  }
}

/**
 * @param {CloseEvent} event
 * @param {boolean} wasOpen
 */
function closeReason(event, wasOpen) {
  if (event.code === 1001 || event.code === 1012) return _("The server is being restarted.");
  if (event.code === 1013) return _("The server has no room at the moment.");
  if (!wasOpen) return _("The server cannot be reached.");
  return _("The connection to the server was lost.");
}
