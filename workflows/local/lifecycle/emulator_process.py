"""Starts the process of the embedded AWS, and waits until it and Spark are ready."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from workflows.local.base.environment import without_proxies
from workflows.local.base.errors import StackError
from workflows.local.base.home import Home
from workflows.local.lifecycle.processes import marked_environment
from workflows.local.lifecycle.running import is_healthy, spark_states
from workflows.local.ministack.options import SPARKS, EmulatorOptions

_HEALTH_SECONDS: Final = 60
_SPARK_SECONDS: Final = 300
_PAUSE_SECONDS: Final = 0.25


def start_emulator(
    home: Home,
    listening: socket.socket,
    jobs: Path,
    python_of_jobs: str = sys.executable,
    *,
    as_aws: bool = False,
) -> subprocess.Popen[bytes]:
    """Start the embedded AWS, which serves at the socket; `as_aws` makes it wait for batching windows.

    Raises StackError if it is not installed.
    """
    python = home.emulator_python
    if not python.is_file():
        raise StackError(
            f"The embedded AWS has no environment yet ({python} is missing). Set it up: make setup"
        )
    home.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in SPARKS:
        (home.scratch / name).mkdir(exist_ok=True)
    options = EmulatorOptions(
        socket=listening.fileno(),
        scratch=home.scratch,
        kept=home.kept,
        logs=home.logs,
        jobs=jobs,
        python=python_of_jobs,
        as_aws=as_aws,
    )
    with (home.logs / "emulator.log").open("w") as log:
        return subprocess.Popen(  # noqa: S603 -- our own module
            [python, "-m", "workflows.local.ministack.emulator", *options.to_arguments()],
            cwd=home.checkout,
            env=without_proxies(marked_environment(home)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[listening.fileno()],
        )


def wait_for_health(emulator: subprocess.Popen[bytes], endpoint: str, home: Home) -> None:
    """Return when the embedded AWS answers. Raises StackError if it ends or takes too long."""
    for _ in _attempts(_HEALTH_SECONDS, emulator, home):
        if is_healthy(endpoint):
            return


def wait_for_spark(
    emulator: subprocess.Popen[bytes] | None,
    endpoint: str,
    home: Home,
    processes: Sequence[str] = ("spark",),
) -> None:
    """Return when these Spark processes are warm. The emulator is None if another process has started it.

    Raises StackError if one can't start, the emulator ends or does not answer, or time is up.
    """
    for _ in _attempts(_SPARK_SECONDS, emulator, home):
        found = spark_states(endpoint)
        states = [found[name] for name in processes]
        if all(spark.state in ("ready", "running") for spark in states):
            return
        if failed := [spark for spark in states if spark.state == "failed"]:
            raise StackError(failed[0].message or "Spark can't start.")


def _attempts(seconds: float, emulator: subprocess.Popen[bytes] | None, home: Home) -> Iterator[None]:
    """An attempt every quarter of a second; raises StackError when time is up or the emulator has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if emulator is not None and emulator.poll() is not None:
            raise StackError(
                f"The embedded AWS ended (exit code {emulator.returncode}); the reason is in "
                f"{home.logs / 'emulator.log'}."
            )
        yield
        time.sleep(_PAUSE_SECONDS)
    raise StackError(f"The stack was not ready within {seconds:.0f} s. Its logs are in {home.logs}.")
