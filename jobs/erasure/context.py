"""What the phases of an erasure have in common."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession

from expectations.contract import Contract
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.marks import Item, Marks, NoMarks
from jobs.erasure.notes import BlockNote, Note, Request, TablesNote
from jobs.erasure.requests import Erasures
from jobs.lake.names import Lake

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class ErasureContext:
    """One erasure, and the lake, bucket and table that it works on."""

    spark: SparkSession
    lake: Lake
    contract: Contract
    keys: ErasedKeys
    request: Request
    erasures: Erasures
    s3: "S3Client"
    dynamodb: Any
    raw_bucket: str
    table: str  # in DynamoDB

    @property
    def marks(self) -> Marks | NoMarks:
        """The marks of the erasure in DynamoDB; none in a table that is not the stack's."""
        if self.contract.table.is_own:
            return Marks(self.dynamodb, self.table, self.contract, self.request.id)
        return NoMarks()

    def note[N: Note](self, kind: type[N]) -> N:
        """The note of this kind, or an empty one."""
        return self.erasures.note(self.request.id, kind)

    def write(self, note: Note) -> None:
        """Write a note over the one of its kind."""
        self.erasures.write(self.request.id, note)

    def unmarked_items(self) -> dict[str, Item]:
        """The items of the keys that are no marks of erased keys; those marked as deleted are included."""
        return {key: item for key, item in self.marks.unmarked(self.keys.texts).items() if item}

    def newest_versions(self) -> dict[str, int | None]:
        """The newest version that this erasure found of each key; None if it found none."""
        of_items, of_rows = self.note(BlockNote).newest, self.note(TablesNote).newest
        return {key: newer(of_items.get(key), of_rows.get(key)) for key in self.keys.texts}


def newer(one: int | None, other: int | None) -> int | None:
    """The greater of two versions, either of which may be missing."""
    return max((version for version in (one, other) if version is not None), default=None)
