"""Histories of a source table: in any order and repetition of its messages, its last rows are stored."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from expectations.contract import Contract
from lambdas.data_api.batch import read_changes
from lambdas.data_api.changes import Checker
from lambdas.data_api.store import Store
from lambdas.data_api.transactions import write_batch
from lambdas.exact_json import dumps, loads
from lambdas.source.events import ValidMessage
from lambdas.source.messages import Reader
from lambdas.validation import Validators
from tests.lambdas.source.mapped import BY_DEBEZIUM, BY_DEBEZIUM_IN_ORDER, BY_DMS, debezium, dms, order
from tests.properties import examples

NOW = 1_800_000_000_000_000
SECOND = 1_700_000_000
# What a transaction does: insert or update, delete, or move a row to another key; of keys 1 to 3.
statements = st.one_of(
    st.tuples(st.just("set"), st.integers(1, 3), st.sampled_from("abc")),
    st.tuples(st.just("delete"), st.integers(1, 3)),
    st.tuples(st.just("move"), st.integers(1, 3), st.integers(1, 3)),
)
transactions = st.lists(st.lists(statements, min_size=1, max_size=3), min_size=1, max_size=5)


@dataclass
class Source:
    """A source table and its log. Time passes only between some transactions."""

    connector: str
    rows: dict[int, str] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    place: int = 1000
    second: int = SECOND
    made: int = 0

    def commit(self, transaction: list[Any]) -> None:
        self.second += len(self.messages) % 2
        for row, (kind, key, *more) in enumerate(transaction):
            if kind == "set":
                self._write("u" if key in self.rows else "c", key, more[0], row)
            elif key in self.rows and kind == "delete":
                self._gone(key, row)
            elif key in self.rows and more[0] not in self.rows:
                self._move(key, more[0], row)
            # In MySQL two changes may be in one event of the log.
            self.place += 24 if self.connector == "postgresql" or row % 2 else 0
        self.place += 40

    def snapshot(self) -> None:
        """Read all rows, as of the end of the log, where the next change will be."""
        for key in self.rows:
            self._say("r", key, self.rows[key], 0)

    def _write(self, op: str, key: int, value: str, row: int) -> None:
        self.rows[key] = value
        self._say(op, key, value, row)

    def _gone(self, key: int, row: int) -> None:
        self._say("d", key, self.rows.pop(key), row)

    def _move(self, key: int, to: int, row: int) -> None:
        value = self.rows.pop(key)
        self.rows[to] = value
        if self.connector == "dms":
            self._say("u", to, value, row, before={"order_id": key})
        else:
            self._say("d", key, value, row)
            self._say("c", to, value, row)

    def _say(self, op: str, key: int, value: str, row: int, before: Any = None) -> None:
        data = order(key, customer=value)
        if self.connector == "dms":
            self.made += 1
            at = f"2026-11-30T12:00:00.{self.made // 2:06}Z"  # two messages in each microsecond
            operation = {"c": "insert", "u": "update", "d": "delete", "r": "load"}[op]
            details = {"transaction-record-id": self.made, "commit-timestamp": "2026-11-30T12:00:00Z"}
            self.messages.append(dms(operation, data, before, timestamp=at, **details))
            return
        late = 5 if op == "r" else 0  # a snapshot reads its rows long after its place in the log
        source: dict[str, Any] = {"connector": self.connector, "ts_ms": (self.second + late) * 1000}
        if self.connector == "postgresql":
            source |= {"lsn": self.place}
        else:
            source |= {"lsn": None, "file": f"bin.{self.place // 200:06}", "pos": self.place, "row": row}
        image = (
            {"order_id": key} if op == "d" else data
        )  # what REPLICA IDENTITY DEFAULT tells of a deleted row
        self.messages.append(debezium(op, **{"before" if op == "d" else "after": image}, **source))


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("dynamodb", region_name="us-east-1")


numbers = count()


def stored(dynamodb: Any, contract: Contract, bodies: list[str]) -> dict[int, str]:
    """The live rows after these bodies came one after another, through the source and the API."""
    contracts = {"orders": contract}
    reader, checker = Reader(contracts, Validators(contracts)), Checker(contracts, Validators(contracts))
    store = Store(dynamodb, f"t{next(numbers)}-")
    dynamodb.create_table(
        TableName=store.table(contract),
        KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for body in bodies:
        read = reader.read("m", body)
        assert all(isinstance(one, ValidMessage) for one in read), read
        given = [loads(one.change) for one in read if isinstance(one, ValidMessage)]
        changes, rejected = read_changes(given, checker, lambda dataset, verb: True, NOW)
        assert not rejected
        results = write_batch(store, changes)
        assert {result.status for result in results.values()} <= {"accepted", "stale"}
    items = dynamodb.scan(TableName=store.table(contract))["Items"]
    dynamodb.delete_table(TableName=store.table(contract))
    return {int(item["order_id"]["N"]): item["customer"]["S"] for item in items if "_deleted" not in item}


@pytest.mark.parametrize(
    ("connector", "contract", "has_snapshot"),
    [
        ("postgresql", BY_DEBEZIUM_IN_ORDER, True),
        ("mysql", BY_DEBEZIUM_IN_ORDER, True),
        ("postgresql", BY_DEBEZIUM, False),
        ("mysql", BY_DEBEZIUM, False),
        ("dms", BY_DMS, True),
    ],
    ids=["postgresql by position", "mysql by position", "postgresql by time", "mysql by time", "dms"],
)
@settings(max_examples=examples(10))
@given(before=transactions, after=transactions, data=st.data())
def test_the_last_rows_of_the_source_are_stored(  # noqa: PLR0917
    dynamodb: Any,
    connector: str,
    contract: Contract,
    has_snapshot: bool,
    before: Any,
    after: Any,
    data: st.DataObject,
) -> None:
    source = Source(connector)
    for transaction in before:
        source.commit(transaction)
    if has_snapshot:
        if data.draw(st.booleans(), label="the changes before the snapshot were captured, too"):
            source.snapshot()
        else:
            source.messages.clear()
            source.snapshot()
    for transaction in after:
        source.commit(transaction)
    repeated = source.messages + data.draw(st.lists(st.sampled_from(source.messages or [{}]), max_size=4))
    bodies = [dumps(message) for message in data.draw(st.permutations(repeated)) if message]

    assert stored(dynamodb, contract, bodies) == source.rows, json.dumps(source.messages, indent=1)
