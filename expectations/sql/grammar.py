"""Parses Athena's SQL so that each function keeps the name and the arguments it is written with.

sqlglot's parsers turn functions into nodes of its own, which mean the same in each dialect more or less. Who
reads SQL here decides for each name.
"""

from typing import Any, ClassVar, Final

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino

_SYNTAX: Final = (
    "CAST",
    "EXTRACT",
    "JSON_QUERY",
    "JSON_VALUE",
    "LISTAGG",
    "POSITION",
    "SUBSTRING",
    "TRIM",
    "TRY_CAST",
)


class AthenaAsWritten(Trino):
    """Trino's grammar, without what sqlglot knows of functions."""

    INDEX_OFFSET = 0  # a subscript stays as it is written

    class Parser(Trino.Parser):  # type: ignore[misc,valid-type]  # sqlglot sets it when it runs
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar = {
            name: parser for name, parser in Trino.Parser.FUNCTION_PARSERS.items() if name in _SYNTAX
        }
        TYPE_LITERAL_PARSERS: ClassVar = {
            **Trino.Parser.TYPE_LITERAL_PARSERS,
            exp.DType.DECIMAL: lambda self, this, _: _decimal(this),
        }


class InvalidStatement(ValueError):
    """Raised when a text is not SQL of Athena; the message says what is wrong and where."""


def parse_statements(sql: str) -> list[exp.Expr]:
    """The statements of a text. Raises InvalidStatement."""
    try:
        return [one for one in sqlglot.parse(sql, read=AthenaAsWritten) if one is not None]
    except sqlglot.errors.SqlglotError as error:
        raise InvalidStatement(_fault(error)) from error


def _fault(error: sqlglot.errors.SqlglotError) -> str:
    """What is wrong and where, without the colours of a terminal."""
    if not isinstance(error, sqlglot.errors.ParseError) or not error.errors:
        return str(error)
    first = error.errors[0]
    return f"line {first['line']}, column {first['col']}, at '{first['highlight']}': {first['description']}"


def _decimal(written: exp.Expression) -> exp.Expression:
    """DECIMAL '1.50' has the digits that it is written with."""
    whole, _, fraction = str(written.this).lstrip("+-").partition(".")
    digits = max(1, len(whole.lstrip("0")) + len(fraction))
    return exp.Cast(this=written, to=exp.DataType.build(f"DECIMAL({digits}, {len(fraction)})"))
