"""Rows of partners' files become changes, or are told everything that is wrong with them."""

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from expectations.contract import Column
from expectations.timestamps import instant_of, micros_of
from jobs.doors.drop import parse_drop
from jobs.reading.formats.arrow_rows import rows_reader
from jobs.reading.formats.registry import read_rows
from jobs.reading.received import IS_UNTYPED, RECEIVED, SEQUENCER
from tests.jobs.builders import ENTITIES, EVENTS, EVERY_TYPE, SENT, received
from tests.jobs.reading.formats.arrow_cases import CASES, KINDS, Refused
from tests.jobs.reading.formats.reading import PRICES

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

    from expectations.contract import Contract

AT = "2026-01-01T10:00:00Z"
CHANGED = datetime(2026, 1, 2, tzinfo=UTC)
EVENT = {"shop": "a", "number": 1, "happened_at": AT, "amount": "1.10", "updated_at": CHANGED.isoformat()}


def parse(spark: "SparkSession", contract: "Contract", *rows: Any, **options: Any) -> list["Row"]:
    return parse_drop(received(spark, rows, **options), contract).orderBy("row_number").collect()


def parse_exactly(spark: "SparkSession", contract: "Contract", *rows: Any) -> list[dict[str, Any]]:
    """As `parse`, with instants of every year: Spark makes local times, and Python has no year 10000."""
    times = [column.name for column in contract.columns if column.kind == "timestamp"]
    parsed = parse_drop(received(spark, rows), contract).orderBy("row_number")
    found = parsed.withColumns({name: F.unix_micros(name) for name in times}).select(
        "reasons", *(column.name for column in contract.columns)
    )
    return [
        {
            name: instant_of(value) if name in times and value is not None else value
            for name, value in row.items()
        }
        for row in (row.asDict() for row in found.collect())
    ]


def test_a_row_is_an_upsert_at_its_sequence_columns_time(spark: "SparkSession") -> None:
    (row,) = parse(spark, EVENTS, EVENT)

    assert (row["_op"], row["_version"], row["_source"]) == ("upsert", micros_of(CHANGED), "drop")
    assert (row["shop"], row["number"], row["amount"]) == ("a", 1, Decimal("1.10"))
    assert (row["_event_id"], row["reasons"]) == ("s3://raw/file#1", [])


def test_without_a_sequence_column_a_row_is_as_old_as_its_file(small_data_spark: "SparkSession") -> None:
    (row,) = parse(small_data_spark, ENTITIES, {"id": 1, "name": "a"})

    assert row["_version"] == micros_of(SENT)


def test_equal_changes_tie_and_different_changes_do_not(small_data_spark: "SparkSession") -> None:
    ties = [row["_tie"] for row in parse(small_data_spark, EVENTS, EVENT, EVENT, EVENT | {"amount": "2"})]
    later = [row["_tie"] for row in parse(small_data_spark, EVENTS, EVENT, event_time=CHANGED)]

    assert all(tie.startswith("-") for tie in ties)
    assert len({*ties, *later}) == 3


def test_a_delete_needs_its_key_and_its_place_in_the_order_only(small_data_spark: "SparkSession") -> None:
    key = {"shop": "a", "number": 1, "updated_at": AT}
    rows = parse(
        small_data_spark,
        EVENTS,
        key | {"_op": "DELETE"},
        key | {"_op": "delete", "amount": "much", "colour": "red"},
        {"shop": "a", "number": 1, "_op": "delete"},
        {"number": "x", "updated_at": AT, "_op": "delete"},
        key | {"_op": "remove"},
    )

    assert [row["_op"] for row in rows[:2]] == ["delete", "delete"]
    assert [row["reasons"] for row in rows] == [
        [],
        [],
        ["version: column updated_at: expected a value, which orders the changes, got none"],
        ["key: column shop: expected a value, got none", "type: column number: expected int, got 'x'"],
        ["op: expected upsert or delete, got 'remove'"],
    ]


def test_a_row_is_told_everything_that_is_wrong_with_it(spark: "SparkSession") -> None:
    wrong = EVENT | {"number": None, "amount": "1.105", "happened_at": "soon", "colour": "red", "size": 1}

    (row,) = parse(spark, EVENTS, wrong)

    assert row["reasons"] == [
        "unknown: expected the contract's columns, got also colour, size",
        "key: column number: expected a value, got none",
        "type: column happened_at: expected timestamp, got 'soon'",
        "type: column amount: expected decimal(10,2), got '1.105'",
    ]


