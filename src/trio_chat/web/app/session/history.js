/**
 * Chat history (IRCv3 `chathistory`): the newest messages of a channel that is joined, those that
 * were missed, older ones, and those around one message.
 *
 * Events count as messages in a page of the server, so pages are fetched until there are messages.
 */
import { _ } from "../platform/i18n.js";
import { isMessage } from "../model/entries.js";
import { isBatch } from "./batches.js";
import { historyBlock } from "./events.js";
import { ConnectionLost } from "./requests.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Entry } from "../model/types.js" */
/** @import { Client } from "./client.js" */

const PAGE = 100;
/** Messages that a page is to have, and pages that are fetched until it has them. */
const ENOUGH = 30;
const MOST_PAGES = 5;
/** Pages of missed messages that are put behind the known ones. */
const MOST_MISSED_PAGES = 5;
/** Buffers whose history is fetched at the same time, besides the current one. */
const AT_ONCE = 3;
const MOST_TARGETS = 50;
const TARGETS_SINCE = 30 * 86_400_000;

/**
 * @typedef {object} Page
 * @property {Entry[]} entries The oldest first.
 * @property {Set<string>} msgids Those of all messages, hidden ones included.
 * @property {boolean} end Whether there are no further ones in this direction.
 * @property {number} count Of the messages and events that the server sent.
 */

