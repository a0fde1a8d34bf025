"""Generates contracts, and values for columns of every type, for properties."""

import base64
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from expectations import timestamps
from expectations.contract import Column, Contract, Limits, Partition, Row, Rule
from expectations.keys import KEY_KINDS

names = st.from_regex(r"[a-z][a-z0-9_]{0,11}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
json_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
)
json_values = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
decimal_types = st.integers(1, 38).flatmap(
    lambda precision: st.integers(0, precision).map(lambda scale: f"decimal({precision},{scale})")
)
scalar_types = decimal_types | st.sampled_from(
    ["string", "int", "long", "float", "double", "boolean", "date", "timestamp", "binary"]
)
limits = st.builds(
    Limits,
    minimum=st.none() | st.integers() | texts,
    max_length=st.none() | st.integers(0, 9),
    enum=st.lists(json_scalars, max_size=3).map(tuple),
)


@st.composite
def columns(draw: st.DrawFn, *, nested: bool = True, required: bool | None = None) -> Column:
    """A column of any type; structs and lists contain scalars or one more level."""
    shape = draw(st.sampled_from(["scalar", "scalar", "struct", "list"])) if nested else "scalar"
    inner_columns = columns(nested=draw(st.integers(0, 3)) == 0)
    name = draw(names)
    mandatory = draw(st.booleans()) if required is None else required
    if shape == "struct":
        inner = draw(st.lists(inner_columns, min_size=1, max_size=3, unique_by=lambda column: column.name))
        kind = ", ".join(f"{field.name}: {field.type}" for field in inner)
        return Column(name, f"struct<{kind}>", mandatory, fields=tuple(inner))
    if shape == "list":
        element = draw(inner_columns)
        element = Column("element", element.type, element.required, fields=element.fields)
        return Column(name, f"list<{element.type}>", mandatory, fields=(element,))
    return Column(name, draw(scalar_types), mandatory)


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """A contract with any values that its JSON form can hold."""
    parts = draw(st.lists(columns(), min_size=1, max_size=4, unique_by=lambda column: column.name))
    rule = st.builds(Rule, names, names, st.dictionaries(names, json_values, max_size=3), texts)
    return Contract(
        dataset=draw(names),
        version=draw(texts),
        description=draw(texts),
        columns=tuple(parts),
        key=(parts[0].name,),
        partitions=tuple(draw(st.lists(st.builds(Partition, names, st.just("bucket[8]")), max_size=2))),
        sequence_column=draw(st.none() | names),
        rules=tuple(draw(st.lists(rule, max_size=3))),
    )


@st.composite
def keyed_rows(draw: st.DrawFn) -> tuple[Contract, Row]:
    """A contract with a key of one to three columns, and a row's key values."""
    kinds = scalar_types.filter(lambda kind: kind.partition("(")[0] in KEY_KINDS)
    parts = draw(
        st.lists(
            st.builds(Column, names, kinds), min_size=1, max_size=3, unique_by=lambda column: column.name
        )
    )
    contract = Contract("samples", "1", "", tuple(parts), tuple(column.name for column in parts))
    return contract, {column.name: draw(values(column, empty=False)) for column in parts}


def values(column: Column, *, empty: bool = True) -> st.SearchStrategy[Any]:
    """Canonical values of a column, as `align` leaves them."""
    if column.kind == "decimal":
        precision, scale = column.precision_scale
        digits = st.integers(-(10**precision) + 1, 10**precision - 1)
        return digits.map(lambda number: Decimal((int(number < 0), _digits(number), -scale)))
    if column.kind == "struct":
        return st.fixed_dictionaries({field.name: values(field) for field in column.fields})
    if column.kind == "list":
        return st.lists(values(column.fields[0]), max_size=3)
    return {
        "string": texts.map(str.strip).filter(lambda text: empty or text != ""),
        "int": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "float": st.floats(width=32, allow_nan=False, allow_infinity=False).map(
            lambda number: Decimal(repr(number))
        ),
        "double": st.floats(-1e125, 1e125).map(lambda number: Decimal(repr(number))),
        "boolean": st.booleans(),
        "date": st.dates().map(lambda day: day.isoformat()),
        "timestamp": st.datetimes(timezones=st.just(UTC)).map(timestamps.to_text),
        "binary": st.binary(max_size=9).map(lambda data: base64.b64encode(data).decode()),
    }[column.kind]


def _digits(number: int) -> tuple[int, ...]:
    return tuple(int(digit) for digit in str(abs(number)))


instants = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))
