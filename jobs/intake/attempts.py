"""How often the work on a batch has failed, and after how many failures the batch is set aside.

A failure of the data or of the code counts. A failure that may pass by itself, mostly one of AWS
(`jobs.runtime.failures`), does not count: the batch is retried for `PATIENCE` after its first failure. A
batch is set aside after `MOST` failures that count, or when its patience has run out.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from jobs.runtime.failures import in_one_line, is_retryable

MOST = 5
PATIENCE = timedelta(hours=24)
KILLED = "the run ended without an error: it was killed, timed out, or ran out of memory"


@dataclass(frozen=True, slots=True)
class Attempts:
    """`failing/<batch_id>`: the failures of one batch."""

    failures: int = 0  # of the data or of the code
    passed: int = 0  # failures that may pass by themselves
    since: str | None = None  # ISO 8601, UTC: the first failure of either kind
    last: str | None = None  # ISO 8601, UTC: the last one
    error: str = ""  # the last failure, in one line
    is_running: bool = False  # an attempt has begun, and, if a later run finds this, never ended

    def after(self, error: BaseException, at: datetime) -> Self:
        """The attempts after one more that failed with this error."""
        counted = self._ended(at, in_one_line(error))
        if is_retryable(error):
            return replace(counted, passed=self.passed + 1)
        return replace(counted, failures=self.failures + 1)

    def again(self, at: datetime) -> Self:
        """The attempts when one more begins. If the one before never ended, it counts as a failure."""
        before = replace(self._ended(at, KILLED), failures=self.failures + 1) if self.is_running else self
        return replace(before, is_running=True)

    def are_used_up(self, at: datetime) -> bool:
        """Whether the batch has to be set aside."""
        is_late = self.since is not None and at - datetime.fromisoformat(self.since) >= PATIENCE
        return self.failures >= MOST or is_late

    def has_failed_since(self, time: datetime) -> bool:
        """Whether an attempt has ended with a failure since that time, and no other has begun."""
        return not self.is_running and self.last is not None and datetime.fromisoformat(self.last) >= time

    def used_up(self, reason: str, at: datetime) -> Self:
        """These attempts with none left, so that the next run sets the batch aside for this reason."""
        return replace(self._ended(at, reason), failures=MOST)

    def __str__(self) -> str:
        if self.failures:
            return f"attempt {self.failures} of {MOST}"
        return f"AWS failed, attempt {self.passed}" if self.passed else ""

    def _ended(self, at: datetime, error: str) -> Self:
        now = at.isoformat()
        return replace(self, since=self.since or now, last=now, error=error, is_running=False)

    def to_json(self) -> str:
        """One JSON object."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """What `to_json` wrote."""
        return cls(**json.loads(text))
