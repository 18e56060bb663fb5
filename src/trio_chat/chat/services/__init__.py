"""Services: NickServ, ChanServ and ZNC's *playback, with the commands that users and clients
know.
"""

from trio_chat.chat.services import chanserv, devices, nickserv, nickserv_opers, settings, znc

__all__ = ["chanserv", "devices", "nickserv", "nickserv_opers", "settings", "znc"]
