"""JSON without floats: numbers with a fraction are Decimal and keep all digits when read and written."""

import json
import re
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any, NoReturn

from expectations.problems import GluelineError

_SPACE = re.compile(r"[ \t\r\n]*")
_SHAPE = json.JSONDecoder(parse_int=str, parse_float=str)  # reads what `loads` refuses for its values
_CONSTANTS = {None: "null", True: "true", False: "false"}


class BrokenJson(GluelineError, ValueError):
    """Raised when a text is not JSON, or its values cannot be kept exactly; the message says why."""


def loads(text: str) -> Any:
    """The value of a JSON text. Raises BrokenJson, and nothing else for any text."""
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_members)
        if "\\ud" in text or "\\uD" in text:  # half of a surrogate pair cannot be encoded in UTF-8
            json.dumps(value, ensure_ascii=False, default=str).encode()
    except RecursionError as error:
        raise BrokenJson("expected JSON that is not nested so deep") from error
    except ArithmeticError as error:
        raise BrokenJson("expected numbers with smaller exponents") from error
    except UnicodeEncodeError as error:
        raise BrokenJson("expected text, got half of a surrogate pair") from error
    except ValueError as error:  # also an integer of more than 4,300 digits
        raise BrokenJson(f"expected JSON: {error}") from error
    return value


def elements(text: str) -> list[str]:
    """The texts of the elements of a JSON array, each as it is written, to be read one by one.

    Raises BrokenJson if the text is no array, but not for an element that only `loads` refuses.
    """
    found: list[str] = []
    try:
        at = _past(text, 0, "[")
        more = not text.startswith("]", at)
        while more:
            _, end = _SHAPE.raw_decode(text, at)
            found.append(text[at:end])
            more = text.startswith(",", _past_space(text, end))
            at = _past(text, end, ",") if more else end
        if _past(text, at, "]") != len(text):
            raise ValueError("expected nothing after the array")
    except RecursionError as error:
        raise BrokenJson("expected JSON that is not nested so deep") from error
    except ValueError as error:
        raise BrokenJson(f"expected JSON: {error}") from error
    return found


def dumps(value: Any) -> str:
    """The compact JSON text of a value of the types that `loads` returns."""
    kind = type(value)
    if kind is str:
        return encode_basestring_ascii(value)
    if kind is int or kind is Decimal:
        return str(value)
    if kind is dict:
        return "{" + ",".join([f"{encode_basestring_ascii(k)}:{dumps(v)}" for k, v in value.items()]) + "}"
    if kind is list:
        return "[" + ",".join([dumps(item) for item in value]) + "]"
    if kind is bool or value is None:
        return _CONSTANTS[value]
    raise TypeError(f"expected a value of the types that loads returns, got {kind.__name__}")


def _past(text: str, at: int, expected: str) -> int:
    """Where the text goes on after this character, white space before and after it aside."""
    at = _past_space(text, at)
    if not text.startswith(expected, at):
        raise ValueError(f"expected {expected!r}: char {at}")
    return _past_space(text, at + 1)


def _past_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object. A repeated name is an error, as readers disagree about it (RFC 8259, 4)."""
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:100]!r} occurs twice in an object")
    return members


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
