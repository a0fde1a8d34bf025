"""How long changes took from their doors to the table that shows them.

The clock starts when a change was at its door (`_updated_at`): when DynamoDB accepted the write, or when the
file landed. It does not start at the contract's sequence column, which holds the time of an event in the
world and may be years ago, nor when a message was sent, a time that no change has: the delay of the inbound
queue is a metric of its own (ApproximateAgeOfOldestMessage). The clock stops after the MERGE's commit, from
which on queries return the row.

Exports and repairs are left out: what they bring is old by design, to close a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.timestamps import instant_of
from jobs.intake.doors import live_doors
from jobs.runtime.metrics import Metric


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When the first and the median change came to their doors, in microseconds since the epoch."""

    first: int | None = None
    median: int | None = None


def arrivals() -> Sequence[Expression]:
    """The aggregates of a frame of changes that are the fields of `Arrivals`."""
    arrived = F.when(F.col("_source").isin(live_doors()), F.unix_micros("_updated_at"))
    return F.min(arrived), F.percentile_approx(arrived, 0.5)


def freshness(dataset: str, arrived: Arrivals, committed: datetime) -> list[Metric]:
    """The longest and the median time to the commit, in seconds; no metric if all changes are left out."""
    if arrived.first is None or arrived.median is None:
        return []
    return [
        Metric("FreshnessSeconds", _seconds(arrived.first, committed), dataset),
        Metric("FreshnessMedianSeconds", _seconds(arrived.median, committed), dataset),
    ]


def _seconds(micros: int, committed: datetime) -> float:
    """Seconds from an arrival to the commit; 0 if the clocks of door and job disagree."""
    return max(0.0, (committed - instant_of(micros)).total_seconds())
