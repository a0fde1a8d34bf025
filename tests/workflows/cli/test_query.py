"""The questions of the command line: what is printed for people, and what for programs."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from tests.workflows.cli.calling import call
from workflows.query import history as histories
from workflows.stack.target import Target

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
        (("refunds",), 1, "No contract for 'refunds'; there are households, products, transactions."),
        (("products", "--key", "007"), 1, "expected the key as '7', got '007'"),
        (("products", "--as-of", "yesterday"), 2, "expected a time in ISO 8601"),
    ],
)
def test_a_question_that_can_not_be_asked_is_told_why(
    arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = call("history", *arguments)

    assert result.exit_code == code
    assert message in result.stderr.replace("\n", " ")


def test_columns_of_one_name_are_all_printed_and_refused_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = pa.table([pa.array([1]), pa.array([2]), pa.array(["[red]"])], names=["a", "a", "[b]"])
    monkeypatch.setattr("workflows.query.engines.query", lambda target, sql: answer)

    people, program = call("query", "select"), call("query", "select", "--json")

    assert people.exit_code == 0
    assert people.stdout.split("│")[1:4] == [" 1 ", " 2 ", " [red] "]
    assert program.exit_code == 1
    assert "several of a: give them other names with AS" in program.stderr
