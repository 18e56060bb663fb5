/** The card of a user: WHOIS, a private message, ignoring, and moderation where it is permitted. */

import { h } from "../../../vendor/preact.js";
import { useEffect, useState } from "../../../vendor/hooks.js";
import { _ } from "../../platform/i18n.js";
import { duration, shortTime } from "../../platform/dates.js";
import { plain, plainName } from "../../text/formatting.js";
import { nickClass } from "../../text/nick_colour.js";
import { useWorkspace } from "../context.js";
import { Dialog, MenuItem } from "../dialog.js";
import { Avatar } from "../icon.js";
import { closeAll } from "../ui.js";
import { isModerator, rankModes } from "../moderation.js";

/** @import { Buffer, Profile, UserCard, Workspace } from "../../model/types.js" */

/** @param {{nick: string, buffer: Buffer|null}} props */
export function User({ nick, buffer }) {
  const workspace = useWorkspace();
  const [card, setCard] = useState(/** @type {UserCard|null} */ (null));
  const [problem, setProblem] = useState("");
  useEffect(() => {
    workspace.actions
      .whois(nick)
      ?.then(setCard, (/** @type {Error} */ error) => setProblem(error.message));
  }, [nick]);
  void workspace.profiles.version.value;
  const profile = workspace.profiles.get(nick);
  const own = nick.toLowerCase() === workspace.me.nick.value.toLowerCase();
  const member = [...(buffer?.members.values() ?? [])].find(
    (each) => each.nick.toLowerCase() === nick.toLowerCase(),
  );
  return h(
    Dialog,
    { title: h("bdi", null, plainName(nick)), class: "menu-dialog user-dialog" },
    h(
      "div",
      { class: "user-head" },
      h(Avatar, { nick, colour: nickClass(nick), class: "large", picture: profile?.avatar }),
      h(
        "div",
        null,
        h("p", { dir: "auto" }, plainName(card?.realname ?? member?.realname ?? "")),
        h(
          "p",
          { class: "quiet" },
          member?.away || card?.away ? _("away") : card ? _("online") : problem || _("Loading…"),
        ),
      ),
    ),
    profile ? h(About, { profile }) : null,
    card ? h(Facts, { card }) : null,
    own ? null : h(Contact, { nick, workspace }),
    !own && buffer?.kind === "channel" && member && isModerator(workspace, buffer)
      ? h(Moderation, { nick: member.nick, buffer, workspace })
      : null,
  );
}

/** @param {{profile: Profile}} props */
function About({ profile }) {
  /** @type {[string, string][]} */
  const facts = [
    [_("Display name"), profile.displayName],
    [_("Pronouns"), profile.pronouns],
    [_("Status"), profile.status],
    [_("Colour"), profile.colour],
  ];
  const { homepage } = profile;
  return h(
    "dl",
    { class: "facts" },
    facts.map(([name, value]) =>
      value ? h("div", { key: name }, h("dt", null, name), h("dd", { dir: "auto" }, value)) : null,
    ),
    homepage
      ? h(
          "div",
          null,
          h("dt", null, _("Homepage")),
          h(
            "dd",
            { dir: "ltr" },
            h("a", { href: homepage, target: "_blank", rel: "noopener noreferrer" }, homepage),
          ),
        )
      : null,
  );
}

/** @param {{card: UserCard}} props */
function Facts({ card }) {
  /** @type {[string, string][]} */
  const facts = [
    [_("Account"), card.account],
    [_("Away"), plain(card.away)],
    [_("Address"), card.host],
    [_("Idle"), card.idle >= 0 ? duration(card.idle) : ""],
    [_("Since"), card.signon ? shortTime(card.signon) : ""],
    [_("Channels"), card.channels.map(plainName).join(" ")],
    [_("Rights"), card.operator ? _("operator of the server") : ""],
    [_("Program"), card.bot ? _("bot") : ""],
    [_("Connection"), card.secure ? _("encrypted") : ""],
  ];
  return h(
    "dl",
    { class: "facts" },
    facts.map(([name, value]) =>
      value ? h("div", { key: name }, h("dt", null, name), h("dd", { dir: "auto" }, value)) : null,
    ),
    card.more.map((line) => h("div", { key: line }, h("dd", { dir: "auto" }, plain(line)))),
  );
}

