/**
 * Types of the border between the protocol and the views: the views read signals and call actions.
 *
 * Nothing here exists at run time. A module uses a type by
 * `/** @import { Workspace } from "../model/types.js" *\/`.
 *
 * The entry of the page, `main.js`, makes the workspace and renders `views/app.js`, which exports
 * the component `App` with the one prop `workspace`.
 */

/**
 * @template T
 * @typedef {import("../../vendor/signals.js").ReadonlySignal<T>} ReadonlySignal
 */
/**
 * @template T
 * @typedef {import("../../vendor/signals.js").Signal<T>} Signal
 */

// The connection

/**
 * State of the connection. `idle`: `connect` has not been called. `connecting`: the socket opens.
 * `registering`: it is open, and the server has not welcomed the client. `ready`: in the chat.
 * `waiting`: lost, and tried again at `retryAt`. `closed`: ended; the user decides what follows.
 * @typedef {"idle"|"connecting"|"registering"|"ready"|"waiting"|"closed"} Phase
 */

/**
 * @typedef {object} Connection
 * @property {Phase} phase
 * @property {number} retryAt Time of the next attempt in milliseconds of Unix time; 0 for none.
 * @property {string} reason Sentence for the user: why there is no connection; "" for none.
 * @property {""|"nick"|"password"|"login"|"code"|"account"|"banned"|"full"} problem What the user is to
 *   change before the next attempt: the nickname, the server's password, the password of the
 *   account; `account` says that the server accepts only users that log in.
 */

/**
 * @typedef {object} ConnectOptions
 * @property {string} nick
 * @property {string} [account] Name to log in with; the nickname when there is only a password.
 * @property {string} [password] Password of the account; "" for none.
 * @property {boolean} [passkey] Log in by a passkey of this device.
 * @property {string} [code] Of the authenticator, where the account asks for one.
 * @property {string} [token] Of single sign-on, in place of a password.
 * @property {string} [serverPassword] Password of the server (PASS).
 * @property {boolean} [remember] Whether this device keeps the login and the last messages.
 * @property {string[]} [channels] Channels to join.
 */

/**
 * The user of this page.
 * @typedef {object} Me
 * @property {ReadonlySignal<string>} nick "" before the first connection.
 * @property {ReadonlySignal<string>} account "" when not logged in.
 * @property {ReadonlySignal<string>} away Away message; "" when not away.
 * @property {ReadonlySignal<string>} modes User modes as letters.
 */

/**
 * What the server offers.
 * @typedef {object} Features
 * @property {string} network Name of the network; that of the host before the server has told it.
 * @property {ReadonlySet<string>} caps Capabilities that are enabled.
 * @property {string} prefixes Prefixes of members, the highest first: `~&@%+`.
 * @property {string} ranks Their mode letters in the same order: `qaohv`.
 * @property {string} channelTypes First characters of channel names: `#`.
 * @property {Limits} limits
 * @property {string} filehost Address for uploads; "" when the server takes none.
 * @property {string} call Address that rooms for calls are under, if `isBase`.
 * @property {string} vapid Public key for Web Push; "" when the server offers none.
 * @property {boolean} accounts Whether there are accounts to log in to.
 * @property {boolean} registration Whether accounts can be registered.
 * @property {boolean} history Whether earlier messages can be fetched.
 * @property {boolean} search
 * @property {boolean} redaction
 * @property {boolean} reactions Also replies and typing: client tags are relayed.
 * @property {boolean} markers Whether the server keeps read markers.
 * @property {boolean} profiles Whether users can say something about themselves.
 * @property {boolean} mute Whether members can be muted.
 * @property {boolean} secure Whether the connection is encrypted.
 */

/**
 * Limits of the server; 0 for one that is unknown.
 * @typedef {object} Limits
 * @property {number} nick Characters of a nickname.
 * @property {number} topic Bytes of a topic.
 * @property {number} away Bytes of an away message.
 * @property {number} kick Bytes of a reason.
 * @property {number} channel Characters of a channel's name.
 * @property {number} text Bytes of a message of several lines.
 * @property {number} lines Lines of a message.
 */

// Conversations

/** @typedef {"channel"|"private"|"server"} BufferKind */

