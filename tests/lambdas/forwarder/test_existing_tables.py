from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import dump_compiled
from expectations.entities import Condition
from expectations.existing_table import ExistingTable
from lambdas.forwarder.existing_tables import datasets_of_tables, record_of, records_of_datasets
from tests.builders import contracts


def test_only_existing_tables_are_named_and_without_importing_contracts(tmp_path: Path) -> None:
    compiled = tmp_path / "contracts.json"
    table = ExistingTable("Shop", (("Id", "N"),), (("product_id", "Id"),))
    known = contracts() | {"products": replace(contracts()["products"], table=table)}
    compiled.write_text(dump_compiled(known))

    assert datasets_of_tables(compiled) == {"Shop": (("products", ()),)}


ORDERS = (Condition("pk", "prefix", "O#"), Condition("type", "equals", "Order"))
TICKETS = (Condition("pk", "prefix", "O#"), Condition("type", "equals", "Ticket"))
DATASETS = (("orders", ORDERS), ("tickets", TICKETS))
KEY = {"pk": {"S": "O#1"}}


def image(kind: str | None) -> dict[str, Any] | None:
    return None if kind is None else KEY | {"type": {"S": kind}}


def record(number: int, old: str | None, new: str | None) -> dict[str, Any]:
    name = "REMOVE" if new is None else "INSERT" if old is None else "MODIFY"
    images = {"OldImage": image(old), "NewImage": image(new)}
    shown = {name: one for name, one in images.items() if one is not None}
    return {"eventName": name, "dynamodb": {"Keys": KEY, "SequenceNumber": str(number), **shown}}


def test_the_datasets_of_a_table_are_those_of_all_contracts_that_name_it(tmp_path: Path) -> None:
    compiled = tmp_path / "contracts.json"
    table = ExistingTable("App", (("pk", "S"),), (("product_id", "pk"),), entity=ORDERS)
    known = contracts()
    tables = {"products": table, "households": replace(table, entity=TICKETS)}
    compiled.write_text(
        dump_compiled(known | {name: replace(known[name], table=one) for name, one in tables.items()})
    )

    assert datasets_of_tables(compiled) == {"App": (("households", TICKETS), ("products", ORDERS))}


def test_an_item_that_becomes_anothers_is_removed_from_one_and_inserted_into_the_other() -> None:
    changed = record(5, "Order", "Ticket")

    assert dict(records_of_datasets(DATASETS, changed)) == {
        "orders": record(5, "Order", None),
        "tickets": record(5, None, "Ticket"),
    }


@pytest.mark.parametrize(
    ("one", "datasets"),
    [
        (record(1, None, "Order"), ["orders"]),
        (record(1, "Order", "Order"), ["orders"]),
        (record(1, "Ticket", None), ["tickets"]),
        (record(1, None, "Other"), []),
        (record(1, "Other", "Other2"), []),
        (record(1, "Other", "Order"), ["orders"]),
    ],
)
def test_a_record_goes_to_the_datasets_of_its_items(one: dict[str, Any], datasets: list[str]) -> None:
    assert [dataset for dataset, _ in records_of_datasets(DATASETS, one)] == datasets


def test_a_record_whose_images_are_all_of_the_dataset_stays_as_it_is() -> None:
    removal = {"eventName": "REMOVE", "dynamodb": {"Keys": KEY, "SequenceNumber": "1"}}

    assert record_of(ORDERS[:1], removal) is removal
    assert record_of((Condition("pk", "prefix", "T#"),), removal) is None
    assert record_of((), removal) is removal


@given(st.lists(st.sampled_from([None, "Order", "Ticket", "Other"]), max_size=8))
def test_each_dataset_ends_with_its_items_and_with_no_image_of_anothers(kinds: list[str | None]) -> None:
    held: dict[str, Any] = {"orders": None, "tickets": None}
    for number, (old, new) in enumerate(zip([None, *kinds], kinds, strict=False)):
        if old is None and new is None:
            continue
        for dataset, one in records_of_datasets(DATASETS, record(number, old, new)):
            change = one["dynamodb"]
            own = "Order" if dataset == "orders" else "Ticket"
            images = [change[name] for name in ("OldImage", "NewImage") if name in change]
            assert all(shown == image(own) for shown in images)
            assert images
            assert (one["eventName"] == "REMOVE") == ("NewImage" not in change)
            held[dataset] = change.get("NewImage")
        assert held == {
            "orders": image(new) if new == "Order" else None,
            "tickets": image(new) if new == "Ticket" else None,
        }
