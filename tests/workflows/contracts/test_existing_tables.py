"""Existing tables are compared with their contracts before anything is attached to them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from expectations.contract import Column, Contract
from expectations.entities import Condition
from expectations.existing_table import ExistingTable
from tests.builders import contracts
from tests.workflows.expanded_template import TEMPLATE, expanded
from workflows.contracts.existing_tables import (
    NO_TABLES,
    NONE,
    Attached,
    Place,
    WrongTable,
    find,
    parameters_of,
)

HERE = Place("us-east-1", "123456789012")
TABLE = ExistingTable("Shop", (("Id", "S"), ("Line", "N")), (("id", "Id"), ("line", "Line")))
ORDERS = Contract(
    dataset="shop_orders",
    version="1",
    description="",
    columns=(Column("id", "string", required=True), Column("line", "long", required=True)),
    key=("id", "line"),
    source="shop_orders.yaml",
    table=TABLE,
)


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("dynamodb", region_name="us-east-1")


def create(dynamodb: Any, view: str | None = "NEW_IMAGE", **kinds: str) -> Any:
    kinds = kinds or {"Id": "S", "Line": "N"}
    stream = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}} if view else {}
    keys = [
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(kinds, ("HASH", "RANGE"), strict=False)
    ]
    return dynamodb.create_table(
        TableName="Shop",
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()],
        BillingMode="PAY_PER_REQUEST",
        **stream,
    )["TableDescription"]


@pytest.mark.parametrize("view", ["NEW_IMAGE", "NEW_AND_OLD_IMAGES"])
def test_a_table_with_new_images_is_attached_to(dynamodb: Any, view: str) -> None:
    made = create(dynamodb, view)

    assert find(dynamodb, [ORDERS, *contracts().values()], HERE) == [
        Attached(made["TableArn"], made["LatestStreamArn"], None)
    ]


@pytest.mark.parametrize(
    ("view", "says"),
    [
        (None, "got none. To enable it, run this again with --enable-stream, or: aws dynamodb update-table"),
        ("KEYS_ONLY", "got KEYS_ONLY, which lacks new images"),
        ("OLD_IMAGE", "got OLD_IMAGE, which lacks new images"),
    ],
)
def test_a_stream_that_lacks_new_images_is_an_error_that_says_what_to_run(
    dynamodb: Any, view: str | None, says: str
) -> None:
    create(dynamodb, view)

    with pytest.raises(WrongTable) as caught:
        find(dynamodb, [ORDERS], HERE)
    assert says in str(caught.value)
    assert str(caught.value).startswith("shop_orders.yaml: ")


def test_a_stream_is_enabled_when_it_is_asked_for_and_never_replaced(dynamodb: Any) -> None:
    create(dynamodb, None)

    [attached] = find(dynamodb, [ORDERS], HERE, enables_streams=True)

    table = dynamodb.describe_table(TableName="Shop")["Table"]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert attached.stream == table["LatestStreamArn"]
    assert find(dynamodb, [ORDERS], HERE, enables_streams=True) == [attached]


def test_no_stream_is_enabled_of_a_table_with_another_key(dynamodb: Any) -> None:
    create(dynamodb, None, Id="S")

    with pytest.raises(WrongTable, match="Id of type S, got Id of type S and Line of type N"):
        find(dynamodb, [ORDERS], HERE, enables_streams=True)
    assert "LatestStreamArn" not in dynamodb.describe_table(TableName="Shop")["Table"]


@pytest.mark.parametrize(
    ("kinds", "says"),
    [
        ({"Id": "N", "Line": "N"}, "Id of type N and Line of type N, got"),
        ({"Line": "N", "Id": "S"}, "Line of type N and Id of type S, got"),
        ({"Id": "S", "line": "N"}, "Id of type S and line of type N, got"),
    ],
)
def test_another_key_is_an_error(dynamodb: Any, kinds: dict[str, str], says: str) -> None:
    create(dynamodb, **kinds)

    with pytest.raises(WrongTable, match=says):
        find(dynamodb, [ORDERS], HERE)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ({"region": "eu-west-1"}, "got eu-west-1: Lambda reads"),
        (
            {"account": "999999999999"},
            "got 999999999999: streams, .* Deploy a stack there, and share its lake",
        ),
    ],
)
def test_a_table_elsewhere_is_an_error(dynamodb: Any, place: dict[str, Any], says: str) -> None:
    create(dynamodb)

    with pytest.raises(WrongTable, match=says):
        find(dynamodb, [replace(ORDERS, table=replace(TABLE, **place))], HERE)


def test_a_missing_table_is_an_error_or_is_reported_and_left_out(dynamodb: Any) -> None:
    said: list[str] = []

    assert find(dynamodb, [ORDERS], HERE, on_missing=said.append) == []

    assert "the table Shop does not exist in us-east-1; shop_orders gets no changes" in said[0]
    with pytest.raises(WrongTable, match="Create it, or correct its name"):
        find(dynamodb, [ORDERS], HERE)


def test_the_template_is_told_of_tables_streams_and_keys() -> None:
    attached = [Attached("arn:b", "arn:b/s", "arn:k"), Attached("arn:a", "arn:a/s", "arn:k")]

    assert parameters_of([ORDERS, *contracts().values()], attached) == {
        "OwnTables": "households,products,transactions",
        "SourceTables": "arn:a,arn:b",
        "SourceStreams": "arn:a/s,arn:b/s",
        "SourceKeys": "arn:k",
    }
    assert parameters_of([ORDERS], []) == {"OwnTables": "X", **NONE}


def test_the_template_knows_what_stands_for_nothing() -> None:
    parameters = TEMPLATE["Parameters"]

    assert {name: parameters[name]["Default"] for name in NONE} == NONE
    assert expanded(OwnTables=NO_TABLES, **NONE)["Conditions"]["HasSources"] == {
        "Fn::Not": [{"Fn::Equals": [NONE["SourceTables"]] * 2}]
    }


PAID = replace(TABLE, entity=(Condition("Id", "prefix", "PAID#"),))
OPEN = replace(TABLE, entity=(Condition("state", "equals", "open"),))


def test_contracts_of_one_table_attach_to_it_once(dynamodb: Any) -> None:
    made = create(dynamodb)

    assert find(dynamodb, [replace(ORDERS, table=PAID), replace(ORDERS, dataset="b", table=PAID)], HERE) == [
        Attached(made["TableArn"], made["LatestStreamArn"], None)
    ]


def test_an_entity_that_the_key_does_not_tell_needs_both_images(dynamodb: Any) -> None:
    create(dynamodb, "NEW_IMAGE")
    both = [replace(ORDERS, table=PAID), replace(ORDERS, dataset="b", table=OPEN)]

    with pytest.raises(WrongTable, match="view NEW_AND_OLD_IMAGES, got NEW_IMAGE, which does not show"):
        find(dynamodb, both, HERE)


def test_a_key_that_is_always_the_same_has_to_be_described(dynamodb: Any) -> None:
    create(dynamodb, Id="S", Kind="S")
    keyed = replace(TABLE, keys=(("Id", "S"),), entity=(Condition("Kind", "equals", "ORDER"),))
    described = (Condition("Kind", "format", "ORDER"),)
    known = replace(keyed, keys=(("Kind", "S"), ("Id", "S")), entity=described)

    with pytest.raises(WrongTable, match="Describe each attribute of the key by a format"):
        find(dynamodb, [replace(ORDERS, table=keyed)], HERE)
    assert len(find(dynamodb, [replace(ORDERS, table=known)], HERE)) == 1
