"""Merge bench: 20,000 changes into tables of millions of lines, by Glueline and what one would use instead.

All variants have the same lines, changes and Spark. In each round they take turns; before each turn the
table is rolled back to its first state. The JVM compiles for some rounds: those come first, at one million
rows, and are printed one by one. Of the rounds that follow, for each size the first is told apart, and the
median of the others counts. After each merge the rows and the sum of their versions are held against
arithmetic: a fast wrong merge fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from statistics import median
from time import perf_counter
from typing import Final

from pyspark.sql import DataFrame

from jobs.maintenance.compaction import compact
from tests.bench import baskets
from tests.bench.baskets import DELETES, RECENT, SPREAD, Kind, Total
from tests.bench.merge_variants import (
    DeltaMerge,
    DeltaRs,
    DocumentedMerge,
    DuckLake,
    GluelineMerge,
    PartitionOverwrite,
    PyIcebergUpsert,
    Variant,
    write_changes,
)
from tests.bench.report import Report, Row, expect, seconds
from tests.bench.session import spark

MILLIONS: Final = (1, 4, 16)
WARM_UP: Final = 6  # rounds, at one million
ROUNDS: Final = 5
MERGES: Final = 20
LOOKED_AT_EVERY: Final = 5  # merges, by `maintain`
KINDS: Final = (RECENT, SPREAD, DELETES)
VARIANTS: Final[tuple[type[Variant], ...]] = (
    GluelineMerge,
    DocumentedMerge,
    DeltaMerge,
    PartitionOverwrite,
    DeltaRs,
    DuckLake,
)
FLOOR: Final = "floor: read the changes, write Parquet"


@dataclass(frozen=True, slots=True)
class Turn:
    """One merge of one variant; the floor has no table, and so no files."""

    seconds: float
    files_before: int | None = None
    files_after: int | None = None


def run(millions: Sequence[int]) -> Report:
    """Merge all kinds of changes into tables of all sizes."""
    report = Report(
        "merge",
        [
            f"{baskets.CHANGES} changes, nine of ten of rows that are there; recent: last 3 of 100 days",
            f"seconds: median of {ROUNDS - 1} interleaved rounds; first_s: of the one before",
            "files: of data and of deletes",
            "delta-rs and DuckLake are native engines on one machine: a floor, not something to be beaten",
        ],
    )
    report.add(f"{RECENT.name}, 1 M rows, while the JVM warms up", by_rounds(VARIANTS, WARM_UP))
    for kind in KINDS:
        for size in millions:
            report.add(f"{kind.name}, {size} M rows", measure(kind, size))
    report.add("reads_after_merges", [worn(kind, millions[0]) for kind in (RECENT, SPREAD)])
    report.add(f"{RECENT.name}, 1 M rows, one round of what takes a minute", by_rounds([PyIcebergUpsert], 1))
    return report


def by_rounds(variants: Sequence[type[Variant]], rounds: int) -> list[Row]:
    """The seconds of each round of recent changes into a million rows."""
    turns = play(RECENT, 1, variants, rounds)
    return [
        {
            "variant": name,
            **{f"round_{number}_s": round(turn.seconds, 2) for number, turn in enumerate(taken, 1)},
        }
        for name, taken in turns.items()
    ]


def measure(kind: Kind, millions: int) -> list[Row]:
    """Measure the floor and all variants alternately."""
    turns = play(kind, millions, VARIANTS, ROUNDS)
    own = _middle_of(turns[GluelineMerge.name])
    return [
        {
            "variant": name,
            "seconds": round(_middle_of(taken), 2),
            "first_s": round(taken[0].seconds, 2),
            "times_glueline": round(_middle_of(taken) / own, 2),
            "files_before": taken[-1].files_before,
            "files_after": taken[-1].files_after,
        }
        for name, taken in turns.items()
    ]


def play(kind: Kind, millions: int, of: Sequence[type[Variant]], rounds: int) -> dict[str, list[Turn]]:
    """The measurements of the floor and of these variants."""
    changes = baskets.changes(millions, kind)
    variants = [variant(kind, millions) for variant in of]
    before = baskets.total(baskets.lines(millions))
    after = baskets.expected(before, changes)
    turns: dict[str, list[Turn]] = {name: [] for name in (FLOOR, *(variant.name for variant in variants))}
    for _ in range(rounds):
        turns[FLOOR].append(Turn(seconds(lambda: write_changes(kind, millions))))
        for variant in variants:
            turns[variant.name].append(take_turn(variant, before, after))
    return turns


def worn(kind: Kind, millions: int, merges: int = MERGES) -> Row:
    """Many merges of different changes, compacted by the policy; how much slower reads become."""
    variants = [GluelineMerge(replace(kind, nth=number), millions) for number in range(merges)]
    table = variants[0]
    table.roll_back()
    before, fresh, files = table.total(), table.read_seconds(), table.files()
    merged = compacted = 0.0
    for number, variant in enumerate(variants, 1):
        merged += seconds(variant.merge)
        if number % LOOKED_AT_EVERY == 0:
            compacted += seconds(lambda: list(compact(spark(), table.table)))
    changes = reduce(DataFrame.union, (variant.changes for variant in variants))
    after = baskets.expected(before, changes.dropDuplicates(["line_id"]))
    expect(f"{kind.name}, after {merges} merges", after, table.total())
    read = table.read_seconds()
    return {
        "changes": kind.name,
        "merges": merges,
        "merge_s": round(merged / merges, 2),
        "compaction_s_a_merge": round(compacted / merges, 2),
        "files_before": files,
        "files_after": table.files(),
        "read_before_s": round(fresh, 2),
        "read_after_s": round(read, 2),
        "read_ratio": round(read / fresh, 2),
    }


def take_turn(variant: Variant, before: Total, after: Total) -> Turn:
    """Roll back, merge, compare."""
    variant.roll_back()
    expect(f"{variant.name}, rolled back", before, variant.total())
    files = variant.files()
    started = perf_counter()
    variant.merge()
    took = perf_counter() - started
    expect(f"{variant.name}, merged", after, variant.total())
    return Turn(took, files, variant.files())


def _middle_of(turns: Sequence[Turn]) -> float:
    """The median of all but the first."""
    return median(turn.seconds for turn in turns[1:])
