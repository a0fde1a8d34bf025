"""The parser of each door of the registry (`jobs.intake.doors`)."""

from collections.abc import Callable

from pyspark.sql import DataFrame

from expectations.contract import Contract
from jobs.doors.drop import parse_drop
from jobs.doors.export import parse_export
from jobs.doors.repair import parse_repair
from jobs.doors.stream import parse_stream
from jobs.intake.doors import DROP, EXPORT, REPAIR, STREAM

# Received rows (`jobs.reading.received.RECEIVED`) -> parsed rows (`jobs.changes.columns`).
type Parser = Callable[[DataFrame, Contract], DataFrame]

PARSERS: dict[str, Parser] = {
    STREAM.name: parse_stream,
    DROP.name: parse_drop,
    EXPORT.name: parse_export,
    REPAIR.name: parse_repair,
}
