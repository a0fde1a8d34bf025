"""One warm Spark that runs job scripts, one at a time, as Glue does.

The emulator starts it as a process of its own. It reads requests and writes reports (`protocol`). A script
runs as `__main__`, with the code that is deployed at that time, in a Spark session that has nothing of
earlier runs; all it prints goes to its own log. When the input of the process closes, the process and its JVM
end.
"""

import argparse
import gc
import os
import queue
import runpy
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

import boto3
from pyspark import SparkContext
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from workflows.local.base.class_archive import use_archive, write_archive
from workflows.local.base.jars import jar_paths
from workflows.local.spark.conf import FIRST_COMPILER_ALONE, endpoint_conf, job_conf, machine_conf
from workflows.local.spark.protocol import Ended, Ready, RunRequest
from workflows.local.spark.script_run import LoadedCode, Modules, Outcome, fresh_process_state, output_to
from workflows.local.spark.warmup import EXTENSIONS, warm_up

# Where the AWS SDK for Java looks first.
_PROPERTIES: Final = {
    "AWS_ACCESS_KEY_ID": "aws.accessKeyId",
    "AWS_SECRET_ACCESS_KEY": "aws.secretAccessKey",
    "AWS_SESSION_TOKEN": "aws.sessionToken",
}


class WarmSpark:
    """One Spark context, and a new session for each run."""

    def __init__(self, endpoint: str, scratch: Path, code: Path, java_options: str = "") -> None:
        self.endpoint = endpoint
        self.code = LoadedCode(code)
        self._fixed = machine_conf(jar_paths(), scratch, java_options) | endpoint_conf(endpoint)
        self._conf = self._fixed | {"spark.sql.extensions": EXTENSIONS}
        self._base = self._start()

    def session(self, template: Mapping[str, str]) -> SparkSession:
        """A new session with a job's settings, which `SparkSession.builder.getOrCreate()` then returns.

        Settings that a running Spark does not accept (spark.serializer, for example) need a new context,
        once.
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

    def act_as(self, credentials: Mapping[str, str]) -> None:
        """Use credentials (environment variables) in the JVM and in Python workers, else the process's own.

        A Python worker has the credentials that it started with, so Spark keeps warm ones for each role.
        """
        given = {**{name: os.environ.get(name, "") for name in _PROPERTIES}, **credentials}
        context = self._base.sparkContext
        for name, java_property in _PROPERTIES.items():
            context._jvm.System.setProperty(java_property, given[name])  # type: ignore[union-attr]
        context.environment.update(given)

    def modules(self, script: str, credentials: Mapping[str, str]) -> Modules:
        """What earlier runs of this script, with these credentials and in this context, have loaded."""
        context = self._base.sparkContext.applicationId
        return self.code.modules((script, context, frozenset(credentials.items())))

    def free_memory(self) -> None:
        """Free what a run has left in memory."""
        if self._base.sparkContext._jsc is not None:
            self._base.catalog.clearCache()
        gc.collect()

    def _start(self) -> SparkSession:
        return SparkSession.builder.config(map=dict(self._conf)).getOrCreate()

    def _new_session(self) -> SparkSession:
        # PySpark makes a new session the current one only if there is none.
        SparkSession._instantiatedSession = SparkSession._activeSession = None
        return self._base.newSession()


def _set(session: SparkSession, conf: Mapping[str, str]) -> dict[str, str]:
    """Set what differs; returns the settings that a running session does not accept."""
    refused = {}
    for key, value in conf.items():
        if session.conf.get(key, None) != value:
            try:
                session.conf.set(key, value)
            except AnalysisException:
                refused[key] = value
    return refused


def run(spark: WarmSpark, request: RunRequest) -> str | None:
    """Run one script; returns its error in one line, or None. The traceback is in the log of the run."""
    spark.code.renew()
    with output_to(Path(request.log)), Outcome() as outcome:
        spark.session(request.conf)
        modules = spark.modules(request.script, request.credentials)
        with fresh_process_state(request.script, request.arguments, modules):
            print("glueline:", *sys.argv)
            os.environ.update(request.credentials)
            boto3.setup_default_session()  # it would keep the credentials of the last run
            spark.act_as(request.credentials)
            runpy.run_path(request.script, run_name="__main__")
    spark.free_memory()
    return outcome.error


def requests(source: IO[str]) -> Iterator[RunRequest]:
    """The requests as they arrive. The end of the input ends the process, even during a run."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in source:
            lines.put(line)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=read, daemon=True, name="requests").start()
    while True:
        yield RunRequest.from_json(lines.get())


def end_jvm() -> None:
    """End the JVM as it ends by itself, and wait for it: it may have something to write."""
    gateway: Any = SparkContext._gateway  # whose attribute `proc` pyspark sets
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


def main() -> None:
    """Start Spark, warm it up, report that it is ready, and run scripts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--code", type=Path, required=True, help="folder of the packages that jobs import")
    parser.add_argument("--archive", type=Path, help="write the loaded classes to this file, and end")
    options = parser.parse_args()

    # Standard output becomes standard error: reports alone go to the runner.
    source, reports = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    started = time.monotonic()
    incoming = requests(source)
    archive = write_archive(options.archive) if options.archive else use_archive()
    java_options = f"{archive} {FIRST_COMPILER_ALONE}"
    spark = WarmSpark(options.endpoint, options.scratch, options.code, java_options)
    session = spark.session({})
    spark.act_as({})
    warm_up(session, spark.endpoint)
    spark.free_memory()
    print(Ready(round(time.monotonic() - started, 1)).to_json(), file=reports, flush=True)
    if options.archive:
        end_jvm()
        return
    for request in incoming:
        print(Ended(request.run_id, run(spark, request)).to_json(), file=reports, flush=True)


if __name__ == "__main__":
    main()
