"""Generated contracts with rules at every depth, and rows of them: good ones and broken ones."""

import string
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from expectations.contract import Column, Contract, JsonValue, Limits, Rule
from expectations.keys import KEY_KINDS
from expectations.odcs.column_rules import column_rules
from tests.expectations.strategies import json_scalars, scalar_types, values

_PATTERNS = ("^[a-z]+$", "[0-9]{2}", "^(a|b)", "^[^x]*$")
_LETTERS = st.text(string.ascii_lowercase + string.digits + "é\U0001f600", max_size=6)
_BLANKS = st.text(" \t\u00a0\u2003\x1c", max_size=2)
_TIMES = st.sampled_from([
    "2024-02-29T12:30:00Z", "2024-02-29 12:30", "20240229T123000.5+0200", "2024-02-29", "20240229",
    "2024-02-30", "9999-12-31T23:59:59.999998Z", "9999-12-31T23:59:59.999997Z",
    "2024-02-29T12", "2024-02-29t12:30:00,25z", "2024-02-29T12:30:60Z", "2024-02-29T24:00:00Z",
    "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2024-02-29T00:00:00.000Z", "soon", "",
])  # fmt: skip
_NUMBERS = st.sampled_from([
    "1", "-0", "+5", "5.0", "1e3", "1.5e-2", ".5", "5.", "0x10", "1,000", "NaN", "Infinity", "1e39", "1e400",
    "-1e400", "2147483646", "2147483645", "9223372036854775806",
    "3.5e38", "2147483648", "9223372036854775808", "9" * 38, "9" * 39, "0." + "1" * 40, "true", "", " ",
    "12345678901234567.5", "1.50",
])  # fmt: skip
_RANGES = (Limits(minimum=0), Limits(maximum=5), Limits(0, 100), Limits(exclusive_minimum=0))
_LISTS = (Limits(multiple_of=5), Limits(enum=(1, 5)), Limits(not_in=(0, 3)))
_BASE64 = st.sampled_from(["aGk=", "aGk", "a Gk=", "", "=", "aGkh", "aGl="])


@dataclass(frozen=True, slots=True)
class ReceivedCase:
    """A contract and rows of it, as JSON values."""

    contract: Contract
    rows: list[dict[str, Any]]


@st.composite
def received_cases(draw: st.DrawFn, rows: int = 60) -> ReceivedCase:
    """A contract and so many rows."""
    contract = draw(contracts_with_rules())
    return ReceivedCase(contract, draw(st.lists(received_rows(contract), min_size=rows, max_size=rows)))


@st.composite
def contracts_with_rules(draw: st.DrawFn) -> Contract:
    """A contract with a key of one or two columns, rules of each kind, and maybe a sequence column."""
    key_kinds = scalar_types.filter(lambda kind: kind.partition("(")[0] in KEY_KINDS)
    keys = [
        draw(_limited(Column(f"key_{place}", draw(st.just("string") | key_kinds), required=True)))
        for place in range(draw(st.integers(1, 2)))
    ]
    sequence = [Column("order_no", draw(st.sampled_from(["int", "long", "timestamp"])), required=True)]
    others = [draw(_columns(f"col_{place}", depth=2)) for place in range(draw(st.integers(2, 5)))]
    columns = (*keys, *(sequence if draw(st.booleans()) else ()), *others)
    return Contract(
        dataset="generated",
        version="1",
        description="",
        columns=columns,
        key=tuple(column.name for column in keys),
        sequence_column="order_no" if "order_no" in [column.name for column in columns] else None,
        rules=tuple(rule for column in columns for rule in (*column_rules(column), *_missing(column))),
    )


def _missing(column: Column) -> list[Rule]:
    """The rule from which a column gets its values that count as missing."""
    kwargs: dict[str, JsonValue] = {"column": column.name, "value_set": list(column.limits.not_in)}
    name = f"{column.name}.missing"
    return [Rule(name, "expect_column_values_to_not_be_in_set", kwargs)] if column.limits.not_in else []


@st.composite
def _columns(draw: st.DrawFn, name: str, depth: int) -> Column:
    required = draw(st.integers(0, 3)) == 0
    aliases = tuple(draw(st.lists(st.sampled_from([f"{name} (kg", f"{name}|2"]), max_size=1)))
    shape = draw(st.sampled_from(["scalar", "scalar", "struct", "list"])) if depth else "scalar"
    if shape == "struct":
        fields = tuple(
            draw(_columns(f"in_{place}", depth=depth - 1)) for place in range(draw(st.integers(1, 3)))
        )
        kind = f"struct<{', '.join(f'{field.name}: {field.type}' for field in fields)}>"
        return Column(name, kind, required, fields, aliases)
    if shape == "list":
        element = draw(_columns("element", depth=depth - 1))
        element = replace(element, aliases=(), default=None, has_default=False)
        column = Column(name, f"list<{element.type}>", required, (element,), aliases)
        return draw(_limited(column))
    column = draw(_limited(Column(name, draw(scalar_types), required, aliases=aliases)))
    if column.kind in ("string", "int", "boolean") and draw(st.booleans()):
        defaults: dict[str, JsonValue] = {"string": "ab", "int": 5, "boolean": True}
        return replace(column, default=defaults[column.kind], has_default=True)
    return column