/**
 * One conversation. `name` and `key` are changed by a renaming, after which `Workspace.buffers`
 * has a new value.
 * @typedef {object} Buffer
 * @property {number} id Identifies the buffer as long as the page is open.
 * @property {string} name As the server writes it; of a private conversation the nickname; "" for
 *   the server's.
 * @property {string} key The folded name.
 * @property {BufferKind} kind
 * @property {ReadonlySignal<Topic>} topic
 * @property {ReadonlySignal<string>} modes Modes of the channel with parameters: `+ntl 20`.
 * @property {ReadonlySignal<boolean>} joined Whether the user is in the channel; true for others.
 * @property {ReadonlySignal<boolean>} wanted Whether the user is in the channel, or will be again
 *   as soon as there is a connection; true for others.
 * @property {ReadonlyMap<string, Member>} members By folded nickname. Read `membersVersion` to be
 *   drawn again.
 * @property {ReadonlySignal<number>} membersVersion Grows with a change of members, at most ten
 *   times a second.
 * @property {ReadonlySignal<Member|null>} peer Of a private conversation: the other side; null
 *   when that user is offline.
 * @property {ReadonlySignal<string>} myPrefixes The user's own prefixes in the channel.
 * @property {ReadonlySignal<number>} unread Messages after the read marker.
 * @property {ReadonlySignal<number>} mentions How many of them mention the user; each message of a
 *   private conversation does.
 * @property {ReadonlySignal<number>} readMarker Time up to which the user has read on any device,
 *   in milliseconds; 0 when nothing is known.
 * @property {ReadonlySignal<number>} unreadFrom The line of unread messages stands above the first
 *   entry with a time later than this; it stays while the buffer is current. 0 for no line.
 * @property {ReadonlySignal<string[]>} typing Nicknames of users that are typing.
 * @property {Signal<string>} draft Text in the prompt; the views set it, and it is kept.
 * @property {Signal<Entry|null>} replyTo Message that the prompt answers; the views set it.
 * @property {ReadonlySignal<Notify>} notify What applies now: `none` also during a pause.
 * @property {ReadonlySignal<Pin[]>} pins Pinned messages of a channel, the newest pin first.
 * @property {Timeline} timeline
 */

/** @typedef {"all"|"mentions"|"none"} Notify */

/**
 * A pinned message.
 * @typedef {object} Pin
 * @property {string} msgid
 * @property {Entry|null} entry null as long as it was not fetched.
 * @property {boolean} missing Whether the history does not have it.
 */

/**
 * @typedef {object} Topic
 * @property {string} text
 * @property {string} by Nickname, or mask; "" when unknown.
 * @property {number} time In milliseconds; 0 when unknown.
 */

/**
 * @typedef {object} Member
 * @property {string} nick
 * @property {string} prefixes The highest first: `@+`.
 * @property {boolean} away
 * @property {string} account "" when not logged in, or not known.
 * @property {boolean} bot
 * @property {string} realname "" when not known.
 * @property {string} host `user@host`; "" when not known.
 * @property {number} spoke Time of the last message in milliseconds; 0 for none.
 */

/**
 * What a user says about itself. Anybody can say anything: show it next to the nickname. "" for
 * what is not set.
 * @typedef {object} Profile
 * @property {string} displayName
 * @property {string} pronouns
 * @property {string} status
 * @property {string} homepage Address by http or https.
 * @property {string} colour
 * @property {string} avatar Address of a picture on this server.
 */

/**
 * The profiles of the users that are seen.
 * @typedef {object} ProfileTable
 * @property {(nick: string) => Profile|undefined} get
 * @property {ReadonlySignal<number>} version Grows with every change, at most ten times a second.
 */

/**
 * A page of the history that was not fetched.
 * @typedef {object} Stalled
 * @property {"older"|"newer"} side
 * @property {string} reason
 */

/**
 * The messages of a buffer, without a gap: `entries` has the oldest first, in the server's order.
 * @typedef {object} Timeline
 * @property {readonly Entry[]} entries The same array as long as the timeline exists. Read
 *   `version` to be drawn again.
 * @property {ReadonlySignal<number>} version Grows with every change, at most ten times a second.
 * @property {ReadonlySignal<boolean>} hasOlder Whether `loadOlder` may find something.
 * @property {ReadonlySignal<boolean>} live Whether the newest entry is the newest message of the
 *   conversation; false after a jump into the past. New messages are then not added, and
 *   `loadNewer` goes on.
 * @property {ReadonlySignal<""|"older"|"newer"|"around">} loading
 * @property {ReadonlySignal<Stalled|null>} stalled Which of `loadOlder` and `loadNewer` failed
 *   lately: only the user should have them called then. Null when they did not.
 * @property {(msgid: string) => Entry|undefined} find
 * @property {(entry: Entry) => number} indexOf -1 when it is not there any longer.
 * @property {(entry: Entry) => void} touch Have an entry drawn again.
 */

