/** Paging through the history: older messages, newer ones, and those around one message. */
import { isMessage } from "../model/entries.js";
import { fetchPage, reference } from "./pages.js";
import { ConnectionLost } from "./requests.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { MessageTimeline } from "../model/timeline.js" */
/** @import { Entry } from "../model/types.js" */
/** @import { Client } from "./client.js" */

/**
 * Messages that are to be found, and pages that are fetched until they are: events count as
 * messages in a page of the server.
 */
const ENOUGH = 30;
const MOST_PAGES = 5;
/** Milliseconds after a failure during which only the user has a page fetched. */
const PAUSE = 10_000;

/**
 * Fetch older messages until there are enough.
 * @param {Client} client
 * @param {ChatBuffer} buffer
 * @param {number} messages Those that the pages before had.
 * @param {number} pages
 */
export async function loadOlder(client, buffer, messages, pages) {
  const { timeline } = buffer;
  let found = messages;
  for (let count = pages; found < ENOUGH && count < MOST_PAGES; count += 1) {
    if (!timeline.hasOlder.value) return;
    const place = timeline.before ?? timeline.oldest;
    if (!place) {
      timeline.hasOlder.value = false;
      return;
    }
    const page = await fetchPage(client, buffer, "BEFORE", reference(client, place, "before"));
    // Meanwhile the timeline perhaps begins elsewhere.
    if (place !== (timeline.before ?? timeline.oldest)) return;
    const added = client.model.merge(buffer, 0, page.entries);
    timeline.before = page.first ?? place;
    timeline.hasOlder.value = !page.end && (added.length > 0 || isFurther(page.first, place));
    found += added.filter(isMessage).length;
  }
}

/**
 * Return whether a page leads on: without msgids, one with too many messages of one moment does not.
 * @param {import("./pages.js").Page["first"]} found
 * @param {{msgid: string, time: number}} place
 */
function isFurther(found, place) {
  return found !== null && (found.msgid !== place.msgid || found.time !== place.time);
}

/** Paging, as the user asks for it. */
export class Paging {
  /** @param {Client} client */
  constructor(client) {
    this.client = client;
    /** Timelines whose last page failed lately. @type {Map<MessageTimeline, number>} */
    this.timers = new Map();
  }

  /** Forget the failures of the ended connection. */
  reset() {
    for (const timeline of this.timers.keys()) this.resume(timeline);
  }

  /** @param {ChatBuffer} buffer */
  async older(buffer) {
    const { timeline } = buffer;
    if (!this.available || timeline.loading.value || !timeline.hasOlder.value) return;
    await this.load(timeline, "older", () => loadOlder(this.client, buffer, 0, 0));
  }

  /** @param {ChatBuffer} buffer */
  async newer(buffer) {
    const { timeline } = buffer;
    if (!this.available || timeline.loading.value || timeline.live.value) return;
    const place = timeline.after ?? timeline.newest;
    if (!place) {
      await this.backToLive(buffer);
      return;
    }
    await this.load(timeline, "newer", async () => {
      const after = reference(this.client, place, "after");
      const page = await fetchPage(this.client, buffer, "AFTER", after);
      if (place !== (timeline.after ?? timeline.newest)) return;
      const added = this.client.model.merge(buffer, timeline.end, page.entries);
      timeline.after = page.last ?? place;
      if (page.end || (!added.length && !isFurther(page.last, place))) this.live(buffer);
    });
  }

  /**
   * Have pages fetched. After a failure the timeline is stalled for a while: the view, which asks
   * for a page whenever it is drawn, would ask again at once.
   * @param {MessageTimeline} timeline
   * @param {"older"|"newer"} side
   * @param {() => Promise<void>} fetch
   */
  async load(timeline, side, fetch) {
    timeline.loading.value = side;
    try {
      await fetch();
      this.resume(timeline);
    } catch (error) {
      this.resume(timeline);
      timeline.stalled.value = { side, reason: /** @type {Error} */ (error).message };
      const timer = this.client.clock.start(() => this.resume(timeline), PAUSE);
      this.timers.set(timeline, timer);
      throw error;
    } finally {
      timeline.loading.value = "";
    }
  }

  /** @param {MessageTimeline} timeline */
  resume(timeline) {
    const timer = this.timers.get(timeline);
    if (timer === undefined) return;
    this.client.clock.stop(timer);
    this.timers.delete(timeline);
    timeline.stalled.value = null;
  }

  /** @param {ChatBuffer} buffer */
  live(buffer) {
    buffer.timeline.live.value = true;
    buffer.timeline.after = null;
    buffer.recount();
    this.client.model.look();
  }

  /**
   * @param {ChatBuffer} buffer
   * @param {string} msgid
   * @returns {Promise<Entry|undefined>}
   */
  async around(buffer, msgid) {
    const { timeline } = buffer;
    const known = timeline.find(msgid);
    if (known || !this.available) return known;
    timeline.loading.value = "around";
    try {
      const page = await fetchPage(this.client, buffer, "AROUND", `msgid=${msgid}`);
      if (!page.entries.some((entry) => entry.msgid === msgid)) return undefined;
      if (timeline.placesOf(page.entries).size) {
        // The page reaches into what is known: it continues the timeline.
        this.client.model.merge(buffer, 0, page.entries);
        timeline.before = null;
      } else {
        timeline.live.value = false;
        buffer.missedAfter = undefined;
        timeline.replace(page.entries);
        timeline.before = page.first;
        timeline.after = page.last;
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
    buffer.fetched = false;
    buffer.missedAfter = undefined;
    const { history } = this.client;
    await history.latest(buffer).catch((error) => {
      if (!(error instanceof ConnectionLost)) history.tryLater(buffer);
      throw error;
    });
    buffer.recount();
    this.client.model.look();
  }

  get available() {
    return this.client.history.available;
  }
}
