"""What the table holds under a key, and what a writer expects to find there. No AWS here."""

from dataclasses import dataclass, field

from expectations.contract import Contract
from lambdas.data_api.items import DELETED, ERASED, EVENT_ID, EVENT_TIME, Item, as_number
from lambdas.data_api.problems import Problem
from lambdas.data_api.versions import version_of_item

_BEFORE_ALL = -(2**63)


@dataclass(frozen=True, slots=True)
class Stored:
    """The item of a key: a row, one that is marked as deleted, or the mark of an erased key.

    The mark of an erased key has the greatest version of all. No change may have that version, so the
    condition of every write fails. Only `glueline erase` writes and removes the mark.
    """

    contract: Contract
    item: Item

    @property
    def known_version(self) -> int | None:
        """The version of the item; None if its writer stored none."""
        return version_of_item(self.contract, self.item)

    @property
    def version(self) -> int:
        """The version as the API shows it: 0 if its writer stored none."""
        return self.known_version or 0

    @property
    def is_live(self) -> bool:
        """Whether it is a row."""
        return DELETED not in self.item

    @property
    def is_erased(self) -> bool:
        """Whether the key is erased, so that no row of it may be stored."""
        return ERASED in self.item

    @property
    def event(self) -> tuple[int, str]:
        """Time and id of the event that wrote the item. An item without a time is older than every event."""
        time = as_number(self.item.get(EVENT_TIME))
        return _BEFORE_ALL if time is None else int(time), str(self.item.get(EVENT_ID, {}).get("S", ""))


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a writer expects to be stored: a row, no row, or a row with one of these versions.

    `otherwise` is the kind of the problem if something else is stored.
    """

    live: bool | None = None
    versions: frozenset[int] | None = None
    otherwise: str = field(default="precondition-failed", compare=False)

    def check(self, stored: Stored | None) -> None:
        """Problem of the kind `otherwise` unless the stored item is as expected."""
        is_live = stored is not None and stored.is_live
        if self.versions is not None:
            holds = is_live and stored is not None and stored.version in self.versions
        else:
            holds = self.live in (None, is_live)
        if not holds:
            found = f"a row of version {stored.version}" if stored is not None and is_live else "no row"
            raise Problem(self.otherwise, f"{found} is stored; nothing was changed")


ANYTHING = Expectation()
