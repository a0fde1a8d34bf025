"""A dataset that fails gets a batch of its own, and attempts are counted across runs that end without a word.

That a batch is set aside with its reason, and taken up again, is shown by `tests/faults/test_isolation.py`.
"""

from jobs.ingest.set_aside import begin_attempts, part_checked, split_off
from jobs.intake.attempts import KILLED, Attempts
from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest, Refused
from jobs.intake.results import CheckedBatch, FileCount
from tests.jobs.builders import SENT, manifest_file

FILES = manifest_file("a"), manifest_file("b", dataset="others")
MANIFEST = Manifest("b1", SENT.isoformat(), FILES, (Refused("c", "why", "body"),))


def test_a_dataset_that_failed_leaves_its_batch_for_one_of_its_own(batches: Batches) -> None:
    batches.open(MANIFEST)

    rest, parts = split_off(batches, MANIFEST, {"others": KeyError("a")})

    assert parts == ["b1-others"]
    assert (rest.datasets, rest.refused) == (["things"], MANIFEST.refused)
    assert batches.manifest("b1") == rest
    part = batches.manifest("b1-others")
    assert (part.files, part.refused, part.origins) == (FILES[1:], (), ("b1",))
    assert (batches.attempts("b1").failures, batches.attempts("b1-others").failures) == (0, 1)


def test_a_checked_batch_gives_a_dataset_away_as_checked(batches: Batches) -> None:
    counts = tuple(FileCount(file.dataset, file.source_file, "drop", 1, 1, 0) for file in FILES)
    batches.open(MANIFEST)

    part = part_checked(batches, CheckedBatch("b1", counts, SENT.isoformat()), "others")

    assert batches.to_merge() == [part] == ["b1-others"]
    assert batches.checked(part) == CheckedBatch("b1-others", counts[1:])
    assert batches.manifest(part).files == FILES[1:]


def test_an_attempt_is_forgotten_when_the_batch_is_checked(batches: Batches) -> None:
    batches.open(MANIFEST)

    for batch_id in begin_attempts(batches, ["b1"]):
        assert batches.attempts(batch_id) == Attempts(is_running=True)
        batches.mark_checked(CheckedBatch(batch_id))

    assert batches.failing() == []


def test_an_attempt_whose_process_ended_counts_as_a_failure_of_the_next_run(batches: Batches) -> None:
    batches.open(MANIFEST)

    next(begin_attempts(batches, ["b1"]))
    next(begin_attempts(batches, ["b1"]))

    attempts = batches.attempts("b1")
    assert (attempts.failures, attempts.error) == (1, KILLED)
