"""The words of the search index, by which a search asks for whole words instead of a beginning.

FTS5 returns the messages with a whole word one after the other, the newest first, and can stop. For
the beginning of a word it copies the numbers of all messages with any such word, and sorts them,
before it returns the first one. That takes long where the word is common. A word is usually the
beginning of few others, so a search names them all.
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import apsw

_OPEN = """
    CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, term, instance)
"""
# A row for each place at which a word occurs, in the order of the words. Only the type `instance`
# finds the next word without counting the messages with this one.
_COUNT = """
    SELECT count(*), count(DISTINCT term)
    FROM (SELECT term FROM temp.vocabulary WHERE term >= ? AND term <= ? LIMIT ?)
"""
_NEXT = "SELECT term FROM temp.vocabulary WHERE term >= ? AND term <= ? LIMIT 1"
# What FTS5 reads for a range of words, in pages; perhaps some more. `term_idx` has the first word
# of each page of each segment of the index, and the number of the page, doubled.
_PAGES = """
    WITH RECURSIVE segment (id) AS (
        SELECT min(segid) FROM term_idx UNION ALL
        SELECT (SELECT min(segid) FROM term_idx WHERE segid > id) FROM segment WHERE id
    )
    SELECT sum(ifnull(
        (SELECT pgno FROM term_idx WHERE segid = id AND term > :last ORDER BY term LIMIT 1),
        (SELECT pgno FROM term_idx WHERE segid = id ORDER BY term DESC LIMIT 1)
    ) - ifnull(
        (SELECT pgno FROM term_idx WHERE segid = id AND term < :first ORDER BY term DESC LIMIT 1), 0
    ) + 2) / 2
    FROM segment WHERE id
"""
_TOKENIZER = ["remove_diacritics", "2", "categories", "L* N* Co Mn Mc"]
"""As the table `term` was made."""
_COMMON = 4096
"""Occurrences from which a word is common. FTS5 reads fewer of them in less than a millisecond."""
_MOST_RARE_WORDS = 16
"""Words that so many occurrences may have between them; of others there are probably far too many
with this beginning.
"""
_MOST_WORDS = 256
"""Words that are named instead of their beginning."""
_PAGES_OF_WORD = 8
"""Pages that FTS5 must not have to read for each of them: to name a word takes as long as to read
several.
"""
_FIRST, _LAST = "\1", "\U0010ffff"
"""Characters before and after all that occur in words."""


class Wanted(NamedTuple):
    """What a word of a query becomes.

    Args:
        expression: in the language of FTS5.
        occurrences: how often it occurs in the index, at most; None for a common word.
        is_ordered: whether FTS5 returns the first messages without reading all of them.
    """

    expression: str
    occurrences: int | None
    is_ordered: bool


class Vocabulary:
    """The words of the index. They are those of the moment at which each method reads them.

    Args:
        connection: to the database; it gets a temporary table.
    """

    def __init__(self, connection: "apsw.Connection") -> None:
        self._connection = connection
        self._tokenizer = connection.fts5_tokenizer("unicode61", _TOKENIZER)
        connection.execute(_OPEN)

    def wanted(self, phrase: str) -> Wanted:
        """Return what finds the messages with a phrase of FTS5, whose last word may be the
        beginning of a word.
        """
        tokens = self.tokens(phrase)
        if not tokens:
            return Wanted(phrase, 0, is_ordered=True)
        *before, begin = tokens
        is_beginning = phrase.endswith("*")
        end = begin + _LAST if is_beginning else begin
        most = _COMMON if is_beginning else _COMMON // 4  # nothing else is to be found out
        ((count, words),) = self._connection.execute(_COUNT, (begin, end, most))
        if count < most:
            return Wanted(phrase, count, is_ordered=True)
        if not is_beginning:
            return Wanted(phrase, None, is_ordered=True)
        if words > _MOST_RARE_WORDS:
            return Wanted(phrase, None, is_ordered=False)
        most = min(self._pages(begin, end) // _PAGES_OF_WORD, _MOST_WORDS)
        phrases = [[*before, word] for word in self._words(begin, end, most + 1)]
        # Words that the tokenizer would not read as they are written would not be found.
        if len(phrases) > most or any(self.tokens(" ".join(words)) != words for words in phrases):
            return Wanted(phrase, None, is_ordered=False)
        named = " OR ".join(f'"{" ".join(words)}"' for words in phrases)
        return Wanted(f"({named})", None, is_ordered=True)

    def tokens(self, text: str) -> list[str]:
        """Return the words of a phrase as they are indexed; none, if SQLite does not know its
        letters.
        """
        import apsw  # noqa: PLC0415

        found = self._tokenizer(
            text.encode(),
            apsw.FTS5_TOKENIZE_QUERY,
            None,
            include_offsets=False,
            include_colocated=False,
        )
        return [str(token) for token in found]

    def _pages(self, begin: str, end: str) -> int:
        first, last = (b"0" + word.encode() for word in (begin, end))  # 0 for words, not prefixes
        return int(self._connection.execute(_PAGES, {"first": first, "last": last}).get or 0)

    def _words(self, begin: str, end: str, most: int) -> list[str]:
        """Return up to so many words of a range."""
        words: list[str] = []
        while len(words) < most:
            word = self._connection.execute(_NEXT, (begin, end)).get
            if word is None:
                break
            words.append(str(word))
            begin = words[-1] + _FIRST
        return words
