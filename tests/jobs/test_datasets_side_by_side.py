"""Datasets of a batch end side by side as they end one after another, whatever fails for some of them.

However many they are, the batch makes one commit on each table that they share.
"""

import gzip
import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from expectations.contract import Contract, Rule
from jobs.ingest import check_batch, merge_batches, side_by_side
from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest, ManifestFile, Refused
from jobs.lake.creation import create_ops_tables
from jobs.lake.names import BATCHES, QUALITY_RESULTS, QUARANTINE, TOMBSTONES, Lake
from tests.jobs.builders import ENTITIES, SENT, entity, manifest_file, record
from tests.properties import examples

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

IS_DEEP = settings.get_current_profile_name() == "deep"
PHASES = (Phase.explicit, Phase.reuse, Phase.generate) if IS_DEEP else (Phase.explicit,)
ALL, NONE = frozenset({1, 2}), frozenset[int]()
DATASETS = ["entities_a", "entities_b", "entities_c"]
# Functions that a job calls for a dataset, and which of their arguments names it.
STEPS = (
    (check_batch, "bring_to_contract", lambda arguments: arguments[2].dataset),
    (check_batch, "append_changes", lambda arguments: arguments[2].contract.dataset),
    (merge_batches, "merge_changes", lambda arguments: arguments[2].dataset),
)
OF_THE_RUN = {"_ingested_at", "quarantined_at", "checked_at", "ran_at", "deleted_at", "result"}
# The query is one that GX asks by a view, which has the same name for every dataset.
NO_OTHERS = "SELECT id FROM {batch} WHERE name <> 'of DATASET'"
_numbers = count(1)


class Landed(NamedTuple):
    """What landed of a dataset, by the keys of the rows; where its work fails, by the number of the step."""

    upserts: frozenset[int]
    deletes: frozenset[int]
    rejected: frozenset[int]
    strange: frozenset[int]  # rows that break the rule
    fault: int | None


class Ended(NamedTuple):
    """What a run left."""

    rows: dict[str, list[str]]
    commits: dict[str, int]
    failures: list[str]


keys = st.frozensets(st.integers(1, 6), max_size=4)
landed = st.builds(Landed, keys, keys, keys, keys, st.sampled_from([None, None, 0, 1, 2]))


def contract_of(dataset: str) -> Contract:
    query = NO_OTHERS.replace("DATASET", dataset)
    rule = Rule("none.of.others", "unexpected_rows_expectation", {"unexpected_rows_query": query})
    return replace(ENTITIES, dataset=dataset, rules=(rule,))


def file_of(s3: "S3Client", dataset: str, of: Landed) -> ManifestFile:
    """An object of the stream with these rows."""
    items = {number: entity(number, f"of {dataset}", version=number) for number in of.upserts}
    items |= {100 + number: entity(100 + number, "of none", version=1) for number in of.strange}
    records = [record("INSERT", str(number), new=item, number=number) for number, item in items.items()]
    for number in of.deletes:
        gone = {**entity(number, version=50), "_deleted": {"BOOL": True}}
        records.append(record("MODIFY", str(number), new=gone, number=200 + number))
    for number in of.rejected:
        bad = {**entity(number, version=60), "name": {"BOOL": True}}
        records.append(record("MODIFY", str(number), new=bad, number=300 + number))
    body = gzip.compress("\n".join(map(json.dumps, records)).encode(), mtime=0)
    key = f"stream/{dataset}/a.jsonl.gz"
    etag = s3.put_object(Bucket="raw", Key=key, Body=body)["ETag"].strip('"')
    return manifest_file(key, dataset=dataset, door="stream", format="jsonl.gz", etag=etag, size=len(body))


