"""The harness itself: what a browser reports as an error fails the test."""

import sys
import threading
from collections.abc import Callable

import pytest
from harness import Server, Visitor, end_pages
from playwright.sync_api import Error

_PAGES = {
    "a script that throws": "<script>throw new Error('oops')</script>",
    "an error on the console": "<script>console.error('oops')</script>",
    "a rejected promise": "<script>Promise.reject(new Error('oops'))</script>",
    "a violation of the policy": (
        "<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\"><script>1</script>"
    ),
}


@pytest.mark.parametrize("kind", _PAGES)
def test_an_error_in_the_page_is_noticed(
    visit: Callable[..., Visitor], server: Server, kind: str
) -> None:
    """Exceptions, errors on the console and violations of the policy are all recorded."""
    visitor = visit(address="about:blank")
    visitor.page.set_content(_PAGES[kind])
    visitor.page.evaluate("0")
    assert visitor.unexpected_errors()
    visitor.expect_errors("oops|Content Security Policy")
    assert not visitor.unexpected_errors()


@pytest.mark.skipif(sys.platform != "linux", reason="the processes are found in /proc")
def test_a_page_that_does_not_answer_is_ended(
    visit: Callable[..., Visitor], server: Server
) -> None:
    """Its test fails then, rather than that it lasts for ever; the browser lives on."""
    visitor = visit(address="about:blank")
    timer = threading.Timer(0.5, end_pages)
    timer.start()
    with pytest.raises(Error, match="crash"):
        visitor.page.evaluate("for (;;);")
    timer.join()
    assert visitor.unexpected_errors()
    visitor.expect_errors("crash")
    assert visit(address="about:blank").page.evaluate("1") == 1
