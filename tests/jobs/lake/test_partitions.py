"""Conditions by which a MERGE skips partitions."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from expectations.contract import Partition
from jobs.lake.partitions import MOST_LISTED, inside_sql, is_bucketed_by_key, movable_partitions, outside_sql
from tests.jobs.builders import ENTITIES, EVENTS

DAYS = Partition("at", "days")
CASES: list[tuple[Partition, list[Any], str]] = [
    (
        DAYS,
        [date(2026, 1, 2), date(2026, 1, 1)],
        "c.system.days(t.`at`) IN (date'2026-01-01', date'2026-01-02')",
    ),
    (DAYS, [date(2026, 1, 1), None], "(c.system.days(t.`at`) IN (date'2026-01-01') OR t.`at` IS NULL)"),
    (DAYS, [None], "(false OR t.`at` IS NULL)"),
    (DAYS, [], "false"),
    (Partition("at", "hours"), [7], "c.system.hours(t.`at`) IN (7)"),
    (Partition("id", "bucket[4]"), [3, 1], "c.system.bucket(4, t.`id`) IN (1, 3)"),
    (Partition("name", "truncate[2]"), ["O'"], "c.system.truncate(2, t.`name`) IN ('O\\'')"),
    (Partition("name", "identity"), ["a"], "t.`name` IN ('a')"),
    (Partition("name", "identity"), ["b", "a"], "(t.`name` = 'a' OR t.`name` = 'b')"),
    (
        Partition("at", "identity"),
        [datetime(2026, 1, 1, 12, 30, tzinfo=UTC)],
        "t.`at` IN (timestamp'2026-01-01 12:30:00+00:00')",
    ),
    (Partition("n", "identity"), list(range(MOST_LISTED + 1)), f"t.`n` BETWEEN 0 AND {MOST_LISTED}"),
]


@pytest.mark.parametrize(("partition", "values", "expected"), CASES)
def test_a_condition_lists_the_partitions_or_their_bounds(
    partition: Partition, values: list[Any], expected: str
) -> None:
    assert inside_sql("c", partition, "t", values) == expected


OUTSIDE: list[tuple[Partition, list[Any], str]] = [
    (
        DAYS,
        [date(2026, 1, 2), date(2026, 1, 1)],
        "(c.system.days(t.`at`) <> date'2026-01-01' AND c.system.days(t.`at`) <> date'2026-01-02'"
        " OR t.`at` IS NULL)",
    ),
    (DAYS, [date(2026, 1, 1), None], "(c.system.days(t.`at`) <> date'2026-01-01' AND NOT t.`at` IS NULL)"),
    (DAYS, [None], "(true AND NOT t.`at` IS NULL)"),
    (DAYS, [], "(true OR t.`at` IS NULL)"),
    (Partition("name", "identity"), ["b"], "(t.`name` <> 'b' OR t.`name` IS NULL)"),
    (
        Partition("n", "identity"),
        list(range(MOST_LISTED + 1)),
        f"((t.`n` < 0 OR t.`n` > {MOST_LISTED}) OR t.`n` IS NULL)",
    ),
]


@pytest.mark.parametrize(("partition", "values", "expected"), OUTSIDE)
def test_other_partitions_are_outside_the_list_or_its_bounds(
    partition: Partition, values: list[Any], expected: str
) -> None:
    assert outside_sql("c", partition, "t", values) == expected


def test_only_a_partition_column_outside_the_key_moves_rows() -> None:
    assert movable_partitions(EVENTS) == EVENTS.partitions
    assert movable_partitions(ENTITIES) == ()


def test_a_table_in_buckets_of_its_key_is_joined_bucket_by_bucket() -> None:
    assert is_bucketed_by_key(ENTITIES)
    assert not is_bucketed_by_key(EVENTS)
