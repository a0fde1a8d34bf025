"""Typed values of Spark SQL, and the types in which Athena and Spark compare and combine them alike.

Spark converts more than Athena does, text to numbers for example, and both convert numbers to a wider type.
Here every conversion is written as a CAST, and what only one of them converts is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from expectations.contract import Column

WHOLE: Final = ("int", "long")
EXACT: Final = (*WHOLE, "decimal")
NUMBERS: Final = (*EXACT, "float", "double")
TIMES: Final = ("date", "timestamp")
UNKNOWN: Final = "null"  # the type of NULL, which is a value of any type
MOST_DIGITS: Final = 38
_DIGITS: Final = {"int": 10, "long": 19}
_SPARK: Final = {"long": "bigint"}
_AS_DOUBLE: Final = "write CAST(… AS DOUBLE)"


class NotAlike(ValueError):
    """Raised for SQL that Athena and Spark may answer differently, or that is not one expression."""


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression of Spark SQL and the contract's name of its type."""

    sql: str
    type: str
    is_safe: bool = True  # whether it has a value for every row: a division may fail
    columns: frozenset[str] = frozenset()
    fields: tuple[Column, ...] = ()  # of a struct; a list has one
    precision: int | None = None  # of a whole number in the query, which has fewer digits than its type

    @property
    def kind(self) -> str:
        """The type without its parameters."""
        return Column("", self.type).kind

    @property
    def digits(self) -> tuple[int, int]:
        """Precision and scale of an exact number."""
        whole = self.precision or _DIGITS.get(self.kind)
        return (whole, 0) if whole else Column("", self.type).precision_scale


def derived(sql: str, kind: str, *parts: Typed, is_safe: bool = True) -> Typed:
    """An expression made of others."""
    return Typed(
        sql,
        kind,
        is_safe and all(part.is_safe for part in parts),
        frozenset[str]().union(*(part.columns for part in parts)),
    )


def common(values: Sequence[Typed]) -> list[Typed]:
    """The values in the one type that can hold them all. Raises NotAlike if there is none."""
    known = {value.type: value for value in values if value.kind != UNKNOWN}
    if len(known) <= 1:
        return list(values)
    return [
        value if value.kind == UNKNOWN else cast(value, _common(list(known.values()))) for value in values
    ]


def cast(value: Typed, kind: str) -> Typed:
    """The value in a type that holds it exactly."""
    if value.type == kind:
        return value
    sql = f"CAST({value.sql} AS {_SPARK.get(kind, kind)})"
    return replace(value, sql=sql, type=kind, precision=None)


def expect(value: Typed, kinds: Sequence[str], what: str) -> Typed:
    """The value if it has one of the types. Raises NotAlike otherwise."""
    if value.kind not in (*kinds, UNKNOWN):
        raise NotAlike(f"{what} takes {' or '.join(kinds)}, not {value.type}")
    return value


def refuse_float(what: str) -> NoReturn:
    """Raise NotAlike, as only Spark turns a float beside another number into a double."""
    raise NotAlike(f"Athena and Spark do not {what} of floats alike; {_AS_DOUBLE}")


def refuse_digits(what: str) -> NoReturn:
    """Raise NotAlike for decimals whose digits Athena and Spark round differently."""
    raise NotAlike(f"Athena and Spark round {what} of decimals differently; {_AS_DOUBLE}, and 1e0 for 1.0")


def _common(values: Sequence[Typed]) -> str:
    kinds = {value.kind for value in values}
    if kinds == set(TIMES):
        return "timestamp"
    if not kinds <= set(NUMBERS):
        first, second, *_ = sorted(value.type for value in values)
        raise NotAlike(f"Athena does not compare or combine {first} and {second}; CAST one of them")
    if "float" in kinds:
        refuse_float("compare or combine other numbers")
    if "double" in kinds:
        return "double"
    if "decimal" not in kinds:
        return "long"
    scale = max(value.digits[1] for value in values)
    whole = max(precision - scale for precision, scale in (value.digits for value in values))
    if whole + scale > MOST_DIGITS:
        refuse_digits("numbers of more than 38 digits")
    return f"decimal({whole + scale},{scale})"
