"""What is wrong with a contract file, collected so that a person sees all of it at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: where it is, what was expected, what came, and what to do."""

    file: str
    path: str  # e.g. schema[0].properties[3].physicalType; empty for the file as a whole
    rule: str  # short code of the broken rule, e.g. known-type
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.path} (line {self.line})" if self.path and self.line else self.path
        return ": ".join(part for part in (self.file, where, self.message) if part)


class GluelineError(Exception):
    """Raised for what a person can put right; the message says what was expected, what came, what to do."""


class RetryableError(GluelineError):
    """Raised when the same call may succeed later, unchanged. Every other `GluelineError` is final."""


class ContractError(GluelineError):
    """Raised when contract files break rules; `problems` has every one, of every file that was read."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Findings:
    """The problems of one file as its reader finds them."""

    file: str
    lines: Mapping[str, int] = field(default_factory=dict)  # path -> line; filled by the YAML's reader
    problems: list[Problem] = field(default_factory=list)

    def add(self, path: str, rule: str, expected: str, got: str, advice: str) -> None:
        """Note a problem; its line is that of the path, or of the nearest part of it that the file has."""
        message = f"expected {expected}, got {got}; {advice}"
        self.problems.append(Problem(self.file, path, rule, message, self._line(path)))

    def _line(self, path: str) -> int | None:
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path)
