"""What merged batches tell about their lineage. tests/jobs/test_few_rows.py reads that of a real batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from expectations.odcs import load_contracts
from jobs.ingest.merge_lineage import tell_merged
from jobs.intake.batches import Batches
from jobs.intake.results import CheckedBatch, FileCount
from jobs.lineage.events_log import LineageLog
from tests.jobs.lineage.published import check_event

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
CHECKED = CheckedBatch(
    "wr_1",
    (
        FileCount("products", "s3://raw/drops/products/a.csv", "drop", 5, 4, 1),
        FileCount("products", "s3://raw/drops/products/b.csv", "drop", 2, 2, 0),
        FileCount("households", "s3://raw/drops/households/a.csv", "drop", 1, 1, 0),
        FileCount("transactions", "s3://raw/drops/transactions/a.csv", "drop", 1, 0, 1),
    ),
)


@dataclass(frozen=True, slots=True)
class Written(LineageLog):
    """Keeps events in memory."""

    steps: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def write(self, batch_id: str, step: str, tell: Callable[[], Sequence[Any]]) -> None:
        self.steps[batch_id, step] = list(tell())


def batches_with_lineage() -> tuple[Batches, Written]:
    nothing: Any = None
    written = Written(nothing, "lake", "glueline/shop", "us-east-1", "shop_lake")
    return Batches(nothing, "lake", lineage=written), written


def test_each_dataset_of_which_rows_were_accepted_is_merged_or_failed() -> None:
    batches, written = batches_with_lineage()

    tell_merged(batches, CHECKED, load_contracts(), {"households": ValueError("no 'secret' here")}, AT)

    events = written.steps["wr_1", "merge"]
    for event in events:
        check_event(event)
    ended = {event["job"]["name"]: event for event in events if event["eventType"] != "START"}
    assert {name: event["eventType"] for name, event in ended.items()} == {
        "merge.products": "COMPLETE",
        "merge.households": "FAIL",
    }
    [read] = ended["merge.products"]["inputs"]
    assert read["inputFacets"]["inputStatistics"]["rowCount"] == 6
    error = ended["merge.households"]["run"]["facets"]["errorMessage"]["message"]
    assert error == "ValueError: no '…' here"


def test_without_a_log_nothing_is_told() -> None:
    nothing: Any = None

    tell_merged(Batches(nothing, "lake"), CHECKED, {}, {}, AT)
