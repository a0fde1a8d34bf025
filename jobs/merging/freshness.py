"""How long changes were on their way from their doors to the table that shows them.

The clock starts when a change was at its door (`_updated_at`): when DynamoDB took the write, or when the file
landed. Not at the contract's sequence column, which tells when something happened in the world and may be
years ago; and not when a message was sent, which no change carries: what the inbound queue adds is its own
metric (ApproximateAgeOfOldestMessage). It stops after the MERGE's commit, from which on queries see the row.

Exports and repairs are left out. They bring what is old by design: to close a gap, not to be on time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.timestamps import instant_of
from jobs.intake.manifest import DROP, STREAM
from jobs.runtime.metrics import Metric


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When changes came to their doors, the first and the middle one: microseconds since the epoch."""

    first: int | None = None
    middle: int | None = None


def arrivals() -> Sequence[Expression]:
    """The aggregates of a frame of changes that the fields of `Arrivals` are."""
    came = F.when(F.col("_source").isin(STREAM, DROP), F.unix_micros("_updated_at"))
    return F.min(came), F.percentile_approx(came, 0.5)


def freshness(dataset: str, arrived: Arrivals, committed: datetime) -> list[Metric]:
    """The longest and the median way of these changes; none if no change counts."""
    if arrived.first is None or arrived.middle is None:
        return []
    return [
        Metric("FreshnessSeconds", _seconds(arrived.first, committed), dataset),
        Metric("FreshnessMedianSeconds", _seconds(arrived.middle, committed), dataset),
    ]


def _seconds(micros: int, committed: datetime) -> float:
    """Seconds from an arrival to the commit; 0 if the clocks of the door and of the job disagree."""
    return max(0.0, (committed - instant_of(micros)).total_seconds())
