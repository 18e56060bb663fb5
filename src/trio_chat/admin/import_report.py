"""The summary of an import: channels, people, and what was skipped."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.admin.console import report, report_error, write_lines
from trio_chat.i18n import _, ngettext

if TYPE_CHECKING:
    from trio_chat.admin.ergo_accounts import ErgoAccountImport
    from trio_chat.admin.importer import Importer, ImportOptions

_MOST = 50
"""Channels or people that are listed."""


def tell(
    importer: "Importer",
    options: "ImportOptions",
    named: Sequence[tuple[str, Sequence[Path]]] = (),
) -> None:
    """Print the summary of an import.

    Args:
        importer: the import.
        options: its options.
        named: files that it names, by the words for them.
    """
    totals = importer.totals
    lines = []
    for name, count in totals.messages.most_common(_MOST):
        words = ngettext(
            "{channel}: {count} message, {new} new",
            "{channel}: {count} messages, {new} new",
            count,
        )
        lines.append(words.format(channel=name, count=count, new=totals.new[name]))
    lines += _more(len(totals.messages))
    if people := len(importer.rules.nicknames.speakers):
        lines.append(_("people: {count}").format(count=people))
    if options.is_dry:
        lines += _people(importer)
    for reason, count in totals.skipped.most_common():
        lines.append(_("left out: {what}: {count}").format(count=count, what=_(reason)))
    if importer.files.stored:
        lines.append(
            _("attached files that are uploads now: {count}").format(count=importer.files.stored)
        )
    for reason, count in importer.files.failed.most_common():
        lines.append(_("left out: {what}: {count}").format(count=count, what=_(reason)))
    for words, files in named:
        lines += [_(words).format(file=file) for file in files[:_MOST]]
        lines += _more(len(files))
    write_lines((line,) for line in lines)
    new = totals.new.total()
    report(ngettext("{count} message is new.", "{count} messages are new.", new).format(count=new))
    if options.is_dry:
        report(_("Nothing was written, because of --dry-run."))


def tell_problems(file: str, problems: Sequence[str]) -> None:
    """Report what in a file could not be read.

    Args:
        file: the file.
        problems: a clause for each part of it.
    """
    for line in [*problems[:_MOST], *_more(len(problems))]:
        report_error(f"{file}: {line}")


def tell_accounts(accounts: "ErgoAccountImport") -> None:
    """Print the summary of imported accounts."""
    lines = [_("accounts that are new: {count}").format(count=len(accounts.new))]
    for reason, count in accounts.skipped.most_common():
        lines.append(_("left out: {what}: {count}").format(what=_(reason), count=count))
    write_lines((line,) for line in lines)


def _people(importer: "Importer") -> list[str]:
    nicknames = importer.rules.nicknames
    lines = [
        _("{name} is {nick} here").format(name=nicknames.names[key], nick=speaker.nick)
        + (_(" (the account)") if speaker.account is not None else "")
        for key, speaker in list(nicknames.speakers.items())[:_MOST]
    ]
    return lines + _more(len(nicknames.speakers))


def _more(count: int) -> list[str]:
    return [_("and {count} more").format(count=count - _MOST)] if count > _MOST else []
