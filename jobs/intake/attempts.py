"""How often the work on a batch has failed, and when that is often enough.

A failure of the data or of the code counts. One that passes, of AWS (`jobs.runtime.failures`), does not: the
batch is tried for `PATIENCE` from its first failure on. After `MOST` failures, or that long, a batch is set
aside.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from jobs.runtime.failures import in_one_line, is_retryable

MOST = 5
PATIENCE = timedelta(hours=24)
KILLED = "the run ended without an error: it was killed, timed out, or ran out of memory"


@dataclass(frozen=True, slots=True)
class Attempts:
    """The failures of one batch."""

    failures: int = 0  # that count
    passed: int = 0  # of AWS, which don't
    since: str | None = None  # ISO 8601, UTC: the first of any kind
    last: str | None = None
    error: str = ""  # of the last one, in a line
    is_running: bool = False  # so it has ended the process if a later run finds it so

    def after(self, error: BaseException, at: datetime) -> "Attempts":
        """With this failure."""
        counted = self._at(at, in_one_line(error))
        if is_retryable(error):
            return replace(counted, passed=self.passed + 1)
        return replace(counted, failures=self.failures + 1)

    def again(self, at: datetime) -> "Attempts":
        """With one more that begins now. The one before has failed if it never ended."""
        before = replace(self._at(at, KILLED), failures=self.failures + 1) if self.is_running else self
        return replace(before, is_running=True)

    def are_used_up(self, at: datetime) -> bool:
        """Whether the batch is to be set aside."""
        is_late = self.since is not None and at - datetime.fromisoformat(self.since) >= PATIENCE
        return self.failures >= MOST or is_late

    def __str__(self) -> str:
        if self.failures:
            return f"attempt {self.failures} of {MOST}"
        return f"AWS failed, attempt {self.passed}" if self.passed else ""

    def _at(self, at: datetime, error: str) -> "Attempts":
        return replace(
            self, since=self.since or at.isoformat(), last=at.isoformat(), error=error, is_running=False
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Attempts":
        return cls(**json.loads(text))
