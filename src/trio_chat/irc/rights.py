"""Rights of server operators, one table: config.ini names them, and ERR_NOPRIVS names the missing
one.
"""

RIGHTS: dict[str, str] = {
    "kill": "disconnect people",
    "ban": "ban addresses and masks from the server, and see who is banned",
    "rehash": "have config.ini read again",
    "stats": "see what the server counts, and how operators are configured",
    "addresses": "see the real addresses of people, and be told who comes and goes",
    "wallops": "speak to everybody who wants to hear it",
    "channels": "change any channel, and bring people into or out of it",
    "accounts": "register and suspend the accounts of others",
    "shutdown": "stop the server",
}
