"""The note of phase `remove-from-raw`; `tests/jobs/test_erase.py` runs the phase."""

from dataclasses import replace

from jobs.erasure.notes import AffectedVersion, RawNote
from jobs.erasure.remove_from_raw import with_versions

ONE = AffectedVersion("drops/entities/a.csv", "v1", "etag", True, "csv", 2, 1, None)
TWO = replace(ONE, version_id="v2")


def test_versions_of_all_runs_are_noted_once_as_they_were_first_found() -> None:
    note = with_versions(with_versions(RawNote(), [ONE]), [replace(ONE, is_latest=False), TWO])

    assert set(note.held) == {ONE, TWO}
