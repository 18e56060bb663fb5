"""Preferences of accounts and their defaults: one table.

The operator's settings have priority: an account cannot enable what the server disables.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from trio_chat.chat.account_rules import AccountRules

ALWAYS_ON: Final = "always-on"
AUTO_AWAY: Final = "auto-away"
MULTICLIENT: Final = "multiclient"
REPLAY: Final = "replay"

Choices = dict[str, bool]
"""The choices of an account, by the names of the preferences; the server's default applies to
missing ones.
"""


class Preference(NamedTuple):
    """A setting that users can turn on and off.

    Args:
        meaning: its effect, as help shows it.
        resolve: returns the effective value for the operator's rules and a choice (None for no
            choice).
        is_fixed: returns whether the rules permit no choice.
    """

    meaning: str
    resolve: Callable[[AccountRules, bool | None], bool]
    is_fixed: Callable[[AccountRules], bool]


def _always_on(rules: AccountRules, chosen: bool | None) -> bool:
    if rules.always_on in ("off", "all"):
        return rules.always_on == "all"
    return rules.always_on == "opt-out" if chosen is None else chosen


PREFERENCES: Final[dict[str, Preference]] = {
    ALWAYS_ON: Preference(
        "you stay in your channels while none of your devices is connected",
        _always_on,
        lambda rules: rules.always_on in ("off", "all"),
    ),
    AUTO_AWAY: Preference(
        "you are shown as away meanwhile",
        lambda rules, chosen: rules.auto_away if chosen is None else chosen,
        lambda rules: False,
    ),
    MULTICLIENT: Preference(
        "several of your devices can share your nickname",
        lambda rules, chosen: rules.multi_session and chosen is not False,
        lambda rules: not rules.multi_session,
    ),
    REPLAY: Preference(
        "you are shown what was said before when you join a channel or come back; a bot (+B) only"
        " when it has chosen so",
        lambda rules, chosen: chosen is not False,
        lambda rules: False,
    ),
}


class Preferences:
    """The choices of all accounts, by their numbers.

    Args:
        rules: the operator's rules.
    """

    def __init__(self, rules: AccountRules) -> None:
        self.rules = rules
        self._chosen: dict[int, Choices] = {}

    def is_on(self, account: int, name: str) -> bool:
        """Return whether a preference holds for an account."""
        return PREFERENCES[name].resolve(self.rules, self.chosen(account).get(name))

    def chosen(self, account: int) -> Choices:
        """Return what an account has chosen; not to be changed."""
        return self._chosen.get(account, {})

    def all(self) -> dict[int, Choices]:
        """Return what accounts have chosen; not to be changed."""
        return self._chosen

    def choose(self, account: int, name: str, value: bool | None) -> None:
        """Take a choice; None for whatever the server has."""
        choices = self.chosen(account) | ({} if value is None else {name: value})
        if value is None:
            choices.pop(name, None)
        self.restore(account, choices)

    def restore(self, account: int, choices: Choices) -> None:
        """Take all choices of an account as they were kept."""
        known = {name: bool(value) for name, value in choices.items() if name in PREFERENCES}
        self._chosen.pop(account, None)
        if known:
            self._chosen[account] = known
