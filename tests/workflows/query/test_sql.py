"""Which engine runs a statement, and rows as dictionaries."""

import pyarrow as pa
import pytest

from tests.workflows.query.tables import Lake
from workflows.query import sql
from workflows.query.dialect.errors import QueryError
from workflows.query.sql import BYTES_READ, query, rows
from workflows.stack.target import Target


def test_the_local_stack_is_queried_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "lake_catalog", lambda target: Lake())

    target = Target("us-east-1", {"LakeDatabase": "lake"}, "http://127.0.0.1:1")

    assert rows(query(target, "select count(*) as n from sales")) == [{"n": 3}]


def test_a_stack_on_aws_is_queried_with_athena(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "query_athena", lambda target, text: (pa.table({"sent": [text]}), 7))

    answer = query(Target("us-east-1", {}), "select 1")

    assert rows(answer) == [{"sent": "select 1"}]
    assert answer.schema.metadata == {BYTES_READ: b"7"}


def test_columns_of_one_name_are_no_dictionary() -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=["n", "n"])

    with pytest.raises(QueryError, match="several columns named n"):
        rows(table)
