/**
 * Chat history (IRCv3 `chathistory`): the newest messages of a channel that is joined, and those
 * that were missed.
 *
 * A timeline has no gap. What may have been missed is behind `missedAfter` of its buffer, which
 * stays until everything was fetched, over as many connections as that takes.
 */
import { isMessage } from "../model/entries.js";
import { isBatch } from "./batches.js";
import { redactMissing } from "./deletions.js";
import { fetchPage, reference, stamp } from "./pages.js";
import { loadOlder } from "./paging.js";
import { ConnectionLost, Refused } from "./requests.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Entry } from "../model/types.js" */
/** @import { Client } from "./client.js" */
/** @import { Seen } from "./delivery.js" */
/** @import { Page } from "./pages.js" */

/** Pages of missed messages that are put behind the known ones. */
const MOST_MISSED_PAGES = 6;
/** By how much messages with a later place in the history may have an earlier time. */
const DISORDER = 10_000;
/** Buffers whose history is fetched at the same time, besides the current one. */
const AT_ONCE = 3;
const MOST_TARGETS = 50;
/** Milliseconds after which what a gap shows to be missing is fetched. */
const GAP_PAUSE = 500;
const TARGETS_SINCE = 30 * 86_400_000;
/** Pauses before what the server could not answer is asked again. */
const PAUSES = [5000, 20_000, 60_000];
/** Refusals that are the same at the next attempt. */
const FINAL = /^(INVALID_TARGET|INVALID_PARAMS|UNKNOWN_COMMAND|40[1-3]|421|442)$/;

