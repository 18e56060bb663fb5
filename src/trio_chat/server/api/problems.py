"""Problems: the errors of the API, as JSON (RFC 9457)."""

from http import HTTPStatus

from trio_chat.server.http.messages import Headers, HttpResponse, json_response

TYPE = "application/problem+json"


class ApiProblem(Exception):
    """A request is refused.

    Args:
        status: of the answer.
        detail: a sentence that says what to do next.
        field: the name of the field, parameter or header that is wrong, or "".
        headers: of the answer.
    """

    def __init__(self, status: int, detail: str, *, field: str = "", headers: Headers = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.field = field
        self.headers = headers


def problem_response(problem: ApiProblem, language: str) -> HttpResponse:
    """Return the answer for a problem, whose detail is in a language; the title says what the
    status means (RFC 9457), and is not translated.
    """
    value: dict[str, str | int] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": sentence(problem.detail),
    }
    if problem.field:
        value["field"] = problem.field
    headers = [
        ("Content-Type", TYPE),
        ("Content-Language", language),
        ("Vary", "Accept-Language"),
        *problem.headers,
    ]
    return json_response(value, problem.status, headers)


def sentence(text: str) -> str:
    """Return a clause as a sentence. A word with a colon, as in `config.ini: …`, is a name."""
    if not text.partition(" ")[0].endswith(":"):
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def not_found(what: str) -> ApiProblem:
    """Return the refusal for what does not exist.

    Args:
        what: a clause such as `there is no channel #a`.
    """
    return ApiProblem(404, what)
