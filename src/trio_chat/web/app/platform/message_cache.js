/**
 * The last messages of each conversation in IndexedDB, so that the page shows something without a
 * connection. Only for a user that wants this device to remember: others may use it, too.
 */
import { effect, untracked } from "../../vendor/signals-core.js";
import { isRemote, renumbered } from "../model/entries.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { ChatModel } from "../model/model.js" */
/** @import { Entry } from "../model/types.js" */

/** Entries of a conversation, and conversations, that are kept. */
const MOST_ENTRIES = 200;
const MOST_BUFFERS = 50;
/** Pause in which changes are collected, and that before the first one after a quiet time. */
const PAUSE = 5000;
const SHORT_PAUSE = 250;

/** @typedef {{name: string, kind: string, time: number, marker: number, hidden: number, topic: string, entries: Entry[]}} Kept */

/** The cache of a model. */
export class MessageCache {
  /**
   * @param {ChatModel} model
   * @param {() => Promise<IDBDatabase|null>} [open]
   */
  constructor(model, open = openDatabase) {
    this.model = model;
    this.open = open;
    /** @type {Promise<IDBDatabase|null>|undefined} */
    this.database = undefined;
    /** @type {Set<ChatBuffer>} */
    this.changed = new Set();
    /** @type {Map<ChatBuffer, () => void>} */
    this.watched = new Map();
    this.timer = 0;
    this.writtenAt = 0;
    effect(() => {
      const { remember } = model.preferences.settings.value;
      const buffers = remember ? model.buffers.value : [];
      untracked(() => this.watch(buffers));
    });
  }

  /** @param {readonly ChatBuffer[]} buffers */
  watch(buffers) {
    for (const [buffer, stop] of this.watched) {
      if (buffers.includes(buffer)) continue;
      stop();
      this.watched.delete(buffer);
      this.changed.delete(buffer);
    }
    for (const buffer of buffers) {
      if (buffer.kind === "server" || this.watched.has(buffer)) continue;
      const stop = effect(() => {
        if (buffer.timeline.version.value) untracked(() => this.note(buffer));
      });
      this.watched.set(buffer, stop);
    }
  }

  /** @param {ChatBuffer} buffer */
  note(buffer) {
    // A page that is left has no time to open the database.
    void this.connect();
    if (!this.changed.size) {
      const { clock } = this.model;
      // What is written while the page is left is sometimes lost, so little should wait for that.
      const isQuiet = Math.abs(clock.now() - this.writtenAt) > PAUSE;
      this.timer = clock.start(() => void this.flush(), isQuiet ? SHORT_PAUSE : PAUSE);
    }
    this.changed.add(buffer);
  }

  /** Keep what has changed, at once when the page is about to be left. */
  async flush() {
    this.model.clock.stop(this.timer);
    const changed = [...this.changed].filter((each) => each.timeline.live.value);
    this.changed.clear();
    if (!changed.length) return;
    this.writtenAt = this.model.clock.now();
    await this.write((store) => {
      for (const buffer of changed) store.put(keptOf(buffer), buffer.key);
    });
  }

  /** Show what was kept, where nothing newer is shown yet. */
  async load() {
    if (!this.model.preferences.settings.value.remember) return;
    const database = await this.connect();
    if (!database) return;
    const all = await result(
      database.transaction("messages").objectStore("messages").getAll(),
    ).catch(() => []);
    for (const kept of newest(all)) restore(this.model, kept);
    const known = new Set(newest(all).map((kept) => this.model.fold(kept.name)));
    await this.write((store) => {
      for (const { name } of all) {
        const key = this.model.fold(String(name));
        if (!known.has(key)) store.delete(key);
      }
    });
  }

  /**
   * Forget one conversation.
   * @param {ChatBuffer} buffer
   */
  async remove(buffer) {
    this.changed.delete(buffer);
    await this.write((store) => store.delete(buffer.key));
  }

  /** Forget everything. */
  async clear() {
    this.changed.clear();
    await this.write((store) => store.clear());
  }

  connect() {
    this.database ??= this.open().catch(() => null);
    return this.database;
  }

  /** @param {(store: IDBObjectStore) => void} change */
  async write(change) {
    const database = await this.connect();
    try {
      const transaction = database?.transaction("messages", "readwrite");
      if (!transaction) return;
      change(transaction.objectStore("messages"));
      // Otherwise a page that is left would end before its transaction.
      transaction.commit?.();
    } catch {
      // The disk is full, or the user has removed the data: the page works without them.
    }
  }
}

/** @param {ChatBuffer} buffer */
function keptOf(buffer) {
  const { timeline, missedAfter } = buffer;
  // What is behind a gap is fetched again.
  const end = missedAfter ? timeline.indexOf(missedAfter) + 1 : timeline.end;
  const last = timeline.entries.slice(Math.max(end - MOST_ENTRIES, 0), end);
  return {
    name: buffer.name,
    kind: buffer.kind,
    time: buffer.timeline.newest?.time ?? 0,
    marker: buffer.readMarker.value,
    hidden: buffer.hiddenFrom,
    topic: buffer.topic.value.text,
    entries: last.filter(isRemote).map((entry) => ({ ...entry })),
  };
}

/**
 * @param {Kept[]} all
 * @returns {Kept[]}
 */
function newest(all) {
  const valid = all.filter((kept) => typeof kept?.name === "string" && Array.isArray(kept.entries));
  return valid.sort((one, other) => other.time - one.time).slice(0, MOST_BUFFERS);
}

/**
 * @param {ChatModel} model
 * @param {Kept} kept
 */
function restore(model, kept) {
  const isWanted = kept.kind === "private" || model.get(kept.name);
  if (!isWanted || !kept.entries.length) return;
  const buffer = model.ensure(kept.name);
  if (buffer.kind === "server" || buffer.fetched || buffer.timeline.newest) return;
  buffer.readMarker.value = kept.marker;
  buffer.hide(kept.hidden ?? Infinity);
  if (!buffer.topic.value.text) buffer.topic.value = { text: kept.topic, by: "", time: 0 };
  buffer.timeline.insert(0, kept.entries.map(renumbered));
  buffer.timeline.hasOlder.value = true;
  // The history is fetched from where this ends.
  buffer.fetched = true;
  buffer.interrupted();
  buffer.recount();
}

/** @returns {Promise<IDBDatabase|null>} */
function openDatabase() {
  const request = indexedDB.open("trio-chat-messages", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("messages");
  return result(request);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
