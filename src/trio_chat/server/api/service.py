"""The API: from a request over HTTP to the handler of a resource, and back."""

import json
from codecs import BOM_UTF8
from collections.abc import Collection
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from inspect import isawaitable
from typing import Any
from urllib.parse import unquote_to_bytes

import trio

from trio_chat.i18n import SOURCE_LANGUAGE, _, load, speaking
from trio_chat.server.api import PATH
from trio_chat.server.api.access import Access, check_scope
from trio_chat.server.api.calls import Call, Page
from trio_chat.server.api.openapi import describe
from trio_chat.server.api.problems import ApiProblem, problem_response
from trio_chat.server.api.resources import Resource, ResourceTable
from trio_chat.server.api.schemas import from_json, from_query, to_json
from trio_chat.server.http.languages import accepted_language
from trio_chat.server.http.messages import (
    HttpRequest,
    HttpResponse,
    RequestError,
    json_response,
)
from trio_chat.server.http.site import Site

_JSON = "application/json"
_DESCRIPTION = "/openapi.json"
"""The path of the description, which needs no token: it has nothing of the server."""
_IN_THREAD = 16_384
"""Bytes of a body that is read in a thread, as that takes long."""
_MAX_QUERY = 4096


class Api:
    """Answers requests; refusals are in the language that a request accepts, else in English.

    Args:
        site: the server.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._table = ResourceTable()
        self._access = Access(
            site.world, site.operator_tokens(), lambda: site.settings.api.per_minute
        )
        self._description: dict[str, Any] | None = None
        self._kept: dict[type, Any] = {}
        self._spoken = {SOURCE_LANGUAGE}

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """Answer a request; a refusal is a problem as JSON."""
        language = accepted_language(request)
        if language not in self._spoken:  # a catalogue is a file
            await trio.to_thread.run_sync(load, language)
            self._spoken.add(language)
        with speaking(language):
            try:
                return await self._answer(request)
            except ApiProblem as problem:
                return problem_response(problem, language)
            except RequestError as error:
                if not error.status:
                    raise
                refused = ApiProblem(error.status, str(error), headers=error.headers)
                return problem_response(refused, language)

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        path = "/" + request.path.removeprefix(PATH)
        method = "GET" if request.method == "HEAD" else request.method
        if path == _DESCRIPTION:
            _check_method(method, ("GET",))
            return json_response(self._described())
        caller = self._access.admit(request)
        resources, params = self._table.find(path)
        if not resources:
            raise ApiProblem(
                404, _("there is no such path; {path}openapi.json lists them").format(path=PATH)
            )
        _check_method(method, resources)
        resource = resources[method]
        check_scope(caller, resource.scope)
        call = Call(site=self._site, request=request, caller=caller, params=params)
        call = replace(call, query=_query(resource, request), body=await _body(resource, request))
        # The body may have taken long.
        caller = self._access.again(request)
        check_scope(caller, resource.scope)

        def is_valid() -> bool:
            return self._access.is_valid(request, resource.scope)

        call = replace(call, caller=caller, is_valid=is_valid, kept=self._kept)
        value = resource.handler(call)
        return _response(resource, await value if isawaitable(value) else value)

    def _described(self) -> dict[str, Any]:
        if self._description is None:
            self._description = describe(self._table)
        return self._description


def _check_method(method: str, known: Collection[str]) -> None:
    if method not in known:
        allowed = ", ".join(sorted({*known, *(["HEAD"] if "GET" in known else [])}))
        why = _("this path takes only {allowed}").format(allowed=allowed)
        raise ApiProblem(405, why, headers=[("Allow", allowed)])


def _response(resource: Resource, value: Any) -> HttpResponse:
    if isinstance(value, HttpResponse):
        return value
    if value is None:
        return HttpResponse(204)
    if isinstance(value, Page):
        return json_response({"items": to_json(value.items), "next": value.next}, resource.status)
    return json_response(to_json(value), resource.status)


def _query(resource: Resource, request: HttpRequest) -> Any:
    given: dict[str, str] = {}
    if len(request.query) > _MAX_QUERY:
        raise ApiProblem(414, _("the query is too long"))
    for pair in filter(None, request.query.split("&")):
        name, _sign, text = pair.partition("=")
        try:
            name, text = (
                unquote_to_bytes(part.replace("+", " ")).decode() for part in (name, text)
            )
        except UnicodeDecodeError as error:
            raise ApiProblem(400, _("write the query as UTF-8 in percent-encoding")) from error
        if name in given:
            raise ApiProblem(
                400, _("the parameter {name} is there twice").format(name=name), field=name
            )
        given[name] = text
    if resource.query is None:
        if given:
            name = next(iter(given))
            raise ApiProblem(400, _("this path takes no parameters in its query"), field=name)
        return None
    return from_query(resource.query, given)


async def _body(resource: Resource, request: HttpRequest) -> Any:
    if resource.body is None:
        if request.has_body:
            raise ApiProblem(400, _("this request takes no body; leave it out"))
        return None
    kind = request.header(b"content-type").partition(";")[0].strip().lower()
    if kind != _JSON:
        raise ApiProblem(
            415, _("send JSON, with the header `Content-Type: {json}`").format(json=_JSON)
        )
    if request.header(b"content-encoding").lower() not in ("", "identity"):
        raise ApiProblem(415, _("send the body without compression"))
    data = bytearray()
    async with aclosing(request.body(resource.max_body)) as pieces:
        async for piece in pieces:
            data += piece
    read = partial(_read, bytes(data))
    value = read() if len(data) < _IN_THREAD else await trio.to_thread.run_sync(read)
    return from_json(resource.body, value)


def _read(data: bytes) -> Any:
    """Return what JSON says (RFC 8259): no number that is none, and no name twice.

    Raises:
        ApiProblem: 400.
    """
    try:
        text = data.removeprefix(BOM_UTF8).decode()  # programs of Windows begin with it
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise ApiProblem(400, _("the body is not UTF-8")) from error
    except RecursionError as error:
        raise ApiProblem(400, _("the body is nested too deeply")) from error
    except ValueError as error:
        raise ApiProblem(400, _("the body is no JSON that this server takes")) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ApiProblem(400, _("the body has an object with the same name twice"))
    return value


def _no_number(word: str) -> Any:
    raise ValueError(word)
