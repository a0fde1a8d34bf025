"""A contract drafted from a sample is valid, and takes the sample."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from expectations.align import align
from expectations.file_dialect import RFC_4180, CsvDialect
from expectations.file_values import field_reader
from expectations.problems import ContractError
from jobs.reading.formats.registry import read_rows
from lambdas.validation import Validators
from workflows.contracts.draft import Draft, draft, draft_from_ddl, draft_from_table, path_of_new, write_new
from workflows.contracts.samples.facts import DraftError

if TYPE_CHECKING:
    from expectations.contract import Column, Contract

CSV = """\
paymentId;Customer No.;Amount;Paid;Day;Updated At;status;_comment
0017;12;12.50;true;2024-01-31;2024-01-31T10:00:00+01:00;open;
0018;N/A;7;false;2024-02-01;2024-02-01T10:00:00Z;done;x
"""


def drafted(
    folder: Path, content: str | bytes, key: str, sequence: str | None = None, name: str = "sample.csv"
) -> Draft:
    sample = folder / name
    sample.write_bytes(content.encode() if isinstance(content, str) else content)
    return draft("payments", list(filter(None, key.split(","))), sequence, sample)


@pytest.mark.parametrize("key", ["paymentId", "payment_id", "PaymentID"])
def test_a_draft_from_csv_has_snake_case_names_aliases_and_exact_types(tmp_path: Path, key: str) -> None:
    contract = drafted(tmp_path, CSV, key).contract

    assert (contract.dataset, contract.key, contract.sequence_column) == (
        "payments",
        ("payment_id",),
        "updated_at",
    )
    assert [(column.name, column.type, column.required, column.aliases) for column in contract.columns] == [
        ("payment_id", "string", True, ("paymentId",)),
        ("customer_no", "long", False, ("Customer No.",)),
        ("amount", "decimal(18,2)", True, ("Amount",)),
        ("paid", "boolean", True, ("Paid",)),
        ("day", "date", True, ("Day",)),
        ("updated_at", "timestamp", True, ("Updated At",)),
        ("status", "string", True, ()),
        ("comment", "string", False, ()),
    ]


def test_notes_say_what_the_author_should_know(tmp_path: Path) -> None:
    notes = drafted(tmp_path, CSV, "paymentId").notes

    assert [note[:40] for note in notes] == [
        "fields are separated by ';'.",
        "fields with N/A have no value.",
        "_comment: name it comment in files.",
        "updated_at orders the changes of a key; ",
        "sample.csv can't be dropped as it is: he",
    ]


def test_few_texts_are_proposed_as_valid_values_that_only_warn(tmp_path: Path) -> None:
    rows = "".join(f"{number},{'open' if number % 2 else 'yes'}\n" for number in range(20))
    contract = drafted(tmp_path, f"id,status\n{rows}", "id").contract

    (rule,) = [rule for rule in contract.rules if rule.name == "status.known"]
    assert (rule.kwargs["value_set"], rule.severity) == (["open", "yes"], "warning")


def test_a_draft_from_nested_json(tmp_path: Path) -> None:
    content = '[{"id": 1, "Ship To": {"zipCode": "01", "n": 1.5}, "tags": ["a"], "lines": [{"sku": "a"}]}]'
    contract = drafted(tmp_path, content, "id", name="sample.json").contract

    assert [(column.name, column.type) for column in contract.columns] == [
        ("id", "long"),
        ("ship_to", "struct<zip_code: string, n: decimal(18,2)>"),
        ("tags", "list<string>"),
        ("lines", "list<struct<sku: string>>"),
    ]


def test_a_draft_from_parquet_keeps_exact_decimals_and_a_composite_key(tmp_path: Path) -> None:
    file = io.BytesIO()
    pq.write_table(
        pa.table(
            {"order_id": ["a"], "line": [1], "price": [None]},
            schema=pa.schema(
                [("order_id", pa.string()), ("line", pa.int32()), ("price", pa.decimal128(38, 10))]
            ),
        ),
        file,
    )

    contract = drafted(tmp_path, file.getvalue(), "order_id, line", name="sample.parquet").contract

    assert contract.key == ("order_id", "line")
    assert contract.column("price").type == "decimal(38,10)"


def test_names_of_parquet_that_drops_refuse_are_noted(tmp_path: Path) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"id": [1], "_row": [7], "__index_level_0__": [7]}), file)

    found = drafted(tmp_path, file.getvalue(), "id", name="sample.parquet")

    assert [column.name for column in found.contract.columns] == ["id", "row"]
    assert [note[:24] for note in found.notes] == [
        "__index_level_0__: the i",
        "_row: name it row in fil",
        "sample.parquet can't be ",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("id,x\n18446744073709551615,a\n", "string"),
        ("id,x\n1.5e-300,a\n", "string"),
        ("id,x\nNA,a\nDE,b\n", "string"),
        ("id,x\n1.5,a\n", "decimal(18,2)"),
        ("id,id_bucket\ntrue,a\n", "boolean"),
        ("id,id_bucket\n1,a\n", "long"),
    ],
)
def test_a_key_is_never_a_double(tmp_path: Path, content: str, expected: str) -> None:
    assert drafted(tmp_path, content, "id").contract.column("id").type == expected


@pytest.mark.parametrize(
    ("header", "value", "proposed"),
    [
        ("Last Modified", "2024-01-31 10:00", "last_modified"),
        ("version", "3", "version"),
        ("modifiedAt", "2024-01-31 10:00", "modified_at"),
        ("updated_at", "2024-01-31", None),
        ("updated_at", "", None),
        ("created_at", "2024-01-31 10:00", None),
    ],
)
def test_a_sequence_column_is_proposed_if_it_can_order_changes(
    tmp_path: Path, header: str, value: str, proposed: str | None
) -> None:
    contract = drafted(tmp_path, f"id,{header}\n1,{value}\n", "id").contract

    assert contract.sequence_column == proposed


def test_a_sequence_column_that_is_named_comes_first(tmp_path: Path) -> None:
    content = "id,n,updated_at\n1,2,2024-01-31 10:00\n"

    assert drafted(tmp_path, content, "id", "n").contract.sequence_column == "n"


@pytest.mark.parametrize(
    ("content", "key", "sequence", "message"),
    [
        ("id,x\n1,a\n", "no", None, "no column no; it has id, x"),
        ("id,x\n1,a\n,b\n", "id", None, "Expected a value of the key column id .* in 1 rows"),
        ("id,x\n1,a\n", "id", "x", "Expected a sequence column of type .*, got x, which is string"),
        ("id,x\n1,2\n2,\n", "id", "x", "Expected a value of the sequence column x"),
        ("id,x\n1,9223372036854775807\n", "id", "x", "Row 1 of sample.csv breaks the contract"),
    ],
)
def test_a_sample_that_cannot_have_the_key_or_sequence_is_refused(
    tmp_path: Path, content: str, key: str, sequence: str | None, message: str
) -> None:
    with pytest.raises(DraftError, match=message):
        drafted(tmp_path, content, key, sequence)


def test_a_key_of_json_that_is_a_struct_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DraftError, match="Expected a key of string"):
        drafted(tmp_path, '{"id": {"a": 1}}', "id", name="sample.json")


@pytest.mark.parametrize(("dataset", "problem"), [("Web Orders", "name it web_orders"), ("", "rename it")])
def test_a_name_that_no_dataset_has_is_refused(tmp_path: Path, dataset: str, problem: str) -> None:
    sample = tmp_path / "sample.csv"
    sample.write_text("id\n1\n")

    with pytest.raises(DraftError, match=problem):
        draft(dataset, ["id"], None, sample)
    with pytest.raises(ContractError, match=r"a name that is not in use"):
        draft("orders_changes", ["id"], None, sample)


def test_a_contract_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_new(tmp_path / "a.yaml", "text")

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.yaml", "text")]
    with pytest.raises(DraftError, match="does not exist; create it"):
        path_of_new(tmp_path / "none", "a")
    with pytest.raises(DraftError, match="already exists"):
        path_of_new(tmp_path, "a")
    with pytest.raises(UnicodeEncodeError):
        write_new(tmp_path / "b.yaml", "\ud800")
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_a_draft_from_sql_has_the_primary_key_unless_another_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.sql"
    file.write_text("CREATE TABLE payments (paymentId bigint PRIMARY KEY, amount numeric(12,2))")

    contract = draft_from_ddl("payments", [], None, file).contract

    assert contract.key == ("payment_id",)
    assert [column.type for column in contract.columns] == ["long", "decimal(12,2)"]
    assert draft_from_ddl("payments", ["amount"], None, file).contract.key == ("amount",)


def test_a_sample_without_a_named_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DraftError, match="name its columns by --key"):
        drafted(tmp_path, "id\n1\n", "")


def test_a_draft_from_a_table_of_the_glue_catalog() -> None:
    with mock_aws():
        glue = boto3.client("glue", region_name="eu-central-1")
        glue.create_database(DatabaseInput={"Name": "sales"})
        columns = [{"Name": "id", "Type": "bigint"}, {"Name": "amount", "Type": "decimal(12,2)"}]
        table: Any = {"Name": "payments", "StorageDescriptor": {"Columns": columns}}
        glue.create_table(DatabaseName="sales", TableInput=table)

        contract = draft_from_table("payments", ["id"], None, "sales.payments", glue).contract

        assert [column.type for column in contract.columns] == ["long", "decimal(12,2)"]
        with pytest.raises(DraftError, match=r"got sales\.refunds, which is none"):
            draft_from_table("payments", ["id"], None, "sales.refunds", glue)
        with pytest.raises(DraftError, match=r"as database\.table, got payments"):
            draft_from_table("payments", ["id"], None, "payments", glue)


CELLS = st.one_of(
    st.integers().map(str),
    st.integers(-(10**6), 10**6).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    st.floats().map(repr),
    st.datetimes().map(str),
    st.dates().map(str),
    st.booleans().map(str),
    st.sampled_from(
        ["", " ", "NA", "N/A", "-", "007", "+49", "1e5", "1,5", "yes", "a;b", '"', "2024-01-31T10Z"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=5),
)
HEADERS = st.text("abAB1 .é%-", min_size=1, max_size=6).map(str.strip).filter(bool)


@given(
    st.lists(HEADERS, unique=True, max_size=4).flatmap(
        lambda headers: st.tuples(
            st.just(headers),
            st.lists(st.lists(CELLS, min_size=len(headers), max_size=len(headers)), min_size=1, max_size=5),
        )
    ),
    st.sampled_from(",;\t|"),
)
def test_a_draft_takes_every_row_of_its_sample(
    table: tuple[list[str], list[list[str]]], delimiter: str
) -> None:
    headers, cells = ["Row ID", *table[0]], [[str(number), *row] for number, row in enumerate(table[1], 1)]
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([headers, *cells])
    with TemporaryDirectory() as folder:
        contract = drafted(Path(folder), file.getvalue(), "Row ID").contract

    validators = Validators({"payments": contract})
    for row in cells:
        values = [
            value_of(cell, column, contract) for cell, column in zip(row, contract.columns, strict=True)
        ]
        aligned, _ = align(contract, dict(zip(headers, values, strict=True)))
        assert validators.violations("payments", "upsert", aligned) == []


def value_of(cell: str, column: Column, contract: Contract) -> str | bool | None:
    """A field as the door of drops reads it."""
    read = field_reader(column, contract.csv)
    text = (cell if read is None else read(cell)) or ""
    if column.kind == "boolean" and text.strip():
        return text.strip().lower() == "true"
    return text if text.strip() or (text and column.kind == "string") else None


GERMAN = """\
Kundenübersicht
Nr;Straße;Betrag;Datum;Geändert;Menge;Währung
1;"Am Markt; 1";1.234,50;31.12.2026;31.12.2026 08:00;1.000;€
2;N/A;-7,25;01.01.2027;01.01.2027 09:30;N/A;€
"""
FRENCH = "id\tprix\tdate\n1\t1 234,5\t31/12/2026\n2\t0,75\t01/02/2026\n"
AMERICAN = 'id,price,date\n1,"1,234.50",12/31/2026 1:05 PM\n2,NULL,1/2/2026 11:00 AM\n'


@pytest.mark.parametrize(
    ("content", "encoding", "dialect", "columns"),
    [
        (GERMAN, "cp1252", CsvDialect(";", "cp1252", skip_rows=1, missing=("N/A",), decimal=",", group="."),
         ["long", "string", "decimal(18,2)", "date dd.MM.yyyy", "timestamp dd.MM.yyyy HH:mm", "long",
          "string"]),
        (FRENCH, "utf-16", CsvDialect("\t", "utf-16", decimal=",", group=" "),
         ["long", "decimal(18,2)", "date dd/MM/yyyy"]),
        (AMERICAN, "utf-8", CsvDialect(group=",", missing=("NULL",)),
         ["long", "decimal(18,2)", "timestamp M/d/yyyy h:mm a"]),
        ("id;n\n1;1,5\n", "utf-8", CsvDialect(";", decimal=","), ["long", "decimal(18,2)"]),
        ("id;n\n1;1,500\n", "utf-8", CsvDialect(";"), ["long", "string"]),
        ("id;n;m\n1;1,5;1.5\n", "utf-8", CsvDialect(";"), ["long", "string", "decimal(18,2)"]),
        ("id,n\n1,01/02/2026\n", "utf-8", RFC_4180, ["long", "string"]),
        ("id,n,land\n1,NA,DE\n2,5,NA\n", "utf-8", RFC_4180, ["long", "string", "string"]),
        ("id,n,name\n1,NA,Ann\n2,5,NA\n", "utf-8", CsvDialect(missing=("NA",)), ["long", "long", "string"]),
        ("id,n\nNA,NA\nx,5\n", "utf-8", RFC_4180, ["string", "string"]),
    ],
)  # fmt: skip
def test_a_draft_declares_how_its_sample_is_written_and_drops_take_each_row(
    tmp_path: Path, content: str, encoding: str, dialect: CsvDialect, columns: list[str]
) -> None:
    key = "Nr" if "Nr" in content else "id"
    contract = drafted(tmp_path, content.encode(encoding), key).contract

    rows = list(read_rows("csv", io.BytesIO(content.encode(encoding)), contract))

    assert contract.csv == dialect
    assert [" ".join(filter(None, (one.type, one.format))) for one in contract.columns] == columns
    assert rows
    assert [row.problem for row in rows if row.problem] == []
