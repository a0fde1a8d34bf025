"""A row is JSON text; the rest of a file that can't be split into rows is one row with the reason."""

from decimal import Decimal

import pytest

from jobs.reading.formats.rows import ReceivedRow, UnreadableFile, readable, received_row, remainder


def test_bytes_that_are_not_utf8_are_shown_as_escapes_and_are_the_problem() -> None:
    assert received_row(1, {"note": "gr\udcfcn"}) == ReceivedRow(
        1, '{"note": "gr\\xfcn"}', "encoding: expected UTF-8"
    )
    assert readable("gr\udcfcn") == "gr\\xfcn"


def test_a_decimal_keeps_all_of_its_digits_as_text() -> None:
    assert received_row(1, {"exact": Decimal("1E+2")}).payload == '{"exact": "100"}'


def test_the_rest_of_a_file_is_one_row_and_a_file_without_rows_is_unreadable() -> None:
    assert remainder(2, "csv: cut off").problem == (
        "csv: cut off; from row 3 on nothing was read: drop a corrected file"
    )
    with pytest.raises(UnreadableFile, match=r"^csv: cut off$"):
        remainder(0, "csv: cut off")