def test_what_is_no_json_object_is_told_so(small_data_spark: "SparkSession") -> None:
    rows = parse(small_data_spark, EVENTS, '{"shop": "a"', "[1]", "1")

    assert [row["reasons"] for row in rows] == [
        [f"json: expected a JSON object, got '{text}'"] for text in ('{"shop": "a"', "[1]", "1")
    ]


def test_a_name_that_comes_twice_leaves_no_value_to_be_sure_of(small_data_spark: "SparkSession") -> None:
    rows = parse(
        small_data_spark, ENTITIES, '{"id": 1, "name": "a", "name": "a"}', '{"id": 1, "\\u0069d": 2}'
    )

    assert [row["reasons"] for row in rows] == [
        ["json: expected every name once in an object, got one that comes twice"]
    ] * 2


def test_of_many_unknown_columns_the_first_are_named(small_data_spark: "SparkSession") -> None:
    (row,) = parse(small_data_spark, ENTITIES, {"id": 1} | {f"c{number}": 1 for number in range(1000)})

    assert row["reasons"] == [
        "unknown: expected the contract's columns, got also "
        + ", ".join(sorted(f"c{number}" for number in range(1000))[:10])
        + " and 990 more"
    ]


def test_columns_come_by_name_alias_or_camel_case_and_defaults_fill_the_absent(
    small_data_spark: "SparkSession",
) -> None:
    rows = parse(
        small_data_spark,
        EVERY_TYPE,
        {"id": "1", "cost": 2.50, "isNew": True, "seenAt": AT},
        {"id": " 2", "price": " 2.50", "state": None},
        {"id": "3", "_op": "delete"},
    )

    assert [row["reasons"] for row in rows] == [[], [], []]
    assert [(row["price"], row["is_new"], row["state"]) for row in rows] == [
        (Decimal("2.50"), True, "new"),
        (Decimal("2.50"), None, None),
        (None, None, None),
    ]


def test_every_type_is_read_from_json(spark: "SparkSession") -> None:
    text = (
        '{"id": "1", "small": 1, "large": 9223372036854775807, "exact": "0.123456789012345678", '
        '"ratio": 0.1, "approximate": 0.5, "day": "2024-02-29", "seen_at": "2024-02-29T12:00:00+02:00", '
        '"blob": "aGk=", '
        '"place": {"street": "A", "number": 1}, "sizes": [1, null], "tags": ["x", "1"]}'
    )

    (row,) = parse(spark, EVERY_TYPE, text)

    assert row["reasons"] == []
    assert (row["small"], row["large"], row["ratio"]) == (1, 9223372036854775807, 0.1)
    assert row["exact"] == Decimal("0.123456789012345678")
    assert (row["place"]["street"], row["sizes"], row["tags"]) == ("A", [1, None], ["x", "1"])
    assert row["seen_at"].astimezone(UTC) == datetime(2024, 2, 29, 10, tzinfo=UTC)


def test_a_number_in_json_keeps_all_its_digits(small_data_spark: "SparkSession") -> None:
    digits = "-12345678901234567890.123456789012345678"
    line = f'{{"id": "1", "exact": {digits}}}'.encode()
    (read,) = read_rows("jsonl", io.BytesIO(line), EVERY_TYPE)

    (row,) = parse(small_data_spark, EVERY_TYPE, read.payload)

    assert row["exact"] == Decimal(digits)


def test_an_alias_may_be_any_text(small_data_spark: "SparkSession") -> None:
    aliases = ["Unit (kg", "a|b", "a.b", '"', "$"]
    columns = [Column(f"name_{number}", "string", aliases=(one,)) for number, one in enumerate(aliases)]
    contract = replace(ENTITIES, columns=(ENTITIES.columns[0], *columns))

    good, bad = parse(
        small_data_spark,
        contract,
        {"id": 1, **dict.fromkeys(aliases, "a")},
        {"id": 2, **{alias: {"a": 1} for alias in aliases}},
    )

    names = [column.name for column in columns]
    assert ([good[name] for name in names], good["reasons"]) == (["a"] * 5, [])
    assert [bad[name] for name in names] == [None] * 5
    assert bad["reasons"] == [f"type: column {name}: expected string, got '{{\"a\":1}}'" for name in names]


