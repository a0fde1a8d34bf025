"""A header must name the contract's columns; what is wrong with it is one readable reason."""

import pyarrow as pa
import pytest

from jobs.reading.formats.header import check_header
from jobs.reading.formats.rows import UnreadableFile
from tests.jobs.reading.formats.reading import CONTRACT, parquet, read

HEADERS = [
    ("id,unit_price", None),
    ("id,unitPrice,state,note", None),
    ("note,cost,id", None),
    ("id,_op", None),
    ("id,note", "missing: unit_price"),
    ("unit_price", "missing: id"),
    ("id,unit_price,colour,size", "unknown: colour, size"),
    ("id,unit_price,cost", "twice: unit_price"),
    ("id;unit_price", "missing: id, unit_price; unknown: id;unit_price"),
]


@pytest.mark.parametrize(("names", "fault"), HEADERS)
def test_a_header_must_name_what_a_row_needs_and_nothing_unknown(names: str, fault: str | None) -> None:
    if fault is None:
        check_header(CONTRACT, names.split(","))
    else:
        with pytest.raises(UnreadableFile, match=f"got {fault}$"):
            check_header(CONTRACT, names.split(","))


def test_a_file_with_another_header_has_no_rows_but_a_reason() -> None:
    with pytest.raises(UnreadableFile, match="header: expected the columns of contract things"):
        read("csv", "a,b\n1,2\n")


def test_a_header_of_any_bytes_and_length_is_told_in_a_readable_line() -> None:
    names = ["gr\xfc\xdf", *(f"c{number}" for number in range(10_000))]

    with pytest.raises(UnreadableFile, match=r"unknown: gr\\xfc\\xdf, c0, .*, c8 and 9991 more$") as told:
        read("csv", ",".join(names).encode("latin-1"))
    assert str(told.value).encode()


def test_parquet_with_other_columns_has_no_rows_but_a_reason() -> None:
    with pytest.raises(UnreadableFile, match="got missing: id, unit_price; unknown: a"):
        read("parquet", parquet(pa.table({"a": [1]})))
