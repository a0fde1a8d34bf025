"""A row that came as JSON passes as it is, or with what is wrong with it and where in the file."""

import pytest

from jobs.reading.formats.json_row import Place, received_json, strict_json
from jobs.reading.formats.rows import ReceivedRow
from tests.jobs.reading.formats.reading import CONTRACT


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        (b'{"id": 1}', Place(1, 1), None),
        (b'{"id" 1}', Place(5, 3), "json: expected an object: Expecting ':' delimiter (line 5, column 9)"),
        (b'{\n "id" 1}', Place(5, 3), "json: expected an object: Expecting ':' delimiter (line 6, column 7)"),
        (b'{"id": 1} {}', Place(2, 1), "json: expected an object: Extra data (line 2, column 11)"),
        (
            b'{"id": Infinity}',
            Place(2, 1),
            "json: expected an object: Infinity is not a number (line 2, column 1)",
        ),
        (b"[" * 100_000, Place(2, 1), "json: expected a row of reasonable depth (line 2, column 1)"),
    ],
)
def test_a_fault_is_told_with_its_place(text: bytes, place: Place, problem: str | None) -> None:
    assert received_json(4, text, CONTRACT, "an object", place) == ReceivedRow(4, text.decode(), problem)
    assert strict_json(text, CONTRACT) == (text.decode() if problem is None else None)


def test_bytes_that_are_no_utf8_are_shown_as_escapes() -> None:
    assert received_json(1, b'{"note": "gr\xfcn"}', CONTRACT, "an object", Place(7, 1)) == ReceivedRow(
        1, '{"note": "gr\\xfcn"}', "encoding: expected UTF-8, got invalid start byte (line 7, column 1)"
    )