/**
 * `info` and `error` are lines of this client or of the server about the conversation.
 * @typedef {"message"|"action"|"notice"|"join"|"part"|"quit"|"nick"|"kick"|"mode"|"topic"|"rename"|"invite"|"info"|"error"} EntryKind
 */

/**
 * One message or event. It is changed in place; `revision` grows then.
 * @typedef {object} Entry
 * @property {number} id Unique in the page: a key for drawing.
 * @property {number} revision
 * @property {string} msgid "" when it has none (yet).
 * @property {number} time In milliseconds of Unix time.
 * @property {EntryKind} kind
 * @property {string} nick Its author; "" for the server.
 * @property {string} account The author's account; "" when not logged in.
 * @property {string} text With IRC formatting codes, and "\n" between lines. Of an event: the
 *   reason, the topic, the mode change (`+o ann`), the new name.
 * @property {string} target Of `kick` and `invite`: the other user; of `nick`: the new nickname.
 *   Of a message to a part of the members: their prefix. Otherwise "".
 * @property {string} replyTo Its msgid; "" when it answers none.
 * @property {Map<string, Set<string>>|null} reactions Nicknames by reaction; null for none.
 * @property {Map<string, number>|null} votes The times of the reactions to a poll, by nickname, a
 *   space, and the reaction; null for none.
 * @property {number} [answered] Grows when an answer to it comes or is deleted.
 * @property {string} redactedBy Nickname of the user that deleted it, or that of its author when
 *   that user is not known; "" when it is not deleted.
 * @property {boolean} pending Sent, and not confirmed by the server.
 * @property {string} failed Sentence: why it was not delivered; "" when it was. `actions.resend`.
 * @property {boolean} mention Whether it mentions the user.
 * @property {boolean} self Whether the user wrote it, on any device.
 * @property {boolean} bot
 * @property {boolean} stored Whether the server has it in its history, as far as is known.
 */

// The workspace

/**
 * A passing note to the user.
 * @typedef {object} Notice
 * @property {number} id
 * @property {string} text
 * @property {boolean} error
 */

/**
 * A message that is shown outside of its timeline: a mention or a search result.
 * @typedef {object} Found
 * @property {string} buffer Name of the conversation.
 * @property {Entry} entry
 */

/**
 * @typedef {object} ListedChannel
 * @property {string} name
 * @property {number} members
 * @property {string} topic
 */

/**
 * A message in another language.
 * @typedef {object} Translation
 * @property {string} text With "\n" between lines.
 * @property {string} source Code of the language of the original; "" when unknown.
 * @property {string} language
 */

/**
 * @typedef {object} UserCard
 * @property {string} nick
 * @property {string} host `user@host`.
 * @property {string} realname
 * @property {string} account "" when not logged in.
 * @property {string} away "" when not away.
 * @property {string[]} channels With prefixes.
 * @property {number} idle Seconds; -1 when unknown.
 * @property {number} signon Time in milliseconds; 0 when unknown.
 * @property {boolean} operator
 * @property {boolean} bot
 * @property {boolean} secure
 * @property {string[]} more Further lines of the server.
 */

/**
 * One of the connections of the user's account.
 * @typedef {object} SessionInfo
 * @property {string} id For `actions.endSession`.
 * @property {string} text As the server describes it.
 * @property {boolean} current Whether it is this page.
 */

/**
 * A message that is sent later, or a reminder.
 * @typedef {object} ScheduledMessage
 * @property {string} number For `Schedule.cancel`.
 * @property {number} time In milliseconds of Unix time.
 * @property {string} target "" for a reminder.
 * @property {string} text
 */

/**
 * @typedef {object} ScheduleList
 * @property {ScheduledMessage[]} messages The next one first.
 * @property {number} most How many can wait.
 */

/**
 * The messages of the account that are sent later. A time is a moment, or a word that NickServ takes.
 * @typedef {object} Schedule
 * @property {() => Promise<ScheduleList>} list
 * @property {(time: Date|string, target: string, text: string) => Promise<{number: string, note: string}>} at
 * @property {(time: Date|string, text: string) => Promise<{number: string, note: string}>} remind
 * @property {(number: string) => Promise<void>} cancel
 * @property {(number: string, time: Date|string) => Promise<void>} move
 */

/**
 * A `/command`, for completion and help. Carried out by `actions.input`.
 * @typedef {object} Command
 * @property {string} name Without the slash.
 * @property {string} usage Its parameters, translated: `[#channel] nickname`.
 * @property {string} help Translated; a sentence without a subject.
 * @property {Completion[]} complete What completes each parameter; the last one stands for all
 *   further ones.
 */