/** The history of all buffers. */
export class History {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    this.running = 0;
    /** @type {{buffer: ChatBuffer, run: () => Promise<void>}[]} */
    this.queue = [];
    /** Buffers whose newest messages are being fetched. @type {Set<ChatBuffer>} */
    this.syncing = new Set();
  }

  /** Forget what the ended connection had to answer. */
  reset() {
    this.queue = [];
    this.running = 0;
    this.syncing.clear();
  }

  get available() {
    return this.client.negotiation.enabled.has("draft/chathistory");
  }

  // The newest messages

  /**
   * Fetch the newest messages of a buffer, or those that were missed. The current buffer comes
   * first, and a few others at a time.
   * @param {ChatBuffer} buffer
   */
  sync(buffer) {
    if (buffer.kind === "server" || this.syncing.has(buffer)) return;
    this.syncing.add(buffer);
    const { generation } = this.client;
    const run = async () => {
      await this.catchUp(buffer).catch(() => {});
      if (generation !== this.client.generation) return;
      this.syncing.delete(buffer);
      this.client.outgoing.synced(buffer);
    };
    if (buffer === this.client.model.current.value) void run();
    else this.queue.push({ buffer, run });
    this.next();
  }

  next() {
    while (this.running < AT_ONCE) {
      const task = this.queue.shift();
      if (!task) return;
      this.running += 1;
      const { generation } = this.client;
      void task.run().then(() => {
        if (generation !== this.client.generation) return;
        this.running -= 1;
        this.next();
      });
    }
  }

  /** @param {ChatBuffer} buffer */
  async catchUp(buffer) {
    if (!this.available) return;
    const { timeline } = buffer;
    const { newest } = timeline;
    if (buffer.fetched && newest && timeline.live.value) await this.missed(buffer, newest);
    else if (timeline.live.value) await this.latest(buffer);
  }

  /** @param {ChatBuffer} buffer */
  async latest(buffer) {
    const { timeline } = buffer;
    timeline.loading.value = "older";
    try {
      const page = await this.page(buffer, "LATEST", "*");
      buffer.fetched = true;
      this.client.model.insert(buffer, 0, page.entries);
      timeline.hasOlder.value = !page.end;
      await this.older(buffer, page.entries.filter(isMessage).length, 1);
    } finally {
      timeline.loading.value = "";
    }
  }

  /**
   * Fetch what was said since the newest known message: the newest page first, then those before.
   * The page of a buffer that is shown begins before that message, so that messages that were
   * deleted meanwhile disappear.
   * @param {ChatBuffer} buffer
   * @param {Entry} newest
   */
  async missed(buffer, newest) {
    const { model } = this.client;
    const isShown = buffer === model.current.value;
    buffer.unverified = !isShown;
    let page = await this.pageSince(buffer, newest, isShown);
    if (page.msgids.has(newest.msgid)) {
      this.reconcile(buffer, page, newest);
      return;
    }
    let block = page.entries;
    for (let pages = 1; !page.end && page.count >= PAGE; pages += 1) {
      const oldest = block.find((entry) => entry.msgid);
      if (!oldest || pages >= MOST_MISSED_PAGES) {
        this.skip(buffer, block);
        return;
      }
      page = await this.page(buffer, "BETWEEN", `msgid=${oldest.msgid}`, `msgid=${newest.msgid}`);
      block = [...page.entries, ...block];
    }
    const index = buffer.timeline.indexOf(newest);
    model.insert(buffer, index < 0 ? 0 : index + 1, block);
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {Entry} newest
   * @param {boolean} whole
   * @returns {Promise<Page>}
   */
  async pageSince(buffer, newest, whole) {
    if (whole) return this.page(buffer, "LATEST", "*");
    try {
      return await this.page(buffer, "LATEST", `msgid=${newest.msgid}`);
    } catch (error) {
      if (error instanceof ConnectionLost) throw error;
      // The server has forgotten that message. Others may have its time.
      return this.page(buffer, "LATEST", stamp(newest.time - 1));
    }
  }

  /**
   * Put the newest page in its place, and remove what it does not have any longer.
   * @param {ChatBuffer} buffer
   * @param {Page} page
   * @param {Entry} newest
   */
  reconcile(buffer, page, newest) {
    const { timeline } = buffer;
    const start = timeline.entries.findIndex((entry) => page.msgids.has(entry.msgid));
    for (const entry of timeline.entries.slice(start, timeline.indexOf(newest))) {
      if (isStored(buffer, entry) && !page.msgids.has(entry.msgid)) {
        timeline.redact(entry.msgid, entry.nick);
      }
    }
    this.client.model.insert(
      buffer,
      timeline.indexOf(newest) + 1,
      page.entries.filter((entry) => !timeline.find(entry.msgid)),
    );
  }

  /**
   * Look for deleted messages in a buffer that was not shown when the connection came back.
   * @param {ChatBuffer} buffer
   */
  async verify(buffer) {
    const { newest } = buffer.timeline;
    if (!buffer.unverified || !newest || !this.available || this.syncing.has(buffer)) return;
    buffer.unverified = false;
    const page = await this.page(buffer, "LATEST", "*");
    if (page.msgids.has(newest.msgid)) this.reconcile(buffer, page, newest);
  }

  /**
   * Too much was missed to fill the gap. A user that reads the past stays there; otherwise the
   * newest messages replace the older ones, which can be fetched again.
   * @param {ChatBuffer} buffer
   * @param {Entry[]} block
   */
  skip(buffer, block) {
    const { model } = this.client;
    const { timeline } = buffer;
    if (buffer === model.current.value && !model.attentive.value) {
      timeline.live.value = false;
      return;
    }
    timeline.replace(block);
    timeline.hasOlder.value = true;
    buffer.recount();
    model.look();
  }

  // Paging

  /** @param {ChatBuffer} buffer */
  async loadOlder(buffer) {
    const { timeline } = buffer;
    if (!this.available || timeline.loading.value || !timeline.hasOlder.value) return;
    timeline.loading.value = "older";
    try {
      await this.older(buffer, 0, 0);
    } finally {
      timeline.loading.value = "";
    }
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {number} messages Those that the pages before had.
   * @param {number} pages
   */
  async older(buffer, messages, pages) {
    const { timeline } = buffer;
    let found = messages;
    for (
      let count = pages;
      found < ENOUGH && count < MOST_PAGES && timeline.hasOlder.value;
      count += 1
    ) {
      const { oldest } = timeline;
      if (!oldest) {
        timeline.hasOlder.value = false;
        return;
      }
      const page = await this.page(buffer, "BEFORE", `msgid=${oldest.msgid}`);
      this.client.model.insert(buffer, 0, page.entries);
      timeline.hasOlder.value = !page.end;
      found += page.entries.filter(isMessage).length;
    }
  }

  /** @param {ChatBuffer} buffer */
  async loadNewer(buffer) {
    const { timeline } = buffer;
    const { newest } = timeline;
    if (!this.available || timeline.loading.value || timeline.live.value) return;
    if (!newest) {
      await this.backToLive(buffer);
      return;
    }
    timeline.loading.value = "newer";
    try {
      const page = await this.page(buffer, "AFTER", `msgid=${newest.msgid}`);
      this.client.model.insert(buffer, timeline.end, page.entries);
      if (page.end || page.count < PAGE) {
        timeline.live.value = true;
        buffer.recount();
        this.client.model.look();
      }
    } finally {
      timeline.loading.value = "";
    }
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {string} msgid
   * @returns {Promise<Entry|undefined>}
   */
  async loadAround(buffer, msgid) {
    const { timeline } = buffer;
    const known = timeline.find(msgid);
    if (known || !this.available) return known;
    timeline.loading.value = "around";
    try {
      const page = await this.page(buffer, "AROUND", `msgid=${msgid}`);
      const found = page.entries.find((entry) => entry.msgid === msgid);
      if (!found) return undefined;
      const isJoined = page.entries.some((entry) => timeline.find(entry.msgid));
      if (isJoined) {
        // The page reaches into what is known: it continues the timeline to the past.
        this.client.model.insert(
          buffer,
          0,
          page.entries.filter((each) => !timeline.find(each.msgid)),
        );
      } else {
        timeline.live.value = false;
        timeline.replace(page.entries);
      }
      timeline.hasOlder.value = true;
      return timeline.find(msgid);
    } catch (error) {
      if (error instanceof ConnectionLost) throw error;
      return undefined;
    } finally {
      timeline.loading.value = "";
    }
  }

  /** @param {ChatBuffer} buffer */
  async backToLive(buffer) {
    const { timeline } = buffer;
    if (timeline.live.value) return;
    timeline.live.value = true;
    timeline.replace([]);
    await this.latest(buffer);
    buffer.recount();
    this.client.model.look();
  }

  // Private conversations

  /** Open the private conversations of the last weeks, whose messages may have come offline. */
  async findConversations() {
    if (!this.available || !this.client.model.me.account.value) return;
    const now = this.client.model.clock.now();
    const items = await this.client.request("CHATHISTORY", [
      "TARGETS",
      stamp(now + 60_000),
      stamp(now - TARGETS_SINCE),
      String(MOST_TARGETS),
    ]);
    for (const batch of items) {
      if (!isBatch(batch)) continue;
      for (const item of batch.items) {
        const name = isBatch(item) ? "" : (item.params[1] ?? "");
        if (name && !this.client.model.isupport.isChannel(name)) this.client.openPrivate(name);
      }
    }
  }

  // Requests

  /**
   * @param {ChatBuffer} buffer
   * @param {string} kind
   * @param {string[]} references
   * @returns {Promise<Page>}
   */
  async page(buffer, kind, ...references) {
    const { model } = this.client;
    const params = [kind, buffer.name, ...references, String(PAGE)];
    const items = await this.client.request("CHATHISTORY", params);
    const batch = items.find((item) => isBatch(item) && item.type === "chathistory");
    if (!batch || !isBatch(batch)) throw new Error(_("The server does not have these messages."));
    const { entries, reactions, msgids } = historyBlock(model, batch);
    for (const entry of entries) entry.mention = model.isMention(buffer, entry);
    for (const each of reactions) buffer.timeline.react(each.msgid, each);
    const count = batch.items.length;
    return { entries, msgids, end: batch.tags.has("draft/chathistory-end") || count === 0, count };
  }
}

/** @param {number} time */
function stamp(time) {
  return `timestamp=${new Date(time).toISOString()}`;
}

/**
 * Return whether the server keeps a message until somebody deletes it: it does not keep those for a
 * part of the members, nor those of a channel in which only operators see what others say (+U).
 * @param {ChatBuffer} buffer
 * @param {Entry} entry
 */
function isStored(buffer, entry) {
  const isText = entry.msgid !== "" && isMessage(entry) && !entry.redactedBy;
  return isText && !entry.target && !/^\+\S*U/.test(buffer.modes.value);
}
