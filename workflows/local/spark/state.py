"""The state of a Spark process, as the status of the stack reports it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SparkState:
    """What a Spark process does: `state` is starting, ready, running or failed; off if it is not needed."""

    state: str
    pid: int | None = None
    seconds: float | None = None  # that its start took
    job: str | None = None  # of the current run, or of the last
    run_id: str | None = None
    message: str | None = None  # why it failed

    def to_json(self) -> dict[str, Any]:
        """The members that have a value."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> "SparkState":
        """The state that `to_json` gave."""
        return cls(**members)
