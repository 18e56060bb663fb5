/** Workspace: the model, a client of the server that the page came from, and the actions. */
import { effect } from "../../vendor/signals-core.js";
import { systemClock } from "../model/clock.js";
import { ChatModel } from "../model/model.js";
import { Preferences } from "../model/settings.js";
import { _ } from "../platform/i18n.js";
import { KeyStore } from "../platform/key_store.js";
import { KeptValues, openArea } from "../platform/storage.js";
import { makeActions } from "./actions.js";
import { Client } from "./client.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { MessageCache } from "../platform/message_cache.js" */
/** @import { Clock } from "../model/clock.js" */
/** @import { Command, Workspace } from "../model/types.js" */

/** Pause after which a draft is kept. */
const DRAFT_PAUSE = 500;

/**
 * @typedef {object} Place
 * @property {string} url Of the WebSocket.
 * @property {string} host
 * @property {boolean} secure
 * @property {string} lobby
 * @property {string} network
 * @property {string} [signOn] See `Workspace`.
 * @property {() => Promise<string>} [diagnose] See `LinkOptions`.
 */

/**
 * Make the workspace. It does not connect.
 * @param {Place} place
 * @param {{clock?: Clock, WebSocket?: typeof WebSocket, lasting?: Storage|null, passing?: Storage|null, keys?: KeyStore, openDatabase?: () => Promise<IDBDatabase|null>}} [platform]
 * @returns {{workspace: Workspace, client: Client, cache: LazyCache}}
 */
export function makeWorkspace(place, platform = {}) {
  const { clock = systemClock, keys = new KeyStore() } = platform;
  const preferences = new Preferences(
    new KeptValues(platform.lasting === undefined ? openArea("localStorage") : platform.lasting),
    new KeptValues(platform.passing === undefined ? openArea("sessionStorage") : platform.passing),
  );
  const model = new ChatModel(clock, preferences);
  model.lobby.value = place.lobby;
  model.features.value = {
    ...model.features.value,
    network: place.network || place.host,
    secure: place.secure,
  };
  const client = new Client(model, {
    ...place,
    clock,
    WebSocket: platform.WebSocket ?? globalThis.WebSocket,
  });
  keepLogins(client, keys);
  const cache = new LazyCache(model, platform.openDatabase);
  const actions = makeActions(client, keys, cache);
  keepDrafts(client, clock);
  /** @type {Command[]} */
  const commands = [];
  /** @type {unknown} */
  const workspace = {
    connection: model.connection,
    me: model.me,
    features: model.features,
    buffers: model.buffers,
    current: model.current,
    notices: model.notices,
    mentions: model.mentions,
    profiles: model.profiles,
    ignored: preferences.ignored,
    settings: preferences.settings,
    lobby: model.lobby,
    signOn: place.signOn ?? "",
    remembered: keys.remembered,
    wanted: model.wanted,
    attentive: model.attentive,
    get commands() {
      if (!commands.length) void loadCommands(commands).catch(() => {});
      return commands;
    },
    actions,
    get onAlert() {
      return model.onAlert;
    },
    set onAlert(handler) {
      model.onAlert = handler;
    },
  };
  return { workspace: /** @type {Workspace} */ (workspace), client, cache };
}

/** @param {Command[]} commands */
async function loadCommands(commands) {
  const { commandList } = await import("./commands/table.js");
  if (!commands.length) commands.push(...commandList());
}

/**
 * Keep the login of a user that wants this device to remember it.
 * @param {Client} client
 * @param {KeyStore} keys
 */
function keepLogins(client, keys) {
  const { model } = client;
  client.login.onKey = (credentials, key) => {
    if (!model.preferences.settings.value.remember) return;
    if (credentials.device) {
      const { account, password, device } = credentials;
      void keys.save({ account, nick: client.nickname.wanted, key: null, password, device });
    } else if (credentials.code || credentials.token || credentials.passkey) return;
    else if (credentials.isPlain) return;
    else if (key?.key) {
      void keys.save({ account: credentials.account, nick: client.nickname.wanted, key });
    } else if (!credentials.key) {
      model.notify(_("Without an encrypted connection, this device does not keep the login."));
    }
  };
}

/** The cache of messages, which is loaded on devices that remember. */
export class LazyCache {
  /**
   * @param {ChatModel} model
   * @param {(() => Promise<IDBDatabase|null>)|undefined} open
   */
  constructor(model, open) {
    this.model = model;
    this.open = open;
    /** @type {Promise<MessageCache>|undefined} */
    this.loaded = undefined;
    effect(() => {
      if (model.preferences.settings.value.remember) void this.use().catch(() => {});
    });
  }

  use() {
    this.loaded ??= import("../platform/message_cache.js").then(
      ({ MessageCache }) => new MessageCache(this.model, this.open),
    );
    return this.loaded;
  }

  async load() {
    if (this.model.preferences.settings.value.remember) await (await this.use()).load();
  }

  async flush() {
    await (await this.loaded)?.flush();
  }

  /** @param {ChatBuffer} buffer */
  async remove(buffer) {
    await (await this.loaded)?.remove(buffer);
  }

  async clear() {
    await (await this.use()).clear();
  }
}

/**
 * Keep the draft of the current buffer a moment after each change.
 * @param {Client} client
 * @param {Clock} clock
 */
function keepDrafts(client, clock) {
  let timer = 0;
  let keptId = 0;
  /** @type {() => void} */
  let keep = () => {};
  effect(() => {
    const buffer = client.model.current.value;
    void buffer?.draft.value; // read here, so that each change of it comes here
    clock.stop(timer);
    const next = () => {
      if (buffer) client.outgoing.keepDraft(buffer);
    };
    // The draft of another buffer is kept before the timer is used for this one.
    if (buffer?.id !== keptId) keep();
    keptId = buffer?.id ?? 0;
    keep = next;
    timer = clock.start(next, DRAFT_PAUSE);
  });
}
