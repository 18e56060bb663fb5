/** Exchange of lines with the server: commands and requests, and the items that it sends. */
import { format, parse } from "../irc/message.js";
import { _ } from "../platform/i18n.js";
import { Batches, isBatch } from "./batches.js";
import { Link } from "./link.js";
import { Negotiation } from "./negotiation.js";
import { REFUSAL, codeOf } from "./reasons.js";
import { ConnectionLost, Refused, Requests } from "./requests.js";
import { UnlabelledRequests } from "./unlabelled.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { ChatModel } from "../model/model.js" */
/** @import { Item } from "./batches.js" */
/** @import { LinkEvents, LinkOptions } from "./link.js" */

/** Characters of a line of the server: tags have at most 8191 bytes, and a line 512 or somewhat more. */
const LONGEST_LINE = 65_536;

/** The lines of one connection after another. */
export class Exchange {
  /**
   * @param {ChatModel} model
   * @param {LinkOptions} options
   * @param {Omit<LinkEvents, "onLine">} events
   */
  constructor(model, options, events) {
    this.model = model;
    this.clock = options.clock;
    this.link = new Link(options, { ...events, onLine: (line) => this.receive(line) });
    this.requests = new Requests(this.clock);
    this.unlabelled = new UnlabelledRequests(this.clock);
    this.negotiation = this.newNegotiation();
    this.batches = new Batches();
    /** Whether the server has let the client in. @type {boolean} */
    this.isReady = false;
    /** Called when the server refuses a command that is sent now. @type {() => void} */
    this.onRefused = () => {};
  }

  newNegotiation() {
    return new Negotiation((command, ...params) => this.send(command, ...params));
  }

  /** Begin with a new connection. */
  renew() {
    this.negotiation = this.newNegotiation();
    this.batches = new Batches();
  }

  /**
   * Send a command; return whether it could be written.
   * @param {string} command
   * @param {string[]} params
   */
  send(command, ...params) {
    return this.sendTagged([], command, params);
  }

  /**
   * @param {Iterable<readonly [string, string]>} tags
   * @param {string} command
   * @param {readonly string[]} params
   * @param {(error: Error) => void} [fail] Called when they are no line.
   */
  sendTagged(tags, command, params, fail) {
    try {
      this.link.send(format(command, params, this.negotiation.allowed(tags)));
      return true;
    } catch {
      const text = _("This cannot be sent: it is too long, or has a space too many.");
      this.model.notify(text, true);
      if (fail) fail(new Error(text));
      else this.onRefused();
      return false;
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
    if (!this.link.isOpen) fail(new ConnectionLost(_("There is no connection to the server.")));
    else if (this.negotiation.hasLabels) {
      this.sendTagged([["label", this.requests.add(answer, fail)]], command, params, fail);
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
    const { onRefused } = this;
    if (!this.isReady) {
      this.model.notify(_("There is no connection to the server."), true);
      onRefused();
      return;
    }
    if (!this.negotiation.hasLabels) {
      this.send(command, ...params);
      return;
    }
    const answer = (/** @type {Item[]} */ items) => {
      for (const item of items) {
        this.dispatch(item, buffer);
        if (!isBatch(item) && REFUSAL.test(item.command)) onRefused();
      }
    };
    this.ask(command, params, answer, onRefused);
  }

  /** @param {string} line */
  receive(line) {
    const message = line.length <= LONGEST_LINE ? parse(line) : null;
    if (!message) return;
    const item = this.batches.take(message);
    if (item) this.arrived(item);
    const isAnswer = item && (this.requests.take(item) || this.unlabelled.take(item));
    if (item && !isAnswer) this.dispatch(item, null);
  }

  /**
   * Note an item that is complete, whether it answers a request or not.
   * @param {Item} _item
   */
  arrived(_item) {}

  /**
   * Take what is complete, and answers no request.
   * @param {Item} _item
   * @param {ChatBuffer|null} _origin The buffer whose command it answers.
   */
  dispatch(_item, _origin) {}
}
