"""What the processes of a stack use: memory at most, and processor time, by what kind of process it is."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import psutil

from workflows.local.lifecycle.processes import stack_processes
from workflows.local.spark.conf import HEAP_MIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.local.base.home import Home
    from workflows.stack.target import Target

EMULATOR: Final = "embedded AWS"
SPARK_JVM: Final = "Spark, JVM"
SPARK_PYTHON: Final = "Spark, Python"
MIB: Final = 2**20
_FUNCTION: Final = "AWS_LAMBDA_FUNCTION_NAME"
_SECONDS: Final = 0.5  # between two looks

# The heap of a local job, and what a JVM has beside it: classes, compiled code, buffers.
_MAY_JVM: Final = HEAP_MIB + 1024
# The driver with Great Expectations, or a worker with the objects that it reads.
_MAY_PYTHON: Final = 1024
# It holds all that S3, SQS, DynamoDB and CloudWatch hold on AWS: of every test that ran on the stack before.
_MAY_EMULATOR: Final = 2048


@dataclass(slots=True)
class Use:
    """Of one kind of process: how many there were, the most MiB of one of them, processor seconds of all."""

    processes: int = 0
    mib: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Seen:
    """One process, from the first look to the last."""

    kind: str
    seconds_before: float
    seconds: float = 0.0
    bytes: int = 0


@dataclass(slots=True)
class Watch:
    """What was seen of the processes of a stack."""

    home: Home
    _seen: dict[psutil.Process, _Seen] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)

    def look(self, *, is_first: bool = False) -> None:
        """What was used before the first look is no use of this time."""
        for process in stack_processes(self.home):
            with suppress(psutil.Error, OSError):  # it ends just now
                times, memory = process.cpu_times(), process.memory_info().rss
                spent = times.user + times.system
                if process not in self._seen:
                    self._seen[process] = _Seen(_kind(process), spent if is_first else 0.0)
                seen = self._seen[process]
                seen.seconds, seen.bytes = spent, max(seen.bytes, memory)

    def keep_looking(self) -> None:
        """Until it is ended."""
        while not self._ended.wait(_SECONDS):
            self.look()

    def end(self) -> None:
        """With a last look."""
        self._ended.set()
        self.look()

    def uses(self) -> dict[str, Use]:
        """By kind of process."""
        uses: dict[str, Use] = {}
        for seen in self._seen.values():
            use = uses.setdefault(seen.kind, Use())
            use.processes += 1
            use.mib = max(use.mib, round(seen.bytes / MIB))
            use.seconds += seen.seconds - seen.seconds_before
        return uses


@contextmanager
def watched(home: Home) -> Iterator[Watch]:
    """Look at the stack of that home for as long as the block."""
    watch = Watch(home)
    watch.look(is_first=True)
    thread = threading.Thread(target=watch.keep_looking, name="process-use", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.end()
        thread.join()


def may_use(target: Target) -> dict[str, int]:
    """The MiB that a process of each kind may use: a function what it is deployed with."""
    functions = target.client("lambda").list_functions()["Functions"]
    return {
        **{function["FunctionName"]: function["MemorySize"] for function in functions},
        SPARK_JVM: _MAY_JVM,
        SPARK_PYTHON: _MAY_PYTHON,
        EMULATOR: _MAY_EMULATOR,
    }


def _kind(process: psutil.Process) -> str:
    function: str | None = process.environ().get(_FUNCTION)
    if function:
        return function
    if process.name() == "java":
        return SPARK_JVM
    return EMULATOR if "workflows.local.ministack.emulator" in process.cmdline() else SPARK_PYTHON
