"""The lineage of a merged batch: `<dataset>_changes` -> `<dataset>`."""

from collections.abc import Mapping
from datetime import UTC, datetime

from expectations.contract import Contract
from jobs.intake.batches import Batches
from jobs.intake.results import CheckedBatch
from jobs.lineage.events import MERGE, Event, Input, Run, athena_table, completed, failed, written
from jobs.lineage.events_log import LineageLog
from jobs.runtime.failures import in_one_line


def tell_merged(
    batches: Batches,
    checked: CheckedBatch,
    contracts: Mapping[str, Contract],
    errors: Mapping[str, BaseException],
    started: datetime,
) -> None:
    """Tell which datasets of a batch are merged, and which failed."""
    if (lineage := batches.lineage) is None:
        return

    def events_of(dataset: str) -> list[Event]:
        run = Run(lineage.namespace, MERGE, checked.batch_id, dataset, started)
        if dataset in errors:
            return failed(run, datetime.now(UTC), in_one_line(errors[dataset]))
        return events_of_merge(lineage, run, checked, contracts[dataset])

    lineage.write(
        checked.batch_id, MERGE, lambda: [event for one in checked.datasets for event in events_of(one)]
    )


def events_of_merge(lineage: LineageLog, run: Run, checked: CheckedBatch, contract: Contract) -> list[Event]:
    """The events of one merged dataset.

    The rows of the input are the accepted ones; how many rows of the table they changed is not counted.
    """
    changes = athena_table(lineage.region, lineage.database, f"{contract.dataset}_changes")
    table = athena_table(lineage.region, lineage.database, contract.dataset)
    accepted = sum(file.accepted for file in checked.files if file.dataset == contract.dataset)
    output = written(table, contract, [changes], None, by_alias=False)
    return completed(run, datetime.now(UTC), [Input(changes, accepted, files=None)], output)
