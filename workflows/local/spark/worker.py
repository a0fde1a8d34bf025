"""One warm Spark that runs job scripts, one at a time, as Glue would.

A process of its own, started by the emulator. It reads a request a line (JSON: run_id, script, arguments,
conf, log) and answers a line when the script has ended. A script runs as `__main__`, with the code that is
deployed then, in a Spark session in which nothing of an earlier run is left; all it prints goes
to its own log. When its input closes, or it is killed, it takes the JVM with it.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import queue
import runpy
import signal
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from workflows.local.base.jars import jar_paths
from workflows.local.spark.conf import endpoint_conf, job_conf, machine_conf
from workflows.local.spark.script_run import ChangedCode, Outcome, as_a_fresh_process, output_to
from workflows.local.spark.warmup import EXTENSIONS, warm_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class WarmSpark:
    """The one Spark context, and a session of its own for each run."""

    def __init__(self, endpoint: str, scratch: Path, code: Path) -> None:
        self.endpoint = endpoint
        self.code = ChangedCode(code)
        self._fixed = machine_conf(jar_paths(), scratch) | endpoint_conf(endpoint)
        self._conf = self._fixed | {"spark.sql.extensions": EXTENSIONS}
        self._base = self._start()

    def session(self, template: Mapping[str, str]) -> SparkSession:
        """A new session with a job's settings: what `SparkSession.builder.getOrCreate()` now gives.

        Settings that a running Spark does not take (spark.serializer, say) cost a new context, once.
        """
        wanted = {k: v for k, v in job_conf(template, self.endpoint).items() if k not in self._fixed}
        if self._base.sparkContext._jsc is None:  # the last script called stop()
            self._base = self._start()
        session = self._new_session()
        refused = _set(session, wanted)
        if refused.items() - self._conf.items():
            self._base.stop()
            self._conf |= refused
            self._base = self._start()
            session = self._new_session()
            _set(session, wanted)
        return session

    def tidy(self) -> None:
        """Give back what a run has left in memory."""
        if self._base.sparkContext._jsc is not None:
            self._base.catalog.clearCache()
        gc.collect()

    def _start(self) -> SparkSession:
        return SparkSession.builder.config(map=dict(self._conf)).getOrCreate()

    def _new_session(self) -> SparkSession:
        # PySpark takes a session it constructs for the current one only if it knows of none.
        SparkSession._instantiatedSession = SparkSession._activeSession = None
        return self._base.newSession()


def _set(session: SparkSession, conf: Mapping[str, str]) -> dict[str, str]:
    """Set what differs; what a running session does not let be set comes back."""
    refused = {}
    for key, value in conf.items():
        if session.conf.get(key, None) != value:
            try:
                session.conf.set(key, value)
            except AnalysisException:
                refused[key] = value
    return refused


def run(spark: WarmSpark, request: Mapping[str, Any]) -> str | None:
    """Run one script; its error in one line, None if it ended well. The whole story is in its log."""
    spark.code.forget()
    script = request["script"]
    with (
        output_to(Path(request["log"])),
        as_a_fresh_process(script, request["arguments"]),
        Outcome() as outcome,
    ):
        print("glueline:", *sys.argv)
        spark.session(request["conf"])
        runpy.run_path(script, run_name="__main__")
    spark.tidy()
    return outcome.error


def requests(source: IO[str]) -> Iterator[dict[str, Any]]:
    """The requests as they come. The end of the input ends the process, in the middle of a run too."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in source:
            lines.put(line)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=read, daemon=True, name="requests").start()
    while True:
        yield json.loads(lines.get())


def main() -> None:
    """Start Spark, warm it up, say so, and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--code", type=Path, required=True, help="folder of the packages that jobs import")
    options = parser.parse_args()

    source, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    started = time.monotonic()
    incoming = requests(source)
    spark = WarmSpark(options.endpoint, options.scratch, options.code)
    warm_up(spark.session({}), spark.endpoint, options.scratch)
    spark.tidy()

    def say(**answer: Any) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    say(ready=round(time.monotonic() - started, 1))
    for request in incoming:
        say(ended=request["run_id"], error=run(spark, request))


if __name__ == "__main__":
    main()