def test_a_value_of_another_json_type_is_refused_and_the_reason_says_how_to_write_it(
    small_data_spark: "SparkSession",
) -> None:
    text = '{"id": 31198570044.0, "is_new": "true", "day": 20240229, "blob": 1234, "state": true}'

    (row,) = parse(small_data_spark, EVERY_TYPE, text)

    assert row["reasons"] == [
        "type: column id: expected string, got the number 31198570044; write it in quotes",
        "type: column is_new: expected boolean, got the text 'true'; write true or false without quotes",
        "type: column day: expected date, got the number 20240229; write it in quotes",
        "type: column blob: expected binary, got the number 1234; write it in quotes",
        "type: column state: expected string, got 'true'",
    ]


def test_a_field_of_csv_is_text_and_read_as_its_columns_type(small_data_spark: "SparkSession") -> None:
    row = {
        "id": "1",
        "is_new": " TRUE ",
        "small": "",
        "large": " ",
        "state": "",
        "place": '{"number": 1}',
        "sizes": "",
    }
    frame = received(small_data_spark, [row, row | {"place": "Main 1"}]).withColumn(IS_UNTYPED, F.lit(True))

    found = parse_drop(frame, EVERY_TYPE).orderBy("row_number").collect()

    assert [one["reasons"] for one in found] == [
        [],
        ["type: column place: expected struct<street: string, number: int>, got 'Main 1'"],
    ]
    assert [found[0][name] for name in ("is_new", "small", "large", "state", "sizes")] == [
        True,
        None,
        None,
        "",
        None,
    ]
    assert found[0]["place"]["number"] == 1


def test_a_column_that_comes_by_two_names_leaves_no_value_to_be_sure_of(
    small_data_spark: "SparkSession",
) -> None:
    rows = parse(
        small_data_spark,
        EVERY_TYPE,
        {"id": "1", "price": 1, "cost": 1},
        {"id": "2", "isNew": True, "is_new": False, "seenAt": AT, "colour": 1},
    )

    assert [row["reasons"] for row in rows] == [
        ["unknown: expected the contract's columns, got also cost"],
        ["unknown: expected the contract's columns, got also colour, isNew"],
    ]


def test_a_name_that_comes_twice_at_any_depth_leaves_no_value_to_be_sure_of(
    small_data_spark: "SparkSession",
) -> None:
    inside = '{"street": "a", "number": 1, "street": "b"}'
    rows = parse(
        small_data_spark,
        EVERY_TYPE,
        f'{{"id": "1", "place": {inside}}}',
        f'{{"id": "1", "tags": [{inside}]}}',
    )

    assert [row["reasons"] for row in rows] == [
        ["json: expected every name once in an object, got one that comes twice"]
    ] * 2


def test_a_key_is_trimmed_and_an_empty_one_is_none(small_data_spark: "SparkSession") -> None:
    blanks = ("", "  ", "\u2003\t")
    rows = parse(
        small_data_spark,
        EVENTS,
        *(EVENT | {"shop": text} for blank in blanks for text in (f"{blank} a{blank}", blank)),
    )

    assert [(row["shop"], row["reasons"]) for row in rows] == [
        ("a", []),
        ("", ["key: column shop: expected a text, got an empty one"]),
    ] * 3


def test_a_key_that_no_item_can_have_is_refused(small_data_spark: "SparkSession") -> None:
    texts = ["x" * 2046, "x" * 2047, "\U0001f600" * 170, "\U0001f600" * 171]

    rows = parse(small_data_spark, EVENTS, *(EVENT | {"shop": text} for text in texts))

    assert [row["reasons"] for row in rows] == [
        [],
        ["key: expected a key text of at most 2048 bytes, got 2049"],
        [],
        ["key: expected a key text of at most 2048 bytes, got 2054"],
    ]


def test_an_object_is_no_text_though_it_looks_like_one(small_data_spark: "SparkSession") -> None:
    rows = parse(small_data_spark, ENTITIES, {"id": 1, "name": {"a": 1}}, {"id": 2, "name": '{"a": 1}'})

    assert [row["reasons"] for row in rows] == [
        ["type: column name: expected string, got '{\"a\":1}'"],
        [],
    ]


