"""Records of the history, and Hypothesis strategies for them."""

from hypothesis import strategies as st

from trio_chat.chat import multiline
from trio_chat.chat.history import Record
from trio_chat.chat.ids import first_id

NOW = first_id(1_790_000_000)


def record(number: int, buffer: str = "#a", text: str = "привет 😀") -> Record:
    """Return a message."""
    return Record(buffer, number, "PRIVMSG", "ann!a@h", "", text)


nicks = st.sampled_from(["ann", "борис", "[x]", "名前"])
texts = st.text(
    st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), min_size=1, max_size=60
)
many = st.lists(st.builds(multiline.Line, texts, st.booleans()), min_size=1, max_size=5).map(
    lambda several: multiline.join([several[0]._replace(is_joined=False), *several[1:]])
)
tag_values = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
tags = st.dictionaries(st.sampled_from(["+reply", "+a/b", "+ы"]), tag_values)
buffers = st.sampled_from(["#a", "#кухня", "#ß", "1,2", "1,~борис"])
records = st.builds(
    Record,
    buffers,
    st.integers(1, NOW),
    st.sampled_from(["PRIVMSG", "NOTICE"]),
    st.builds("{}!user@192.0.2.1".format, nicks),
    st.just("ann"),
    texts | many,
    tags,
    st.booleans(),
    st.just(()),
    st.booleans(),
    st.sampled_from([0, 0, 1, 10 * 365 * 86_400_000]),
    st.sampled_from([0, 1]),
)
