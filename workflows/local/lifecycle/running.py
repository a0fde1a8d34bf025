"""The stack that runs now: what it left in its file, and whether it is alive."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from workflows.local.base.errors import StackError
from workflows.local.lifecycle.processes import stack_processes

if TYPE_CHECKING:
    from workflows.local.base.home import Home

# A machine that works hard answers late; to take that for a dead stack would end a living one.
_PATIENCE_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that is ready for use."""

    endpoint_url: str
    region: str
    outputs: dict[str, str]
    pid: int
    started_at: str
    contracts: str = ""  # the folder with those that were deployed
    notice: str = field(default="", compare=False)

    def to_dict(self) -> dict[str, Any]:
        """What stands in stack.json."""
        return {key: value for key, value in asdict(self).items() if key != "notice"}


def running_stack(home: Home) -> Stack | None:
    """The stack that runs, None if none does; a damaged file, or that of a dead one, is none."""
    try:
        stack = Stack(**json.loads(home.stack_file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return stack if any(process.pid == stack.pid for process in stack_processes(home)) else None


def spark_state(endpoint: str) -> dict[str, Any]:
    """What the warm Spark is doing; raises StackError if the embedded AWS does not answer."""
    try:
        answer = httpx.get(f"{endpoint}/_glueline/status", timeout=_PATIENCE_SECONDS, trust_env=False)
    except httpx.TransportError as error:
        raise StackError(
            f"The embedded AWS runs but does not answer at {endpoint} ({error}). "
            "If it stays so, end it and start it again: make down, make up."
        ) from error
    if not answer.is_success:
        raise StackError(
            f"The embedded AWS at {endpoint} answers {answer.status_code}: {answer.text.strip()}"
        )
    spark: dict[str, Any] = answer.json()["spark"]
    return spark


def is_healthy(endpoint: str) -> bool:
    """Whether the embedded AWS answers."""
    try:
        return httpx.get(f"{endpoint}/_ministack/health", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
