"""A batch's objects in the lake bucket say which step it waits for."""

from jobs.batches import CHECKED, MERGED, Batches
from jobs.manifest import Manifest
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
