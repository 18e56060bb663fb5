/** Actions: what the views can do. Each one is small, and leaves the work to the session. */
import { EVERYWHERE } from "../model/levels.js";
import { part, unloaded } from "../platform/parts.js";
import { tooLong } from "../text/lengths.js";
import { interpret } from "./input.js";

/** @import { ChatBuffer } from "../model/buffer.js" */
/** @import { Actions, Buffer, ConnectOptions, Entry, Upload } from "../model/types.js" */
/** @import { KeyStore } from "../platform/key_store.js" */
/** @import { LazyCache } from "./workspace.js" */
/** @import { Client } from "./client.js" */

/**
 * Return the buffer behind the view's type: each one that the views have is a `ChatBuffer`.
 * @param {Buffer} buffer
 * @returns {ChatBuffer}
 */
function own(buffer) {
  return /** @type {ChatBuffer} */ (/** @type {unknown} */ (buffer));
}

/**
 * @param {Client} client
 * @param {KeyStore} keys
 * @param {LazyCache} cache
 * @returns {Actions}
 */
export function makeActions(client, keys, cache) {
  const { model } = client;
  const { preferences } = model;

  // What is not needed to talk is loaded when it is used.
  const queries = () => part(client, import("./queries.js"));
  const accounts = () => part(client, import("./accounts.js"));

  /** @param {ConnectOptions} options */
  async function connect(options) {
    preferences.change({ remember: options.remember ?? preferences.settings.value.remember });
    const account = options.account || options.nick;
    const wanted = options.channels ?? model.wanted.value;
    const kept = preferences.channels;
    const { channels } = client;
    for (const { name, key } of kept) channels.want(name, key);
    for (const name of wanted) channels.want(name, channels.keys.get(model.fold(name)));
    const first = wanted[0] ?? (channels.wanted.size ? "" : model.lobby.value);
    if (first) {
      channels.want(first);
      channels.goingTo = model.fold(first);
    }
    // The channels of an earlier visit are shown while the page connects.
    for (const { name } of kept) model.ensure(name);
    const shown = model.get(channels.goingTo || preferences.current);
    if (shown && shown.kind === "channel") model.show(shown);
    await cache.load();
    const hasProof = options.password || options.token || options.passkey;
    const login = hasProof ? null : await keys.load().catch(() => null);
    const isKept = login && model.same(login.account, account);
    const credentials = options.passkey
      ? { account: "", password: "", key: null, passkey: /** @type {const} */ ("sign") }
      : options.token
        ? { account: "", password: "", key: null, token: options.token }
        : options.password
          ? { account, password: options.password, key: null, code: options.code ?? "" }
          : isKept
            ? { ...login, password: login.password ?? "" }
            : null;
    client.connect({ ...options, channels: [] }, credentials);
  }

  /**
   * @param {Entry} entry
   * @param {Buffer} buffer
   * @param {string} reaction
   * @param {"react"|"unreact"} kind
   */
  function react(buffer, entry, reaction, kind) {
    if (!entry.msgid || !client.isReady) return;
    client.sendTagged(
      [
        [`+draft/${kind}`, reaction],
        ["+draft/reply", entry.msgid],
      ],
      "TAGMSG",
      [buffer.name],
    );
  }

  /** @type {Actions} */
  const actions = {
    connect: (options) => void connect(options),
    retry: () => client.retry(),
    signOn: async (remember) => {
      const { begin } = await import("../platform/sign_on.js");
      await begin({ remember });
    },
    leave(reason = "") {
      preferences.wasConnected = false;
      client.leave(reason);
    },
    input(buffer, line) {
      const target = own(buffer);
      const tell = (/** @type {string} */ text, error = false) => model.tell(target, text, error);
      const taken = interpret({ client, buffer: target, actions, tell }, line);
      const { draft } = target;
      const before = draft.value;
      // At once, though a command may have to be loaded: what is typed meanwhile is another line.
      if (taken) draft.value = "";
      const done = (/** @type {boolean|void} */ is) => {
        if (!is) draft.value ||= before;
        else {
          target.replyTo.value = null;
          client.outgoing.keepDraft(target);
        }
      };
      if (typeof taken === "boolean") done(taken);
      else taken.catch(() => tell(unloaded(client.isReady), true)).then(done);
    },
    send(buffer, text, options = {}) {
      client.outgoing.send(own(buffer), text, "message", options.replyTo ?? "");
    },
    resend: (entry) => client.outgoing.resend(entry),
    discard(entry) {
      for (const buffer of model.buffers.value) buffer.timeline.remove(entry);
    },
    react: (buffer, entry, reaction) => react(buffer, entry, reaction, "react"),
    unreact: (buffer, entry, reaction) => react(buffer, entry, reaction, "unreact"),
    redact: (buffer, { msgid }, reason) => carryOut("REDACT", [buffer.name, msgid, reason].filter(Boolean)),
    mayRedact(buffer, entry) {
      if (!entry.msgid || entry.redactedBy || !model.features.value.redaction) return false;
      return entry.self || (buffer.kind === "channel" && client.isOperator(own(buffer)));
    },
    report: async (buffer, { msgid }, reason) =>
      (await queries()).report(client, own(buffer), msgid, reason),
    translate: async (buffer, entry, language) =>
      (await part(client, import("./translations.js"))).translate(client, own(buffer), entry, language),
    mayPin: (buffer, entry) => client.pins.mayChange(own(buffer), entry),
    pin: (buffer, msgid, pinned) =>
      shown(
        part(client, import("./pin_changes.js")).then(({ changePins }) =>
          changePins(client, own(buffer), msgid, pinned),
        ),
      ),
    typing: (buffer, active) => client.typing.typed(own(buffer), active),
    loadOlder: (buffer) => client.paging.older(own(buffer)),
    loadNewer: (buffer) => client.paging.newer(own(buffer)),
    loadAround: (buffer, msgid) => client.paging.around(own(buffer), msgid),
    backToLive: (buffer) => shown(client.paging.backToLive(own(buffer))),
    markRead(buffer) {
      const { newest } = own(buffer).timeline;
      if (newest) model.markRead(own(buffer), newest.time);
      own(buffer).unreadFrom.value = 0;
    },
    markUnread(buffer, entry) {
      own(buffer).unreadFrom.value = entry.time - 1;
    },
    open(wanted) {
      const name = typeof wanted === "string" ? wanted : wanted.name;
      const known = typeof wanted === "string" ? model.get(name) : own(wanted);
      if (known) {
        model.show(known);
        return known;
      }
      if (model.isupport.isChannel(name)) {
        actions.join(name);
        return null;
      }
      if (!name || /[\s,*?!@]/.test(name)) return null;
      const opened = client.privates.open(name);
      model.show(opened);
      return opened;
    },
    close(buffer) {
      if (buffer.kind === "server") return;
      if (buffer.kind === "channel") {
        client.channels.unwant(buffer.name);
        if (buffer.joined.value && client.isReady) client.send("PART", buffer.name);
      } else if (client.isReady) client.privates.monitor("-", [buffer.name]);
      void cache.remove(own(buffer));
      model.remove(own(buffer));
    },
    join(channel, key = "") {
      const known = model.get(channel);
      if (known?.joined.value) {
        model.show(known);
        return;
      }
      client.channels.goingTo = model.fold(channel);
      client.channels.want(channel, key);
      if (client.isReady) client.channels.join([{ name: channel, key }]);
    },
    part(buffer, reason = "") {
      const isTold =
        !client.isReady || client.send("PART", buffer.name, ...(reason ? [reason] : []));
      if (isTold) client.channels.unwant(buffer.name);
    },
    async setTopic(buffer, text) {
      const problem = tooLong(text, model.features.value.limits.topic);
      if (problem) throw new Error(problem);
      await carryOut("TOPIC", [buffer.name, text]);
    },
    kick: (buffer, nick, reason) => carryOut("KICK", [buffer.name, nick, reason].filter(Boolean)),
    ban: (buffer, nick) => changeBans(buffer, "+", nick),
    unban: (buffer, nick) => changeBans(buffer, "-", nick),
    mute: (buffer, nick) => changeBans(buffer, "+", nick, model.isupport.mute),
    unmute: (buffer, nick) => changeBans(buffer, "-", nick, model.isupport.mute),
    setRank: (buffer, nick, mode, given) =>
      client.command(own(buffer), "MODE", buffer.name, (given ? "+" : "-") + mode, nick),
    setModes: (buffer, changes) =>
      client.command(own(buffer), "MODE", buffer.name, ...changes.split(" ").filter(Boolean)),
    invite: (buffer, nick) => client.command(own(buffer), "INVITE", nick, buffer.name),
    inviteLink: async (buffer, seconds = 0, uses = 0) =>
      (await queries()).inviteLink(client, own(buffer), seconds, uses),
    banList: async (buffer) => (await queries()).banList(client, own(buffer)),
    changeNick: (nick) => client.nickname.change(nick),
    search: async (text, scope = null) =>
      (await queries()).search(client, text, scope && own(scope)),
    list: async (mask = "") => (await queries()).list(client, mask),
    whois: async (nick) => (await queries()).whois(client, nick),
    ignore(mask, ignored) {
      preferences.ignore(mask, ignored);
      pushRules("IGNORED", ignored ? [mask] : [], ignored ? [] : [mask]);
      if (!ignored) void queries().then(({ showHidden }) => showHidden(client));
    },
    away(message) {
      const problem = tooLong(message, model.features.value.limits.away);
      if (problem) {
        model.notify(problem, true);
        client.onRefused();
        return;
      }
      client.wantedAway = message;
      model.me.away.value = message;
      client.send("AWAY", ...(message ? [message] : []));
    },
    setProfile: (changes) => client.profiles.change(changes),
    async login(account, password, remember, code) {
      if (remember !== undefined) preferences.change({ remember });
      return (await accounts()).login(client, account, password, code);
    },
    logout: async () => (await accounts()).logout(client, keys),
    register: async (account, password, email = "") =>
      (await accounts()).register(client, account, password, email),
    verify: async (account, code) => (await accounts()).verify(client, account, code),
    changePassword: async (oldPassword, password, code) =>
      (await accounts()).changePassword(client, oldPassword, password, code),
    askNickServ: async (...words) => (await queries()).askNickServ(client, ...words),
    addPasskey: async (name, password) => (await accounts()).addPasskey(client, name, password),
    schedule: async () => (await queries()).scheduleOf(client),
    sessions: async () => (await queries()).sessions(client),
    alwaysOn: async () => (await queries()).alwaysOn(client),
    setAlwaysOn: async (on) => (await queries()).setAlwaysOn(client, on),
    endSession: async (id) => (await queries()).endSession(client, id),
    operate: async () => (await part(client, import("./admin_session.js"))).operatorActions(client),
    upload: (file, onProgress) => startUpload(file, onProgress),
    pushSubscribe: async () => (await part(client, import("./push.js"))).subscribe(client),
    pushUnsubscribe: async () => (await part(client, import("./push.js"))).unsubscribe(client),
    setNotify: (buffer, notify) => client.levels.choose(buffer?.key ?? EVERYWHERE, notify),
    pauseNotify(buffer, seconds) {
      const until = seconds ? client.clock.now() + seconds * 1000 : 0;
      client.levels.pause(buffer?.key ?? EVERYWHERE, until);
    },
    notifyChoice(buffer) {
      void model.levels.version.value;
      return model.levels.choice(buffer?.key ?? EVERYWHERE);
    },
    setSettings(changes) {
      const before = preferences.settings.peek().highlights;
      preferences.change(changes);
      const now = changes.highlights;
      if (now) {
        const gone = before.filter((word) => !now.includes(word));
        pushRules("WORDS", now, gone);
      }
      if (changes.remember === false) forgetDevice();
    },
    notify: (text, error = false) => model.notify(text, error),
    dismiss: (id) => model.dismiss(id),
    forget() {
      void keys.remove();
      void cache.clear();
      preferences.forget();
      void import("./push.js").then(({ unsubscribe }) => unsubscribe(client)).catch(() => {});
    },
  };

  /**
   * @param {string} command
   * @param {string[]} params
   */
  async function carryOut(command, params) {
    await (await queries()).carryOut(client, command, params);
  }

  /**
   * @param {"WORDS"|"IGNORED"} list
   * @param {string[]} added
   * @param {string[]} removed
   */
  function pushRules(list, added, removed) {
    if (!client.isPushed) return;
    void import("./push.js").then(({ changeRules }) => changeRules(client, list, added, removed));
  }

  /**
   * @param {Buffer} buffer
   * @param {"+"|"-"} sign
   * @param {string} nick
   * @param {{mode: string, prefix: string}|null} [how] Null where the server has no way.
   */
  async function changeBans(buffer, sign, nick, how) {
    if (how !== null) await (await queries()).changeBans(client, own(buffer), sign, [nick], how);
  }

  /** Remove what this device keeps only for a user that wants it to remember. */
  function forgetDevice() {
    void keys.remove();
    void cache.clear();
    preferences.forgetConversations();
    preferences.wasConnected = client.isReady;
    client.channels.keep();
  }

  /** @type {Actions["upload"]} */
  function startUpload(file, onProgress) {
    /** @type {Upload|null} */
    let started = null;
    let cancelled = false;
    const done = part(client, import("./uploads.js")).then(({ upload }) => {
      started = upload(client, file, onProgress);
      if (cancelled) started.cancel();
      return started.done;
    });
    return {
      done,
      cancel() {
        cancelled = true;
        started?.cancel();
      },
    };
  }

  /**
   * Show why something has failed.
   * @param {Promise<void>} promise
   */
  function shown(promise) {
    return promise.catch((error) => model.notify(error.message, true));
  }

  return actions;
}
