"""Verdicts against a model of time: what is in flight is never drift, what is wrong always is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from jobs.parity.compare import MISMATCH
from jobs.parity.drift import DIFFERING, EXPLAINED, EXTRA, MISSING, CurrentState, verdicts
from jobs.parity.dynamodb_scan import UNSTAMPED, as_record
from jobs.parity.states import item_states
from tests.jobs.builders import ENTITIES
from tests.jobs.parity.fixture import EXAMPLES, SEQUENCE, Item, entity

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# The cases of an example are independent, and shrinking takes minutes.
UNSHRUNK = (Phase.explicit, Phase.generate)
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Moment:
    """An item from one write to the next; None if there is none."""

    item: Item | None
    version: int

    @property
    def is_live(self) -> bool:
        return self.item is not None and "_deleted" not in self.item


@dataclass(frozen=True)
class Case:
    """A key: its item at the comparison, its item now, and the moment between them that the table shows."""

    key: str
    then: Moment
    now: Moment
    table: Moment
    tombstone: int | None  # its version


def history(number: int, kinds: list[str]) -> list[Moment]:
    """The moments of a key: first there is no item, then each write has the next version."""
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
    """Keys of which the table shows a moment from the comparison to now."""
    cases = []
    for number in range(40):
        kinds = draw(st.lists(st.sampled_from(["written", "written", "deleted", "removed"]), max_size=5))
        moments = history(number, kinds)
        then = draw(st.integers(0, len(moments) - 1))
        now = draw(st.integers(then, len(moments) - 1))
        table = draw(st.integers(then, now))
        if _is_written_and_removed_meanwhile(moments[then], moments[table], moments[now]):
            table = now
        deletes = [one.version for one in moments[1 : table + 1] if not one.is_live]
        cases.append(
            Case(str(number), moments[then], moments[now], moments[table], max(deletes, default=None))
        )
    return cases


def _is_written_and_removed_meanwhile(then: Moment, table: Moment, now: Moment) -> bool:
    """Written and removed (not marked as deleted) after the comparison, which found no item.

    Its row cannot be told from one that was written outside the pipeline: DynamoDB never shows the item.
    """
    return then.item is None and now.item is None and table.is_live


def mismatches_of(spark: "SparkSession", cases: list[Case]) -> "DataFrame":
    states = items_of(spark, {case.key: case.then.item for case in cases})
    known = item_states(states, ENTITIES).select(
        "key", F.lit(True).alias("is_item"), "is_live", "version", "content"
    )
    absent = [(case.key, False, False, None, None) for case in cases if case.then.item is None]
    return known.unionByName(spark.createDataFrame(absent, MISMATCH))


def items_of(spark: "SparkSession", items: dict[str, Item | None]) -> "DataFrame":
    rows = [(key, as_record(ENTITIES, item)) for key, item in items.items() if item is not None]
    return spark.createDataFrame(rows, "source_file string, payload string").select(
        "source_file",
        F.timestamp_micros(F.lit(UNSTAMPED)).alias("event_time"),
        F.lit(None).cast("long").alias("row_number"),
        "payload",
        F.lit(None).cast("string").alias("problem"),
    )


def table_of(spark: "SparkSession", cases: list[Case]) -> "DataFrame":
    rows = [
        (int(case.key), case.table.item["name"]["S"], case.table.version, SEQUENCE, "stream")
        for case in cases
        if case.table.is_live and case.table.item is not None
    ]
    return spark.createDataFrame(rows, "id long, name string, _version long, _tie string, _source string")


def tombstones_of(spark: "SparkSession", cases: list[Case]) -> "DataFrame":
    rows = [(case.key, case.tombstone, SEQUENCE) for case in cases if case.tombstone is not None]
    return spark.createDataFrame(rows, "key string, _version long, _tie string")


def judge(spark: "SparkSession", cases: list[Case], table: "DataFrame") -> dict[str, str]:
    items = items_of(spark, {case.key: case.now.item for case in cases})
    now = CurrentState(tombstones_of(spark, cases), table, items)
    rows: list[Any] = (
        verdicts(mismatches_of(spark, cases), now, ENTITIES, AT).select("key", "verdict").collect()
    )
    return {row["key"]: row["verdict"] for row in rows}


@settings(max_examples=EXAMPLES, phases=UNSHRUNK)
@given(timelines())
def test_a_table_between_the_comparison_and_now_is_never_drift(
    small_data_spark: "SparkSession", cases: list[Case]
) -> None:
    found = judge(small_data_spark, cases, table_of(small_data_spark, cases))

    assert not [(case.then, case.table, case.now) for case in cases if found[case.key] != EXPLAINED]


@settings(max_examples=EXAMPLES, phases=UNSHRUNK)
@given(
    timelines(),
    st.lists(
        st.sampled_from(["lost", "behind", "ahead", "altered", "never written"]), min_size=40, max_size=40
    ),
)
def test_a_table_that_is_wrong_about_an_unchanged_item_is_always_drift(
    small_data_spark: "SparkSession", cases: list[Case], damages: list[str]
) -> None:
    """Damage to keys that have not changed since the comparison: nothing in flight explains it."""
    still = [Case(one.key, one.then, one.then, one.then, one.tombstone) for one in cases]
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
            rows.append((int(case.key), "never written", version - 1, SEQUENCE, "stream"))
    table = small_data_spark.createDataFrame(
        rows, "id long, name string, _version long, _tie string, _source string"
    )

    assert judge(small_data_spark, still, table) == expected
