"""Schemas: dataclasses as JSON Schema (draft 2020-12), and JSON as dataclasses.

The fields of a dataclass are of these kinds: `str`, `int`, `float`, `bool`, `datetime`, `Literal`,
another dataclass, lists (`tuple[X, ...]`), maps (`dict[str, X]`), each also with `| None`.
`Annotated[X, Rule(…)]` bounds a value and describes it.
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from trio_chat.i18n import _
from trio_chat.server.api.problems import ApiProblem

T = TypeVar("T")
MAX_TEXT = 4096
"""Characters of a text whose rule says nothing else."""
MAX_ITEMS = 1000
"""Items of a list in a body."""
_GREATEST = 2**53
"""The greatest whole number that all readers of JSON understand (RFC 8259 §6)."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Rule:
    """The bounds of a value, and its description.

    Args:
        about: the description, without a full stop.
        least: the least number, or the fewest characters.
        most: the greatest number, or the most characters.
        lines: whether a text may have several lines.
    """

    about: str = ""
    least: int | None = None
    most: int | None = None
    lines: bool = False


_NO_RULE = Rule()


def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _divided(kind: Any) -> tuple[Any, Rule, bool]:
    """Return a kind without its rule and without None, the rule, and whether None is allowed."""
    rule, is_optional = _NO_RULE, False
    while True:
        if get_origin(kind) is Annotated:
            kind, *marks = get_args(kind)
            rule = next((mark for mark in marks if isinstance(mark, Rule)), rule)
        elif get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind):
            (kind,) = (each for each in get_args(kind) if each is not NoneType)
            is_optional = True
        else:
            return kind, rule, is_optional


# To JSON


def to_json(value: Any) -> Any:
    """Return a value as JSON has it; times are in UTC, with milliseconds (RFC 3339)."""
    if isinstance(value, datetime):
        utc = value.astimezone(UTC).replace(tzinfo=None)
        return f"{utc.isoformat(timespec='milliseconds')}Z"
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(each) for each in value]
    return value


def moment(seconds: float) -> datetime | None:
    """Return a Unix time; None for 0, which stands for never."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


# JSON Schema


def schema_of(kind: Any, named: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a kind.

    Args:
        kind: see the header.
        named: receives the schemas of dataclasses, by their names.
    """
    kind, rule, is_optional = _divided(kind)
    schema = _plain_schema(kind, rule, named)
    if rule.about:
        schema["description"] = rule.about
    if is_optional:
        if "$ref" in schema or "enum" in schema:
            return {"anyOf": [schema, {"type": "null"}]}
        schema["type"] = [schema["type"], "null"]
    return schema


def _plain_schema(kind: Any, rule: Rule, named: dict[str, Any]) -> dict[str, Any]:
    if is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in named:
            named[kind.__name__] = {}  # for one that contains itself
            named[kind.__name__] = object_schema(kind, named)
        return {"$ref": f"#/components/schemas/{kind.__name__}"}
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"type": "string", "enum": list(args)}
    if origin in (tuple, list):
        most = {} if rule.most is None else {"maxItems": rule.most}
        return {"type": "array", "items": schema_of(args[0], named), **most}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(args[1], named)}
    if kind is datetime:
        return {"type": "string", "format": "date-time"}
    if kind is Any:
        return {}
    name = {str: "string", int: "integer", float: "number", bool: "boolean"}[kind]
    low, high = ("minLength", "maxLength") if kind is str else ("minimum", "maximum")
    bounds = {low: rule.least, high: rule.most}
    return {"type": name, **{key: value for key, value in bounds.items() if value is not None}}


