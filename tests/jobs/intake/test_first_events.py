"""`erase` notes when the rows of an object were announced first, and the manifest takes the note along."""

import json
from typing import TYPE_CHECKING

import pytest

from jobs.intake.first_events import FirstEvents, RewriteNote, state_of
from jobs.intake.manifest import FirstEvent, Manifest
from tests.jobs.builders import SENT, manifest_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "drops/things/a.csv"
STATE = state_of("v1", "etag")
EARLIER = FirstEvent("2026-11-01T12:00:00+00:00", "00ff")
LATER = FirstEvent("2026-12-01T12:00:00+00:00", None)


@pytest.fixture
def notes(s3: "S3Client") -> FirstEvents:
    return FirstEvents(s3, "lake")


def manifest(door: str = "drop") -> Manifest:
    files = manifest_file(KEY, door=door), manifest_file("drops/things/b.csv", door=door)
    return Manifest("b1", SENT.isoformat(), files)


def test_a_note_survives_its_json() -> None:
    note = RewriteNote(STATE, EARLIER)

    assert json.loads(note.to_json()) == {
        "state": "v1 etag",
        "event_time": "2026-11-01T12:00:00+00:00",
        "sequencer": "00ff",
    }
    assert RewriteNote.from_json(note.to_json()) == note


def test_a_manifest_takes_along_the_first_events_of_its_drops(notes: FirstEvents) -> None:
    notes.keep("things", KEY, STATE, EARLIER)

    first, other = notes.add_to(manifest()).files

    assert (first.first_events, other.first_events) == ({STATE: EARLIER}, {})
    assert notes.of("things", KEY) == {STATE: EARLIER}


def test_a_first_event_is_never_later_than_the_event_of_the_file(notes: FirstEvents) -> None:
    notes.keep("things", KEY, STATE, LATER)

    assert notes.add_to(manifest()).files[0].first_events == {}


def test_without_notes_the_manifest_stays_as_it_is(notes: FirstEvents) -> None:
    assert notes.add_to(manifest()) == manifest()


def test_only_drops_have_first_events(notes: FirstEvents) -> None:
    notes.keep("things", KEY, STATE, EARLIER)

    assert notes.add_to(manifest("stream")) == manifest("stream")
