"""Paths of contracts: JMESPath expressions that say where a value stands in a message.

Beside JMESPath's own functions there are those that say how a value is written, which no reader could guess:

* `from_seconds`, `from_millis`, `from_micros`, `from_nanos`: an instant, counted from 1970 in UTC
* `from_days`: a date, counted from 1970-01-01
* `decimal`: a number whose digits are base64 of a big-endian integer, with its scale, as Kafka Connect writes
  it
* `parse_json`: a text that is JSON

Each returns null for null. Numbers keep all digits: they are int and Decimal, never float.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, NoReturn

from jmespath import Options, compile
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature

from expectations import timestamps
from expectations.problems import GluelineError

_PER_SECOND = {"seconds": 1, "millis": 1_000, "micros": 1_000_000, "nanos": 1_000_000_000}
_EPOCH_DAY = date(1970, 1, 1)
_MAX_SCALE = 1_000
_MAX_BYTES = 64  # of an unscaled number; a column has at most 38 digits
_NUMBER = {"types": ["number", "string", "null"]}
_TEXT = {"types": ["string", "null"]}


def _takes[F: Callable[..., Any]](*arguments: Mapping[str, Any]) -> Callable[[F], F]:
    """Says which arguments a function of JMESPath takes."""
    marked: Callable[[F], F] = signature(*arguments)
    return marked


class BadPath(GluelineError, ValueError):
    """Raised when a text is no JMESPath expression, or calls a function that does not exist."""


class PathFailed(GluelineError, ValueError):
    """Raised when a path can't be applied to a message, such as a function to a value of another type."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path. `steps` are the names on the way to the value; None if it is more than names."""

    expression: str
    steps: tuple[str, ...] | None
    _search: Callable[[Any], Any]

    def find(self, document: Any) -> Any:
        """The value in the document; null if there is none. Raises PathFailed, and nothing else."""
        try:
            return _plain(self._search(document))
        except JMESPathError as error:
            raise PathFailed(f"{self.expression}: {_first_line(error)}") from error
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise PathFailed(f"{self.expression}: {_first_line(error)}") from error
        except RecursionError as error:
            raise PathFailed(f"{self.expression}: expected values that are not nested so deep") from error


def compile_path(expression: str) -> Path:
    """The path of an expression. Raises BadPath."""
    try:
        parsed = compile(expression)
        problem = _problem(parsed.parsed)
    except JMESPathError as error:
        raise BadPath(_first_line(error)) from error
    except RecursionError as error:
        raise BadPath("expected an expression that is not nested so deep") from error
    if problem:
        raise BadPath(problem)
    options = Options(custom_functions=_FUNCTIONS)
    return Path(expression, _steps(parsed.parsed), lambda document: parsed.search(document, options))


class _Functions(Functions):  # type: ignore[misc]
    """JMESPath's functions with exact numbers, and Glueline's own."""

    def _type_check_single(self, current: Any, types: list[str], function_name: str) -> None:
        checked = current
        if isinstance(current, Decimal):
            checked = 0.0
        elif isinstance(current, list):
            checked = [0.0 if isinstance(item, Decimal) else item for item in current]
        super()._type_check_single(checked, types, function_name)

    @_takes({"types": []})
    def _func_to_number(self, given: Any) -> Any:
        if isinstance(given, (int, Decimal)) and not isinstance(given, bool):
            return given
        return _number(given) if isinstance(given, str) else None

    @_takes({"types": []})
    def _func_to_string(self, given: Any) -> str:
        if isinstance(given, (str, Decimal)):
            return str(given)
        return json.dumps(given, separators=(",", ":"), default=str)

    @_takes(_NUMBER)
    def _func_from_seconds(self, given: Any) -> str | None:
        return instant(given, "seconds")

    @_takes(_NUMBER)
    def _func_from_millis(self, given: Any) -> str | None:
        return instant(given, "millis")

    @_takes(_NUMBER)
    def _func_from_micros(self, given: Any) -> str | None:
        return instant(given, "micros")

    @_takes(_NUMBER)
    def _func_from_nanos(self, given: Any) -> str | None:
        return instant(given, "nanos")

    @_takes(_NUMBER)
    def _func_from_days(self, given: Any) -> str | None:
        return day(given)

    @_takes(_TEXT, {"types": ["number"]})
    def _func_decimal(self, given: str | None, scale: int) -> Decimal | None:
        return None if given is None else unscaled(given, scale)

    @_takes(_TEXT)
    def _func_parse_json(self, given: str | None) -> Any:
        return None if given is None else json.loads(given, parse_float=Decimal, parse_constant=_refuse)


