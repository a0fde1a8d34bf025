"""What the message of a tool that captures changes says."""

from dataclasses import dataclass
from typing import Any

from expectations.align import Op
from lambdas.exact_json import dumps
from lambdas.validation import Violation


@dataclass(frozen=True, slots=True)
class Table:
    """The table that a message is about."""

    database: str
    schema: str
    name: str

    def is_named(self, database: str | None, schema: str | None, name: str) -> bool:
        """Whether it is the table of a contract; without a database or schema there, that of any."""
        return (
            self.name == name
            and database in (None, self.database)
            and schema in (None, self.schema, self.database if not self.schema else None)
        )


@dataclass(frozen=True, slots=True)
class Captured:
    """One change of a row.

    `before` has the columns of the row before an update, as far as the message has them. `path` leads to the
    row. `time` is an ISO 8601 text. Of two changes of a row in the same version, the one with the greater
    `order`, a text, came later. `position` is the place in the log of the database, as a whole number that
    grows with each change of a row; None if the tool does not tell one.
    """

    op: Op
    row: dict[str, Any]
    path: str
    before: dict[str, Any] | None = None
    time: str | None = None
    order: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A message that is about no row: what it is."""

    why: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """A message that can't be read as a change: the violations, with paths into it."""

    violations: tuple[Violation, ...]


def wrong(path: str, rule: str, expected: str, got: Any, advice: str = "") -> Wrong:
    """A single violation: what was expected, what was found, and what to do."""
    message = f"expected {expected}, got {shown(got)}" + (f": {advice}" if advice else "")
    return Wrong((Violation(path, rule, message),))


def shown(value: Any) -> str:
    """A scalar as JSON; only the type of an object or list, which may be nested to any depth."""
    return f"a {type(value).__name__}" if isinstance(value, (dict, list)) else dumps(value)[:100]


def member(value: Any, name: str) -> Any:
    """The member of an object; None if it has none, or is no object."""
    return value.get(name) if isinstance(value, dict) else None


def text(value: Any) -> str:
    """The value if it is text, else an empty text."""
    return value if isinstance(value, str) else ""


def whole(value: Any) -> int | None:
    """The value if it is a whole number that is not negative, also in a text of digits; else None."""
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdecimal():
        return int(value)
    return value if type(value) is int and value >= 0 else None