/** @typedef {""|"nick"|"@nick"|"channel"|"command"|"emoji"} Completion */

/**
 * Settings of this device. The views may add keys of their own through `more`.
 * @typedef {object} Settings
 * @property {"system"|"light"|"dark"} theme
 * @property {string} language "" follows the browser.
 * @property {string[]} highlights Words that count as a mention.
 * @property {boolean} notifications
 * @property {boolean} sound
 * @property {boolean} showEvents Whether joins and parts are shown.
 * @property {boolean} sendTyping
 * @property {boolean} remember Whether login and last messages are kept on this device.
 * @property {Record<string, string|number|boolean>} more
 */

/**
 * A new message that the user may be notified of. The core calls `Workspace.onAlert`.
 * @typedef {object} Alert
 * @property {Buffer} buffer
 * @property {Entry} entry
 */

/**
 * @typedef {object} Upload
 * @property {Promise<string>} done Address of the file; rejected with an Error whose message is a
 *   sentence for the user, or an AbortError.
 * @property {() => void} cancel
 */

/**
 * @typedef {object} Workspace
 * @property {ReadonlySignal<Connection>} connection
 * @property {Me} me
 * @property {ReadonlySignal<Features>} features
 * @property {ReadonlySignal<Buffer[]>} buffers The server's first, then channels and private
 *   conversations by name.
 * @property {ReadonlySignal<Buffer|null>} current Set by `actions.open`.
 * @property {ReadonlySignal<Notice[]>} notices
 * @property {ReadonlySignal<Found[]>} mentions The newest first; bounded.
 * @property {ProfileTable} profiles
 * @property {ReadonlySignal<string[]>} ignored Nicknames and masks.
 * @property {ReadonlySignal<Settings>} settings
 * @property {string} signOn What the single sign-on of the server is called; "" if there is none.
 * @property {ReadonlySignal<string>} lobby Channel of the server's first visitors; "" when unknown.
 * @property {ReadonlySignal<{nick: string, account: string}|null>} remembered The login that this
 *   device keeps.
 * @property {ReadonlySignal<string[]>} wanted Channels that the page's address named, joined by
 *   `connect`.
 * @property {Signal<boolean>} attentive Whether the user sees the newest entry of the current
 *   buffer: the page is visible, has the focus, and is at the bottom. The views set it; messages
 *   count as read while it is true.
 * @property {((alert: Alert) => void)|null} onAlert Set by the views or the platform.
 * @property {readonly Command[]} commands
 * @property {Actions} actions
 */

