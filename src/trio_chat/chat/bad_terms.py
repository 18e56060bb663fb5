"""Terms of a webhook or a filter that cannot be accepted as its maker has written them."""


class BadTerms(ValueError):
    """Something is wrong; the text is a sentence without its full stop.

    Args:
        text: the text.
        field: the name of the term that is wrong; "" where it is none alone.
    """

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field
