"""The JSON objects of a batch keep their fields, and objects of earlier versions stay readable."""

import json
from typing import Any

import pytest

from jobs.intake.results import CheckedBatch, FileCount, MergedBatch, SetAside

COUNT = FileCount("things", "s3://raw/a", "drop", 3, 1, 2, superseded=1, erased=1)
PLAIN_COUNT = {
    "dataset": "things",
    "source_file": "s3://raw/a",
    "door": "drop",
    "rows_read": 3,
    "accepted": 1,
    "quarantined": 2,
    "superseded": 1,
    "erased": 1,
}
AT = "2026-11-24T12:00:00+00:00"


@pytest.mark.parametrize(
    ("checked", "plain"),
    [
        (CheckedBatch("b1", (COUNT,), AT), {"batch_id": "b1", "checked_at": AT, "files": [PLAIN_COUNT]}),
        (CheckedBatch("b1-things", (COUNT,)), {"batch_id": "b1-things", "files": [PLAIN_COUNT]}),
    ],
    ids=["a batch", "a part of one"],
)
def test_a_checked_batch_survives_its_json(checked: CheckedBatch, plain: dict[str, Any]) -> None:
    assert json.loads(checked.to_json()) == plain
    assert CheckedBatch.from_json(checked.to_json()) == checked


def test_counts_of_an_earlier_version_have_neither_superseded_nor_erased() -> None:
    early = {name: value for name, value in PLAIN_COUNT.items() if name not in ("superseded", "erased")}

    found = CheckedBatch.from_json(json.dumps({"batch_id": "b1", "checked_at": AT, "files": [early]}))

    assert found.files == (FileCount("things", "s3://raw/a", "drop", 3, 1, 2),)


def test_a_batch_has_changes_of_the_datasets_of_which_rows_were_accepted() -> None:
    files = (
        FileCount("events", "s3://raw/b", "drop", 1, 1, 0),
        COUNT,
        FileCount("others", "s3://raw/c", "drop", 1, 0, 1),
        FileCount(None, "d", None, 1, 0, 1),
        FileCount("events", "s3://raw/e", "drop", 1, 1, 0),
    )

    assert CheckedBatch("b1", files).datasets == ["events", "things"]
    assert CheckedBatch("b1", files).part("b1-things", "things") == CheckedBatch("b1-things", (COUNT,))


@pytest.mark.parametrize(
    ("merged", "plain"),
    [
        (MergedBatch("b1", AT), {"batch_id": "b1", "merged_at": AT}),
        (MergedBatch("b1", AT, ("b1-a",)), {"batch_id": "b1", "merged_at": AT, "apart": ["b1-a"]}),
        (MergedBatch("b1", apart=("b1-a", "b1-b")), {"batch_id": "b1", "apart": ["b1-a", "b1-b"]}),
        (MergedBatch("b1", goes_on_as="b1-retry"), {"batch_id": "b1", "goes_on_as": "b1-retry"}),
    ],
    ids=["merged", "merged but for a part", "split up", "continued"],
)
def test_a_merged_batch_names_the_batches_that_have_its_files(
    merged: MergedBatch, plain: dict[str, Any]
) -> None:
    assert json.loads(merged.to_json()) == plain


def test_a_note_of_a_batch_that_is_set_aside_survives_its_json() -> None:
    note = SetAside("KeyError: 'a'", AT)

    assert json.loads(note.to_json()) == {"reason": "KeyError: 'a'", "at": AT}
    assert SetAside.from_json(note.to_json()) == note