/** The history of all buffers. */
export class History {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    this.running = 0;
    /** @type {(() => Promise<void>)[]} */
    this.queue = [];
    /** Buffers whose newest messages are being fetched. @type {Set<ChatBuffer>} */
    this.syncing = new Set();
    /** Buffers whose missing messages will be fetched. @type {Set<ChatBuffer>} */
    this.gaps = new Set();
    /** Failed attempts in a row. @type {Map<ChatBuffer, number>} */
    this.failures = new Map();
    /** When the conversations were looked for last, by the server's clock. */
    this.foundAt = 0;
  }

  /** Forget what the ended connection had to answer. */
  reset() {
    this.queue = [];
    this.running = 0;
    this.syncing.clear();
    this.gaps.clear();
    this.failures.clear();
  }

  get available() {
    const { enabled } = this.client.negotiation;
    return enabled.has("draft/chathistory") && enabled.has("batch");
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
      const result = await this.attempt(buffer);
      if (generation !== this.client.generation) return;
      this.syncing.delete(buffer);
      this.client.outgoing.synced(buffer, result);
    };
    if (buffer === this.client.model.current.value) void run();
    else this.queue.push(run);
    this.next();
  }

  /**
   * Fetch what a gap of numbers shows to be missing, at most once in a moment.
   * @param {ChatBuffer} buffer
   */
  fillGap(buffer) {
    if (this.gaps.has(buffer)) return;
    this.gaps.add(buffer);
    const { generation, clock } = this.client;
    clock.start(() => {
      this.gaps.delete(buffer);
      if (generation === this.client.generation && buffer.joined.value) this.sync(buffer);
    }, GAP_PAUSE);
  }

  next() {
    while (this.running < AT_ONCE) {
      const run = this.queue.shift();
      if (!run) return;
      this.running += 1;
      const { generation } = this.client;
      void run().then(() => {
        if (generation !== this.client.generation) return;
        this.running -= 1;
        this.next();
      });
    }
  }

  /**
   * Catch up, and do so again later when the server could not answer.
   * @param {ChatBuffer} buffer
   * @returns {Promise<Seen>}
   */
  async attempt(buffer) {
    if (!this.available) return "never";
    try {
      const seen = await this.catchUp(buffer);
      this.failures.delete(buffer);
      return seen;
    } catch (error) {
      if (error instanceof Refused && FINAL.test(error.code)) return "never";
      if (error instanceof ConnectionLost) return "later";
      return this.tryLater(buffer) ? "later" : "never";
    }
  }

  /**
   * @param {ChatBuffer} buffer
   * @returns {boolean} Whether it is worth waiting for.
   */
  tryLater(buffer) {
    const failures = this.failures.get(buffer) ?? 0;
    this.failures.set(buffer, failures + 1);
    const { generation, clock } = this.client;
    clock.start(
      () => {
        if (generation === this.client.generation && buffer.joined.value) this.sync(buffer);
      },
      PAUSES[failures] ?? PAUSES.at(-1) ?? 0,
    );
    return failures < PAUSES.length;
  }

  /**
   * @param {ChatBuffer} buffer
   * @returns {Promise<Seen>}
   */
  async catchUp(buffer) {
    const { timeline, missedAfter } = buffer;
    if (!timeline.live.value) return this.peek(buffer);
    if (!buffer.fetched) return this.latest(buffer);
    return missedAfter ? this.missed(buffer, missedAfter) : { entries: [], from: 0 };
  }

  /**
   * Look what was sent lately while the timeline shows the past.
   * @param {ChatBuffer} buffer
   */
  async peek(buffer) {
    if (!this.client.outgoing.isUnsure(buffer)) return { entries: [], from: 0 };
    return seenIn(await fetchPage(this.client, buffer, "LATEST", "*"));
  }

  /** @param {ChatBuffer} buffer */
  async latest(buffer) {
    const { timeline } = buffer;
    timeline.loading.value = "older";
    try {
      const page = await fetchPage(this.client, buffer, "LATEST", "*");
      // Meanwhile the user has perhaps gone to the past.
      if (!timeline.live.value) return seenIn(page);
      buffer.fetched = true;
      buffer.missedAfter = undefined;
      this.client.model.merge(buffer, 0, page.entries);
      timeline.before = page.first;
      timeline.hasOlder.value = !page.end;
      const found = page.entries.filter(isMessage).length;
      await loadOlder(this.client, buffer, found, 1).catch(rethrowLost);
      return seenIn(page);
    } finally {
      timeline.loading.value = "";
    }
  }

  /**
   * Fetch what was said since the last known message: the newest page first, then those before,
   * until one of them reaches what is known.
   * @param {ChatBuffer} buffer
   * @param {Entry} after
   */
  async missed(buffer, after) {
    const { model } = this.client;
    const { timeline } = buffer;
    const isShown = buffer === model.current.value;
    buffer.unverified = !isShown;
    const newest = await this.newestPage(buffer, after, isShown);
    let page = newest;
    let block = page.entries;
    for (let pages = 1; !page.end && page.first && !reaches(buffer, page, after); pages += 1) {
      if (pages >= MOST_MISSED_PAGES) {
        this.skip(buffer, after, block, page.first);
        return { entries: block, from: page.first.time };
      }
      const place = reference(this.client, page.first, "before");
      page = await fetchPage(this.client, buffer, "BEFORE", place);
      block = [...page.entries, ...block];
    }
    if (buffer.missedAfter !== after) return { entries: block, from: 0 };
    buffer.missedAfter = undefined;
    model.merge(buffer, timeline.indexOf(after) + 1, block);
    if (isShown) redactMissing(this.client, buffer, newest, after);
    return { entries: block, from: 0 };
  }

  /**
   * Fetch the newest page. That of a buffer that is shown may begin before what was missed, so that
   * messages that were deleted meanwhile disappear.
   * @param {ChatBuffer} buffer
   * @param {Entry} after
   * @param {boolean} whole
   * @returns {Promise<Page>}
   */
  async newestPage(buffer, after, whole) {
    if (whole) return fetchPage(this.client, buffer, "LATEST", "*");
    try {
      const place = reference(this.client, after, "after");
      return await fetchPage(this.client, buffer, "LATEST", place);
    } catch (error) {
      if (!(error instanceof Refused) || error.code === "INVALID_TARGET") throw error;
      // The server has forgotten that message.
      return fetchPage(this.client, buffer, "LATEST", "*");
    }
  }

  /**
   * Look for deleted messages in a buffer that was not shown when the connection came back.
   * @param {ChatBuffer} buffer
   */
  async verify(buffer) {
    const { newest } = buffer.timeline;
    if (!buffer.unverified || !newest || !this.available || this.syncing.has(buffer)) return;
    buffer.unverified = false;
    const page = await fetchPage(this.client, buffer, "LATEST", "*");
    redactMissing(this.client, buffer, page, undefined);
  }

  /**
   * Too much was missed to fill the gap. A user that reads the past stays there; otherwise the
   * newest messages replace the older ones, which can be fetched again.
   * @param {ChatBuffer} buffer
   * @param {Entry} after
   * @param {Entry[]} block
   * @param {Page["first"]} first Where the block begins.
   */
  skip(buffer, after, block, first) {
    const { model } = this.client;
    const { timeline } = buffer;
    if (buffer.missedAfter !== after) return;
    buffer.missedAfter = undefined;
    if (buffer === model.current.value && !model.attentive.value && timeline.indexOf(after) >= 0) {
      timeline.dropBehind(after);
      return;
    }
    const last = Math.max(
      buffer.heardBefore ? timeline.indexOf(buffer.heardBefore) : -1,
      ...timeline.placesOf(block).values(),
    );
    const behind = timeline.entries.slice(last + 1, timeline.end);
    timeline.replace(block);
    timeline.insert(timeline.end, behind);
    timeline.before = first;
    timeline.hasOlder.value = true;
    buffer.recount();
    model.look();
  }

  // Private conversations

  /**
   * Open the private conversations of the last weeks, or since the last time, whose messages may
   * have come offline.
   */
  async findConversations() {
    const { model, clock } = this.client;
    if (!this.available || !model.me.account.value) return;
    const now = clock.now() + this.client.clockAhead;
    const since = this.foundAt ? this.foundAt - DISORDER : now - TARGETS_SINCE;
    const params = ["TARGETS", stamp(now + 60_000), stamp(since), String(MOST_TARGETS)];
    const items = await this.client.request("CHATHISTORY", params);
    this.foundAt = now;
    for (const batch of items) {
      if (!isBatch(batch)) continue;
      for (const item of batch.items) {
        const name = isBatch(item) ? "" : (item.params[1] ?? "");
        if (name && !model.isupport.isChannel(name)) this.client.privates.open(name);
      }
    }
  }
}

/**
 * Return whether a page reaches back to what is known: everything after it is complete then.
 * @param {ChatBuffer} buffer
 * @param {Page} page
 * @param {Entry} after
 */
function reaches({ timeline }, { msgids, entries, first }, after) {
  if (after.msgid && msgids.has(after.msgid)) return true;
  if (first && first.time < after.time - DISORDER) return true;
  const limit = timeline.indexOf(after);
  for (const index of timeline.placesOf(entries).values()) if (index <= limit) return true;
  return false;
}

/**
 * @param {Page} page The newest one.
 * @returns {Seen}
 */
function seenIn({ entries, first, end }) {
  return { entries, from: end || !first ? 0 : first.time };
}

/** @param {Error} error */
function rethrowLost(error) {
  if (error instanceof ConnectionLost) throw error;
}
