"""Glueline's base errors, and the problems of contract files, which are reported all at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: its place, what was expected, what was found, and what to do."""

    file: str
    path: str  # e.g. schema[0].properties[3].physicalType; empty for the file as a whole
    rule: str  # short code of the broken rule, e.g. known-type
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.path} (line {self.line})" if self.path and self.line else self.path
        return ": ".join(part for part in (self.file, where, self.message) if part)


class GluelineError(Exception):
    """Raised for what a person can fix; the message says what was expected, what was found and what to do."""


class RetryableError(GluelineError):
    """Raised when the same call may succeed later, unchanged. Every other `GluelineError` is final."""


class ContractError(GluelineError):
    """Raised when contract files break rules. `problems` has all problems of all files that were read."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Findings:
    """The problems of one file, and notes on it, in the order in which its reader finds them."""

    file: str
    lines: Mapping[str, int] = field(default_factory=dict)  # path -> line; set by the reader of the YAML
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def add(self, path: str, rule: str, expected: str, got: str, advice: str) -> None:
        """Add a problem. Its line is that of the path, or of the longest part of it that the file has."""
        message = f"expected {expected}, got {got}; {advice}"
        self.problems.append(Problem(self.file, path, rule, message, self._line(path)))

    def note(self, path: str, rule: str, message: str) -> None:
        """Add a note on what the standard allows, but Glueline does not keep. It is no problem."""
        self.notes.append(Problem(self.file, path, rule, message, self._line(path)))

    def _line(self, path: str) -> int | None:
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path)
