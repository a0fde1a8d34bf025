"""Timestamps of ORC over their whole range, which Arrow does not have."""

import io
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import orc

from jobs.reading.formats.orc_stripes import has_far_times, in_micros, read_stripe
from jobs.reading.formats.rows import UnreadableFile

FOREVER, LONG_AGO = datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(1, 1, 1, 0, 0, 0, 1)
MOMENTS = pa.struct([("at", pa.timestamp("us")), ("day", pa.date32())])
TABLE = pa.table(
    {
        "id": [1, 2, 3],
        "at": pa.array([FOREVER, None, LONG_AGO], pa.timestamp("us")),
        "seen": pa.array([FOREVER.replace(tzinfo=UTC)] * 3, pa.timestamp("us", "UTC")),
        "inside": pa.array(
            [{"at": LONG_AGO, "day": date(9999, 12, 31)}, None, {"at": None, "day": None}], MOMENTS
        ),
        "by_name": pa.array([[("a", FOREVER)], [], None], pa.map_(pa.string(), pa.timestamp("us"))),
        "all": pa.array([[FOREVER, None], [], None], pa.list_(pa.timestamp("us"))),
    }
)


def opened(table: pa.Table, **options: Any) -> tuple[io.BytesIO, Any]:
    file = io.BytesIO()
    orc.write_table(table, file, **options)
    return file, orc.ORCFile(io.BytesIO(file.getvalue()))


def test_times_that_nanoseconds_do_not_hold_come_in_microseconds() -> None:
    file, source = opened(TABLE)

    batch = read_stripe(file, source, 0)
    some = read_stripe(file, source, 0, ["id", "all"])

    assert batch.to_pylist() == TABLE.to_pylist()
    assert some.to_pylist() == TABLE.select(["id", "all"]).to_pylist()


def test_only_stripes_with_such_times_come_so() -> None:
    times = [datetime(2017, 1, 1)] * 1024 + [FOREVER] * 1024
    file, source = opened(
        pa.table({"at": times, "name": [str(number) for number in range(2048)]}),
        stripe_size=1024,
        batch_size=1024,
    )

    units = [read_stripe(file, source, stripe).schema.field("at").type.unit for stripe in (0, 1)]

    assert (source.nstripes, units) == (2, ["ns", "us"])


def test_a_file_without_such_times_has_none() -> None:
    near = pa.table({"id": [1], "at": [datetime(2017, 1, 1)]})

    assert has_far_times(*opened(TABLE))
    assert not has_far_times(*opened(near))
    assert not has_far_times(*opened(near.select(["id"])))


def test_far_times_beside_nanoseconds_are_read_but_not_written_again() -> None:
    file = io.BytesIO(with_nanoseconds([(253_402_214_400, 1_001), (0, 0)]))
    source = orc.ORCFile(io.BytesIO(file.getvalue()))

    batch = read_stripe(file, source, 0)

    assert batch.to_pylist() == [
        {"at": datetime(9999, 12, 31, 0, 0, 0, 1)},
        {"at": datetime(1970, 1, 1)},
    ]
    with pytest.raises(UnreadableFile, match="beside nanoseconds: no rows can be taken out of this file"):
        has_far_times(file, source)


def with_nanoseconds(moments: list[tuple[int, int]]) -> bytes:
    """A file with these seconds and nanoseconds."""
    import pyorc
    from pyorc.converters import ORCConverter
    from pyorc.enums import TypeKind

    class Raw(ORCConverter):
        @staticmethod
        def to_orc(moment: Any, _zone: Any) -> Any:
            return moment

        @staticmethod
        def from_orc(*moment: Any) -> Any:
            return moment

    converters: Any = {TypeKind.TIMESTAMP: Raw}
    file = io.BytesIO()
    with pyorc.Writer(file, "struct<at:timestamp>", converters=converters) as writer:
        writer.writerows([(moment,) for moment in moments])
    return file.getvalue()


def test_all_timestamps_of_a_schema_become_micros() -> None:
    nanos = pa.timestamp("ns", "UTC")
    schema = pa.schema(
        [
            ("a", nanos),
            ("b", pa.list_(nanos)),
            ("c", pa.map_(pa.string(), nanos)),
            ("d", pa.struct([("e", nanos)])),
        ]
    )

    assert "ns" not in str(in_micros(schema))
    assert str(in_micros(schema)) == str(schema).replace("[ns", "[us")
