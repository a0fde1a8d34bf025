"""Instants of Parquet files are read whatever their writer called the time zone."""

import io
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.jobs.reading.formats.reading import payloads


@pytest.mark.parametrize("zone", ["CEST", "GMT+2", "local", "tzutc()", "W. Europe Standard Time", "America"])
def test_an_instant_of_parquet_is_read_whatever_its_zone_is_called(zone: str) -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    times = pa.array([noon], pa.timestamp("us", "UTC")).cast(pa.timestamp("us", zone))
    nested = pa.StructArray.from_arrays([times], ["at"])
    listed = pa.ListArray.from_arrays([0, 1], times)
    columns = {"id": [1], "unit_price": ["1"], "state": times, "note": nested, "_op": listed}
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)

    [row] = payloads("parquet", file.getvalue())

    said = "2026-11-24T12:00:00+00:00"
    assert row == {"id": 1, "unit_price": "1", "state": said, "note": {"at": said}, "_op": [said]}