@contextmanager
def failing(all_landed: Mapping[str, Landed]) -> Iterator[None]:
    """Inside, the work on datasets fails at their steps."""
    with pytest.MonkeyPatch.context() as patch:
        for number, (module, name, dataset_of) in enumerate(STEPS):

            def step(*arguments: Any, _number: int = number, _of: Any = dataset_of, _work: Any) -> Any:
                dataset = _of(arguments)
                if all_landed[dataset].fault == _number:
                    raise KeyError(dataset)
                return _work(*arguments)

            patch.setattr(module, name, partial(step, _work=getattr(module, name)))
        yield


@contextmanager
def being_large(large: Collection[str]) -> Iterator[None]:
    """Inside, these datasets count as large, and no others do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check_batch, "are_few", lambda files: not any(file.dataset in large for file in files))
        patch.setattr(merge_batches, "with_few_changes", lambda checked: set(DATASETS).difference(large))
        yield


def end(spark: "SparkSession", s3: "S3Client", all_landed: Mapping[str, Landed], at_once: int) -> Ended:
    """Check and merge a batch of what landed, in a new lake."""
    number = next(_numbers)
    lake, batches = Lake(f"side_{number}", f"side_{number}_ops"), Batches(s3, "lake")
    for database in (lake.database, lake.ops_database):
        spark.sql(f"CREATE NAMESPACE {lake.catalog}.{database}")
    create_ops_tables(spark, lake)
    contracts = {dataset: contract_of(dataset) for dataset in all_landed}
    files = tuple(file_of(s3, dataset, of) for dataset, of in all_landed.items())
    manifest = Manifest(f"side-{number}", SENT.isoformat(), files, (Refused("c", "why", "body"),))
    batches.open(manifest)
    with pytest.MonkeyPatch.context() as patch, failing(all_landed):
        patch.setattr(side_by_side, "AT_ONCE", at_once)
        checked = check_batch.check_batch(spark, lake, batches, manifest, contracts)
        merged = merge_batches.merge_batches(spark, lake, batches, contracts)
    tables = [
        *(lake.ops(name) for name in (QUARANTINE, BATCHES, QUALITY_RESULTS, TOMBSTONES)),
        *(table for name in all_landed for table in (lake.table(name), lake.changes(name))),
    ]
    existing = [table for table in tables if spark.catalog.tableExists(table)]
    failures = sorted(str(failure) for failure in (*checked.failures, *merged.failures))
    for batch_id in batches.begun():
        batches.close(batch_id)
    return Ended(
        {_general(table): _rows(spark, table) for table in existing},
        {_general(table): spark.table(f"{table}.snapshots").count() for table in existing},
        [_general(failure) for failure in failures],
    )


def _rows(spark: "SparkSession", table: str) -> list[str]:
    rows = spark.table(table)
    rows = rows.select([name for name in rows.columns if name not in OF_THE_RUN])
    return sorted(_general(str(row)) for row in rows.collect())


def _general(text: str) -> str:
    """A text without the number of its lake and batch."""
    return re.sub(r"side([_-])[0-9]+", r"side\1", text)


@settings(max_examples=examples(40), phases=PHASES)
@example(
    [Landed(ALL, ALL, ALL, ALL, None), Landed(ALL, NONE, NONE, NONE, 1), Landed(ALL, ALL, ALL, NONE, 2)],
    frozenset(DATASETS[:1]),
)
@given(st.lists(landed, min_size=3, max_size=3), st.frozensets(st.sampled_from(DATASETS)))
def test_datasets_end_side_by_side_as_one_after_another(
    small_data_spark: "SparkSession", s3: "S3Client", several: list[Landed], large: frozenset[str]
) -> None:
    all_landed = dict(zip(DATASETS, several, strict=True))

    with being_large(large):
        together = end(small_data_spark, s3, all_landed, at_once=4)
    one_by_one = end(small_data_spark, s3, all_landed, at_once=1)

    assert together == one_by_one
    for name in (BATCHES, QUALITY_RESULTS, QUARANTINE):
        assert together.commits[f"glue_catalog.side__ops.{name}"] <= 1
    assert len(together.failures) == sum(of.fault is not None for of in several)
