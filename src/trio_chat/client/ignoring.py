"""The commands of the ignore list: `/ignore` and `/unignore`."""

from trio_chat.client.registry import Actions, command
from trio_chat.client.session.ignore_list import LONGEST_MASK, MOST_IGNORED, IgnoreList
from trio_chat.i18n import N_, _


@command(
    N_("[nickname or mask …]"),
    N_("hides a user's messages, also in the history; without a name: shows the list"),
    0,
    1,
    people=True,
)
async def _ignore(client: Actions, words: list[str]) -> None:
    wanted, known = _words(words), client.ignored.words
    if not wanted:
        await client.tell(_shown(client.ignored))
    elif any(len(word) > LONGEST_MASK for word in wanted):
        await client.tell(
            _("A mask has at most {most} characters.").format(most=LONGEST_MASK), error=True
        )
    elif len(known) + len(wanted) > MOST_IGNORED:
        text = _("The ignore list is full: {most}. /unignore makes room.")
        await client.tell(text.format(most=MOST_IGNORED), error=True)
    else:
        is_kept = await client.change_ignored(wanted, [])
        await client.tell(
            _("Hidden from now on: {names}").format(names=", ".join(wanted))
            + _until(is_kept=is_kept)
        )


@command(
    N_("nickname or mask …"),
    N_("shows the messages of a user again; * means all ignored users"),
    1,
    1,
    people=True,
)
async def _unignore(client: Actions, words: list[str]) -> None:
    known = {word.casefold(): word for word in client.ignored.words}
    wanted = [*known.values()] if words == ["*"] and "*" not in known else _words(words)
    missing = [word for word in wanted if word.casefold() not in known]
    found = [known[word.casefold()] for word in wanted if word.casefold() in known]
    if missing:
        text = _("Not ignored: {names}. /ignore shows the list.")
        await client.tell(text.format(names=", ".join(missing)), error=True)
    if found:
        is_kept = await client.change_ignored([], found)
        await client.tell(
            _("Shown again: {names}").format(names=", ".join(found)) + _until(is_kept=is_kept)
        )
    elif not missing:
        await client.tell(_shown(client.ignored))


def _words(words: list[str]) -> list[str]:
    return [*dict.fromkeys(" ".join(words).replace(",", " ").split())]


def _shown(ignored: IgnoreList) -> str:
    if not ignored.words:
        return _("You ignore nobody.")
    text = _("You ignore: {names}. /unignore with a name ends that.")
    return text.format(names=", ".join(ignored.words))


def _until(*, is_kept: bool) -> str:
    return (
        ""
        if is_kept
        else " " + _("(only until you leave: the file of the client's state cannot be written)")
    )
