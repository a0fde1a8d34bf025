"""What a table declares about its rows beside its columns."""

from hypothesis import given

from expectations.contract import Column, Contract
from expectations.declared import DECLARED, Declared, column_paths
from tests.expectations import strategies

PLACE = Column("place", "struct<street: string>", fields=(Column("street", "string", required=True),))
SIZES = Column("sizes", "list<int>", fields=(Column("element", "int"),))
ORDERS = Contract(
    "orders",
    "1",
    "",
    (Column("id", "int", required=True), Column("name", "string", aliases=("title",)), PLACE, SIZES),
    ("id",),
    sequence_column="id",
)


def test_a_contract_declares_order_required_columns_and_aliases() -> None:
    assert Declared.of(ORDERS) == Declared("id", ("id", "place.street"), (("title", "name"),))


def test_the_table_property_is_json() -> None:
    assert Declared.of(ORDERS).to_json() == (
        '{"sequenceColumn": "id", "required": ["id", "place.street"], "aliases": {"title": "name"}}'
    )


@given(strategies.contracts())
def test_the_table_property_is_read_back(contract: Contract) -> None:
    declared = Declared.of(contract)

    assert Declared.from_properties({DECLARED: declared.to_json(), "format-version": "2"}) == declared


def test_a_table_without_the_property_declares_nothing() -> None:
    assert Declared.from_properties({"format-version": "2"}) is None


def test_paths_lead_into_structs_and_lists() -> None:
    paths = [path for path, _ in column_paths(ORDERS.columns)]

    assert paths == ["id", "name", "place", "place.street", "sizes", "sizes.element"]
