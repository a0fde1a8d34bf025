"""Columns of an ORC sample: their types are those of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.reading.formats.orc_stripes import read_stripe
from jobs.reading.formats.rows import UnreadableFile
from workflows.contracts.samples.facts import DraftError
from workflows.contracts.samples.parquet_sample import ParquetSample

if TYPE_CHECKING:
    from workflows.contracts.samples.facts import SampleColumn


class OrcSample(ParquetSample):
    """An ORC file."""

    def columns(self) -> tuple[SampleColumn, ...]:
        """The columns with the types of the file; those without a null are required. Reads all rows."""
        import pyarrow as pa
        from pyarrow import orc

        self._file.seek(0)
        try:
            file = orc.ORCFile(self._file)
            stripes = (read_stripe(self._file, file, number) for number in range(file.nstripes))
            return tuple(self._columns(file.schema, stripes))
        except (pa.ArrowException, OSError, ValueError, UnreadableFile) as error:
            raise DraftError(f"{self._name} can't be read as ORC: {error}") from error
