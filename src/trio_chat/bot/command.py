"""Commands of a bot: their names, arguments and help, from the signature of the function.

Parameters after the message are words, converted by their annotations; a keyword-only parameter
takes the rest of the line.
"""

import inspect
from collections.abc import Awaitable, Callable
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from trio_chat.bot.message import ChatMessage

Handler = Callable[..., Awaitable[None] | None]
"""Takes the message, and the arguments of the command; may be asynchronous."""
_YES = frozenset({"yes", "on", "true", "1"})
_NO = frozenset({"no", "off", "false", "0"})


class CommandError(Exception):
    """What a user asked for cannot be done; the bot answers with the text of the exception."""


class CommandArgument(NamedTuple):
    """A parameter of a command.

    Args:
        name: as help shows it.
        convert: returns the value for a word; raises ValueError for a word that is not allowed.
        is_optional: whether it may be left out.
        is_rest: whether it takes the rest of the line.
    """

    name: str
    convert: Callable[[str], Any]
    is_optional: bool
    is_rest: bool

    @property
    def usage(self) -> str:
        """The argument as help shows it."""
        shown = f"<{self.name.replace('_', ' ')}>"
        return f"[{shown}]" if self.is_optional else shown


class BotCommand:
    """One command.

    Args:
        name: the word that calls it, in lower case.
        handler: carries it out; the first line of its docstring is the help.
        when_missed: whether it is carried out for a message that was sent while the bot was away.

    Raises:
        TypeError: the signature of the handler has parameters that no line could fill.
    """

    def __init__(self, name: str, handler: Handler, *, when_missed: bool) -> None:
        self.name = name
        self.when_missed = when_missed
        self.help = (inspect.getdoc(handler) or "").partition("\n")[0]
        self._handler = handler
        self._arguments = _arguments(handler)

    @property
    def usage(self) -> str:
        """The command with its arguments."""
        return " ".join((self.name, *(argument.usage for argument in self._arguments)))

    def values(self, rest: str) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional and the keyword arguments for the text after the name.

        Raises:
            CommandError: the text does not fit; the message shows the usage.
        """
        words, values = rest.strip(), {}
        positional: list[Any] = []
        for argument in self._arguments:
            if argument.is_rest:
                word, words = words, ""
            else:
                word, *others = words.split(maxsplit=1) if words else [""]
                words = others[0] if others else ""
            if not word:
                if argument.is_optional:
                    continue  # what takes the rest of the line may still be required
                raise CommandError(f"Usage: {self.usage}")
            value = self._converted(argument, word)
            if argument.is_rest:
                values[argument.name] = value
            else:
                positional.append(value)
        if words:
            raise CommandError(f"Usage: {self.usage}")
        return positional, values

    async def __call__(self, message: ChatMessage, rest: str) -> None:
        """Carry the command out.

        Raises:
            CommandError: it cannot be done, or the text after the name does not fit.
        """
        positional, values = self.values(rest)
        waiting = self._handler(message, *positional, **values)
        if waiting is not None:
            await waiting

    def _converted(self, argument: CommandArgument, word: str) -> Any:
        try:
            return argument.convert(word)
        except (ValueError, ArithmeticError):  # the latter by Decimal and Fraction, and of inf
            raise CommandError(f"{word[:50]} is no {argument.name}. Usage: {self.usage}") from None


def _arguments(handler: Handler) -> list[CommandArgument]:
    hints = get_type_hints(handler, include_extras=True)
    everything = list(inspect.signature(handler).parameters.values())
    parameters, kinds = everything[1:], {each.kind for each in everything}
    rest = [each for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY]
    is_odd = bool(kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD})
    if is_odd or not everything or len(rest) > 1:
        raise TypeError(
            f"{handler.__qualname__}: a command has the message, words, and at most one"
            " keyword-only parameter for the rest of the line"
        )
    return [
        CommandArgument(
            each.name,
            _conversion(hints.get(each.name, str)),
            each.default is not inspect.Parameter.empty,
            each.kind is inspect.Parameter.KEYWORD_ONLY,
        )
        for each in parameters
    ]


def _conversion(hint: Any) -> Callable[[str], Any]:
    """Return what makes a value of a word: the annotation itself, that of `X | None`, or the
    function in `Annotated[X, function]`.
    """
    choices = [each for each in get_args(hint) if each is not type(None)]
    is_optional = len(choices) == 1 and get_origin(hint) in (Union, UnionType)
    found = choices[0] if is_optional else hint
    if get_origin(found) is Annotated:
        bare, *extras = get_args(found)
        found = next((each for each in extras if callable(each)), bare)
    if found is bool:
        return _truth
    # One of several types, and a list of words, would be taken for something else.
    if not callable(found) or get_args(found):
        raise TypeError(f"{hint!r} does not say how a word becomes a value")
    return found  # type: ignore[no-any-return]


def _truth(word: str) -> bool:
    """Return whether a word says yes; bool() takes every word for that, also "no".

    Raises:
        ValueError: it says neither yes nor no.
    """
    lower = word.lower()
    if lower not in _YES | _NO:
        raise ValueError
    return lower in _YES