/** @param {{nick: string, workspace: Workspace}} props */
function Contact({ nick, workspace }) {
  const { actions } = workspace;
  const ignored = workspace.ignored.value.some((mask) => mask.toLowerCase() === nick.toLowerCase());
  return h(
    "div",
    null,
    h(MenuItem, {
      icon: "send",
      label: _("Write a private message"),
      onClick: () => {
        closeAll();
        actions.open(nick);
      },
    }),
    h(MenuItem, {
      icon: "mute",
      label: ignored ? _("Stop ignoring") : _("Ignore: hide all messages"),
      onClick: () => actions.ignore(nick, !ignored),
    }),
  );
}

/** @param {{nick: string, buffer: Buffer, workspace: Workspace}} props */
function Moderation({ nick, buffer, workspace }) {
  const { actions, features } = workspace;
  const [problem, setProblem] = useState("");
  const attempt = (/** @type {Promise<void>} */ done) =>
    void done.then(closeAll, (error) => setProblem(error.message));
  const member = [...buffer.members.values()].find((each) => each.nick === nick);
  const act = (/** @type {() => void} */ action) => () => {
    closeAll();
    action();
  };
  const modes = rankModes(features.value, buffer.myPrefixes.value);
  return h(
    "section",
    { class: "moderation", "aria-label": _("Moderation") },
    h("h3", null, _("Moderation in {channel}", { channel: plainName(buffer.name) })),
    modes.map(({ prefix, mode, name }) => {
      const has = !!member?.prefixes.includes(prefix);
      return h(MenuItem, {
        key: mode,
        icon: "shield",
        label: has ? _("Take away: {rank}", { rank: name }) : _("Make: {rank}", { rank: name }),
        onClick: act(() => actions.setRank(buffer, nick, mode, !has)),
      });
    }),
    features.value.mute
      ? h(MenuItem, {
          icon: "mute",
          label: _("Mute"),
          onClick: act(() => actions.mute(buffer, nick)),
        })
      : null,
    features.value.mute
      ? h(MenuItem, {
          icon: "bell",
          label: _("Unmute"),
          onClick: act(() => actions.unmute(buffer, nick)),
        })
      : null,
    h(ReasonForm, {
      problem,
      onKick: (reason) => attempt(actions.kick(buffer, nick, reason)),
      onBan: (reason) => attempt(banAndKick(workspace, buffer, nick, reason)),
    }),
  );
}

/**
 * @param {Workspace} workspace
 * @param {Buffer} buffer
 * @param {string} nick
 * @param {string} reason
 */
async function banAndKick({ actions }, buffer, nick, reason) {
  await actions.ban(buffer, nick);
  await actions.kick(buffer, nick, reason);
}

/**
 * @param {{problem: string, onKick: (reason: string) => void,
 *   onBan: (reason: string) => void}} props
 */
function ReasonForm({ problem, onKick, onBan }) {
  const [reason, setReason] = useState("");
  const given = reason.trim();
  return h(
    "div",
    { class: "reason-form" },
    h(
      "div",
      { class: "field" },
      h("label", { for: "kick-reason" }, _("Reason (others see it)")),
      h("input", {
        id: "kick-reason",
        value: reason,
        onInput: (/** @type {InputEvent} */ event) =>
          setReason(/** @type {HTMLInputElement} */ (event.currentTarget).value),
      }),
    ),
    h("p", { class: "problem", role: "alert" }, problem),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", class: "danger", onClick: () => onKick(given) }, _("Remove")),
      h(
        "button",
        { type: "button", class: "danger", onClick: () => onBan(given) },
        _("Remove and ban"),
      ),
    ),
  );
}
