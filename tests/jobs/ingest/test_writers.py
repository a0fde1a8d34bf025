"""In each mode only its own jobs write."""

import pytest

from jobs.ingest.writers import CONTINUOUS, WORKFLOW, is_writer


def test_a_job_of_the_other_mode_does_not_write_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    writers = {
        mode: [job for job in ("check", "merge", "follow") if is_writer(job, mode)]
        for mode in (WORKFLOW, CONTINUOUS)
    }

    assert writers == {WORKFLOW: ["check", "merge"], CONTINUOUS: ["follow"]}
    assert "merge: nothing to do: in the mode continuous only follow may write" in capsys.readouterr().out


def test_an_unknown_mode_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected one of workflow, continuous, got 'both'"):
        is_writer("check", "both")
