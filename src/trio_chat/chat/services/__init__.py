"""The familiar faces: NickServ and ChanServ answer what people have typed for decades."""

from trio_chat.chat.services import chanserv, nickserv

__all__ = ["chanserv", "nickserv"]