@st.composite
def _limited(draw: st.DrawFn, column: Column) -> Column:
    """The column with limits that its values are often beyond, or with none."""
    if draw(st.booleans()):
        return column
    match column.kind:
        case "string":
            limits = draw(
                st.builds(
                    Limits, min_length=st.none() | st.integers(1, 3), max_length=st.none() | st.integers(3, 6)
                )
                | st.builds(Limits, pattern=st.sampled_from(_PATTERNS))
                | st.sampled_from([Limits(enum=("abc", "bb34")), Limits(not_in=("ab", "a12b"))])
            )
        case "int" | "long" | "decimal" | "double":
            multiples = [Limits(multiple_of=0.5)] if column.kind == "double" else []
            limits = draw(st.sampled_from([*_RANGES, *multiples, *(_LISTS if _holds(column, 5) else ())]))
        case "float":
            limits = Limits(minimum=0.1, maximum=0.3)
        case "date":
            limits = draw(
                st.sampled_from(
                    [
                        Limits(minimum="2000-01-01", exclusive_maximum="2024-03-01"),
                        Limits(enum=("2024-02-28", "2024-02-29")),
                    ]
                )
            )
        case "timestamp":
            limits = draw(
                st.sampled_from(
                    [
                        Limits(minimum="2000-01-01T00:00:00Z", maximum="2024-02-29T12:30:00Z"),
                        Limits(enum=("2024-02-29T12:30:00Z", "2024-02-27T23:00:00Z")),
                    ]
                )
            )
        case "boolean":
            limits = Limits(enum=(True,))
        case "list":
            limits = draw(
                st.sampled_from([Limits(min_items=1), Limits(max_items=2), Limits(min_items=1, max_items=2)])
            )
        case _:
            limits = Limits()
    return replace(column, limits=limits)


@st.composite
def received_rows(draw: st.DrawFn, contract: Contract) -> dict[str, Any]:
    """A row whose values are mostly good, of which up to three columns may be anything."""
    odd = draw(st.sets(st.sampled_from([column.name for column in contract.columns]), max_size=3))
    row = _members(draw, contract.columns, odd)
    if draw(st.integers(0, 7)) == 0:
        row["colour"] = draw(json_scalars.map(_exact))
    return row


def _members(draw: st.DrawFn, columns: tuple[Column, ...], odd: set[str]) -> dict[str, Any]:
    members = {}
    for column in columns:
        if column.name in odd and draw(st.integers(0, 5)) == 0:
            continue
        name = draw(
            st.sampled_from([column.name, column.name, column.name, *column.aliases, _camel(column.name)])
        )
        members[name] = _odd_value(draw, column) if column.name in odd else draw(good_values(column))
        if column.name in odd and name != column.name and draw(st.integers(0, 3)) == 0:
            members[column.name] = draw(good_values(column))
    return members


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _odd_value(draw: st.DrawFn, column: Column) -> Any:
    """A value that may be wrong: of another type, beyond the limits, oddly spelled, or inside."""
    if column.kind == "struct" and draw(st.integers(0, 3)):
        fields = {field.name for field in column.fields}
        inside = draw(st.sets(st.sampled_from(sorted(fields)), min_size=1, max_size=2))
        members = _members(draw, column.fields, inside)
        return members | ({"colour": None} if draw(st.integers(0, 5)) == 0 else {})
    if column.kind == "list" and draw(st.integers(0, 3)):
        (element,) = column.fields
        return [
            _odd_value(draw, element) if draw(st.booleans()) else draw(good_values(element))
            for _ in range(draw(st.integers(0, 4)))
        ]
    return draw(_scalars(column) | json_scalars.map(_exact) | st.just({"a": 1}) | st.just([1]))


def _scalars(column: Column) -> st.SearchStrategy[Any]:
    match column.kind:
        case "string":
            return st.builds("{}{}{}".format, _BLANKS, _LETTERS, _BLANKS) | st.just(Decimal("1.50"))
        case "date" | "timestamp":
            return _TIMES
        case "binary":
            return _BASE64
        case "boolean":
            return st.sampled_from([True, False, "true", "FALSE", " true", 1, ""])
        case "struct" | "list":
            return st.none() | st.just("{}")
    return _NUMBERS | _NUMBERS.map(_as_number)


def _as_number(text: str) -> Any:
    """The text as a number of JSON, if it is one."""
    try:
        number = Decimal(text)
    except ArithmeticError:
        return text
    if not number.is_finite():
        return text
    return int(number) if text.lstrip("-").isdigit() else number


def _exact(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value


def good_values(column: Column) -> st.SearchStrategy[Any]:  # noqa: PLR0911
    """Values that keep the column's type and mostly its limits."""
    if column.kind == "struct":
        return st.fixed_dictionaries({field.name: good_values(field) for field in column.fields})
    if column.kind == "list":
        return st.lists(good_values(column.fields[0]), min_size=1, max_size=2)
    limits = column.limits
    if limits.enum or limits.multiple_of:
        return st.sampled_from(limits.enum or (0, 5))
    match column.kind:
        case "string":
            return _LETTERS if limits == Limits() else st.sampled_from(["abc", "aab", "a12b", "bb34"])
        case "int" | "long" if limits != Limits():
            return st.integers(1, 5)
        case "decimal" | "double" if limits != Limits():
            return st.integers(1, 5) if column.type == "double" or _holds(column, 5) else st.just(0)
        case "float" if limits != Limits():
            return st.sampled_from(["0.1", "0.25", "0.3"]).map(Decimal)
        case "date" if limits != Limits():
            return st.just("2024-02-28")
        case "timestamp" if limits != Limits():
            return st.sampled_from(["2024-02-29T12:30:00Z", "2024-02-28T01:00:00+02:00"])
    return values(column)


def _holds(column: Column, number: int) -> bool:
    """Whether the column has the number exactly."""
    if column.kind != "decimal":
        return column.kind in ("int", "long")
    precision, scale = column.precision_scale
    return number < int("1" + "0" * (precision - scale))
