"""How long rows are kept, and when a tombstone may be removed."""

from datetime import datetime, timedelta

import pytest
from awsglue.utils import GlueArgumentError

from jobs.lake.names import QUARANTINE
from jobs.maintenance.retention import (
    LATE,
    LEAST_TOMBSTONES,
    Retention,
    RetentionError,
    records_until,
    tombstones_until,
)
from jobs.parity.certified import Certified
from jobs.parity.tables import PARITY_RESULTS
from tests.jobs.builders import SENT

ARGUMENTS = {"--RAW_DAYS": "30", "--TOMBSTONE_DAYS": "40", "--RECORD_DAYS": "90", "--SNAPSHOT_DAYS": "5"}


def days(number: float) -> timedelta:
    return timedelta(days=number)


def argv(**changed: str) -> list[str]:
    given = ARGUMENTS | {f"--{name}": value for name, value in changed.items()}
    return ["maintain.py", *(text for pair in given.items() for text in pair)]


def test_retention_is_given_in_days() -> None:
    assert Retention.from_argv(argv()) == Retention(days(30), days(40), days(90), days(5))


def test_nothing_is_deleted_if_a_retention_is_missing() -> None:
    with pytest.raises(GlueArgumentError):
        Retention.from_argv(["maintain.py", "--RAW_DAYS", "30"])


def test_tombstones_must_be_kept_as_long_as_raw_objects() -> None:
    with pytest.raises(RetentionError) as refused:
        Retention.from_argv(argv(TOMBSTONE_DAYS="29"))

    message = str(refused.value)
    assert "29 days (--TOMBSTONE_DAYS)" in message
    assert "30 days (--RAW_DAYS)" in message
    assert "raise TombstoneRetentionDays or lower RawRetentionDays" in message


@pytest.mark.parametrize("name", ["RAW_DAYS", "TOMBSTONE_DAYS", "RECORD_DAYS", "SNAPSHOT_DAYS"])
def test_what_a_comparison_needs_is_always_kept(name: str) -> None:
    with pytest.raises(RetentionError, match="2 days or more, got 1"):
        Retention.from_argv(argv(**{name: "1"}))


# The age at which a tombstone is removed, by its retention and how long ago the oldest RAW object landed.
TOMBSTONES = [
    (30, None, 37),  # no object at all: its retention, and a week for what arrives late
    (30, 3, 37),
    (30, 30, 37),
    (30, 50, 57),  # an object that was never read stays, and so do the tombstones of its time
    (90, 30, 97),
    (2, None, 37),  # a message or an export may arrive later than that
    (2, 50, 57),
]
QUEUE_DAYS = 14  # for how long SQS keeps a message at most


@pytest.mark.parametrize(("kept", "oldest", "goes_at"), TOMBSTONES)
def test_a_tombstone_outlives_every_raw_object_that_could_restore_its_row(
    kept: int, oldest: int | None, goes_at: int
) -> None:
    oldest_raw = None if oldest is None else SENT - days(oldest)

    assert tombstones_until(SENT, days(kept), oldest_raw) == SENT - days(goes_at)


def test_a_tombstone_outlives_every_queue_and_every_export() -> None:
    kept = (LEAST_TOMBSTONES + LATE).days

    assert kept > 2 * QUEUE_DAYS  # once in the queue, once as a dead letter
    assert kept > 35  # days of point-in-time recovery


def certified(*times: datetime) -> Certified:
    return Certified(max(times), times, frozenset())


def test_records_are_removed_by_their_age() -> None:
    assert records_until(QUARANTINE, SENT, days(90), [certified(SENT - days(200))]) == SENT - days(90)


def test_the_newest_certificates_of_each_dataset_stay_however_old_they_are() -> None:
    newest = [certified(SENT - days(1)), certified(SENT - days(120), SENT - days(150))]

    assert records_until(PARITY_RESULTS, SENT, days(90), newest) == SENT - days(150)
    assert records_until(PARITY_RESULTS, SENT, days(90), newest[:1]) == SENT - days(90)
