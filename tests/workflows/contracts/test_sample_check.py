"""A sample is read by the contract that was drafted from it."""

from pathlib import Path

import pytest

from expectations.contract import Column, Contract
from tests.jobs.reading.formats.example_files import ALL_FORMATS, example
from workflows.contracts.sample_check import check_rows, problem_of_drop
from workflows.contracts.samples.facts import DraftError
from workflows.contracts.samples.sample import open_sample

CONTRACT = Contract(
    dataset="orders",
    version="1.0.0",
    description="",
    columns=(
        Column("id", "long", required=True, aliases=("Order No.",)),
        Column("paid", "boolean"),
        Column("note", "string"),
    ),
    key=("id",),
)


def check(path: Path, content: str) -> None:
    path.write_text(content)
    with open_sample(path) as sample:
        check_rows(CONTRACT, sample, path, {"_note": "note"})


def test_fields_are_read_as_a_drop_reads_them(tmp_path: Path) -> None:
    check(tmp_path / "a.csv", "Order No.,paid,_note,_op\n1,TRUE,,\n2, ,x,\n3,,,delete\n")
    check(tmp_path / "a.json", '[{"Order No.": 1, "paid": true}]')


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "id,paid\n1,true\n2,yes\n", "Row 2 of a.csv breaks the contract .* /paid"),
        ("a.json", '[{"id": "x"}]', "Row 1 of a.json breaks"),
        ("a.csv", "paid\ntrue\n", "/id expected a value"),
    ],
)
def test_the_first_row_that_breaks_the_contract_is_named(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    with pytest.raises(DraftError, match=message):
        check(tmp_path / name, content)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", "id,paid\n1,true\n", None),
        ("a.csv", "id,_note\n1,x\n", "unknown: _note"),
        ("a.psv", "id|paid\n1|true\n", "drops take files named *."),
    ],
)
def test_why_a_file_cannot_be_dropped(tmp_path: Path, name: str, content: str, problem: str | None) -> None:
    path = tmp_path / name
    path.write_text(content)

    found = problem_of_drop(CONTRACT, path)

    assert found is None if problem is None else problem in (found or "")


@pytest.mark.parametrize("file_format", ALL_FORMATS)
def test_a_sample_of_each_format_can_be_checked_and_dropped(tmp_path: Path, file_format: str) -> None:
    path = tmp_path / f"a.{file_format}"
    path.write_bytes(
        example(file_format, ["id", "note"], [{"id": "1", "note": "x"}, {"id": "2", "note": None}])
    )

    with open_sample(path) as sample:
        check_rows(CONTRACT, sample, path, {})

    assert problem_of_drop(CONTRACT, path) is None
