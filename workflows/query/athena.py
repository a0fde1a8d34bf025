"""Runs a statement with Athena."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from workflows.query.dialect.errors import NoSuchTable, QueryError

if TYPE_CHECKING:
    from workflows.stack.target import Target

_POLL_SECONDS: Final = 0.5
_ACTIVE: Final = ("QUEUED", "RUNNING")
_NO_TABLE: Final = "TABLE_NOT_FOUND"  # as in TABLE_NOT_FOUND: line 1:15: Table '…' does not exist


def query_athena(target: Target, sql: str) -> tuple[pa.Table, int]:
    """Run one statement in the stack's workgroup: its rows, every value as Athena's text, and the bytes read.

    Raises QueryError with Athena's reason if the statement fails, NoSuchTable if that is a missing table.
    """
    athena = target.client("athena")
    execution = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": target.output("LakeDatabase")},
        WorkGroup=target.output("AthenaWorkGroup"),
    )["QueryExecutionId"]
    while True:
        found = athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]
        status = found["Status"]
        if status["State"] not in _ACTIVE:
            break
        time.sleep(_POLL_SECONDS)
    if status["State"] != "SUCCEEDED":
        reason = status.get("StateChangeReason", "no reason given")
        error = NoSuchTable if _NO_TABLE in reason else QueryError
        raise error(f"The Athena query ended in state {status['State']}: {reason}")
    pages = list(athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution))
    names = [column["Name"] for column in pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
    cells = [
        [cell.get("VarCharValue") for cell in row["Data"]]
        for page in pages
        for row in page["ResultSet"]["Rows"]
    ][1:]  # the first row holds the names
    columns = [pa.array([row[index] for row in cells], pa.string()) for index in range(len(names))]
    return pa.table(columns, names=names), int(found.get("Statistics", {}).get("DataScannedInBytes", 0))
