"""Access patterns: the questions about several rows that the Data API answers, each by an index of DynamoDB.

A pattern names the column whose value a question must give, and the column that orders the answer. Standard
library only.
"""

from dataclasses import dataclass

MOST_PATTERNS = 20  # indexes of a table, without a quota increase
INDEX_PREFIX = "by."  # of the names of the indexes that Glueline makes
_COMPARISONS = ("eq", "lt", "le", "gt", "ge", "between")


@dataclass(frozen=True, slots=True)
class AccessPattern:
    """One question: rows with a value of the column `partition`, in the order of the column `sort`.

    Without `sort`, they are in the order of their key texts.
    """

    name: str
    partition: str
    sort: str | None = None

    @property
    def index(self) -> str:
        """The name of the index, which has the columns: a pattern with other columns has another index."""
        return ".".join([f"{INDEX_PREFIX}{self.partition}", *([self.sort] if self.sort else ())])

    def __str__(self) -> str:
        """The pattern in messages: its name and the parameters of its questions."""
        optional = f", optionally {self.sort}" if self.sort else ""
        return f"{self.name} ({self.partition}{optional})"


def operators(kind: str) -> tuple[str, ...]:
    """The operators by which a question may restrict a sort column of this kind of type."""
    return (*_COMPARISONS, "begins_with") if kind == "string" else _COMPARISONS