def test_the_states_of_a_file_within_a_second_are_in_the_order_of_their_events(
    small_data_spark: "SparkSession",
) -> None:
    """Of sequencers of several lengths, and ahead of the content, whatever that is."""
    sequencers = ["fe", "0ff", "00100", "00a1b2c3d4e5f60718", None]
    names = ["z", "a", "m", "b", "other"]
    rows = [
        ("s3://raw/file", SENT, 1, json.dumps({"id": 1, "name": name}), None, sequencer)
        for name, sequencer in zip(names, sequencers, strict=True)
    ]
    frame = small_data_spark.createDataFrame(rows, f"{RECEIVED}, {SEQUENCER} string")

    parsed = {row["name"]: row for row in parse_drop(frame, ENTITIES).collect()}

    assert {row["_version"] for row in parsed.values()} == {micros_of(SENT)}
    ties = [parsed[name]["_tie"] for name in names]
    assert ties[:4] == sorted(ties[:4])
    assert len(ties[4]) == 65  # as that of content, which orders drops of an S3 that sends no sequencer
    assert all(tie < "0" for tie in ties)  # a record of the stream comes behind


def test_a_sequence_column_alone_orders_the_rows_that_have_one(small_data_spark: "SparkSession") -> None:
    row = {"shop": "a", "number": 1, "happened_at": "2026-01-05", "updated_at": "2026-01-06"}
    rows = [("s3://raw/file", SENT, 1, json.dumps(row), None, sequencer) for sequencer in ("a1", "b2")]

    parsed = parse_drop(small_data_spark.createDataFrame(rows, f"{RECEIVED}, {SEQUENCER} string"), EVENTS)

    assert parsed.select("_version", "_tie").distinct().count() == 1


FILES = Path(__file__).with_name("files")


def day(year: int, month: int = 1, number: int = 1) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


FROM_THE_FIELD: list[tuple[str, str, dict[int, Any]]] = [
    ("tzutc", "valid_from", {1: day(2017), 2: day(2017, 6)}),
    ("windows_zone", "valid_from", {3: day(2017), 4: day(2017, 6)}),
    ("int96", "valid_to", {11: day(9999, 12, 31), 12: day(1500), 13: day(2017)}),
    ("unmarked", "code", {21: "APPLE", 22: "PEAR"}),
    ("unmarked", "label", {21: "ABCD", 22: "EFGH"}),
    ("interval", "code", {41: '{"INTERVAL":"P1M2DT0.000S"}', 42: '{"INTERVAL":"P0M0DT300.000S"}'}),
    ("new_york", "valid_from", {61: day(1883), 63: day(1950)}),
    ("amsterdam", "valid_from", {62: day(1937)}),
    ("days", "day", {71: date(2017, 3, 1), 72: "2017-03-01T10:00:00+00:00"}),
]


def test_files_from_the_field_are_values_or_reasons_of_their_columns(
    small_data_spark: "SparkSession",
) -> None:
    payloads: list[str] = []
    for name in dict.fromkeys(name for name, _, _ in FROM_THE_FIELD):
        with (FILES / f"{name}.parquet").open("rb") as file:
            payloads += [str(row.payload) for row in read_rows("parquet", file, PRICES)]

    rows = {row["price_id"]: row for row in parse_exactly(small_data_spark, PRICES, *payloads)}

    for _, column, expected in FROM_THE_FIELD:
        kind = PRICES.column(column).type
        for number, value in expected.items():
            if reasons := rows[number]["reasons"]:
                assert reasons == [f"type: column {column}: expected {kind}, got '{value}'"]
            else:
                assert rows[number][column] == value
    assert rows.keys() == {number for _, _, expected in FROM_THE_FIELD for number in expected}
    assert len(rows) == len(payloads)


OF_EACH_KIND = [replace(column, name=f"x{number}") for number, column in enumerate(KINDS)]


