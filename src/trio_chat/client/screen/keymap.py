"""Key bindings in one table, from which the help on F1 is made. All other keys go to the prompt."""

from typing import NamedTuple

from trio_chat.client.screen.terminal_control import CAN_SUSPEND
from trio_chat.i18n import N_


class Binding(NamedTuple):
    """One action and its keys.

    Args:
        keys: the names that urwid gives the keys.
        shown: the names that users know.
        action: the name of the action in the controller's table.
        help: the effect, in a sentence without a subject.
    """

    keys: tuple[str, ...]
    shown: str
    action: str
    help: str


BINDINGS = (
    Binding(("f1",), "F1", "show_keys", N_("shows the keys")),
    Binding(
        ("ctrl n", "meta down"), "Ctrl-N, Alt-↓", "next_buffer", N_("goes to the next channel")
    ),
    Binding(
        ("ctrl p", "meta up"),
        "Ctrl-P, Alt-↑",
        "previous_buffer",
        N_("goes to the previous channel"),
    ),
    Binding(
        tuple(f"meta {digit}" for digit in "123456789"),
        "Alt-1 … Alt-9",
        "go_number",
        N_("goes to the channel with that number"),
    ),
    Binding(
        ("ctrl g", "meta g"),
        "Ctrl-G",
        "jump",
        N_("goes to a channel by some letters of its name"),
    ),
    Binding(("ctrl f",), "Ctrl-F", "find", N_("finds in what is loaded, while you type")),
    Binding(("meta a",), "Alt-A", "next_unread", N_("goes to what is unread, mentions first")),
    Binding(("ctrl t",), "Ctrl-T", "go_back", N_("goes back to where you were before")),
    Binding(("page up",), "PgUp", "page_up", N_("scrolls back; older messages are fetched")),
    Binding(("page down",), "PgDn", "page_down", N_("scrolls forward")),
    Binding(
        ("ctrl home", "meta home"),
        "Ctrl-Home",
        "to_start",
        N_("goes to the oldest message there is"),
    ),
    Binding(("ctrl end", "meta end"), "Ctrl-End", "to_end", N_("goes to the newest message")),
    Binding(("meta u",), "Alt-U", "to_unread", N_("goes to the line of what is new")),
    Binding(
        ("shift up", "meta k"),
        "Shift-↑, Alt-K",
        "select_up",
        N_("selects a message: /reply, /react and /redact mean it; ↑ ↓ go on"),
    ),
    Binding(
        ("shift down", "meta j"), "Shift-↓, Alt-J", "select_down", N_("selects the next message")
    ),
    Binding((), "1 … 9, 0", "vote", N_("chooses an option of the selected poll")),
    Binding(
        ("ctrl r", "meta r"),
        "Ctrl-R, Alt-R",
        "reply",
        N_("answers the selected message, or the last one"),
    ),
    Binding(
        ("f7",),
        "F7",
        "translate",
        N_("translates the selected message, or the last one; again: removes that"),
    ),
    Binding(("f3",), "F3", "toggle_buffers", N_("shows or hides the list of channels")),
    Binding(("f4",), "F4", "toggle_members", N_("shows or hides who is here")),
    Binding(
        ("f5",), "F5", "toggle_bare", N_("shows only what was said, to be copied with the mouse")
    ),
    Binding(("f8", "meta m"), "F8, Alt-M", "show_mentions", N_("shows who mentioned you")),
    Binding(("ctrl l",), "Ctrl-L", "redraw", N_("draws the screen anew")),
    Binding(
        ("ctrl x",),
        "Ctrl-X",
        "edit_outside",
        N_("edits what is typed in your editor ($VISUAL or $EDITOR)"),
    ),
    *(
        (Binding(("ctrl z",), "Ctrl-Z", "suspend", N_("goes back to the shell; fg comes back")),)
        if CAN_SUSPEND
        else ()
    ),
    Binding(
        ("esc",), "Esc", "escape", N_("closes a page, ends a selection, goes to the newest message")
    ),
    Binding(
        ("ctrl c",),
        "Ctrl-C",
        "interrupt",
        N_("removes what is typed; twice on an empty line: leaves"),
    ),
    Binding(("ctrl d",), "Ctrl-D", "end_of_input", N_("leaves, on an empty line")),
)
PROMPT_KEYS = (
    ("Enter", N_("sends what is typed")),
    ("Alt-Enter, Ctrl-J", N_("begins another line of the same message")),
    ("Tab", N_("completes a nickname, a channel, a command or :emoji; again: the next one")),
    ("↑ ↓", N_("brings back what was typed before")),
    ("Ctrl-A Ctrl-E", N_("go to the beginning and the end of the line")),
    ("Alt-B Alt-F", N_("go back and forward by a word")),
    ("Ctrl-W Ctrl-U Ctrl-K", N_("delete a word, all before, all behind the cursor")),
    ("Ctrl-Y", N_("brings back what was deleted so")),
    ("Ctrl-_ Alt-_", N_("undoes, and does again")),
)
ACTIONS = {key: binding.action for binding in BINDINGS for key in binding.keys}
