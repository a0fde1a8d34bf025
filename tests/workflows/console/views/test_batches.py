"""Batches: sums over files, steps with seconds, freshness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.intake.manifest import Manifest, ManifestFile, Refused
from jobs.intake.results import FileCount
from workflows.console.views import batches as views
from workflows.console.views.values import SEPARATOR

BEGUN = datetime(2026, 11, 30, 12, tzinfo=UTC)


def file(name: str, seconds_before: int, door: str = "drop") -> ManifestFile:
    landed = (BEGUN - timedelta(seconds=seconds_before)).isoformat()
    return ManifestFile("raw", f"drops/products/{name}", "e", None, 7, landed, "products", door, "csv")


MANIFEST = Manifest(
    "b1",
    BEGUN.isoformat(),
    (file("a.csv", 30), file("b.csv", 10), file("e.json", 9000, "export")),
    (Refused("x/y", "intake: expected a door", "{}"),),
)


def counts(
    batch: str, datasets: str | None, read: object, accepted: object, quarantined: object
) -> dict[str, Any]:
    numbers = {"files": "2", "rows_read": read, "accepted": accepted, "quarantined": quarantined}
    return {"batch_id": batch, "datasets": datasets, "doors": "drop", "checked_at": BEGUN, **numbers}


def test_a_batch_is_a_line_and_the_newest_comes_first() -> None:
    found = [counts("b1", f"products{SEPARATOR}orders", "15", "14", "1"), counts("b2", None, 1, 0, 0)]
    found[1]["checked_at"] = BEGUN + timedelta(hours=1)

    newest, first = views.batch_lines(found)

    assert (first.batch_id, first.datasets, first.files) == ("b1", ("orders", "products"), 2)
    assert (first.rows_read, first.accepted, first.quarantined, first.adds_up) == (15, 14, 1, True)
    assert (newest.batch_id, newest.datasets, newest.adds_up) == ("b2", (), False)
    assert views.timeline([newest, first])["series"][0]["values"] == [14, 0]


def test_the_steps_that_are_done_have_the_seconds_since_the_one_before() -> None:
    times = views.times(MANIFEST, (BEGUN + timedelta(seconds=5)).isoformat(), None)

    assert [(step.name, step.seconds) for step in times.steps] == [
        ("landed", None),
        ("begun", 9000.0),
        ("checked", 5.0),
    ]
    assert views.times(None, None, None).steps == ()


def test_freshness_is_of_what_streams_and_partners_bring() -> None:
    assert views.freshness(MANIFEST, BEGUN + timedelta(seconds=2)) == {"products": [32.0, 12.0]}


def test_files_have_their_counts_once_they_are_checked_and_refused_messages_count_as_a_row() -> None:
    counted = [FileCount("products", "s3://raw/drops/products/a.csv", "drop", 3, 2, 1)]

    lines = views.file_lines(MANIFEST, counted)

    assert [(line.rows_read, line.accepted, line.quarantined) for line in lines] == [
        (3, 2, 1),
        (None, None, None),
        (None, None, None),
        (1, 0, 1),
    ]
    assert lines[-1].name == "x/y"
