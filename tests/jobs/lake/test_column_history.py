"""A widened contract causes no drift: older rows are compared as the types that they were written with."""

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.contract import Column, Contract
from expectations.evolution import LiveTable, plan
from expectations.spark_schema import table_schema
from jobs.lake.column_history import NO_HISTORY, ColumnHistory, column_history, history_of
from jobs.lake.evolution import bring_to_contract
from tests.jobs.builders import EVERY_TYPE
from tests.jobs.parity.fixture import EXAMPLES, Item, ParityFixture, interpreting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")

_COUNT = iter(range(10_000))

WIDENINGS: "Mapping[str, tuple[str, str]]" = {
    "number": ("int", "long"),
    "ratio": ("float", "double"),
    "price": ("decimal(18,2)", "decimal(20,2)"),
    "place": ("struct<number: int, height: float>", "struct<number: long, height: double, street: string>"),
    "heights": ("list<float>", "list<double>"),
    "prices": ("list<decimal(4,2)>", "list<decimal(9,2)>"),
    "noted": ("", "string"),
    "state": ("", "string"),
}
FLOATS = ["0.1", "0.10000000149011612", "16777217", "-1e-50", "3.4028234e38", "1", "-0.0", "123456789.123"]
VALUES: "Mapping[str, st.SearchStrategy[Any]]" = {
    "number": st.sampled_from(["0", "-2147483648", "2147483647"]).map(lambda text: {"N": text}),
    "ratio": st.sampled_from(FLOATS).map(lambda text: {"N": text}),
    "price": st.sampled_from(["0", "1.5", "9999999999999999.99"]).map(lambda text: {"N": text}),
    "place": st.fixed_dictionaries(
        {},
        optional={
            "number": st.sampled_from([{"N": "7"}, {"NULL": True}]),
            "height": st.sampled_from(FLOATS).map(lambda text: {"N": text}),
        },
    ).map(lambda fields: {"M": fields}),
    "heights": st.lists(st.sampled_from(FLOATS), max_size=2).map(
        lambda texts: {"L": [{"N": text} for text in texts]}
    ),
    "prices": st.lists(st.sampled_from(["1", "99.99"]), max_size=2).map(
        lambda texts: {"L": [{"N": text} for text in texts]}
    ),
}
WIDE: "Mapping[str, Any]" = {
    "number": {"N": "9223372036854775807"},
    "ratio": {"N": "1e39"},
    "price": {"N": "999999999999999999.99"},
    "place": {"M": {"number": {"N": "4294967296"}, "height": {"N": "-1e39"}, "street": {"S": "Main"}}},
    "heights": {"L": [{"N": "1e39"}, {"N": "0.1"}]},
    "prices": {"L": [{"N": "9999999.99"}]},
    "noted": {"S": "noted"},
    "state": {"S": "old"},
}


def contract_of(widened: set[str]) -> Contract:
    """The contract with these columns widened or added, and the others unchanged."""
    spelled = {name: types[name in widened] for name, types in WIDENINGS.items()}
    columns = [
        replace(_column(name, kind), default="new", has_default=True)
        if name == "state"
        else _column(name, kind)
        for name, kind in spelled.items()
        if kind
    ]
    key = Column("id", "string", required=True)
    return replace(EVERY_TYPE, columns=(key, *columns))


def _column(name: str, kind: str) -> Column:
    inside = kind.partition("<")[2].removesuffix(">")
    if kind.startswith("struct"):
        fields = tuple(_column(*part.split(": ")) for part in inside.split(", "))
    else:
        fields = (_column("element", inside),) if inside else ()
    return Column(name, kind, fields=fields)


def item(number: int, columns: "Mapping[str, Any]") -> Item:
    return {"_key": {"S": f"k{number}"}, "_version": {"N": "1"}, "id": {"S": f"k{number}"}, **columns}


@pytest.mark.deep
@settings(max_examples=EXAMPLES)
@given(
    st.sets(st.sampled_from(sorted(WIDENINGS)), min_size=len(WIDENINGS) - 2),
    st.lists(st.fixed_dictionaries({}, optional=VALUES), min_size=1, max_size=20),
)
def test_parity_holds_before_and_after_a_widening(
    spark: "SparkSession", widened: set[str], before: "list[dict[str, Any]]"
) -> None:
    with interpreting(spark):
        old, new = contract_of(set()), contract_of(widened)
        assert not plan(LiveTable(old.columns, old.partitions), new, has_null=lambda _: False).refusals
        world = ParityFixture(spark, old, f"widened-{next(_COUNT)}")
        items = [item(number, columns) for number, columns in enumerate(before)]
        world.put(*items)
        world.merge(*items)
        assert world.certify().ok

        wider = copy(world)
        object.__setattr__(wider, "contract", new)
        assert wider.certify().ok, "the contract is deployed, and no file has come"
        bring_to_contract(spark, wider.lake, new)
        assert wider.certify().ok, "the table is widened, and no row has come"

        more = item(100, {name: WIDE[name] for name in widened})
        wider.put(more)
        wider.merge(more)
        assert wider.certify().ok, "rows of before and after"

        first = sorted(set(WIDENINGS) - {"noted", "state"})[0]
        wider.sql(f"UPDATE {{table}} SET `{first}` = NULL, number = 5 WHERE id = 'k100'")
        assert wider.certify().keys.differing == ("k100",)


def test_the_history_has_former_floats_and_columns_added_with_a_default(spark: "SparkSession") -> None:
    old, new = contract_of(set()), contract_of(set(WIDENINGS))
    expected = ColumnHistory(
        frozenset({("ratio",), ("place", "height"), ("heights", "element")}), frozenset({"state"})
    )

    assert history_of([table_schema(old)], old) == NO_HISTORY
    assert history_of([table_schema(new)], new) == NO_HISTORY
    assert history_of([table_schema(old)], new) == expected
    assert history_of([table_schema(old), table_schema(new)], new) == expected


def test_iceberg_keeps_the_history(spark: "SparkSession") -> None:
    with interpreting(spark):
        old, new = contract_of(set()), contract_of(set(WIDENINGS))
        world = ParityFixture(spark, old, f"widened-{next(_COUNT)}")
        bring_to_contract(spark, world.lake, new)

        found = column_history(spark, world.table, new)

    assert found == history_of([table_schema(old), table_schema(new)], new)
    assert column_history(spark, f"{world.table}_not_there", new) == NO_HISTORY
