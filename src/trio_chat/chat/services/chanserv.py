"""ChanServ: registered channels, whose topic, modes, lists and access persist across restarts."""

from datetime import UTC, datetime

from trio_chat.chat import retention
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    AccessSet,
    ChannelDropped,
    ChannelRegistered,
    ChannelTransferred,
    RankSet,
    RetentionSet,
)
from trio_chat.chat.channel_registration import OFF, ChannelRegistration, parse_history
from trio_chat.chat.channels import Channel
from trio_chat.chat.policy import is_operator, may_grant
from trio_chat.chat.registered_channels import SERVICE
from trio_chat.chat.registry import SERVICES, Request, command
from trio_chat.chat.services import hook_service, invitation_service
from trio_chat.chat.services.service import LOG_IN_FIRST, Service
from trio_chat.chat.world import World
from trio_chat.irc import modes
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.plurals import counted

CHANSERV = Service(SERVICE)
answer = CHANSERV.answer

_RANK_NAMES = {
    "admin": modes.ADMIN,
    "op": modes.OPERATOR,
    "halfop": modes.HALF_OPERATOR,
    "voice": modes.VOICE,
}


@command(
    "CHANSERV",
    ":<command>",
    help="Send a command to ChanServ, which registers channels; CHANSERV HELP lists them.",
)
def chanserv_command(request: Request) -> None:
    """Send a command to ChanServ without a nickname, which another user could have on another
    server.
    """
    CHANSERV.handle(request, " ".join(request.params))


@command("CS", ":<command>", help="Short for CHANSERV.")
def cs_command(request: Request) -> None:
    """Speak to ChanServ."""
    CHANSERV.handle(request, " ".join(request.params))


def find_channel(request: Request, name: str) -> Channel | None:
    """Return a channel that the user may know of, or reply that there is none."""
    channel = request.world.channels.get(fold_or_self(name))
    if channel is None or (
        modes.SECRET in channel.flags
        and request.user not in channel.members
        and not _is_owner(request, channel)
    ):
        answer(request, f"There is no channel {name}.")
        return None
    return channel


def _is_owner(request: Request, channel: Channel) -> bool:
    registration = channel.registration
    return (
        registration is not None
        and bool(request.user.account_id)
        and registration.owner == request.user.account_id
    )


def _owner(request: Request, registration: ChannelRegistration) -> str:
    return request.world.account_name(registration.owner)


def _own_channel(request: Request, name: str) -> tuple[Channel, ChannelRegistration] | None:
    """Return a channel that belongs to the user, or reply that it does not."""
    channel = find_channel(request, name)
    if channel is None:
        return None
    if channel.registration is None:
        answer(request, f"{channel.name} is not registered.")
    elif not _is_owner(request, channel):
        answer(
            request,
            f"{channel.name} belongs to {_owner(request, channel.registration)}, not to you.",
        )
    else:
        return channel, channel.registration
    return None


@CHANSERV.command("REGISTER", "<#channel>", 1, "makes a channel in which you are operator yours")
def _register(request: Request, words: list[str]) -> None:
    world, user = request.world, request.user
    channel = find_channel(request, words[0])
    if channel is None:
        return
    owned = _owned(world, user.account_id)
    if not user.account:
        answer(request, LOG_IN_FIRST)
    elif channel.registration is not None:
        answer(
            request, f"{channel.name} belongs to {_owner(request, channel.registration)} already."
        )
    elif not is_operator(user, channel):
        answer(request, f"You are not an operator of {channel.name}.")
    elif owned >= world.lengths.channels_per_account:
        answer(
            request,
            f"You have {counted(owned, 'channel')} already, which is as many as one can have.",
        )
    else:
        request.reply.emit_all(apply(world, ChannelRegistered(channel.folded, user.folded)))
        answer(
            request,
            f"{channel.name} is yours: its topic, modes and lists stay, also when nobody is there.",
        )


