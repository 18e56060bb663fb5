"""`trio-chat doctor`: checks of what a server and a client need on this machine."""

from trio_chat.admin.doctor.report import run

__all__ = ["run"]