_FUNCTIONS = _Functions()


def instant(count: Any, unit: str) -> str | None:
    """The canonical text of an instant that is counted from 1970, to the microsecond. ValueError if it is
    none."""
    number = _number(count)
    if number is None:
        return None
    micros = Decimal(number) * 1_000_000 / _PER_SECOND[unit]
    return timestamps.from_micros(int(micros.to_integral_value("ROUND_FLOOR")))


def day(count: Any) -> str | None:
    """The text of a date that is counted from 1970-01-01. ValueError if it is not one."""
    number = _number(count)
    if number is None:
        return None
    if number != int(number):
        raise ValueError(f"expected whole days, got {number}")
    return (_EPOCH_DAY + timedelta(days=int(number))).isoformat()


def unscaled(text: str, scale: int) -> Decimal:
    """The number whose unscaled digits are base64 of a big-endian integer in two's complement."""
    content = b64decode(text, validate=True)
    if not content or len(content) > _MAX_BYTES or scale != int(scale) or abs(scale) > _MAX_SCALE:
        raise ValueError(
            f"expected base64 of up to {_MAX_BYTES} bytes and a scale, got {text[:40]!r}, {scale}"
        )
    whole = int.from_bytes(content, signed=True)
    sign, digits = int(whole < 0), tuple(map(int, str(abs(whole))))
    return Decimal((sign, digits, -int(scale)))


def _number(given: Any) -> int | Decimal | None:
    if given is None or isinstance(given, (int, Decimal)):
        return given
    text = given if isinstance(given, str) else repr(given)
    try:
        number = int(text) if text.lstrip("+-").isdecimal() else Decimal(text)
    except ArithmeticError as error:
        raise ValueError(f"expected a number, got {text[:40]!r}") from error
    if isinstance(number, Decimal) and not number.is_finite():
        raise ValueError(f"expected a number, got {text[:40]!r}")
    return number


def _problem(node: dict[str, Any]) -> str | None:
    """What is wrong with an expression that JMESPath itself would only see when it is applied."""
    if node["type"] == "function_expression":
        known = _Functions.FUNCTION_TABLE.get(node["value"])
        if known is None:
            names = ", ".join(sorted(_Functions.FUNCTION_TABLE))
            return f"there is no function {node['value']}; there are {names}"
        expected, given = len(known["signature"]), len(node["children"])
        is_variadic = bool(known["signature"]) and known["signature"][-1].get("variadic", False)
        if given < expected or (given > expected and not is_variadic):
            return f"{node['value']} takes {expected} arguments, not {given}"
    inner = (child for child in node["children"] if isinstance(child, dict))
    return next((found for child in inner if (found := _problem(child))), None)


def _steps(node: dict[str, Any]) -> tuple[str, ...] | None:
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] == "subexpression":
        parts = [_steps(child) for child in node["children"]]
        return None if None in parts else tuple(step for part in parts for step in part or ())
    return None


def _plain(value: Any) -> Any:
    """The value without floats, which literals and averages are. TypeError if it is no JSON value."""
    if isinstance(value, float) and isfinite(value):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if value is None or isinstance(value, (str, bool, int, Decimal)):
        return value
    raise TypeError(f"expected a value of JSON, got {value if isinstance(value, float) else 'an expression'}")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0][:200]
