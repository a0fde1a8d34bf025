"""Runs job scripts on the warm Spark process, and keeps one of it alive.

One thread owns the process and works through an inbox: what others ask for, and what the process says. So
no state here is shared, and every case has its place in `_take`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.local.glue.runs import Kill, Launch
from workflows.local.spark.conf import parse_conf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workflows.local.glue.runs import JobRun

log = logging.getLogger("glueline.spark")


@dataclass(frozen=True, slots=True)
class Layout:
    """How to start the process, where the scripts are and where logs go."""

    command: Sequence[str]
    environment: Mapping[str, str]
    code: Path  # where the process starts: what it imports from there goes before all else
    jobs: Path
    logs: Path

    @property
    def process_log(self) -> Path:
        """What Spark itself says."""
        return self.logs / "spark.log"

    def job_log(self, run: JobRun) -> Path:
        """What the script of one run prints."""
        return self.logs / "jobs" / run.job.name / f"{run.id}.log"

    def script(self, run: JobRun) -> Path:
        """The deployed copy of the script that the job definition names in S3."""
        return self.jobs / Path(run.job.script).name


@dataclass(frozen=True, slots=True)
class _Said:
    """A line from the process, or None when it has ended."""

    process: subprocess.Popen[str]
    line: str | None


class SparkRunner:
    """The `Runner` of the local Glue. `running` and `ended` hear what becomes of the scripts."""

    def __init__(self, layout: Layout) -> None:
        self.state: dict[str, Any] = {"state": "starting"}
        self.running: Callable[[str], None] = lambda run_id: None
        self.ended: Callable[[str, str | None], None] = lambda run_id, error: None
        self._layout = layout
        self._inbox: queue.SimpleQueue[Launch | Kill | _Said | None] = queue.SimpleQueue()
        self._waiting: deque[JobRun] = deque()
        self._current: JobRun | None = None
        self._process: subprocess.Popen[str] | None = None
        self._ready = False

    def launch(self, run: JobRun) -> None:
        """Run a script once those before it have ended."""
        self._inbox.put(Launch(run))

    def kill(self, run_id: str) -> None:
        """Take a run out of the queue, or end it together with the process."""
        self._inbox.put(Kill(run_id))

    def close(self) -> None:
        """End the process and with it `serve`."""
        self._inbox.put(None)

    def serve(self) -> None:
        """Keep a process and run what comes, until closed: start it on a thread of its own."""
        self._start()
        while (message := self._inbox.get()) is not None:
            self._take(message)
            if self._waiting and self._process is None:
                self._start()
            while self._waiting and self._ready and self._current is None:
                self._run(self._waiting.popleft())
        self._end_process()

    def _take(self, message: Launch | Kill | _Said) -> None:
        match message:
            case Launch(run):
                self._waiting.append(run)
            case Kill(run_id) if self._current is not None and self._current.id == run_id:
                self._current = None
                self._end_process()
                self._start()
            case Kill(run_id):
                self._waiting = deque(run for run in self._waiting if run.id != run_id)
            case _Said(process, _) if process is not self._process:
                pass  # the last words of one that was ended
            case _Said(process, None):
                self._bury(process)
            case _Said(_, line):
                self._hear(json.loads(line or ""))

    def _hear(self, said: dict[str, Any]) -> None:
        if "ready" in said:
            self._ready = True
            self.state = {**self.state, "state": "ready", "seconds": said["ready"]}
            log.info("Spark is warm after %s s", said["ready"])
        elif self._current is not None and said["ended"] == self._current.id:
            self._current = None
            self.state = {**self.state, "state": "ready"}
            self.ended(said["ended"], said["error"])

    def _run(self, run: JobRun) -> None:
        script = self._layout.script(run)
        if not script.is_file():
            self.ended(
                run.id,
                f"Expected the script {script} of job {run.job.name} ({run.job.script}): it is not there",
            )
            return
        arguments = run.arguments()
        request = {
            "run_id": run.id,
            "script": str(script),
            "arguments": arguments,
            "conf": parse_conf(arguments.get("--conf", "")),
            "log": str(self._layout.job_log(run)),
        }
        self._current = run
        self.state = {**self.state, "state": "running", "job": run.job.name, "run_id": run.id}
        self.running(run.id)
        if self._process is not None and self._process.stdin is not None:
            try:
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()
            except BrokenPipeError:
                pass  # it has just died: the end of its output, which comes next, settles the run

    def _start(self) -> None:
        self._layout.process_log.parent.mkdir(parents=True, exist_ok=True)
        with self._layout.process_log.open("a") as output:
            process = subprocess.Popen(  # noqa: S603 -- our own module
                self._layout.command,
                cwd=self._layout.code,
                env=self._layout.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                process_group=0,  # so that it can be ended together with its JVM
            )
        self._process, self._ready = process, False
        self.state = {"state": "starting", "pid": process.pid}
        threading.Thread(target=self._listen, args=(process,), daemon=True, name="spark-output").start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        if process.stdout is not None:
            with process.stdout as lines:
                for line in lines:
                    self._inbox.put(_Said(process, line))
        process.wait()
        self._inbox.put(_Said(process, None))

    def _bury(self, process: subprocess.Popen[str]) -> None:
        """The process died by itself: what it ran has failed, and a new one is started."""
        was_ready = self._ready
        self._end_process()
        message = f"Spark died ({_cause(process.returncode)}); its log is {self._layout.process_log}"
        log.error(message)
        failed = [run for run in (self._current,) if run is not None]
        if was_ready:
            self._start()
        else:  # it can't even start: trying for ever would help nobody; the next run tries again
            self.state = {"state": "failed", "message": message}
            failed += self._waiting
            self._waiting.clear()
        self._current = None
        for run in failed:
            self.ended(run.id, message)

    def _end_process(self) -> None:
        """Kill the process and its JVM."""
        process, self._process, self._ready = self._process, None, False
        if process is not None:
            with contextlib.suppress(ProcessLookupError):  # all of it may be gone already
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):  # a request it did not live to read
                    process.stdin.close()


def _cause(returncode: int | None) -> str:
    if returncode is not None and returncode < 0:
        return signal.Signals(-returncode).name
    return f"exit code {returncode}"
