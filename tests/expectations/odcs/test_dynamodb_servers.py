"""Existing tables, as servers of type dynamodb declare them."""

from pathlib import Path

import pytest

from expectations.existing_table import ExistingTable
from expectations.item_keys import table_of
from expectations.odcs import load_contract
from expectations.odcs.dynamodb_servers import existing_server
from tests.expectations.contract_files import notes, problems, write

ARN = "arn:aws:dynamodb:eu-west-1:111122223333:table/Shop"
TABLE = """\
apiVersion: v3.1.0
kind: DataContract
id: urn:test:orders
version: 1.0.0
status: active
servers:
  - {server: shop, type: dynamodb, region: eu-west-1}
schema:
  - name: orders
    physicalName: Shop
    properties:
      - {name: line, physicalName: LineNo, logicalType: integer, primaryKey: true, primaryKeyPosition: 2}
      - {name: order_id, physicalName: OrderId, logicalType: string, primaryKey: true, primaryKeyPosition: 1}
      - {name: city, physicalName: address.city, logicalType: string}
      - {name: note, logicalType: string}
"""


def test_a_table_has_its_keys_in_order_and_a_path_for_each_column(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path, TABLE))

    assert contract.key == ("order_id", "line")
    assert contract.table == ExistingTable(
        "Shop",
        (("OrderId", "S"), ("LineNo", "N")),
        (("line", "LineNo"), ("order_id", "OrderId"), ("city", "address.city"), ("note", '"note"')),
        "eu-west-1",
    )


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("region: eu-west-1", f"location: '{ARN}'", ("Shop", "eu-west-1", "111122223333")),
        ("type: dynamodb", "type: custom, format: dynamodb", ("Shop", "eu-west-1", None)),
        (", region: eu-west-1", ", account: '111122223333'", ("Shop", None, "111122223333")),
    ],
)
def test_a_server_says_where_the_table_is(
    tmp_path: Path, old: str, new: str, place: tuple[str, str | None, str | None]
) -> None:
    table = table_of(load_contract(write(tmp_path, TABLE.replace(old, new))))

    assert (table.name, table.region, table.account) == place


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    physicalName: Shop\n", "", "schema[0].physicalName (line 9): expected the name of a DynamoDB"),
        ("physicalName: Shop", "physicalName: 'a b'", "expected the name of a DynamoDB table, got 'a b'"),
        ("region: eu-west-1", "location: 'arn:aws:s3:::a'", "expected the ARN of a table"),
        ("region: eu-west-1", f"region: eu-west-2, location: '{ARN}'", "expected the region of the ARN"),
        ("physicalName: Shop", f"physicalName: Sho\n#{ARN}", None),
        ("address.city", "address..city", "physicalName (line 14): expected an attribute, such as"),
        ("physicalName: OrderId", "physicalName: a.OrderId", "expected an attribute of the item itself"),
        ("LineNo, logicalType: integer", "LineNo, logicalType: timestamp", "expected a key of string, int"),
        ("LineNo, logicalType: integer", "LineNo, logicalType: boolean", "expected a key of string, int"),
        (
            "{name: note,",
            "{name: note, primaryKey: true, primaryKeyPosition: 3,",
            "one or two key columns",
        ),
        (
            "schema:\n",
            "  - {server: b, type: dynamodb}\nschema:\n",
            "servers[1] (line 8): expected one table",
        ),
        (
            "    properties:\n",
            "    customProperties: [{property: sequenceColumn, value: at}]\n    properties:\n"
            "      - {name: at, logicalType: timestamp, required: true}\n",
            "the stream of the table orders its changes",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, message: str | None) -> None:
    assert TABLE.count(old) == 1

    found = [str(problem) for problem in problems(tmp_path, TABLE.replace(old, new))]

    assert found == [] if message is None else len(found) == 1 and message in found[0], found


def test_a_binary_key_is_of_an_existing_table_alone(tmp_path: Path) -> None:
    binary = TABLE.replace(
        "LineNo, logicalType: integer", "LineNo, logicalType: string, physicalType: binary"
    )
    server = "servers:\n  - {server: shop, type: dynamodb, region: eu-west-1}\n"

    contract = load_contract(write(tmp_path, binary))

    assert contract.table.keys[1] == ("LineNo", "B")
    assert "binary" in str(problems(tmp_path, binary.replace(server, ""))[0])


def test_a_name_inside_of_a_column_is_noted(tmp_path: Path) -> None:
    inside = (
        "{name: size, logicalType: object, properties: [{name: w, physicalName: W, logicalType: integer}]}"
    )

    assert notes(tmp_path, f"{TABLE}      - {inside}\n") == [
        (
            "schema[0].properties[4].properties[0].physicalName",
            "names inside of a column are those of the attribute; make the inner value a column",
        )
    ]


def test_other_servers_make_no_existing_table(tmp_path: Path) -> None:
    assert load_contract(write(tmp_path, TABLE.replace("type: dynamodb", "type: s3"))).table.is_own
    assert existing_server(None) is None