def object_schema(kind: type, named: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a dataclass itself."""
    hints = _hints(kind)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {each.name: schema_of(hints[each.name], named) for each in fields(kind)},
        "additionalProperties": False,
    }
    if needed := [each.name for each in fields(kind) if _is_needed(each)]:
        schema["required"] = needed
    if kind.__doc__ and not kind.__doc__.startswith(f"{kind.__name__}("):
        schema["description"] = kind.__doc__.partition("\n")[0]
    return schema


def _is_needed(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


# From JSON


def from_json(kind: type[T], value: Any, where: str = "") -> T:
    """Return the dataclass that a JSON object describes.

    Args:
        kind: the dataclass.
        value: what `json.loads` has returned.
        where: the place of the object, such as `filters.0`, or "" for the body.

    Raises:
        ApiProblem: 400, with the name of the field that is wrong.
    """
    if not isinstance(value, dict):
        raise ApiProblem(
            400,
            _("{where} must be a JSON object").format(where=_shown(where) or _("the body")),
            field=where,
        )
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    before = f"{where}." if where else ""
    for name in value:
        if name not in known:
            shown = name[:60].encode("ascii", "backslashreplace").decode()
            allowed = ", ".join(known) or "none"
            raise ApiProblem(
                400,
                _("there is no field {shown}; the fields are: {allowed}").format(
                    shown=shown, allowed=allowed
                ),
                field=before + shown,
            )
    hints, given = _hints(kind), {}
    for name, field in known.items():
        if name in value:
            given[name] = _value(hints[name], value[name], before + name)
        elif _is_needed(field):
            raise ApiProblem(
                400,
                _("the field {before}{name} is missing").format(before=before, name=name),
                field=before + name,
            )
    return kind(**given)


def _value(kind: Any, value: Any, where: str) -> Any:
    kind, rule, is_optional = _divided(kind)
    if value is None and is_optional:
        return None
    if is_dataclass(kind) and isinstance(kind, type):
        return from_json(kind, value, where)
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        if value not in args:
            raise _wrong(where, _("one of {all}").format(all=", ".join(map(str, args))))
        return value
    if origin in (tuple, list):
        return _list(origin, args[0], value, where, rule)
    if origin is dict:
        if not isinstance(value, dict) or len(value) > MAX_ITEMS:
            raise _wrong(where, _("an object"))
        return {
            _text(key, where, _NO_RULE): _value(args[1], each, f"{where}.{key[:60]}")
            for key, each in value.items()
        }
    return _scalar(kind, value, where, rule)


def _list(origin: Any, kind: Any, value: Any, where: str, rule: Rule) -> Any:
    most = MAX_ITEMS if rule.most is None else rule.most
    if not isinstance(value, list) or len(value) > most or len(value) < (rule.least or 0):
        raise _wrong(
            where, _("a list of {least} to {most}").format(least=rule.least or 0, most=most)
        )
    return origin(_value(kind, each, f"{where}.{place}") for place, each in enumerate(value))


def _scalar(kind: Any, value: Any, where: str, rule: Rule) -> Any:
    if kind is bool:
        if not isinstance(value, bool):
            raise _wrong(where, _("true or false"))
        return value
    if kind in (int, float):
        return _number(kind, value, where, rule)
    if kind is datetime:
        return _time(value, where)
    return _text(value, where, rule)


def _number(kind: Any, value: Any, where: str, rule: Rule) -> Any:
    is_number = isinstance(value, int if kind is int else int | float)
    if isinstance(value, bool) or not is_number:
        raise _wrong(where, _("a whole number") if kind is int else _("a number"))
    least = -_GREATEST if rule.least is None else rule.least
    most = _GREATEST if rule.most is None else rule.most
    if not least <= value <= most:  # nor is NaN
        raise _wrong(where, _("a number from {least} to {most}").format(least=least, most=most))
    return value


def _time(value: Any, where: str) -> datetime:
    if isinstance(value, str) and len(value) <= 40:
        try:
            read = datetime.fromisoformat(value)
            if read.tzinfo is not None:
                return read.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise _wrong(where, _("a time with its zone, such as 2026-01-31T08:00:00Z"))


def _text(value: Any, where: str, rule: Rule) -> str:
    if not isinstance(value, str):
        raise _wrong(where, _("a text"))
    most, least = MAX_TEXT if rule.most is None else rule.most, rule.least or 0
    if not least <= len(value) <= most:
        raise _wrong(
            where, _("a text of {least} to {most} characters").format(least=least, most=most)
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _wrong(where, _("a text of whole Unicode characters")) from None
    if _CONTROL_IN_LINES.search(value) if rule.lines else has_controls(value):
        raise _wrong(where, _("a text without control characters"))
    return value


def has_controls(text: str) -> bool:
    """Return whether a text has characters that no text of one line may have."""
    return bool(_CONTROL.search(text))


def _wrong(where: str, wanted: str) -> ApiProblem:
    return ApiProblem(
        400, _("{where} must be {wanted}").format(where=_shown(where), wanted=wanted), field=where
    )


def _shown(where: str) -> str:
    """Return the name of a field as texts have it: it begins sentences, and is no word of them."""
    return f"`{where}`" if where else ""


# From a query


def from_query(kind: type[T], given: Mapping[str, str]) -> T:
    """Return the dataclass that the parameters of a query describe.

    Raises:
        ApiProblem: 400, with the name of the parameter that is wrong.
    """
    hints = _hints(kind)
    values: dict[str, Any] = {}
    for name, text in given.items():
        wanted = _divided(hints[name])[0] if name in hints else str
        values[name] = _read(wanted, text)
    return from_json(kind, values)


def _read(kind: Any, text: str) -> Any:
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    if kind is int and re.fullmatch(r"-?[0-9]{1,16}", text):
        return int(text)
    if get_origin(kind) in (tuple, list):
        return text.split(",") if text else []
    return text
