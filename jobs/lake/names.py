"""The names of the lake's tables."""

from collections.abc import Iterable
from dataclasses import dataclass

QUARANTINE, BATCHES, QUALITY_RESULTS, TOMBSTONES = "quarantine", "batches", "quality_results", "tombstones"


@dataclass(frozen=True, slots=True)
class Lake:
    """The databases of a stack; its methods give full names of tables."""

    database: str
    ops_database: str
    catalog: str = "glue_catalog"

    def table(self, dataset: str) -> str:
        """The table of a dataset's current rows."""
        return f"{self.catalog}.{self.database}.{dataset}"

    def changes(self, dataset: str) -> str:
        """The table of a dataset's accepted changes."""
        return f"{self.catalog}.{self.database}.{dataset}_changes"

    def of_dataset(self, dataset: str) -> list[str]:
        """The two tables of a dataset: of its current rows, and of its changes."""
        return [self.table(dataset), self.changes(dataset)]

    def of_datasets(self, datasets: Iterable[str]) -> list[str]:
        """The tables of these datasets, and those that all datasets share."""
        own = [table for dataset in datasets for table in self.of_dataset(dataset)]
        return own + [self.ops(name) for name in (QUARANTINE, BATCHES, QUALITY_RESULTS, TOMBSTONES)]

    def ops(self, name: str) -> str:
        """A table in which Glueline records its own work."""
        return f"{self.catalog}.{self.ops_database}.{name}"
