"""A batch's objects in the lake bucket say which step it waits for."""

import json

from jobs.intake.attempts import Attempts
from jobs.intake.batches import CHECKED, MERGED, Batches
from jobs.intake.manifest import Manifest
from tests.jobs.builders import SENT, manifest_file

MANIFEST = Manifest("b1", SENT.isoformat(), (manifest_file("drops/things/a.csv"),))


def test_a_batch_waits_for_its_check_then_for_its_merge_then_for_nothing(batches: Batches) -> None:
    batches.open(MANIFEST)
    assert (list(batches.to_check()), batches.to_merge()) == (["b1"], [])
    assert batches.manifest("b1") == MANIFEST

    batches.done("b1", CHECKED, {"files": [1]})
    assert (list(batches.to_check()), batches.to_merge()) == ([], ["b1"])
    assert batches.checked("b1") == {"batch_id": "b1", "files": [1]}

    batches.done("b1", MERGED, {})
    assert batches.to_merge() == ["b1"]  # until it is closed: what stopped in between is done again

    batches.close("b1")
    assert batches.begun() == []


def test_a_batch_that_stopped_before_its_manifest_is_closed(batches: Batches) -> None:
    batches._put("open/b2", "")

    assert list(batches.to_check()) == []
    assert batches.begun() == []


def test_a_retry_of_a_run_gets_an_id_of_its_own(batches: Batches) -> None:
    assert batches.free_id("b1") == "b1"

    batches.open(MANIFEST)

    assert batches.free_id("b1") == "b1-2"


def test_a_batch_that_is_set_aside_waits_for_no_job(batches: Batches) -> None:
    batches.open(MANIFEST)
    batches.note_attempts("b1", Attempts(failures=5, error="KeyError"))
    assert (batches.failing(), batches.attempts("b1").failures) == (["b1"], 5)

    batches.set_aside("b1", "KeyError", SENT)
    batches.close("b1")
    batches.forget_attempts("b1")

    assert (list(batches.to_check()), batches.begun(), batches.failing()) == ([], [], [])
    assert batches.aside() == ["b1"]
    assert batches.why_aside("b1") == {"reason": "KeyError", "at": SENT.isoformat()}
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
