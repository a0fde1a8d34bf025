"""An ORC sample has the columns of its file, with their types."""

import io
from datetime import date, datetime

import pyarrow as pa
import pytest
from pyarrow import orc

from workflows.contracts.samples.facts import DraftError
from workflows.contracts.samples.orc_sample import OrcSample


def test_columns_have_the_types_of_the_file() -> None:
    file = io.BytesIO()
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int64()),
            "day": [date(2026, 1, 1), None],
            "until": pa.array([datetime(9999, 12, 31), datetime(2026, 1, 1)], pa.timestamp("us")),
            "tags": [["a"], []],
        }
    )
    orc.write_table(table, file)

    columns = OrcSample(file, "things.orc").columns()

    assert [(column.header, column.type, column.required) for column in columns] == [
        ("id", "long", True),
        ("day", "date", False),
        ("until", "timestamp", True),
        ("tags", "list", True),
    ]


def test_what_is_no_orc_is_refused() -> None:
    with pytest.raises(DraftError, match=r"^things.orc can't be read as ORC"):
        OrcSample(io.BytesIO(b"id,name\n"), "things.orc").columns()
