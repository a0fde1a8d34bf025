"""The erased keys that `check` blocks; erase reads keys in every way in which Spark and the doors do."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.spelled_keys import JsonNumber, texts_of
from jobs.changes.columns import accepted_changes
from jobs.doors.drop import parse_drop
from jobs.erasure.blocked_rows import datasets_with_erased_keys, erased_keys
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.tombstones import add_tombstones
from jobs.lake.names import TOMBSTONES, Lake
from tests.jobs.builders import ENTITIES, EVENTS, SENT, received

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KINDS = ("string", "long", "decimal(20,4)", "date", "timestamp", "boolean")
numbers = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-(10**12), 10**12, places=4).map(str),
    st.builds("{}.{}0".format, st.integers(0, 10**11), st.integers(0, 99)),
    st.builds("{}e{}".format, st.integers(-99, 99), st.integers(-9, 9)),
)
times = st.one_of(
    st.dates().map(str),
    st.datetimes().map(str),
    st.datetimes().map(lambda at: f"{at:%Y%m%dT%H%M%S}Z"),
    st.builds(
        "{}{}".format,
        st.datetimes().map(lambda at: at.isoformat()),
        st.sampled_from(("Z", "+01:00", " -0530")),
    ),
    st.dates().map(lambda day: f"{day} 00:00"),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
spaced = st.builds(
    "{}{}{}".format,
    st.sampled_from(("", " ", "\t")),
    st.one_of(numbers, times, texts),
    st.sampled_from(("", " ", "\n")),
)
tokens = st.one_of(
    numbers,
    st.sampled_from(("true", "false", "null", '"TRUE"', '" false "')),
    st.one_of(spaced, texts).map(json.dumps),
    st.one_of(spaced, texts).map(lambda text: json.dumps(text, ensure_ascii=False)),
)


def test_a_dataset_without_erased_keys_starts_no_spark_job(spark: "SparkSession", lake: Lake) -> None:
    add_tombstones(spark, lake, ENTITIES, ErasedKeys.of(ENTITIES, ["7", "8"]))
    ordinary = spark.createDataFrame(
        [("events", "north,1", 5, "-", SENT)],
        "dataset string, key string, _version long, _tie string, deleted_at timestamp",
    )
    ordinary.writeTo(lake.ops(TOMBSTONES)).append()
    spark.sparkContext.setJobGroup("erased keys", "")
    try:
        found = erased_keys(spark, lake, EVENTS), datasets_with_erased_keys(spark, lake, ["events", "others"])
        jobs = list(spark.sparkContext.statusTracker().getJobIdsForGroup("erased keys"))
    finally:
        spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]

    assert (found, jobs) == ((None, set()), [])
    assert datasets_with_erased_keys(spark, lake, ["events", "entities"]) == {"entities"}
    assert datasets_with_erased_keys(spark, lake, []) == set()
    assert (erased_keys(spark, lake, ENTITIES) or ErasedKeys.of(ENTITIES, [])).texts == {"7", "8"}


@settings(max_examples=1, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(numbers.filter(lambda number: len(number) < 17), min_size=100, max_size=200))
def test_the_text_that_spark_makes_of_a_number_is_one_of_its_spellings(
    spark: "SparkSession", written: list[str]
) -> None:
    lines = [(number, f'{{"k": {number}}}') for number in written]
    rows = spark.createDataFrame(lines, "number string, line string")
    read = rows.select("number", F.from_json("line", "map<string,string>")["k"].alias("text")).collect()

    assert [row for row in read if row["text"] not in set(texts_of(JsonNumber(row["number"])))] == []


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=1, phases=[Phase.generate])
@given(st.lists(tokens, min_size=100, max_size=150))
def test_the_key_that_the_drop_door_reads_is_found_in_the_line(
    spark: "SparkSession", kind: str, written: list[str]
) -> None:
    contract = Contract("things", "1", "", (Column("k", kind, required=True, aliases=("kay",)),), key=("k",))
    lines = [f'{{"{name}": {token}}}' for token in written for name in ("k", "kay")]
    parsed = parse_drop(
        received(spark, lines), contract
    ).localCheckpoint()  # a filter would read each value anew
    rows: list[Any] = accepted_changes(parsed, contract).collect()
    keys_of = [(lines[row["row_number"] - 1], row["_key"]) for row in rows if row["_key"]]

    known = {key: ErasedKeys.of(contract, [key]) for _, key in keys_of if _is_key(contract, key)}
    assert [(line, key) for line, key in keys_of if key in known and not known[key].own_line(line)] == []
    if kind in ("long", "boolean"):  # which are read in one way alone
        others = ErasedKeys.of(contract, [])
        for line, key in keys_of[:50]:
            others = ErasedKeys.of(contract, known.keys() - {key})
            assert not others.own_line(line)


def _is_key(contract: Contract, text: str) -> bool:
    try:
        ErasedKeys.of(contract, [text])
    except ValueError:
        return False
    return True
