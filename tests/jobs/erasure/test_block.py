"""The note of phase `block`: which marks the stream has not delivered yet, and what the items were."""

from jobs.erasure.block import with_items, with_marks
from jobs.erasure.notes import BlockNote, StreamNote

ONE, TWO, THREE = (f"2026-11-24T{hour}:00:00+00:00" for hour in ("11", "12", "13"))


def test_the_first_marks_are_noted_with_their_time() -> None:
    assert with_marks(BlockNote(), StreamNote(), ["8", "7"], ONE) == BlockNote(("7", "8"), ONE, ONE)


def test_marks_that_have_not_landed_stay_with_their_time() -> None:
    noted = BlockNote(("7",), ONE, ONE)

    assert with_marks(noted, StreamNote(), ["8"], TWO) == BlockNote(("7", "8"), ONE, TWO)


def test_marks_that_have_landed_are_not_awaited_again() -> None:
    noted = BlockNote(("7",), ONE, TWO, items=("7",))

    assert with_marks(noted, StreamNote(TWO), ["8"], THREE) == BlockNote(("8",), THREE, THREE, ("7",))


def test_items_are_noted_with_their_newest_version() -> None:
    noted = BlockNote(items=("7",), newest={"7": 9})
    items = {
        "7": {"_version": {"N": "5"}},
        "8": {"_version": {"N": "6"}},
        "9": {"id": {"N": "9"}},
        "10": None,
    }

    note = with_items(noted, items)

    assert note.items == ("7", "8", "9")
    assert note.newest == {"7": 9, "8": 6, "9": None}
