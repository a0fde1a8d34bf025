"""A clock for tests."""

from dataclasses import dataclass


@dataclass(slots=True)
class Clock:
    """Seconds since the epoch. The time stands still until a test changes it."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now
