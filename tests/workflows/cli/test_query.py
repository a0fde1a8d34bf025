"""The commands query and history: what they print as text and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.workflows.cli.calling import call
from workflows.cli.showing import Step
from workflows.query import history as histories
from workflows.stack.target import Target

if TYPE_CHECKING:
    from pathlib import Path

TARGET = Target("us-east-1", {})


@pytest.fixture(autouse=True)
def no_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.stack.target.connect", lambda name: TARGET)


def test_history_is_printed_for_people_and_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = histories.contract_of(TARGET, "households").columns
    names = (*histories.INTERVALS, *(column.name for column in columns))
    first = dict.fromkeys(names) | {"_key": "7", "_op": "upsert", "valid_from": "2026-11-24", "age": "65+"}
    second = first | {"valid_from": "2026-11-25", "is_coarse": True, "income": "[35-49K]"}
    monkeypatch.setattr(histories, "query", lambda target, sql: pa.Table.from_pylist([first, second]))

    people, program = call("history", "households", "--limit", "2"), call("history", "households", "--json")

    assert "age 65+" in people.stdout
    assert "income [35-49K] (from an export)" in people.stdout
    assert "2 versions; there may be more: --limit, --key" in people.stdout
    assert json.loads(program.stdout)[1]["income"] == "[35-49K]"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ("refunds",),
            1,
            "No contract for 'refunds'. Datasets with a contract: households, products, transactions.",
        ),
        (("products", "--key", "007"), 1, "expected the key as '7', got '007'"),
        (("products", "--as-of", "yesterday"), 2, "expected a time in ISO 8601"),
    ],
)
def test_the_error_of_a_wrong_request_says_why(arguments: tuple[str, ...], code: int, message: str) -> None:
    result = call("history", *arguments)

    assert result.exit_code == code
    assert message in result.stderr.replace("\n", " ")


def test_columns_of_one_name_are_printed_but_refused_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = pa.table([pa.array([1]), pa.array([2]), pa.array(["[red]"])], names=["a", "a", "[b]"])
    monkeypatch.setattr("workflows.query.sql.query", lambda target, sql: answer)

    people, program = call("query", "select"), call("query", "select", "--json")

    assert people.exit_code == 0
    assert people.stdout.split("│")[1:4] == [" 1 ", " 2 ", " [red] "]
    assert program.exit_code == 1
    assert "several columns named a: rename them with AS" in program.stderr


def test_a_result_is_printed_or_written_as_csv_and_parquet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer = pa.table({"name": ["a", None], "sizes": [[1, 2], []]}).replace_schema_metadata(
        {"glueline.bytes_read": "2500000"}
    )
    monkeypatch.setattr("workflows.query.sql.query", lambda target, sql: answer)

    printed = call("query", "select", "--csv")
    written = call("query", "select", "--output", str(tmp_path / "rows.parquet"))
    refused = call("query", "select", "--output", str(tmp_path / "rows.xml"))
    both = call("query", "select", "--csv", "--json")

    assert printed.stdout == 'name,sizes\na,"[1, 2]"\n,[]\n'
    assert parquet.read_table(tmp_path / "rows.parquet").equals(answer)
    assert "2 rows" in written.stdout
    assert "2.5 MB read" in written.stdout
    assert (refused.exit_code, "ends in .csv or .parquet" in refused.stderr) == (1, True)
    assert both.exit_code == 2


def test_a_token_is_printed_alone(monkeypatch: pytest.MonkeyPatch, steps: list[Step]) -> None:
    monkeypatch.setattr("workflows.stack.access_token.fetch_token", lambda target, scope: f"t {scope}")

    result = call("token", "--scope", "glueline/read")

    assert (result.stdout, result.stderr) == ("t glueline/read\n", "")
    assert steps == [Step("waiting for the token")]


def test_how_long_another_statement_took_says_nothing(
    monkeypatch: pytest.MonkeyPatch, estimates: list[str]
) -> None:
    monkeypatch.setattr("workflows.query.sql.query", lambda target, sql: pa.table({"n": [1]}))
    monkeypatch.setattr(histories, "query", lambda target, sql: pa.table({"n": [1]}))

    for statement in ("select 1", "select 2", "select 1"):
        call("query", statement)
    call("history", "products")
    call("history", "products", "--key", "7")

    first, second, again, all_of_it, one = estimates
    assert first == again != second
    assert all_of_it != one
    assert not any("select" in name for name in estimates)  # a statement may have values
