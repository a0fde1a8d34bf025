"""What a batch leaves in the lake bucket beside its manifest: counts, how it ended, why it was set aside.

Each class is one JSON object. Fields that were added later have a default, so objects of earlier versions
stay readable. `jobs.intake.batches` says under which keys they lie.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class FileCount:
    """How many rows of one file were accepted and quarantined. A file that can't be read counts as one row.

    A version that was replaced before it was read has no rows: it counts as superseded, and nowhere else.
    """

    dataset: str | None  # None if the file belongs to no dataset
    source_file: str
    door: str | None
    rows_read: int
    accepted: int
    quarantined: int
    superseded: int = 0  # versions of the file
    erased: int = 0  # quarantined rows that have no other fault than that their key is erased


@dataclass(frozen=True, slots=True)
class CheckedBatch:
    """`checked.json`: the changes and the quarantined rows of the batch are in the tables."""

    batch_id: str
    files: tuple[FileCount, ...] = ()
    checked_at: str | None = None  # ISO 8601, UTC; None for a part of a batch that was checked as a whole

    @property
    def datasets(self) -> list[str]:
        """The datasets of which rows were accepted, in the order of their files."""
        return list(dict.fromkeys(file.dataset for file in self.files if file.dataset and file.accepted))

    def part(self, batch_id: str, dataset: str) -> Self:
        """The result of a batch that has the files of this dataset alone."""
        return type(self)(batch_id, tuple(file for file in self.files if file.dataset == dataset))

    def to_json(self) -> str:
        """One JSON object; `checked_at` is left out where it is None."""
        checked_at = {} if self.checked_at is None else {"checked_at": self.checked_at}
        files = [asdict(file) for file in self.files]
        return json.dumps({"batch_id": self.batch_id, **checked_at, "files": files}, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """What `to_json` wrote, in this version or an earlier one."""
        plain: dict[str, Any] = json.loads(text)
        files = tuple(FileCount(**file) for file in plain["files"])
        return cls(plain["batch_id"], files, plain.get("checked_at"))


@dataclass(frozen=True, slots=True)
class MergedBatch:
    """`merged.json`: the changes of the batch are in the datasets' tables, or another batch has its files."""

    batch_id: str
    merged_at: str | None = None  # ISO 8601, UTC; None if the batch itself was not merged
    apart: tuple[str, ...] = ()  # batches that have the files of the datasets that failed
    goes_on_as: str | None = None  # the batch that has all of its files

    def to_json(self) -> str:
        """One JSON object without the fields that say nothing."""
        plain = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(plain, indent=1)


@dataclass(frozen=True, slots=True)
class SetAside:
    """`aside/<batch_id>`: why a batch is set aside, and since when."""

    reason: str
    at: str  # ISO 8601, UTC

    def to_json(self) -> str:
        """One JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """What `to_json` wrote."""
        return cls(**json.loads(text))
