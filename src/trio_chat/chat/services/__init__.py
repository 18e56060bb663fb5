"""The familiar faces: NickServ, ChanServ and ZNC's *playback answer what people and programs have
said for decades.
"""

from trio_chat.chat.services import chanserv, nickserv, nickserv_opers, settings, znc

__all__ = ["chanserv", "nickserv", "nickserv_opers", "settings", "znc"]
