from collections.abc import Sequence

from trio_chat.chat.users import Session

def send_to_all(sessions: Sequence[Session], data: bytes, is_reply: bool, /) -> None: ...
