"""The running stack: its description in `stack.json`, and whether it answers."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import httpx

from workflows.local.base.errors import StackError
from workflows.local.base.home import Home
from workflows.local.lifecycle.parts import Changes
from workflows.local.lifecycle.processes import stack_processes
from workflows.local.ministack.status_path import STATUS_PATH
from workflows.local.spark.state import SparkState

# A busy machine answers late; a short timeout would end a stack that works.
_PATIENCE_SECONDS: Final = 30
WORKFLOW: Final = "workflow"  # the ingest mode of the template, without another
CONTINUOUS: Final = "continuous"  # the one with a streaming job


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that is ready for use."""

    endpoint_url: str
    region: str
    outputs: dict[str, str]
    pid: int
    started_at: str
    contracts: str = ""  # the folder of the deployed contracts
    as_aws: bool = False  # it waits for batching windows, as AWS does
    notice: str = field(default="", compare=False)
    changes: Changes | None = field(default=None, compare=False)  # that the last `up` has deployed

    @property
    def mode(self) -> str:
        """How landed objects reach the tables: `workflow` or `continuous`."""
        return self.outputs.get("IngestMode", WORKFLOW)

    def to_dict(self) -> dict[str, Any]:
        """The members of stack.json, and of `--json`."""
        return {key: value for key, value in asdict(self).items() if key not in ("notice", "changes")}

    def to_json(self) -> str:
        """The text of stack.json."""
        return json.dumps(self.to_dict(), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Stack":
        """The stack that a stack.json describes; raises ValueError or TypeError if it is damaged."""
        return cls(**json.loads(text))

    def write(self, home: Home) -> None:
        """Tell clients that the stack is ready."""
        written = home.stack_file.with_suffix(".new")
        written.write_text(self.to_json())
        written.replace(home.stack_file)


def running_stack(home: Home) -> Stack | None:
    """The running stack, None if there is none; a damaged file, or that of a stack that ended, is ignored."""
    try:
        stack = Stack.from_json(home.stack_file.read_text())
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return stack if any(process.pid == stack.pid for process in stack_processes(home)) else None


def spark_state(endpoint: str) -> SparkState:
    """The state of the Spark that is always warm; raises StackError if the embedded AWS does not answer."""
    return spark_states(endpoint)["spark"]


def spark_states(endpoint: str) -> dict[str, SparkState]:
    """The states of `spark` and of `streaming`, which runs the streaming job.

    Raises StackError if the embedded AWS does not answer.
    """
    try:
        answer = httpx.get(f"{endpoint}{STATUS_PATH}", timeout=_PATIENCE_SECONDS, trust_env=False)
    except httpx.TransportError as error:
        raise StackError(
            f"The embedded AWS runs but does not answer at {endpoint} ({error}). "
            "If that continues, end it and start it again: make down, make up."
        ) from error
    if not answer.is_success:
        raise StackError(
            f"The embedded AWS at {endpoint} answers {answer.status_code}: {answer.text.strip()}"
        )
    return {name: SparkState.from_json(state) for name, state in answer.json().items()}


def is_healthy(endpoint: str) -> bool:
    """Whether the embedded AWS answers."""
    try:
        return httpx.get(f"{endpoint}/_ministack/health", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
