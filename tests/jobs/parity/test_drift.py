"""Verdicts against a model of time: what is on its way is never drift, what is wrong always is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from jobs.parity.compare import SUSPECT, item_states
from jobs.parity.drift import DIFFERING, EXTRA, FINE, MISSING, Now, verdicts
from jobs.parity.dynamodb_scan import UNSTAMPED, as_record
from tests.jobs.builders import ENTITIES
from tests.jobs.parity_world import EXAMPLES, SEQUENCE, Item, entity, interpreting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame, SparkSession

UNSHRUNK = (
    Phase.explicit,
    Phase.generate,
)  # each case of an example stands alone, and shrinking takes minutes
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Moment:
    """An item as it is from one write to the next; None is one that is not there."""

    item: Item | None
    version: int

    @property
    def is_live(self) -> bool:
        return self.item is not None and "_deleted" not in self.item


@dataclass(frozen=True)
class Case:
    """A key: what the item was at the comparison, what it is now, and how far the table has come between."""

    key: str
    then: Moment
    now: Moment
    table: Moment
    grave: int | None


def history(number: int, kinds: list[str]) -> list[Moment]:
    """The moments of a key: first there is none, then each write has the next version."""
    moments, version = [Moment(None, 0)], 10
    for kind in kinds:
        version += 10
        item = None
        if kind != "removed":
            item = entity(number, f"at {version}", version, deleted=kind == "deleted")
        moments.append(Moment(item, version))
    return moments


@st.composite
def timelines(draw: st.DrawFn) -> list[Case]:
    """Keys whose table has come as far as the comparison at least, and is not ahead of the item."""
    cases = []
    for number in range(40):
        kinds = draw(st.lists(st.sampled_from(["written", "written", "deleted", "removed"]), max_size=5))
        moments = history(number, kinds)
        then = draw(st.integers(0, len(moments) - 1))
        now = draw(st.integers(then, len(moments) - 1))
        table = draw(st.integers(then, now))
        if _is_written_and_removed_meanwhile(moments[then], moments[table], moments[now]):
            table = now
        graves = [one.version for one in moments[1 : table + 1] if not one.is_live]
        cases.append(
            Case(str(number), moments[then], moments[now], moments[table], max(graves, default=None))
        )
    return cases


def _is_written_and_removed_meanwhile(then: Moment, table: Moment, now: Moment) -> bool:
    """Not deleted by the API but removed outright, and all that after the comparison, which saw no item.

    Only such a row looks as one that someone put there: DynamoDB has no trace of it, then or now.
    """
    return then.item is None and now.item is None and table.is_live


def suspects_of(spark: SparkSession, cases: list[Case]) -> DataFrame:
    states = items_of(spark, {case.key: case.then.item for case in cases})
    known = item_states(states, ENTITIES).select(
        "key", F.lit(True).alias("is_item"), "is_live", "version", "content"
    )
    absent = [(case.key, False, False, None, None) for case in cases if case.then.item is None]
    return known.unionByName(spark.createDataFrame(absent, SUSPECT))


def items_of(spark: SparkSession, items: dict[str, Item | None]) -> DataFrame:
    rows = [(key, as_record(item)) for key, item in items.items() if item is not None]
    return spark.createDataFrame(rows, "source_file string, payload string").select(
        "source_file",
        F.timestamp_micros(F.lit(UNSTAMPED)).alias("event_time"),
        F.lit(None).cast("long").alias("row_number"),
        "payload",
        F.lit(None).cast("string").alias("problem"),
    )


def table_of(spark: SparkSession, cases: list[Case]) -> DataFrame:
    rows = [
        (int(case.key), case.table.item["name"]["S"], case.table.version, SEQUENCE, "stream")
        for case in cases
        if case.table.is_live and case.table.item is not None
    ]
    return spark.createDataFrame(rows, "id long, name string, _version long, _tie string, _source string")


def graves_of(spark: SparkSession, cases: list[Case]) -> DataFrame:
    rows = [(case.key, case.grave, SEQUENCE) for case in cases if case.grave is not None]
    return spark.createDataFrame(rows, "key string, _version long, _tie string")


@pytest.fixture
def small_data_spark(spark: SparkSession) -> Iterator[SparkSession]:
    with interpreting(spark):
        yield spark


def judge(spark: SparkSession, cases: list[Case], table: DataFrame) -> dict[str, str]:
    now = Now(graves_of(spark, cases), table, items_of(spark, {case.key: case.now.item for case in cases}))
    rows: list[Any] = (
        verdicts(suspects_of(spark, cases), now, ENTITIES, AT).select("key", "verdict").collect()
    )
    return {row["key"]: row["verdict"] for row in rows}


@settings(max_examples=EXAMPLES, phases=UNSHRUNK)
@given(timelines())
def test_a_table_on_its_way_from_then_to_now_is_never_drift(
    small_data_spark: SparkSession, cases: list[Case]
) -> None:
    found = judge(small_data_spark, cases, table_of(small_data_spark, cases))

    assert not [(case.then, case.table, case.now) for case in cases if found[case.key] != FINE]


@settings(max_examples=EXAMPLES, phases=UNSHRUNK)
@given(
    timelines(),
    st.lists(st.sampled_from(["lost", "behind", "ahead", "altered", "ghost"]), min_size=40, max_size=40),
)
def test_a_table_that_is_wrong_about_what_was_then_is_always_drift(
    small_data_spark: SparkSession, cases: list[Case], damages: list[str]
) -> None:
    """Damage to keys that have stood still since the comparison: nothing on its way explains it."""
    still = [Case(one.key, one.then, one.then, one.then, one.grave) for one in cases]
    rows, expected = [], {}
    for case, damage in zip(still, damages, strict=True):
        version, name = case.then.version, f"at {case.then.version}"
        if case.then.is_live:
            expected[case.key] = MISSING if damage == "lost" else DIFFERING
            change = {"behind": -1, "ahead": 1}.get(damage, 0)
            if damage != "lost":
                rows.append(
                    (int(case.key), "false" if not change else name, version + change, SEQUENCE, "stream")
                )
        else:
            expected[case.key] = EXTRA
            rows.append((int(case.key), "ghost", version - 1, SEQUENCE, "stream"))
    table = small_data_spark.createDataFrame(
        rows, "id long, name string, _version long, _tie string, _source string"
    )

    assert judge(small_data_spark, still, table) == expected
