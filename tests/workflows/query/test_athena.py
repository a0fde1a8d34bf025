"""A statement that Athena runs, with a double of its API."""

from types import SimpleNamespace
from typing import Any

import pytest

from workflows.query import athena
from workflows.query.athena import query_athena
from workflows.query.dialect.errors import NoSuchTable, QueryError


class Athena:
    """An API in which a query is in each of these states once."""

    def __init__(self, *states: str, reason: str = "line 1:8") -> None:
        self.states, self.reason = list(states), reason
        self.started: dict[str, Any] = {}

    def start_query_execution(self, **request: Any) -> dict[str, str]:
        self.started = request
        return {"QueryExecutionId": "q1"}

    def get_query_execution(self, QueryExecutionId: str) -> dict[str, Any]:
        status = {"State": self.states.pop(0), "StateChangeReason": self.reason}
        return {"QueryExecution": {"Status": status, "Statistics": {"DataScannedInBytes": 1024}}}

    def get_paginator(self, operation: str) -> Any:
        columns: Any = {"ColumnInfo": [{"Name": "day"}, {"Name": "n"}]}
        pages: list[list[tuple[str | None, ...]]] = [
            [("day", "n"), ("2017-03-01", "1")],
            [("2017-03-02", None)],
        ]
        answer = [
            {
                "ResultSet": {
                    "ResultSetMetadata": columns,
                    "Rows": [
                        {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]}
                        for row in page
                    ],
                }
            }
            for page in pages
        ]
        return SimpleNamespace(paginate=lambda QueryExecutionId: iter(answer))


def target_with(api: Athena) -> Any:
    return SimpleNamespace(client=lambda service: api, output=lambda name: name)


def test_the_answer_of_all_pages_is_a_table_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(athena, "_POLL_SECONDS", 0)
    api = Athena("QUEUED", "RUNNING", "SUCCEEDED")

    answer, read = query_athena(target_with(api), "select day, n from sales")

    assert read == 1024
    assert answer.to_pylist() == [{"day": "2017-03-01", "n": "1"}, {"day": "2017-03-02", "n": None}]
    assert api.started == {
        "QueryString": "select day, n from sales",
        "QueryExecutionContext": {"Database": "LakeDatabase"},
        "WorkGroup": "AthenaWorkGroup",
    }


def test_the_reason_of_a_failed_query_is_in_the_error() -> None:
    with pytest.raises(QueryError, match="ended in state FAILED: line 1:8"):
        query_athena(target_with(Athena("FAILED")), "select colour from sales")


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.dev_ops.batches' does not exist", NoSuchTable),
        ("PERMISSION_DENIED: Access denied on kms:Decrypt (Service: Kms; Status Code: 400)", QueryError),
        ("Query exhausted resources at this scale factor", QueryError),
    ],
)
def test_a_missing_table_is_told_from_other_failures(reason: str, error: type[QueryError]) -> None:
    with pytest.raises(QueryError) as raised:
        query_athena(target_with(Athena("FAILED", reason=reason)), "select * from dev_ops.batches")

    assert type(raised.value) is error
