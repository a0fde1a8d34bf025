"""How a contract describes its messages, and what it may not say."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from expectations.contract import Contract
from expectations.message_format import MessageFormat
from expectations.odcs import ContractError, load_contract, read_notes

BASE: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "urn:test:orders",
    "version": "1.0.0",
    "status": "active",
    "schema": [
        {
            "name": "orders",
            "properties": [
                {"name": "order_id", "logicalType": "integer", "primaryKey": True, "transformLogic": "id"},
                {"name": "city", "logicalType": "string"},
            ],
        }
    ],
}
RAW = {"server": "messages", "type": "custom", "format": "raw"}


def custom(**given: Any) -> dict[str, Any]:
    return {"customProperties": [{"property": name, "value": value} for name, value in given.items()]}


def load(folder: Path, *servers: Any, logic: Any = ..., **schema: Any) -> Contract:
    document = deepcopy(BASE) | ({"servers": list(servers)} if servers else {})
    document["schema"][0] |= schema
    if logic is not ...:
        document["schema"][0]["properties"][1]["transformLogic"] = logic
    path = folder / "orders.yaml"
    path.write_text(yaml.safe_dump(document))
    return load_contract(path)


def problems(folder: Path, *servers: Any, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(ContractError) as error:
        load(folder, *servers, **more)
    return [(problem.path, problem.rule) for problem in error.value.problems]


def test_without_such_a_server_messages_are_cloudevents_and_logic_belongs_to_others(tmp_path: Path) -> None:
    assert load(tmp_path, logic="SELECT upper(city) FROM …").messages is None


def test_raw_messages_have_conditions_and_paths(tmp_path: Path) -> None:
    server = RAW | custom(
        queue="shop",
        attributes={"table": "orders"},
        when="kind == 'order'",
        operation="op",
        time="at",
        id="n",
    )

    found = load(tmp_path, server, logic="address.city").messages

    assert found == MessageFormat(
        "raw",
        paths=(("order_id", "id"), ("city", "address.city")),
        queue="shop",
        attributes=(("table", "orders"),),
        when="kind == 'order'",
        operation="op",
        time="at",
        id="n",
    )


def test_the_source_table_is_named_in_fields_of_the_standard(tmp_path: Path) -> None:
    server = {
        "server": "messages",
        "type": "postgresql",
        "format": "debezium",
        "database": "shop",
        "schema": "s",
    }

    found = load(tmp_path, server, physicalName="Orders").messages

    assert found is not None
    assert (found.database, found.schema, found.table) == ("shop", "s", "Orders")


def test_the_table_has_the_name_of_the_dataset_otherwise(tmp_path: Path) -> None:
    found = load(tmp_path, {"server": "messages", "type": "custom", "format": "dms"}).messages

    assert found is not None
    assert (found.database, found.schema, found.table) == (None, None, "orders")


@pytest.mark.parametrize(
    ("server", "found"),
    [
        (RAW | {"format": "avro"}, ("servers[0].format", "messages")),
        (RAW, ("servers[0]", "messages")),
        (RAW | custom(when="a["), ("servers[0].customProperties[0].value", "message-path")),
        (RAW | custom(when="upper(a)"), ("servers[0].customProperties[0].value", "message-path")),
        (RAW | custom(when=True), ("servers[0].customProperties[0].value", "messages")),
        (RAW | custom(attributes="orders"), ("servers[0].customProperties[0].value", "messages")),
        (RAW | custom(queue="q", topic="t"), ("servers[0].customProperties[1].property", "unknown-field")),
        (
            RAW | {"format": "debezium"} | custom(operation="op"),
            ("servers[0].customProperties[0].value", "messages"),
        ),
    ],
)
def test_what_cannot_be_read_is_a_problem(tmp_path: Path, server: Any, found: tuple[str, str]) -> None:
    assert found in problems(tmp_path, server)


def test_a_path_that_is_none_names_its_column(tmp_path: Path) -> None:
    server = RAW | custom(queue="q")

    assert problems(tmp_path, server, logic="SELECT 1") == [
        ("schema[0].properties[1].transformLogic", "message-path")
    ]


def test_two_descriptions_are_a_problem(tmp_path: Path) -> None:
    server = RAW | custom(queue="q")

    assert problems(tmp_path, server, server) == [("servers[1]", "messages")]


def test_a_path_of_a_field_is_a_problem(tmp_path: Path) -> None:
    inner = {"name": "town", "logicalType": "string", "transformLogic": "a"}
    columns = [
        *BASE["schema"][0]["properties"],
        {"name": "to", "logicalType": "object", "properties": [inner]},
    ]

    assert problems(tmp_path, RAW | custom(queue="q"), properties=columns) == [
        ("schema[0].properties[2].properties[0].transformLogic", "message-path")
    ]


def test_debezium_without_a_sequence_is_a_note(tmp_path: Path) -> None:
    load(tmp_path, {"server": "messages", "type": "custom", "format": "debezium"})

    assert [note.rule for note in read_notes(tmp_path)] == ["order"]


def test_the_example_of_the_documents_is_a_contract(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "messages.md").read_text()
    example = yaml.load(text.partition("```yaml\n")[2].partition("```")[0], Loader=yaml.CSafeLoader)
    path = tmp_path / "payments.yaml"
    path.write_text(yaml.safe_dump(BASE | example))

    found = load_contract(path).messages

    assert found is not None
    assert (found.when, found.operation, found.time) == ("kind == 'payment'", "action", "happened_at")
    assert dict(found.paths)["amount"] == "payment.amount.value"
