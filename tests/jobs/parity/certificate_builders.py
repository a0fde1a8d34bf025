"""A comparison for tests that need no Spark."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from jobs.parity.certificates import Comparison, Counts


def comparison(**changed: Any) -> Comparison:
    """A comparison of `things` that found mismatches."""
    at = datetime(2026, 11, 24, 12, 0, 0, 600_000, UTC)
    counts = Counts(
        buckets=256, differing_buckets=1, mismatches=3, items=10, rows=12, drop_only=2, outranked=0
    )
    return replace(Comparison("things", "jr_1", at, at, snapshot_id=7, counts=counts), **changed)
