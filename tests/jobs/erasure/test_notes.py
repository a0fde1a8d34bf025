"""Notes are read by the job and by the command, each of which may have an older version."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from jobs.erasure.notes import (
    AffectedVersion,
    BlockNote,
    DeadLettersNote,
    Note,
    Phase,
    Proof,
    RawNote,
    Request,
    SearchedPlace,
    StreamNote,
    TableNote,
    TablesNote,
    UnblockNote,
)

VERSION = AffectedVersion("drops/entities/a.csv", "v1", "etag", True, "csv", 2, 1, None)
ODD_VERSION = AffectedVersion("drops/entities/a.xlsx", "null", "etag", False, None, 0, 0, "name: …")
PLACE = SearchedPlace("DynamoDB", 1, None, 1, 0, "consistent reads")
NOON = "2026-11-24T12:00:00+00:00"

# Name of the object, the note, and its fields as earlier versions wrote them.
NOTES: list[tuple[str, Note, dict[str, Any]]] = [
    (
        "request",
        Request("e", "entities", {"7": "hash é"}, NOON, remove_unreadable=True),
        {"id": "e", "dataset": "entities", "hashes": {"7": "hash é"}, "asked_at": NOON,
         "remove_unreadable": True},
    ),
    (
        "seal",
        BlockNote(("7", "8"), NOON, NOON, ("7",), {"7": 5, "8": None}),
        {"marked": ["7", "8"], "since": NOON, "marked_at": NOON, "items": ["7"],
         "newest": {"7": 5, "8": None}},
    ),
    ("landed", StreamNote(NOON), {"through": NOON}),
    (
        "scrub",
        RawNote((VERSION, ODD_VERSION)),
        {
            "held": [
                {"key": "drops/entities/a.csv", "version_id": "v1", "etag": "etag", "is_latest": True,
                 "form": "csv", "rows": 2, "erased": 1, "problem": None},
                {"key": "drops/entities/a.xlsx", "version_id": "null", "etag": "etag", "is_latest": False,
                 "form": None, "rows": 0, "erased": 0, "problem": "name: …"},
            ]
        },
    ),
    (
        "purge",
        TablesNote(NOON, {"7": 5}, {"lake.entities": TableNote(1, True, 3)}),
        {"began": NOON, "newest": {"7": 5},
         "tables": {"lake.entities": {"rows": 1, "touched": True, "clean": 3}}},
    ),
    (
        "letters",
        DeadLettersNote(30, 2, 0, 3, NOON),
        {"searched": 30, "removed": 2, "found": 0, "inbound": 3, "gone_by": NOON},
    ),
    ("lifted", UnblockNote(2, ("7", "8")), {"lifted": 2, "keys": ["7", "8"]}),
    ("lifted", UnblockNote(2), {"lifted": 2}),
    (
        "proof",
        Proof("e", "entities", ("hash",), NOON, NOON, (PLACE,), ("s3://raw/x: gzip",), ("logs",)),
        {
            "erasure_id": "e", "dataset": "entities", "key_hashes": ["hash"], "asked_at": NOON,
            "proved_at": NOON,
            "places": [{"place": "DynamoDB", "searched": 1, "rows": None, "removed": 1, "found": 0,
                        "note": "consistent reads"}],
            "unsearched": ["s3://raw/x: gzip"], "kept": ["logs"], "is_complete": False,
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "note", "fields"), NOTES, ids=[type(note).__name__ for _, note, _ in NOTES])
def test_a_note_is_written_and_read_in_the_fields_of_earlier_versions(
    name: str, note: Note, fields: dict[str, Any]
) -> None:
    assert name == note.NAME
    assert json.loads(note.to_json()) == fields
    assert type(note).from_json(json.dumps(fields)) == note
    assert type(note).from_json(note.to_json()) == note


def test_fields_of_a_later_version_are_ignored_and_missing_ones_have_their_defaults() -> None:
    assert BlockNote.from_json('{"marked": ["7"], "later": {}}') == BlockNote(("7",))
    assert TablesNote.from_json('{"tables": {"t": {"rows": 2}}}').tables["t"] == TableNote(2)


def test_an_object_that_is_no_such_note_is_an_error() -> None:
    with pytest.raises(ValidationError, match="hashes"):
        Request.from_json('{"id": "e"}')


@pytest.mark.parametrize(
    ("places", "unsearched", "is_complete"),
    [
        ((PLACE,), (), True),
        ((PLACE, SearchedPlace("quarantine", 1, None, 0, 1)), (), False),
        ((PLACE,), ("s3://raw/x: gzip",), False),
    ],
)
def test_a_proof_is_complete_if_nothing_is_found_and_nothing_is_unsearched(
    places: tuple[SearchedPlace, ...], unsearched: tuple[str, ...], is_complete: bool
) -> None:
    proof = Proof("e", "entities", ("hash",), NOON, NOON, places, unsearched)

    assert proof.is_complete is is_complete
    assert proof.to_dict()["is_complete"] is is_complete


def test_the_names_of_phases_are_those_of_earlier_versions() -> None:
    assert list(Phase) == ["seal", "scrub", "purge", "prove", "lift"]


def test_versions_of_an_object_differ_by_id_or_content() -> None:
    assert VERSION.folder == "drops"
    assert VERSION.identity == ("drops/entities/a.csv", "v1", "etag")