@settings(max_examples=2, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(drawn=st.tuples(*(st.lists(case.values, min_size=5, max_size=5) for case in CASES)))
def test_a_value_of_a_typed_file_is_exactly_taken_or_has_a_reason(
    small_data_spark: "SparkSession", drawn: tuple[list[Any], ...]
) -> None:
    contract = replace(ENTITIES, columns=(Column("id", "long", required=True), *OF_EACH_KIND))
    payloads: list[str] = []
    expected: list[list[Any]] = []  # of each row the values of its columns
    for case, values in zip(CASES, drawn, strict=True):
        ids = range(len(expected), len(expected) + len(values))
        arrays = {column.name: case.array(values) for column in OF_EACH_KIND}
        batch = pa.record_batch({"id": list(ids), **arrays})
        payloads += [str(row.payload) for row in rows_reader(batch.schema, contract)(batch, 1)]
        expected += [[case.model(value, column) for column in OF_EACH_KIND] for value in values]

    rows = parse_exactly(small_data_spark, contract, *payloads)

    for row, values, payload in zip(rows, expected, payloads, strict=True):
        told = {why.split(":")[1]: why for why in row["reasons"]}
        assert len(told) == len(row["reasons"]), payload
        for column, value in zip(OF_EACH_KIND, values, strict=True):
            why, found = told.pop(f" column {column.name}", None), row[column.name]
            if value is Refused:
                assert (why or "").startswith(f"type: column {column.name}: expected {column.type}, got ")
            elif value is not None:  # a text, which is read as in any format
                assert why is None, payload
                assert (bytes(found) if column.kind == "binary" else found) == value, payload
        assert told == {}, payload


def written_by_spark(
    spark: "SparkSession", file_format: str, folder: Path, *values: str
) -> list[dict[str, Any]]:
    """The parsed rows of a file that Spark writes of these columns."""
    spark.conf.set("spark.sql.parquet.outputTimestampType", "INT96")
    prices = spark.sql(f"SELECT 1L AS price_id, {', '.join(values)}").coalesce(1)
    prices.write.format(file_format).save(str(folder / "out"))
    spark.conf.unset("spark.sql.parquet.outputTimestampType")
    [path] = (folder / "out").glob(f"*.{file_format}")
    with path.open("rb") as file:
        payloads = [str(row.payload) for row in read_rows(file_format, file, PRICES)]
    return parse_exactly(spark, PRICES, *payloads)


@pytest.mark.parametrize("file_format", ["parquet", "orc"])
def test_the_files_of_spark_are_read_as_spark_wrote_them(
    small_data_spark: "SparkSession", tmp_path: Path, file_format: str
) -> None:
    [row] = written_by_spark(
        small_data_spark,
        file_format,
        tmp_path,
        "TIMESTAMP '9999-12-31 00:00:00.000001Z' AS valid_from",
        "DATE '1600-02-29' AS day",
        "CAST('19.90' AS DECIMAL(18,2)) AS price",
        "CAST('APPLE' AS BINARY) AS code",
    )

    assert (row["reasons"], row["day"], row["price"], row["code"]) == (
        [], date(1600, 2, 29), Decimal("19.90"), "APPLE",
    )  # fmt: skip
    assert row["valid_from"] == day(9999, 12, 31).replace(microsecond=1)


def test_spark_writes_old_days_exactly_in_parquet_and_of_another_calendar_in_orc(
    small_data_spark: "SparkSession", tmp_path: Path
) -> None:
    old = ("DATE '0001-01-01' AS day", "TIMESTAMP '1500-01-01 00:00:00Z' AS valid_from")
    for file_format in ("parquet", "orc"):
        (tmp_path / file_format).mkdir()

    [exact] = written_by_spark(small_data_spark, "parquet", tmp_path / "parquet", *old)
    [other] = written_by_spark(small_data_spark, "orc", tmp_path / "orc", *old)

    assert (exact["reasons"], exact["day"]) == ([], date(1, 1, 1))
    assert exact["valid_from"] == day(1500)
    assert [why.partition("Julian calendar")[1] for why in other["reasons"]] == ["Julian calendar"] * 2


def test_the_index_of_pandas_is_no_column_of_a_row(small_data_spark: "SparkSession") -> None:
    kinds = {"product_id": "long", "manufacturer_id": "int", "department": "string", "brand": "string"}
    columns = tuple(Column(name, kind) for name, kind in kinds.items())
    products = replace(PRICES, columns=columns, key=("product_id",))

    with (FILES / "pandas_index.parquet").open("rb") as file:
        payloads = [str(row.payload) for row in read_rows("parquet", file, products)]
    rows = parse_exactly(small_data_spark, products, *payloads)

    assert [row["reasons"] for row in rows] == [[]] * len(payloads)
