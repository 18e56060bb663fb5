"""The commands of `trio-chat import`: each opens files for the importer."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from trio_chat.admin import import_report, in_cluster
from trio_chat.admin.console import report, report_error
from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.admin.importer import Importer, ImportOptions
from trio_chat.admin.progress import Progress
from trio_chat.admin.recorded import record_begin
from trio_chat.chat.accounts import Account
from trio_chat.chat.history import Record
from trio_chat.i18n import N_, _
from trio_chat.imports import messages
from trio_chat.imports.messages import ImportFileError, Skipped, SourceItems
from trio_chat.irc.names import CHANTYPES, fold_or_self
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.atomic_file import FileError
from trio_chat.storage import account_maintenance, json_lines, maintenance

if TYPE_CHECKING:
    from datetime import tzinfo


STANDARD_INPUT = Path("-")
"""Stands for standard input among the files of formats that are read from beginning to end."""


class OpenSource(NamedTuple):
    """A file that is being imported.

    Args:
        items: its messages.
        records: records of this program, instead of messages.
        position: returns the bytes that were read so far.
        problems: clauses about files in it that could not be read; reading may add some.
    """

    items: SourceItems
    position: Callable[[], int]
    records: Iterator[Record | Skipped] = iter(())
    problems: Sequence[str] = ()


Opener = Callable[[Path, ExitStack], OpenSource]
"""Opens a file, which the stack closes."""


def run(
    files: Sequence[Path],
    options: ImportOptions,
    network: str,
    opener: Opener,
    *,
    has_files: bool = False,
    accounts: Iterable[Account] = (),
    named: Sequence[tuple[str, Sequence[Path]]] = (),
) -> int:
    """Import files, and print a summary.

    Args:
        files: the files, which are read one after the other.
        options: the options.
        network: a word for the source.
        opener: opens one.
        has_files: whether attached files are next to each file.
        accounts: accounts that would be in the database if this were no trial.
        named: files that the summary names, by the words for them; reading may add some.

    Returns:
        the exit code: 1 if a file could not be read to its end.
    """
    failed = False
    instead = "" if options.is_dry else _(in_cluster.IMPORT)
    with maintenance.connected(options.database, instead=instead) as connection:
        if not options.is_dry:
            more = f" and {len(files) - 1} more" if files[1:] else ""
            what = f"HISTORY IMPORT {network or 'jsonl'}: {files[0]}{more}"
            record_begin(connection, "import", what)
        importer = Importer(connection, options, network, accounts)
        done, total = 0, sum(map(_size, files))
        with _advice(importer), Progress(_("Importing"), total) as progress:
            for file in files:
                importer.files.root = _root(file) if has_files else None
                try:
                    with ExitStack() as stack, _explained():
                        source = opener(file, stack)
                        for _each in chain(
                            importer.take(source.items), importer.take_records(source.records)
                        ):
                            progress(done + source.position())
                    if source.problems:
                        progress.clear()
                        import_report.tell_problems(_shown(file), source.problems)
                        failed = True
                except ImportFileError as error:
                    progress.clear()
                    report_error(f"{_shown(file)}: {error}")
                    failed = True
                done += _size(file)
            importer.flush()
    import_report.tell(importer, options, named)
    return FAILED if failed else OK


@contextmanager
def _advice(importer: Importer) -> Iterator[None]:
    """Tell what to do after an interruption, or when for example the disk is full."""
    try:
        yield
    except BaseException:
        if importer.has_written:
            report(_("What was imported stays. The same command goes on with the rest."))
        raise


def _shown(file: Path) -> str:
    return _("standard input") if file == STANDARD_INPUT else str(file)


def _root(file: Path) -> Path:
    """Return the directory in which the attached files of an export may be."""
    return (file if os.path.isdir(file) else file.parent).resolve()


def _size(file: Path) -> int:
    try:
        if os.path.isdir(file):
            return sum(each.stat().st_size for each in file.rglob("*.json"))
        return file.stat().st_size
    except OSError:
        return 0


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ImportFileError(
            _("cannot be read: {reason}").format(reason=error.strerror or error)
        ) from error


def _check_readable(path: Path) -> None:
    """Refuse a directory that cannot be read, in which a pattern finds nothing, or no file.

    Raises:
        FileError: it cannot be read.
    """
    try:
        with _explained():
            if os.path.isdir(path):
                os.listdir(path)
            else:
                path.stat()
    except ImportFileError as error:
        raise FileError(f"{path}: {error}") from error


def _named(paths: Sequence[Path], pattern: str) -> list[Path]:
    """Return the files that were named, also by their directories, and by patterns: the shells of
    Windows leave these to the program.
    """
    files: list[Path] = []
    for path in paths:
        if os.path.isdir(path):
            _check_readable(path)
            found = sorted(path.glob(pattern))
        elif "*" in path.name and not os.path.exists(path):
            found = sorted(path.parent.glob(path.name))
        else:
            found = [path]
        if not found:
            shown = escape_controls(str(path / pattern if os.path.isdir(path) else path))
            raise FileError(_("{file}: there are no such files").format(file=shown))
        files += found
    return files


def _stream(file: Path, stack: ExitStack) -> BinaryIO:
    return sys.stdin.buffer if file == STANDARD_INPUT else stack.enter_context(file.open("rb"))


def import_discord(files: Sequence[Path], options: ImportOptions) -> int:
    """Import documents of DiscordChatExporter."""
    from trio_chat.imports.discord import NETWORK, DiscordExport  # noqa: PLC0415

    def opened(file: Path, stack: ExitStack) -> OpenSource:
        export = DiscordExport(_stream(file, stack), file.parent)
        return OpenSource(export.items(), lambda: export.bytes_read)

    return run(_named(files, "*.json"), options, NETWORK, opened, has_files=True)


def import_slack(files: Sequence[Path], options: ImportOptions) -> int:
    """Import exports of Slack: archives, or directories."""
    from trio_chat.imports.slack import NETWORK, SlackExport  # noqa: PLC0415
    from trio_chat.imports.tree import Tree  # noqa: PLC0415

    def opened(file: Path, stack: ExitStack) -> OpenSource:
        tree = Tree(file)
        stack.callback(tree.close)
        export = SlackExport(tree)
        return OpenSource(export.items(), lambda: export.bytes_read, problems=export.problems)

    return run(files, options, NETWORK, opened, has_files=True)


def import_irc(
    directory: Path,
    options: ImportOptions,
    zone: "tzinfo",
    *,
    with_events: bool = False,
    encoding: str,
    own_nick: str = "",
) -> int:
    """Import the logs in a directory, or one log."""
    from trio_chat.imports.irc_logs import ENCODING, NETWORK, IrcLog  # noqa: PLC0415
    from trio_chat.imports.log_files import FoundLogs, find_logs, log_of, readable  # noqa: PLC0415

    before: tuple[PurePosixPath, IrcLog] | None = None
    guessed: list[Path] = []
    _check_readable(directory)
    found = FoundLogs([directory], [], []) if directory.is_file() else find_logs(directory)
    if not found.logs:
        words = (
            _(
                "{file}: there are no logs, but symbolic links, which are not followed: name what"
                " they lead to"
            )
            if found.links
            else _("{file}: there are no logs")
        )
        raise FileError(words.format(file=escape_controls(str(directory))))

    def opened(file: Path, stack: ExitStack) -> OpenSource:
        nonlocal before
        stream = stack.enter_context(file.open("rb"))
        # The whole path: messages have the same ids whichever directory was named.
        path = log_of(PurePosixPath(file.resolve().as_posix()))
        log = IrcLog(
            readable(stream),
            path,
            zone,
            with_events=with_events,
            encoding=encoding,
            own_nick=own_nick,
        )
        if before is not None and before[0] == path:
            log.follow(before[1])
        before = path, log

        def note() -> None:
            if not log.is_understood:
                found.others.append(file)
            elif log.is_guessed and encoding == ENCODING:
                guessed.append(file)

        stack.callback(note)
        return OpenSource(log.items(), stream.tell)

    named = (
        (N_("not understood as a log: {file}"), found.others),
        (N_("not all in UTF-8, so read as Windows-1252 (see --encoding): {file}"), guessed),
        (N_("a symbolic link, not followed: {file}"), found.links),
    )
    unnamed = len(found.others)
    code = run(found.logs, options, NETWORK, opened, named=named)
    if code == OK and len(found.others) == unnamed + len(found.logs):  # none is understood
        report_error(_("{file}: there are no logs").format(file=escape_controls(str(directory))))
        return FAILED
    return code


def import_ergo(files: Sequence[Path], options: ImportOptions) -> int:
    """Import accounts and history of Ergo, whatever the order of the files."""
    from trio_chat.admin.ergo_accounts import ErgoAccountImport  # noqa: PLC0415
    from trio_chat.imports import ergo_history  # noqa: PLC0415

    histories = [file for file in files if _begins_with(file, ergo_history.MAGIC)]
    others = [file for file in files if file not in histories]
    longest = options.settings.limits.lengths.nick
    instead = "" if options.is_dry else _(in_cluster.ADD_ACCOUNT)
    failed = False
    with maintenance.connected(options.database, instead=instead) as connection:
        accounts = ErgoAccountImport(connection, longest, is_dry=options.is_dry)
        for file in others:
            if not options.is_dry:
                record_begin(connection, "import", f"ACCOUNT IMPORT ergo: {file}")
            try:
                with _explained():
                    accounts.read(file)
            except ImportFileError as error:
                report_error(f"{file}: {error}")
                failed = True
    import_report.tell_accounts(accounts)

    def opened(file: Path, stack: ExitStack) -> OpenSource:
        history = ergo_history.ErgoHistory(file, accounts.names)
        stack.callback(history.close)
        size = _size(file)
        return OpenSource(history.items(), lambda: int(history.progress * size))

    if not histories:
        return FAILED if failed else OK
    trial = accounts.new if options.is_dry else ()
    code = run(histories, options, ergo_history.NETWORK, opened, accounts=trial)
    return FAILED if failed else code


def _begins_with(file: Path, magic: bytes) -> bool:
    try:
        with file.open("rb") as stream:
            return stream.read(len(magic)) == magic
    except OSError:
        return False


def import_jsonl(files: Sequence[Path], options: ImportOptions) -> int:
    """Import JSON Lines that this program has exported."""
    with maintenance.connected(options.database) as connection:
        numbers = account_maintenance.account_numbers(connection)

    def opened(file: Path, stack: ExitStack) -> OpenSource:
        stream = _stream(file, stack)
        records = _records(file, json_lines.read_lines(stream, numbers), options)
        position = (lambda: 0) if file == STANDARD_INPUT else stream.tell
        return OpenSource(iter(()), position, records)

    return run(_named(files, "*.jsonl"), options, "", opened)


def _records(
    file: Path, items: Iterator[Record | json_lines.InvalidLine], options: ImportOptions
) -> Iterator[Record | Skipped]:
    """Yield records in the channels that the operator wants, and report invalid lines."""
    names = {
        fold_or_self(_with_sign(old)): fold_or_self(new) for old, new in options.channels.items()
    }
    good = bad = 0
    for item in items:
        if isinstance(item, json_lines.InvalidLine):
            bad += 1
            if bad > json_lines.MOST_REPORTED and not good:
                break
            if bad <= json_lines.MOST_REPORTED:
                words = _("{file}, line {line}: {problem}")
                shown = words.format(file=_shown(file), line=item.number, problem=item.problem)
                report_error(shown)
            yield Skipped(messages.DAMAGED)
            continue
        good += 1
        if options.only_mapped and item.buffer not in names:
            yield Skipped(messages.NOT_CHOSEN)
        else:
            yield item._replace(buffer=names.get(item.buffer, item.buffer))
    if bad and not good:
        raise ImportFileError(_("the file is nothing that `trio-chat export` has written"))


def _with_sign(name: str) -> str:
    return name if name.startswith(CHANTYPES) else CHANTYPES + name
