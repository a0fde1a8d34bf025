"""The dialect of CSV files, as servers of format csv declare it."""

import json
from pathlib import Path

import pytest

from expectations.file_dialect import RFC_4180, CsvDialect
from expectations.odcs import ContractError, load_contract
from expectations.odcs.csv_servers import csv_server
from tests.expectations.contract_files import VALID, write


def with_servers(*servers: str) -> str:
    listed = "".join(f"  - {{{server}}}\n" for server in servers)
    return VALID.replace("schema:\n", f"servers:\n{listed}schema:\n", 1)


def dialect(folder: Path, *servers: str) -> CsvDialect:
    return load_contract(write(folder, with_servers(*servers))).csv


def custom(**properties: str) -> str:
    listed = ", ".join(f"{{property: {name}, value: {value}}}" for name, value in properties.items())
    return f"server: drops, type: custom, format: csv, customProperties: [{listed}]"


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("server: a, type: s3, format: json, delimiter: new_line", RFC_4180),
        ("server: a, type: local, path: a.csv, format: csv", RFC_4180),
        ("server: a, type: s3, format: csv, delimiter: ';', encoding: ISO-8859-1",
         CsvDialect(delimiter=";", encoding="iso8859-1")),
        ("server: a, type: local, format: CSV, customProperties: [{property: delimiter, value: '|'}]",
         CsvDialect(delimiter="|")),
        ('server: a, type: s3, format: csv, delimiter: "\\t", encoding: UTF-16', CsvDialect("\t", "utf-16")),
        ("server: a, type: s3, format: csv, delimiter: tab, encoding: utf-8-sig", CsvDialect("\t")),
        (custom(quoteChar="\"'\"", escapeChar="'\\'"), CsvDialect(quote="'", escape="\\")),
        (custom(escapeChar="'\"'"), RFC_4180),
        (custom(quoteChar="false"), CsvDialect(quote=None)),
        (custom(header="true"), RFC_4180),
        (custom(header="false"), CsvDialect(columns=("order_id", "amount", "changed_at"))),
        (custom(header="[orderId, amount]"), CsvDialect(columns=("orderId", "amount"))),
        (custom(skipRows="2", commentChar="'#'"), CsvDialect(skip_rows=2, comment="#")),
        (custom(missingValues="[N/A, '-']"), CsvDialect(missing=("N/A", "-"))),
        (custom(decimalChar="','", groupChar="'.'"), CsvDialect(decimal=",", group=".")),
        (custom(trueValues="[ja, '1']", falseValues="nein"), CsvDialect(true=("ja", "1"), false=("nein",))),
    ],
)  # fmt: skip
def test_a_server_declares_the_dialect(tmp_path: Path, server: str, expected: CsvDialect) -> None:
    assert dialect(tmp_path, server) == expected


@pytest.mark.parametrize(
    "given",
    [
        RFC_4180,
        CsvDialect(
            "\t", "utf-16", None, "\\", ("order_id", "amount", "changed_at"), 3, "#", ("N/A", "-"), ",", "."
        ),
        CsvDialect(true=("ja",), false=("nein",), quote="'"),
    ],
)
def test_what_is_written_is_read_again(tmp_path: Path, given: CsvDialect) -> None:
    server = json.dumps(csv_server(given))

    assert dialect(tmp_path, server.removeprefix("{").removesuffix("}")) == given


def test_the_server_of_the_drops_counts_whatever_others_declare(tmp_path: Path) -> None:
    others = "server: a, type: s3, format: csv, delimiter: '|'", "server: b, type: s3, format: csv"
    drops = "server: drops, type: custom, format: csv, delimiter: ';'"

    assert dialect(tmp_path, others[0], others[0].replace("a", "c", 1)) == CsvDialect(delimiter="|")
    assert dialect(tmp_path, *others, drops) == CsvDialect(delimiter=";")
    with pytest.raises(
        ContractError, match="expected one dialect of all CSV servers, got another one; name the"
    ):
        dialect(tmp_path, *others)


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        ("server: a, type: s3, format: csv, delimiter: '||'",
         r"servers\[0\].delimiter .*expected a delimiter of one character that is no letter, .*, got '\|\|'"),
        ("server: a, type: s3, format: csv, encoding: ANSI", r"\[0\].encoding .*expected UTF-8, UTF-16 or a"),
        ("server: a, type: s3, format: csv, encoding: utf-7", "expected UTF-8, UTF-16 or a code page"),
        ("server: a, type: s3, format: csv, encoding: cp037", "expected UTF-8, UTF-16 or a code page"),
        ("server: a, type: s3, format: csv, encoding: base64", "expected UTF-8, UTF-16 or a code page"),
        (custom(separator="';'"), r"\[0\].property .*expected delimiter, encoding, .*got 'separator'"),
        (custom(quotChar="\"'\""), "expected quoteChar, got 'quotChar'"),
        (custom(quoteChar="x"), "expected a quote .or none: false. of one character"),
        (custom(delimiter="'\"'"), "expected delimiter, quoteChar, escapeChar and commentChar to differ"),
        (custom(decimalChar="','", groupChar="','"), "decimalChar and groupChar to differ, got ','"),
        (custom(header="[order_id, colour]"), "names of the contract's columns under header, got 'col"),
        (custom(header="[order_id, orderId]"), "expected each column once under header"),
        (custom(header="1"), "expected true, false, or the names"),
        (custom(skipRows="-1"), "expected a number of lines from 0 to 1000"),
        (custom(missingValues="[1]"), "expected a list of texts"),
        (custom(trueValues="[x]", falseValues="[X]"), "expected other trueValues than falseValues, got x"),
    ],
)  # fmt: skip
def test_what_no_file_can_be_read_by_is_a_problem(tmp_path: Path, server: str, problem: str) -> None:
    with pytest.raises(ContractError, match=problem):
        dialect(tmp_path, server)


def test_the_example_of_the_documentation_is_read(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "files.md").read_text(encoding="utf-8")
    servers = text.split("```yaml\n")[1].split("schema:\n")[0]

    found = load_contract(write(tmp_path, VALID.replace("schema:\n", f"{servers}schema:\n", 1))).csv

    assert found == CsvDialect(";", "cp1252", decimal=",", group=".", missing=("N/A", "-"))


def test_custom_properties_of_other_tools_are_passed_over(tmp_path: Path) -> None:
    server = "server: a, type: s3, format: csv, customProperties: [{property: retention, value: 1}]"

    assert dialect(tmp_path, server) == RFC_4180


def test_escapes_of_one_contract_reach_its_json(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path, with_servers(custom(header="[order_id, amount, changed_at]"))))

    assert contract.from_dict(contract.to_dict()) == contract
