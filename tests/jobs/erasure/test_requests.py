"""Erasures in the lake bucket: their requests, notes and proofs."""

from typing import TYPE_CHECKING

import pytest

from jobs.erasure.notes import BlockNote, Proof, Request, SearchedPlace, StreamNote, UnblockNote
from jobs.erasure.requests import Erasures

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOON = "2026-11-24T12:00:00+00:00"
REQUEST = Request("e1", "entities", {"7": "hash"}, NOON)
COMPLETE = Proof("e1", "entities", ("hash",), NOON, NOON, (SearchedPlace("DynamoDB", 1, None, 1, 0),))
INCOMPLETE = Proof("e1", "entities", ("hash",), NOON, NOON, (SearchedPlace("DynamoDB", 1, None, 0, 1),))


@pytest.fixture
def erasures(s3: "S3Client") -> Erasures:
    """A bucket with the requests `e1` and `e10`, and a note of `e1`."""
    erasures = Erasures(s3, "lake")
    erasures.write("e1", REQUEST)
    erasures.write("e1", BlockNote(("7",)))
    erasures.write("e10", Request("e10", "events", {}, NOON))
    return erasures


def names(erasures: Erasures) -> list[str]:
    found = erasures.s3.list_objects_v2(Bucket=erasures.bucket, Prefix="erase/").get("Contents", ())
    return [one["Key"].removeprefix("erase/") for one in found]


def test_notes_are_objects_below_the_id_of_the_erasure(erasures: Erasures) -> None:
    assert names(erasures) == ["e1/request.json", "e1/seal.json", "e10/request.json"]
    assert erasures.request("e1") == REQUEST
    assert erasures.note("e1", BlockNote) == BlockNote(("7",))


def test_a_note_that_was_never_written_is_empty(erasures: Erasures) -> None:
    assert erasures.note("e1", StreamNote) == StreamNote()
    assert erasures.request("other") is None
    assert erasures.proof("e1") is None


def test_of_a_complete_erasure_only_the_proof_stays(erasures: Erasures) -> None:
    erasures.finish(COMPLETE)

    assert names(erasures) == ["e1/proof.json", "e10/request.json"]
    assert erasures.proof("e1") == COMPLETE


def test_an_erasure_that_is_not_complete_keeps_its_request_and_notes(erasures: Erasures) -> None:
    erasures.finish(INCOMPLETE)

    assert names(erasures) == ["e1/proof.json", "e1/request.json", "e1/seal.json", "e10/request.json"]


def test_closing_an_erasure_keeps_the_named_result_only(erasures: Erasures) -> None:
    erasures.write("e1", UnblockNote(1))

    erasures.close("e1", UnblockNote)

    assert names(erasures) == ["e1/lifted.json", "e10/request.json"]
