"""Peak memory and processor time of the processes of a stack, by kind of process."""

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
_SECONDS: Final = 0.5  # between two samples

# MiB. The heap of a local job, and what a JVM has beside it: classes, compiled code, buffers.
_LIMIT_JVM: Final = HEAP_MIB + 1024
# The driver with Great Expectations, or a worker with the objects that it reads.
_LIMIT_PYTHON: Final = 1024
# It holds the data of S3, SQS, DynamoDB and CloudWatch, also of every earlier test on the stack.
_LIMIT_EMULATOR: Final = 2048


@dataclass(slots=True)
class ProcessUse:
    """One kind of process: their number, the most MiB of one of them, the processor seconds of all."""

    processes: int = 0
    mib: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Observed:
    """One process, from its first sample to its last. A shell may become the JVM that it starts."""

    kind: str
    seconds_before: float
    seconds: float = 0.0
    bytes: int = 0


@dataclass(slots=True)
class Watch:
    """Samples the processes of a stack."""

    home: Home
    _observed: dict[psutil.Process, _Observed] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)

    def sample(self, *, is_first: bool = False) -> None:
        """Take one sample. What was used before the first one does not count."""
        for process in stack_processes(self.home):
            with suppress(psutil.Error, OSError):  # the process ends now
                times, memory = process.cpu_times(), process.memory_info().rss
                spent = times.user + times.system
                kind = _kind(process)
                one = self._observed.setdefault(process, _Observed(kind, spent if is_first else 0.0))
                one.kind, one.seconds, one.bytes = kind, spent, max(one.bytes, memory)

    def run(self) -> None:
        """Take samples until `end`."""
        while not self._ended.wait(_SECONDS):
            self.sample()

    def end(self) -> None:
        """Stop, after a last sample."""
        self._ended.set()
        self.sample()

    def uses(self) -> dict[str, ProcessUse]:
        """What was used, by kind of process."""
        uses: dict[str, ProcessUse] = {}
        for one in self._observed.values():
            use = uses.setdefault(one.kind, ProcessUse())
            use.processes += 1
            use.mib = max(use.mib, round(one.bytes / MIB))
            use.seconds += one.seconds - one.seconds_before
        return uses


@contextmanager
def watched(home: Home) -> Iterator[Watch]:
    """Sample the stack of this home inside the block."""
    watch = Watch(home)
    watch.sample(is_first=True)
    thread = threading.Thread(target=watch.run, name="process-use", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.end()
        thread.join()


def memory_limits(target: Target) -> dict[str, int]:
    """The MiB that a process of each kind may use. For a function, the memory it is deployed with."""
    functions = target.client("lambda").list_functions()["Functions"]
    return {
        **{function["FunctionName"]: function["MemorySize"] for function in functions},
        SPARK_JVM: _LIMIT_JVM,
        SPARK_PYTHON: _LIMIT_PYTHON,
        EMULATOR: _LIMIT_EMULATOR,
    }


def _kind(process: psutil.Process) -> str:
    function: str | None = process.environ().get(_FUNCTION)
    if function:
        return function
    if process.name() == "java":
        return SPARK_JVM
    return EMULATOR if "workflows.local.ministack.emulator" in process.cmdline() else SPARK_PYTHON