def _owned(world: World, account: int) -> int:
    return sum(
        channel.registration is not None and channel.registration.owner == account
        for channel in world.channels.values()
    )


@CHANSERV.command("DROP", "<#channel>", 1, "gives a channel up")
def _drop(request: Request, words: list[str]) -> None:
    found = _own_channel(request, words[0])
    if found:
        request.reply.emit_all(apply(request.world, ChannelDropped(found[0].folded)))
        answer(request, f"{found[0].name} belongs to nobody now.")


@CHANSERV.command("TRANSFER", "<#channel> <account>", 2, "gives a channel to somebody else")
def _transfer(request: Request, words: list[str]) -> None:
    found = _own_channel(request, words[0])
    if found is None or request.world.accounts is None:
        return
    channel, _ = found
    account = request.world.accounts.known.get(fold_or_self(words[1]))
    if account is None:
        answer(request, f"There is no account {words[1]}.")
        return
    if _owned(request.world, account.id) >= request.world.lengths.channels_per_account:
        answer(request, f"{account.name} has as many channels already as one can have.")
        return
    change = ChannelTransferred(channel.folded, account.id)
    request.reply.emit_all(apply(request.world, change))
    answer(request, f"{channel.name} belongs to {account.name} now.")


@CHANSERV.command("INFO", "<#channel>", 1, "shows to whom a channel belongs")
def _info(request: Request, words: list[str]) -> None:
    channel = find_channel(request, words[0])
    if channel is None:
        return
    if channel.registration is None:
        answer(request, f"{channel.name} is not registered.")
        return
    since = datetime.fromtimestamp(channel.registration.since, UTC)
    answer(
        request,
        f"{channel.name} belongs to {_owner(request, channel.registration)}, since"
        f" {since:%Y-%m-%d}.",
    )


@CHANSERV.command(
    "ACCESS",
    "<#channel> LIST | ADD <account> admin|op|halfop|voice | DEL <account>",
    2,
    "says who gets which rank on joining",
)
def _access(request: Request, words: list[str]) -> None:
    found = _own_channel(request, words[0])
    if found is None:
        return
    channel, registration = found
    verb, name, rank = (words[1].upper(), *words[2:4], "", "")[:3]
    if verb == "LIST":
        names = {
            request.world.account_name(account): letter
            for account, letter in registration.access.items()
        }
        for name, letter in sorted(names.items()):
            answer(
                request,
                f"{name}: {next(word for word, known in _RANK_NAMES.items() if known == letter)}",
            )
        count = len(registration.access)
        have = "1 account has" if count == 1 else f"{count} accounts have"
        answer(request, f"{have} access to {channel.name}.")
    elif verb == "ADD" and rank.lower() in _RANK_NAMES:
        _grant(request, channel, registration, name, _RANK_NAMES[rank.lower()])
    elif verb == "DEL" and name:
        accounts = request.world.accounts
        account = accounts.known.get(fold_or_self(name)) if accounts else None
        if account is not None:
            apply(request.world, AccessSet(channel.folded, account.id, ""))
        answer(request, f"{name} has no access to {channel.name} now.")
    else:
        answer(request, f"Usage: /msg {CHANSERV.name} {CHANSERV.commands['ACCESS'].usage}")


def _grant(
    request: Request, channel: Channel, registration: ChannelRegistration, name: str, letter: str
) -> None:
    accounts = request.world.accounts
    account = accounts.known.get(fold_or_self(name)) if accounts else None
    if account is None:
        answer(request, f"There is no account {name}.")
    elif (
        account.id not in registration.access
        and len(registration.access) >= request.world.lengths.access_entries
    ):
        answer(request, f"The list of {channel.name} is full.")
    else:
        apply(request.world, AccessSet(channel.folded, account.id, letter))
        answer(request, f"{account.name} has access to {channel.name} now.")


