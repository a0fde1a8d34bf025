"""Reads, parses and judges the files of one dataset of a batch: rows with their reasons, counted per file."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import attrgetter, or_

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.changes.columns import UPSERT
from jobs.changes.reasons import collect_reasons
from jobs.doors.parsers import PARSERS
from jobs.erasure.blocked_rows import is_refused_as_erased, refuse_erased
from jobs.erasure.keys import ErasedKeys
from jobs.intake.manifest import ManifestFile
from jobs.intake.results import FileCount
from jobs.quality.row_rules import RowRule
from jobs.quality.validation import RuleCounts, ValidationResult, prepare, validate
from jobs.reading.fetch import SUPERSEDED
from jobs.reading.receive import receive

_FEW_BYTES = 256 * 1024  # of files as they are in S3, mostly compressed: some thousand rows


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of rows: of each file, and of each rule."""

    files: tuple[FileCount, ...]
    rules: RuleCounts


@dataclass(frozen=True, slots=True)
class CheckedDataset:
    """Parsed rows (`jobs.changes.columns`) with all of their `reasons`. They are cached for several reads."""

    contract: Contract
    rows: DataFrame
    counts: tuple[FileCount, ...]
    verdict: ValidationResult
    erased: ErasedKeys | None = None


@contextmanager
def check_dataset(
    spark: SparkSession, files: Sequence[ManifestFile], contract: Contract, erased: ErasedKeys | None = None
) -> Iterator[CheckedDataset]:
    """Check the dataset's files. Rows of erased keys are rejected for that reason alone.

    The rows are cached in memory or on disk until the context ends. Raises RuleNotEvaluated.
    """
    received = refuse_erased(parse_files(spark, files, contract), contract, erased)
    with _kept(received, files) as parsed:
        examination = prepare(parsed.where(_to_judge()), contract)
        try:
            counts = count_rows(parsed, files, contract.dataset, examination.row_rules)
        except (PySparkException, Py4JJavaError):
            parsed.count()  # raises if a file is at fault; GX would name a rule
            validate(examination)  # raises with the name of the rule
            raise
        verdict = validate(examination, counts.rules)
        broken = [rule for rule in examination.row_rules if counts.rules.broken_by[rule.name]]
        rows = add_rule_reasons(parsed, broken) if broken else parsed
        yield CheckedDataset(contract, rows, counts.files, verdict, erased)


@contextmanager
def _kept(rows: DataFrame, files: Sequence[ManifestFile]) -> Iterator[DataFrame]:
    """The rows, kept in memory or on disk until the context ends.

    Spark analyses the whole plan of cached rows again for each query, which takes longer than to read few
    rows. So the plan of few rows is cut off where they were read, and the first query keeps them.
    """
    if are_few(files):
        yield rows.localCheckpoint(eager=False)
        return
    cached = rows.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        yield cached
    finally:
        cached.unpersist()


def are_few(files: Iterable[ManifestFile]) -> bool:
    """Whether the files have so few rows that to plan a query takes longer than to run it."""
    return sum(file.size for file in files) <= _FEW_BYTES


def parse_files(spark: SparkSession, files: Sequence[ManifestFile], contract: Contract) -> DataFrame:
    """The rows of the files, each file parsed as its door requires."""
    by_door = groupby(sorted(files, key=attrgetter("door")), key=attrgetter("door"))
    parsed = [PARSERS[door](receive(spark, list(some), contract), contract) for door, some in by_door]
    return reduce(DataFrame.unionByName, parsed)


def add_rule_reasons(parsed: DataFrame, rules: Iterable[RowRule]) -> DataFrame:
    """The rows with a reason for each rule that a good upsert breaks. A delete needs only its key."""
    broken = collect_reasons([F.lit(None).cast("string"), *(rule.reason for rule in rules)])
    return parsed.withColumn("reasons", F.when(_to_judge(), broken).otherwise(F.col("reasons")))


def count_rows(
    parsed: DataFrame, files: Iterable[ManifestFile], dataset: str, rules: Sequence[RowRule]
) -> Counts:
    """Count the rows of each file, files without rows included, and of each rule, in one pass.

    Renders no reasons.
    """
    to_judge = _to_judge()
    broken = [to_judge & rule.broken for rule in rules]
    is_rejected = reduce(or_, broken, F.size("reasons") > 0)
    counted = parsed.groupBy("source_file").agg(
        F.count("*"),
        F.count_if(is_rejected),
        F.count_if(is_refused_as_erased()),
        F.count_if(is_superseded()),
        F.count_if(to_judge),
        *map(F.count_if, broken),
    )
    by_file: dict[str, list[int]] = {source_file: numbers for source_file, *numbers in counted.collect()}
    none = [0] * (5 + len(rules))
    door_of = {file.source_file: file.door for file in files}
    found = [(file, door, by_file.get(file, none)) for file, door in door_of.items()]
    _, _, _, _, judged, *of_rules = map(sum, zip(none, *by_file.values(), strict=True))
    return Counts(
        tuple(
            FileCount(dataset, file, door, rows - lost, rows - rejected, rejected - lost, lost, erased)
            for file, door, (rows, rejected, erased, lost, *_) in found
        ),
        RuleCounts(judged, dict(zip((rule.name for rule in rules), of_rules, strict=True))),
    )


def is_superseded() -> Expression:
    """Whether a parsed row stands for a version of its file that was replaced before it was read."""
    return F.col("row_number").isNull() & F.coalesce(F.col("reasons")[0].startswith(SUPERSEDED), F.lit(False))


def _to_judge() -> Expression:
    return (F.size("reasons") == 0) & (F.col("_op") == UPSERT)
