"""Rows of CSV with numbers, dates, booleans and nulls as their contract declares them."""

import json
from dataclasses import replace

import pytest

from expectations.contract import Column, Contract
from expectations.file_dialect import CsvDialect
from tests.jobs.reading.formats.reading import read

SALES = Contract(
    "sales",
    "1",
    "",
    columns=(
        Column("id", "long", required=True),
        Column("day", "date", aliases=("Tag",), format="dd.MM.yyyy"),
        Column("at", "timestamp", format="dd.MM.yyyy HH:mm"),
        Column("amount", "decimal(10,2)", aliases=("Betrag",)),
        Column("paid", "boolean"),
        Column("note", "string"),
        Column("lines", "list<decimal(4,2)>", fields=(Column("element", "decimal(4,2)"),)),
    ),
    key=("id",),
    csv=CsvDialect(
        ";", "cp1252", decimal=",", group=".", missing=("N/A", "-"), true=("ja",), false=("nein",)
    ),
)


def test_a_row_of_the_dialect_comes_as_every_door_reads_it() -> None:
    content = "id;Tag;at;Betrag;paid;note;lines\n1.000;31.12.2026;1.2.2026 10:00;1.234,50;ja;25 € N/A;[1.5]\n"
    content += '2;-;01.02.2026 10:00;"-,5";nein;-;\n'

    found = read("csv", content.encode("cp1252"), SALES)

    assert [row.problem for row in found] == [None, None]
    assert [json.loads(str(row.payload)) for row in found] == [
        {
            "id": "1000",
            "Tag": "2026-12-31",
            "at": "1.2.2026 10:00",
            "Betrag": "1234.50",
            "paid": "true",
            "note": "25 € N/A",
            "lines": "[1.5]",
        },
        {
            "id": "2",
            "Tag": None,
            "at": "2026-02-01T10:00:00Z",
            "Betrag": "-.5",
            "paid": "false",
            "note": None,
            "lines": None,
        },
    ]


def test_a_number_of_another_dialect_is_a_problem_that_names_column_and_line() -> None:
    (found,) = read("csv", "id;amount\n1;12.50\n", SALES)

    assert found.problem == (
        "type: column amount: expected decimal(10,2) written with ',' and '.' between thousands as declared, "
        "got '12.50' (line 2)"
    )
    assert found.payload == '{"id": "1", "amount": "12.50"}'


def test_a_delete_is_judged_by_its_key_alone() -> None:
    found = read("csv", "_op;id;amount\ndelete;1;12.50\ndelete;1.5;\n", SALES)

    assert [(row.payload, bool(row.problem)) for row in found] == [
        ('{"_op": "delete", "id": "1", "amount": null}', False),
        ('{"_op": "delete", "id": "1.5", "amount": null}', True),
    ]


def test_of_many_faults_the_first_are_named() -> None:
    columns = (Column("id", "long", required=True), *(Column(f"n{number}", "long") for number in range(9)))
    names = ";".join(column.name for column in columns)

    (found,) = read("csv", f"{names}\n1{';x' * 9}\n", replace(SALES, columns=columns))

    assert str(found.problem).count("type: column") == 3
    assert str(found.problem).endswith("; and 6 more (line 2)")


@pytest.mark.parametrize("field", ["", '""'])
def test_an_empty_field_stays_what_it_is(field: str) -> None:
    (found,) = read("csv", f"id;amount;note\n1;;{field}\n", SALES)

    assert json.loads(str(found.payload)) == {"id": "1", "amount": None, "note": "" if field else None}
