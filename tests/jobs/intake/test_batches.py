"""A batch's objects in the lake bucket say which step it waits for."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from jobs.intake.attempts import Attempts
from jobs.intake.batches import CHECKED, MERGED, Batches
from jobs.intake.manifest import Manifest
from jobs.intake.results import CheckedBatch, FileCount, MergedBatch, SetAside
from tests.crashing import crash_at
from tests.jobs.builders import SENT, manifest_file

MANIFEST = Manifest("b1", SENT.isoformat(), (manifest_file("drops/things/a.csv"),))


def test_a_batch_waits_for_its_check_then_for_its_merge_then_for_nothing(batches: Batches) -> None:
    batches.open(MANIFEST)
    assert (list(batches.to_check()), batches.to_merge()) == (["b1"], [])
    assert batches.manifest("b1") == MANIFEST

    checked = CheckedBatch("b1", (FileCount("things", "s3://raw/drops/things/a.csv", "drop", 1, 1, 0),))
    batches.mark_checked(checked)
    assert (list(batches.to_check()), batches.to_merge()) == ([], ["b1"])
    assert batches.checked("b1") == checked

    batches.mark_merged(MergedBatch("b1", SENT.isoformat()))
    assert batches.to_merge() == ["b1"]  # until it is closed: a run that stopped in between is repeated
    assert batches.steps("b1") == {"manifest.json", CHECKED, MERGED}

    batches.close("b1")
    assert batches.begun() == []


def test_a_batch_that_stopped_before_its_manifest_is_closed(batches: Batches) -> None:
    with crash_at(Batches, "_put", call=2):
        batches.open(replace(MANIFEST, batch_id="b2"))

    assert list(batches.to_check()) == []
    assert batches.begun() == []


def test_a_retry_of_a_run_gets_an_id_of_its_own(batches: Batches) -> None:
    assert batches.free_id("b1") == "b1"

    batches.open(MANIFEST)

    assert batches.free_id("b1") == "b1-2"


def test_a_batch_that_failed_rests_and_so_do_merges_behind_it(batches: Batches) -> None:
    resting = replace(batches, retry_pause=timedelta(minutes=1))
    for name in ("b1", "b2", "b3"):
        batches.open(replace(MANIFEST, batch_id=name))
    batches.mark_checked(CheckedBatch("b3", ()))
    batches.note_attempts("b1", Attempts().after(KeyError("a"), datetime.now(UTC)))
    assert (list(resting.to_check()), resting.to_merge()) == (["b2"], ["b3"])
    assert list(batches.to_check()) == ["b1", "b2"]

    batches.mark_checked(CheckedBatch("b1", ()))

    assert (list(resting.to_check()), resting.to_merge()) == (["b2"], [])
    assert batches.to_merge() == ["b1", "b3"]
    long_ago = Attempts().after(KeyError("a"), datetime.now(UTC) - timedelta(minutes=2))
    batches.note_attempts("b1", long_ago)
    assert resting.to_merge() == ["b1", "b3"]


def test_a_batch_that_is_set_aside_waits_for_no_job(batches: Batches) -> None:
    batches.open(MANIFEST)
    batches.note_attempts("b1", Attempts(failures=5, error="KeyError"))
    assert (batches.failing(), batches.attempts("b1").failures) == (["b1"], 5)

    batches.set_aside("b1", "KeyError", SENT)
    batches.close("b1")
    batches.forget_attempts("b1")

    assert (list(batches.to_check()), batches.begun(), batches.failing()) == ([], [], [])
    assert batches.aside() == ["b1"]
    assert batches.why_aside("b1") == SetAside("KeyError", SENT.isoformat())
    assert batches.attempts("b1") == Attempts()


def test_a_part_of_a_batch_names_all_that_had_its_files_before() -> None:
    whole = Manifest("b1", SENT.isoformat(), (manifest_file("a"), manifest_file("b", dataset="others")))

    part = whole.part("b1-others", {"others"}).part("b1-others-retry", {"others"})

    assert part.datasets == ["others"]
    assert part.origins == ("b1-others", "b1")
    assert Manifest.from_json(part.to_json()) == part


def test_a_manifest_of_before_origins_were_kept_has_none() -> None:
    plain = json.loads(MANIFEST.to_json())
    del plain["origins"]

    assert Manifest.from_json(json.dumps(plain)) == MANIFEST


def test_a_batch_that_is_retried_is_no_longer_set_aside(batches: Batches) -> None:
    batches.set_aside("b1", "KeyError", SENT)

    batches.no_longer_aside("b1")

    assert batches.aside() == []


def test_a_merged_batch_is_forgotten_with_all_its_objects(batches: Batches) -> None:
    batches.open(MANIFEST)
    batches.mark_checked(CheckedBatch("b1"))
    batches.mark_merged(MergedBatch("b1"))
    batches.close("b1")
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert list(batches.merged_before(later)) == ["b1"]
    assert batches.merged_before(later - timedelta(days=1)) == {}

    batches.forget("b1")

    assert (batches.steps("b1"), batches.merged_before(later)) == (set(), {})