@CHANSERV.command(
    "SET",
    "<#channel> HISTORY <days>|OFF|DEFAULT",
    3,
    "says how long messages are remembered, or that they are not",
)
def _set(request: Request, words: list[str]) -> None:
    found = _own_channel(request, words[0])
    storage = request.world.storage
    if found is None or storage is None:
        return
    channel, _ = found
    setting = parse_history(words[2])
    if words[1].upper() != "HISTORY" or setting is None:
        answer(request, f"Usage: /msg {CHANSERV.name} {CHANSERV.commands['SET'].usage}")
        return
    apply(request.world, RetentionSet(channel.folded, setting.days))
    number = retention.days(storage, channel)
    if number == OFF:
        answer(
            request,
            f"Nothing that is said in {channel.name} is remembered now; what was is deleted within"
            " the hour.",
        )
    elif number:
        how_long = "a day" if number == 1 else f"{number} days"
        answer(request, f"What is said in {channel.name} is remembered for {how_long}.")
    else:
        answer(request, f"What is said in {channel.name} is remembered for ever.")


@CHANSERV.command(
    "INVITATION",
    "<#channel> CREATE [<uses>] [<duration>] | LIST | REVOKE <id>|*",
    2,
    "makes links by which others join a channel, also a closed one",
)
def _invitation(request: Request, words: list[str]) -> None:
    request.locally(lambda: _carry_out_invitation(request, words))


def _carry_out_invitation(request: Request, words: list[str]) -> None:
    channel = find_channel(request, words[0])
    if channel is not None:
        invitation_service.carry_out(CHANSERV, request, channel, words[1:])


@CHANSERV.command(
    "HOOK",
    "<#channel> ADD <name> [<URL>] [signing=… events=… nicks=… words=…] | LIST | DEL <id> | ENABLE"
    " <id>",
    2,
    "makes addresses at which programs write to a channel, or sends its messages to a URL",
)
def _hook(request: Request, words: list[str]) -> None:
    request.locally(lambda: _carry_out_hook(request, words))


def _carry_out_hook(request: Request, words: list[str]) -> None:
    channel = find_channel(request, words[0])
    if channel is not None:
        hook_service.carry_out(CHANSERV, request, channel, words[1:])


@CHANSERV.command("OP", "<#channel> [<nickname>]", 1, "makes you, or a member, an operator")
def _op(request: Request, words: list[str]) -> None:
    _set_rank(request, words, "o", adding=True)


@CHANSERV.command("DEOP", "<#channel> [<nickname>]", 1, "takes that back")
def _deop(request: Request, words: list[str]) -> None:
    _set_rank(request, words, "o", adding=False)


@CHANSERV.command("VOICE", "<#channel> [<nickname>]", 1, "gives you, or a member, a voice")
def _voice(request: Request, words: list[str]) -> None:
    _set_rank(request, words, "v", adding=True)


@CHANSERV.command("DEVOICE", "<#channel> [<nickname>]", 1, "takes that back")
def _devoice(request: Request, words: list[str]) -> None:
    _set_rank(request, words, "v", adding=False)


def _set_rank(request: Request, words: list[str], letter: str, *, adding: bool) -> None:
    channel = find_channel(request, words[0])
    if channel is None:
        return
    right = channel.registration.rank_of(request.user.account_id) if channel.registration else ""
    other = request.world.users.get(fold_or_self(words[1])) if len(words) > 1 else request.user
    if not right or (
        not may_grant(right, letter) and (right != letter or other is not request.user)
    ):
        answer(request, f"You have no right to do that in {channel.name}.")
    elif other is None or other not in channel.members:
        answer(request, f"{words[-1]} is not in {channel.name}.")
    else:
        change = RankSet(channel.folded, other.folded, letter, adding)
        request.reply.emit_all(apply(request.world, change))


SERVICES[fold_or_self(CHANSERV.name)] = CHANSERV.handle
