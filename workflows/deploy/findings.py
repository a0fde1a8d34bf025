"""What a check found: it is fine, it is not, or it could not be checked, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Verdict(StrEnum):
    """How a check ended."""

    FINE = "fine"
    WARNING = "warning"  # it works, but not as well as it could, or not for everybody
    WRONG = "wrong"
    UNKNOWN = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check in words."""

    verdict: Verdict
    subject: str
    message: str

    def __str__(self) -> str:
        return f"{self.verdict:<11}  {self.subject}: {self.message}"

    def to_dict(self) -> dict[str, str]:
        """The members of `--json`."""
        return {"verdict": str(self.verdict), "subject": self.subject, "message": self.message}


def fine(subject: str, message: str) -> Finding:
    return Finding(Verdict.FINE, subject, message)


def warning(subject: str, message: str) -> Finding:
    return Finding(Verdict.WARNING, subject, message)


def wrong(subject: str, message: str) -> Finding:
    return Finding(Verdict.WRONG, subject, message)


def unknown(subject: str, message: str) -> Finding:
    return Finding(Verdict.UNKNOWN, subject, message)


def checked(subject: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings of a check; if AWS refuses it, the finding that it was not made, with AWS's words."""
    try:
        yield from check()
    except ClientError as error:
        said = error.response["Error"]
        yield unknown(subject, f"{said.get('Code', '')}: {said.get('Message', error)}")
    except BotoCoreError as error:
        yield unknown(subject, str(error))
