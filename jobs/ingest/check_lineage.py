"""The lineage of a checked batch: objects -> `<dataset>_changes`, with counts and the results of rules."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from jobs.checking.checked_dataset import CheckedDataset
from jobs.intake.batches import Batches
from jobs.intake.doors import DROP
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.intake.results import FileCount
from jobs.lineage.events import (
    CHECK,
    Assertion,
    Dataset,
    Event,
    Input,
    Run,
    athena_table,
    completed,
    failed,
    written,
)
from jobs.lineage.events_log import LineageLog
from jobs.quality.results import rule_of
from jobs.quality.validation import ValidationResult
from jobs.runtime.failures import in_one_line

_MOST_NAMED = 50  # drops of a dataset that are inputs of their own; more of them are one, as their folder


def tell_checked(
    batches: Batches, manifest: Manifest, checked: Sequence[CheckedDataset], started: datetime
) -> None:
    """Tell that the datasets of a batch are checked."""
    if (lineage := batches.lineage) is not None:
        lineage.write(
            manifest.batch_id,
            CHECK,
            lambda: [event for one in checked for event in events_of_check(lineage, manifest, one, started)],
        )


def tell_check_failed(batches: Batches, manifest: Manifest, errors: Mapping[str, BaseException]) -> None:
    """Tell that the check of these datasets of a batch failed; the rest of it tells about itself."""
    if (lineage := batches.lineage) is None:
        return
    now = datetime.now(UTC)
    runs = {dataset: Run(lineage.namespace, CHECK, manifest.batch_id, dataset, now) for dataset in errors}
    lineage.write(
        manifest.batch_id,
        f"{CHECK}-failed",
        lambda: [
            event for dataset, run in runs.items() for event in failed(run, now, in_one_line(errors[dataset]))
        ],
    )


def events_of_check(
    lineage: LineageLog, manifest: Manifest, checked: CheckedDataset, started: datetime
) -> list[Event]:
    """The events of one checked dataset."""
    contract = checked.contract
    run = Run(lineage.namespace, CHECK, manifest.batch_id, contract.dataset, started)
    files = [file for file in manifest.files if file.dataset == contract.dataset]
    inputs = inputs_of(files, checked.counts)
    accepted = sum(count.accepted for count in checked.counts)
    changes = athena_table(lineage.region, lineage.database, f"{contract.dataset}_changes")
    output = written(changes, contract, [read.dataset for read in inputs], accepted, by_alias=True)
    return completed(run, datetime.now(UTC), inputs, output, assertions_of(checked.verdict))


def inputs_of(files: Sequence[ManifestFile], counts: Sequence[FileCount]) -> list[Input]:
    """What was read of a dataset. A drop is named; the objects of other doors are parts of one source.

    If there are many drops, they are one source too: their folder.
    """
    rows: dict[str, int] = {}
    for count in counts:
        rows[count.source_file] = rows.get(count.source_file, 0) + count.rows_read
    is_named = sum(file.door == DROP.name for file in files) <= _MOST_NAMED
    sources = sorted(((_source(file, is_named=is_named), file) for file in files), key=lambda one: one[0])
    inputs = []
    for (bucket, name), group in groupby(sources, key=lambda one: one[0]):
        some = [file for _, file in group]
        read = sum(rows.get(source_file, 0) for source_file in {file.source_file for file in some})
        inputs.append(Input(Dataset(bucket, name), read, len(some), sum(file.size for file in some)))
    return inputs


def assertions_of(verdict: ValidationResult) -> list[Assertion]:
    """The result of each rule of the contract."""
    found = []
    for one in verdict.result.results:
        if (rule := one.expectation_config) is not None:
            column = rule.kwargs.get("column")
            found.append(Assertion(rule_of(one), rule.type, bool(one.success), column))
    return found


def _source(file: ManifestFile, *, is_named: bool) -> tuple[str, str]:
    folder = "/".join(file.key.split("/")[:2])
    name = file.key if file.door == DROP.name and is_named else folder
    return f"s3://{file.bucket}", name
