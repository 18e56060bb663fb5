"""Rights of server operators: config.ini grants them, and ERR_NOPRIVS names the missing one."""

from typing import Final

RIGHTS: Final[dict[str, str]] = {
    "kill": "disconnect users",
    "ban": "ban addresses and masks from the server, and list the bans",
    "rehash": "reload config.ini",
    "stats": "see the statistics of the server, and how operators are configured",
    "addresses": "see the real addresses of users, and receive notices of connections",
    "wallops": "send a message to every user with the mode +w",
    "channels": "change any channel, and move users into or out of it",
    "moderate": "set filters and raid mode of the server, decide on reports and held messages",
    "accounts": "register and suspend the accounts of others",
    "shutdown": "stop the server",
}