/**
 * The actions never throw, except that a returned Promise is rejected with an Error whose message
 * is a sentence for the user.
 * @typedef {object} Actions
 * @property {(options: ConnectOptions) => void} connect
 * @property {() => void} retry Try to connect at once.
 * @property {(remember: boolean) => Promise<void>} signOn Go to the page of the single sign-on.
 * @property {(reason?: string) => void} leave End the connection and stay away.
 * @property {(buffer: Buffer, line: string) => void} input Interpret what was typed: a message, or
 *   a `/command`. Answers `buffer.replyTo`, and empties draft and replyTo when it was taken.
 * @property {(buffer: Buffer, text: string, options?: {replyTo?: string}) => void} send
 * @property {(entry: Entry) => void} resend Send a failed message again.
 * @property {(entry: Entry) => void} discard Remove a failed message.
 * @property {(buffer: Buffer, entry: Entry, reaction: string) => void} react
 * @property {(buffer: Buffer, entry: Entry, reaction: string) => void} unreact
 * @property {(buffer: Buffer, entry: Entry, reason: string) => Promise<void>} redact
 * @property {(buffer: Buffer, entry: Entry) => boolean} mayRedact
 * @property {(buffer: Buffer, entry: Entry, reason: string) => Promise<string>} report Resolved with
 *   the answer of the server.
 * @property {(buffer: Buffer, entry: Entry, language: string) => Promise<Translation>} translate
 * @property {(buffer: Buffer, entry: Entry) => boolean} mayPin Whether the user may pin the message,
 *   or take that back.
 * @property {(buffer: Buffer, msgid: string, pinned: boolean) => Promise<void>} pin
 * @property {(buffer: Buffer, active: boolean) => void} typing Call at each change of the prompt.
 * @property {(buffer: Buffer) => Promise<void>} loadOlder Resolved when the entries are there,
 *   rejected when the server does not send them.
 * @property {(buffer: Buffer) => Promise<void>} loadNewer The same at the other end.
 * @property {(buffer: Buffer, msgid: string) => Promise<Entry|undefined>} loadAround Jump to a
 *   message; undefined when it is not found.
 * @property {(buffer: Buffer) => Promise<void>} backToLive
 * @property {(buffer: Buffer) => void} markRead
 * @property {(buffer: Buffer, entry: Entry) => void} markUnread Set the line of unread messages.
 * @property {(nameOrBuffer: string|Buffer) => Buffer|null} open Make a buffer current; a name that
 *   is new opens a private conversation, or joins a channel.
 * @property {(buffer: Buffer) => void} close Part and remove.
 * @property {(channel: string, key?: string) => void} join
 * @property {(buffer: Buffer, reason?: string) => void} part
 * @property {(buffer: Buffer, text: string) => Promise<void>} setTopic
 * @property {(buffer: Buffer, nick: string, reason: string) => Promise<void>} kick
 * @property {(buffer: Buffer, mask: string) => Promise<void>} ban
 * @property {(buffer: Buffer, mask: string) => Promise<void>} unban
 * @property {(buffer: Buffer, nick: string) => Promise<void>} mute
 * @property {(buffer: Buffer, nick: string) => Promise<void>} unmute
 * @property {(buffer: Buffer, nick: string, mode: string, given: boolean) => void} setRank
 * @property {(buffer: Buffer, changes: string) => void} setModes
 * @property {(buffer: Buffer, nick: string) => void} invite
 * @property {(buffer: Buffer, seconds?: number, uses?: number) => Promise<string>} inviteLink
 *   Address that lets others into the channel.
 * @property {(buffer: Buffer) => Promise<string[]>} banList
 * @property {(nick: string) => void} changeNick
 * @property {(text: string, scope?: Buffer|null) => Promise<Found[]>} search
 * @property {(mask?: string) => Promise<ListedChannel[]>} list
 * @property {(nick: string) => Promise<UserCard>} whois
 * @property {(mask: string, ignored: boolean) => void} ignore
 * @property {(message: string) => void} away "" comes back.
 * @property {(changes: Partial<Profile>) => Promise<void>} setProfile "" removes a value.
 * @property {(account: string, password: string, remember?: boolean, code?: string) =>
 *   Promise<void>} login An error with the name `CodeRequired` asks for the code.
 * @property {() => Promise<void>} logout Also forgets the login of this device.
 * @property {(account: string, password: string, email?: string) => Promise<{verify: boolean}>}
 *   register Whether a code was sent that `verify` requires.
 * @property {(account: string, code: string) => Promise<void>} verify
 * @property {(oldPassword: string, password: string, code?: string) => Promise<void>} changePassword
 * @property {(...words: string[]) => Promise<string[]>} askNickServ Returns its lines; only the last
 *   word may have spaces.
 * @property {(name: string, password: string) => Promise<void>} addPasskey The code is after the
 *   password, where the account needs one.
 * @property {() => Promise<Schedule>} schedule What waits to be sent later.
 * @property {() => Promise<SessionInfo[]>} sessions
 * @property {(id: string) => Promise<void>} endSession
 * @property {() => Promise<boolean>} alwaysOn Whether the user stays in the channels, and receives
 *   private messages, while none of its devices is connected.
 * @property {(on: boolean) => Promise<void>} setAlwaysOn
 * @property {() => Promise<OperatorActions>} operate
 * @property {(file: File, onProgress: (sent: number, total: number) => void) => Upload} upload
 * @property {() => Promise<void>} pushSubscribe
 * @property {() => Promise<void>} pushUnsubscribe
 * @property {(buffer: Buffer|null, notify: Notify|"") => void} setNotify "" for the level of all
 *   others, which null as the buffer changes.
 * @property {(buffer: Buffer|null, seconds: number) => void} pauseNotify Notify of nothing for a
 *   time; 0 ends that. null pauses all.
 * @property {(buffer: Buffer|null) => {level: Notify|"", until: number}} notifyChoice What was
 *   chosen for the conversation itself. It is read anew with `Buffer.notify`.
 * @property {(changes: Partial<Settings>) => void} setSettings
 * @property {(text: string, error?: boolean) => void} notify Show a passing note.
 * @property {(id: number) => void} dismiss Remove one.
 * @property {() => void} forget Remove everything that this device keeps.
 */

/**
 * What server operators can do.
 * @typedef {object} OperatorActions
 * @property {(name: string, password: string) => Promise<void>} login Become one.
 * @property {() => Promise<{token: string, seconds: number}>} apiToken A token for the API of the
 *   server, with the rights of the operator that the user is. Keep it in memory only.
 */

export {};
