"""What the phases of an erasure have in common."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from jobs.erasure.context import ErasureContext, newer
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.marks import Marks, NoMarks
from jobs.erasure.notes import BlockNote, Request, TablesNote
from jobs.erasure.requests import Erasures
from jobs.lake.names import Lake
from tests.jobs.builders import ENTITIES
from tests.jobs.existing_histories import LEDGER

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.mark.parametrize(
    ("one", "other", "expected"), [(1, 2, 2), (2, 1, 2), (None, 1, 1), (0, None, 0), (None, None, None)]
)
def test_the_newer_of_two_versions_of_which_either_may_be_missing(
    one: int | None, other: int | None, expected: int | None
) -> None:
    assert newer(one, other) == expected


def test_the_newest_versions_are_those_of_items_and_rows(s3: "S3Client") -> None:
    request = Request("e1", "entities", {"7": "a", "8": "b", "9": "c"}, "2026-11-24T12:00:00+00:00")
    unused: Any = None
    context = ErasureContext(
        unused, Lake("lake", "ops"), ENTITIES, ErasedKeys.of(ENTITIES, request.hashes), request,
        Erasures(s3, "lake"), s3, unused, "raw", "glueline-entities",
    )  # fmt: skip
    context.write(BlockNote(newest={"7": 5, "8": 6}))
    context.write(TablesNote(newest={"7": 7}))

    assert context.newest_versions() == {"7": 7, "8": 6, "9": None}


def test_only_tables_of_the_stack_get_marks(s3: "S3Client") -> None:
    request, unused = Request("e1", "entities", {}, "2026-11-24T12:00:00+00:00"), cast("Any", None)
    contexts = [
        ErasureContext(
            unused, Lake("lake", "ops"), contract, ErasedKeys.of(contract, ()), request,
            Erasures(s3, "lake"), s3, unused, "raw", "table",
        )
        for contract in (ENTITIES, LEDGER)
    ]  # fmt: skip

    assert [type(context.marks) for context in contexts] == [Marks, NoMarks]
