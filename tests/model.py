"""What the lake has to hold, said as plainly as possible: changes come one by one, and the newest wins."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

type Position = tuple[int, str]  # version and tie


class Change(NamedTuple):
    """An accepted change; `row` is what it leaves of its key, whatever its op."""

    key: str
    op: str  # upsert | delete | retract
    version: int
    tie: str
    row: Any = None

    @property
    def position(self) -> Position:
        return self.version, self.tie

    @property
    def identity(self) -> tuple[str, str, int, str]:
        return self.key, self.op, self.version, self.tie


@dataclass
class Model:
    """The table (key -> position and row), its tombstones (key -> position) and all changes."""

    rows: dict[str, tuple[Position, Any]] = field(default_factory=dict)
    graves: dict[str, Position] = field(default_factory=dict)
    changes: dict[tuple[str, str, int, str], Change] = field(default_factory=dict)

    def merge(self, batch: Iterable[Change]) -> None:
        """Retracts first, then the changes that never came before, in any order."""
        batch = list(batch)
        for retract in (change for change in batch if change.op == "retract"):
            self._take_back(retract)
        for change in batch:
            if change.op != "retract" and change.identity not in self.changes:
                self.changes[change.identity] = change
                self._apply(change)

    def _take_back(self, retract: Change) -> None:
        if self.rows.get(retract.key, (None, None))[0] == retract.position:
            del self.rows[retract.key]
        if self.graves.get(retract.key) == retract.position:
            del self.graves[retract.key]

    def _apply(self, change: Change) -> None:
        nothing: Position = (-(2**63), "")
        row = self.rows[change.key][0] if change.key in self.rows else nothing
        grave = self.graves.get(change.key, nothing)
        if change.op == "delete":
            self.graves[change.key] = max(grave, change.position)
            if change.position > row:
                self.rows.pop(change.key, None)
        elif change.position > row and change.position >= grave:
            self.rows[change.key] = change.position, change.row


def of(batches: Iterable[Iterable[Change]], ties: Mapping[str, str]) -> Model:
    """The model after these batches; `ties` says how symbolic tie-breaks (of content) are spelled."""
    model = Model()
    for batch in batches:
        model.merge(change._replace(tie=ties.get(change.tie, change.tie)) for change in batch)
    return model
