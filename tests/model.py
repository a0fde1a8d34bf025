"""The reference model of merge, which all tests compare with: changes come one by one, and the newest wins.

Positions `(version, tie)` order the changes of a key. Equal positions are equal changes, so an upsert at the
position of a tombstone is no older than it, and stands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

type Position = tuple[int, str]  # version and tie

_BEFORE_ALL: Position = (-(2**63), "")


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
    """A table and its tombstones, by key: the newest upsert and the greatest delete that stand."""

    upserts: dict[str, Change] = field(default_factory=dict)
    tombstones: dict[str, Change] = field(default_factory=dict)
    changes: dict[tuple[str, str, int, str], Change] = field(default_factory=dict)  # all, by identity

    def merge(self, batch: Iterable[Change]) -> None:
        """Retracts first, then the changes that never came before, in any order."""
        batch = list(batch)
        for retract in (change for change in batch if change.op == "retract"):
            for standing in (self.upserts, self.tombstones):
                if retract.key in standing and standing[retract.key].position == retract.position:
                    del standing[retract.key]
        for change in batch:
            if change.op != "retract" and change.identity not in self.changes:
                self.changes[change.identity] = change
                self._apply(change)

    def rows(self) -> dict[str, Any]:
        """The rows of the table by key."""
        return {key: change.row for key, change in self.upserts.items()}

    def _apply(self, change: Change) -> None:
        upsert = _position(self.upserts.get(change.key))
        tombstone = _position(self.tombstones.get(change.key))
        if change.op == "delete":
            if change.position > tombstone:
                self.tombstones[change.key] = change
            if change.position > upsert:
                self.upserts.pop(change.key, None)
        elif change.position > upsert and change.position >= tombstone:
            self.upserts[change.key] = change


def merged(batches: Iterable[Iterable[Change]], ties: Mapping[str, str] | None = None) -> Model:
    """The model after these batches; `ties` has how symbolic tie-breaks (of content) are spelled."""
    model, spelled = Model(), ties or {}
    for batch in batches:
        model.merge(change._replace(tie=spelled.get(change.tie, change.tie)) for change in batch)
    return model


def _position(change: Change | None) -> Position:
    return _BEFORE_ALL if change is None else change.position
