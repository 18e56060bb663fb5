"""Webhooks, as maintenance makes and removes them."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from trio_chat.chat.bad_terms import BadTerms
from trio_chat.chat.hook_terms import HookTerms
from trio_chat.chat.hooks import LOBBY, MOST, Hook, digest_of, leads_back, make_secret
from trio_chat.i18n import _
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.refusals import InvalidValue, ResourceConflict, ResourceNotFound
from trio_chat.maintenance.rule_texts import translated


class MadeHook(NamedTuple):
    """A hook that was made.

    Args:
        hook: the hook.
        secret: the secret in its address; nothing keeps it.
    """

    hook: Hook
    secret: str


class HookMaker(NamedTuple):
    """The maker of a hook.

    Args:
        setter: the name that lists show.
        now: seconds of Unix time.
        cursor: the id of the newest message or event.
    """

    setter: str
    now: int
    cursor: int


def channel_number(registered: Mapping[str, int], lobby: str, folded: str) -> int:
    """Return the number by which hooks name a channel.

    Args:
        registered: the numbers of registered channels, by folded name.
        lobby: the name of the lobby; "" for none.
        folded: the folded name of the channel.

    Raises:
        ResourceNotFound: it is neither registered nor the lobby.
    """
    if folded in registered:
        return registered[folded]
    if lobby and fold_or_self(lobby) == folded:
        return LOBBY
    raise ResourceNotFound(
        _(
            "the channel {channel} is not registered: its operator does that in the chat, with"
            " /msg ChanServ REGISTER {channel}"
        ).format(channel=escape_controls(folded))
    )


def checked_terms(terms: HookTerms) -> HookTerms:
    """Return terms in the form in which they are compared.

    Raises:
        InvalidValue: something is wrong with them.
    """
    try:
        return terms.checked()
    except BadTerms as error:
        raise InvalidValue(translated(str(error)), error.field) from error


def new_hook(known: Collection[Hook], channel: int, terms: HookTerms, maker: HookMaker) -> MadeHook:
    """Return a hook to be stored.

    Args:
        known: the hooks that there are.
        channel: the number of its channel.
        terms: checked terms.
        maker: its maker.

    Raises:
        InvalidValue: an outgoing one would post to the channel itself.
        ResourceConflict: the channel has too many hooks.
    """
    if leads_back(known, channel, terms.url):
        raise InvalidValue(_("this is the address of a webhook of the channel itself"), "url")
    if sum(hook.channel == channel for hook in known) >= MOST:
        raise ResourceConflict(
            _("there are {most} webhooks already; remove some first").format(most=MOST)
        )
    secret = make_secret()
    made = terms.hook(digest_of(secret), channel, maker.setter, 0, maker.now, maker.cursor)
    return MadeHook(made, secret)


def existing_hook(known: Collection[Hook], wanted: str) -> Hook:
    """Return a hook by its id, or by its name where no other hook has it.

    Raises:
        ResourceNotFound: there is none.
        ResourceConflict: several have that name.
    """
    found = [hook for hook in known if wanted in (hook.id, hook.name)]
    if not found:
        raise ResourceNotFound(_("there is no webhook {id}").format(id=escape_controls(wanted)))
    if len(found) > 1:
        ids = " ".join(hook.id for hook in found)
        raise ResourceConflict(
            _("several webhooks have that name, give an id: {ids}").format(ids=ids)
        )
    return found[0]
