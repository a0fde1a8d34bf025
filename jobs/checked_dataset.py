"""One dataset of a batch, read, parsed and judged: rows with their reasons, counted per file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import attrgetter

from pyspark import StorageLevel
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.changes import UPSERT, collect_reasons
from jobs.doors import receive
from jobs.drop_door import parse_drop
from jobs.export_door import parse_export
from jobs.manifest import DROP, EXPORT, REPAIR, STREAM, ManifestFile
from jobs.quality import Verdict, judge
from jobs.repair_door import parse_repair
from jobs.row_rules import RowRule
from jobs.stream_door import parse_stream

PARSERS = {STREAM: parse_stream, DROP: parse_drop, EXPORT: parse_export, REPAIR: parse_repair}


@dataclass(frozen=True, slots=True)
class FileCount:
    """What became of one file's rows. A file that can't be read is one row, quarantined."""

    dataset: str | None
    source_file: str
    door: str | None
    rows_read: int
    accepted: int
    quarantined: int
    changes: int  # more than accepted if rows moved (`jobs.changes.accepted_changes`)


@dataclass(frozen=True, slots=True)
class CheckedDataset:
    """Parsed rows (`jobs.changes`) whose `reasons` are complete; the caller may read them several times."""

    contract: Contract
    rows: DataFrame
    counts: tuple[FileCount, ...]
    verdict: Verdict


@contextmanager
def check_dataset(
    spark: SparkSession, files: Sequence[ManifestFile], contract: Contract
) -> Iterator[CheckedDataset]:
    """The dataset's files, checked. The rows are kept in memory or on disk until the context ends."""
    parsed = parse_files(spark, files, contract).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        parsed.count()  # Files are read here: GX would say of what fails in that that a rule is at fault.
        verdict = judge(parsed.where(_to_judge()), contract)
        rows = add_rule_reasons(parsed, verdict.row_rules)
        yield CheckedDataset(contract, rows, count_files(rows, files, contract.dataset), verdict)
    finally:
        parsed.unpersist()


def parse_files(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    """The rows of the files, each parsed by its door."""
    by_door = groupby(sorted(files, key=attrgetter("door")), key=attrgetter("door"))
    parsed = [PARSERS[door](receive(spark, list(some), contract), contract) for door, some in by_door]
    return reduce(DataFrame.unionByName, parsed)


def add_rule_reasons(parsed: DataFrame, rules: Iterable[RowRule]) -> DataFrame:
    """With a reason for each rule that an otherwise good upsert breaks. A delete needs its key alone."""
    broken = collect_reasons([F.lit(None).cast("string"), *(rule.reason for rule in rules)])
    return parsed.withColumn("reasons", F.when(_to_judge(), broken).otherwise(F.col("reasons")))


def count_files(rows: DataFrame, files: Iterable[ManifestFile], dataset: str) -> tuple[FileCount, ...]:
    """The counts of each file, also of those without a row."""
    accepted = F.size("reasons") == 0
    counted = rows.groupBy("source_file").agg(
        F.count("*").alias("rows_read"),
        F.count_if(accepted).alias("accepted"),
        F.count_if(~accepted).alias("quarantined"),
        F.count_if(accepted & F.col("_moved_from").isNotNull()).alias("moved"),
    )
    found: Mapping[str, Mapping[str, int]] = {row["source_file"]: row.asDict() for row in counted.collect()}
    none = {"rows_read": 0, "accepted": 0, "quarantined": 0, "moved": 0}
    door_of = {file.source_file: file.door for file in files}
    return tuple(
        FileCount(
            dataset,
            source_file,
            door,
            (counts := found.get(source_file, none))["rows_read"],
            counts["accepted"],
            counts["quarantined"],
            counts["accepted"] + counts["moved"],
        )
        for source_file, door in door_of.items()
    )


def _to_judge() -> Expression:
    return (F.size("reasons") == 0) & (F.col("_op") == UPSERT)
