"""Start and end the local stack: the embedded AWS with the template deployed to it, and a warm Spark.

`up` holds a lock, so two of them don't meet; what a killed `up` left is ended by the next `up` or `down`.
The file `stack.json` is there only while the stack is ready.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import httpx

from workflows.local.base.environment import without_proxies
from workflows.local.base.errors import StackError
from workflows.local.base.home import DEFAULT, Home
from workflows.local.base.jars import jar_paths
from workflows.local.base.java import find_java
from workflows.local.lifecycle.deployment import REGION, Deployment, build, deploy
from workflows.local.lifecycle.listening import listen, listen_again
from workflows.local.lifecycle.processes import end_processes, marked_environment
from workflows.local.lifecycle.running import Stack, is_healthy, running_stack, spark_state
from workflows.local.lifecycle.status import State, status
from workflows.local.ministack.keeping import KEEP_PATH, forget, kept_port

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Stack", "StackError", "State", "down", "running_stack", "status", "up"]

_HEALTH_SECONDS: Final = 60
_SPARK_SECONDS: Final = 300
_WINDOW_SECONDS: Final = 2
_KEEP_SECONDS: Final = 300
_FILES_SHOWN: Final = 5


def our_deployment(home: Home) -> Deployment:
    """Glueline's own template, with a dataset for each contract. Raises ContractError."""
    from expectations.odcs import load_contracts
    from workflows.contracts.check import check_at_doors
    from workflows.deploy import datasets_parameter

    contracts = load_contracts()
    check_at_doors(contracts)
    made_of = ("lambdas", "expectations", "uv.lock", "pyproject.toml")
    return Deployment(
        template=home.checkout / "workflows" / "template.yaml",
        stack_name="glueline",
        parameters={
            "Datasets": datasets_parameter(contracts),
            "IngestWindowSeconds": str(_WINDOW_SECONDS),
        },
        sources=tuple(home.checkout / name for name in made_of),
        jobs=home.checkout / "jobs",
        packages=(home.checkout / "expectations",),
    )


def up(tell: Callable[[str], None], home: Home = DEFAULT, deployment: Deployment | None = None) -> Stack:
    """Start the stack and return when it is ready; if one runs already, say so in its notice.

    `tell` hears a line about each step. Raises StackError.
    """
    home.logs.mkdir(parents=True, exist_ok=True)
    with _alone(home, tell):
        running = running_stack(home)
        if running is not None:
            spark_state(running.endpoint_url)  # raises if it does not answer
            return replace(running, notice=_runs_already(running, home, deployment))
        _clear_away(home)
        try:
            return _start(tell, home, deployment or our_deployment(home))
        except BaseException:
            _clear_away(home)
            raise


def down(home: Home = DEFAULT, *, keep: bool = False) -> str:
    """End every process of the stack; what was done, in sentences.

    Its data and what was kept before are deleted; with `keep`, they are for the next `up`. Raises StackError.
    """
    running = running_stack(home)
    if not keep:
        shutil.rmtree(home.kept, ignore_errors=True)
    elif running is not None:
        _keep(running, home)
    ended = _clear_away(home)
    if not ended:
        return "No stack was running."
    told = "" if kept_port(home.kept) is None else " What it held is kept for the next make up."
    return f"Ended {ended} processes; none is left.{told}"


def _keep(running: Stack, home: Home) -> None:
    """Let the stack write down what it holds. Raises StackError; then it runs on."""
    try:
        answer = httpx.post(f"{running.endpoint_url}{KEEP_PATH}", timeout=_KEEP_SECONDS, trust_env=False)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise StackError(
            f"The stack could not be kept ({error}), and runs on; {home.logs / 'emulator.log'} says why. "
            "To end it without its data: glueline down."
        ) from error


def _start(tell: Callable[[str], None], home: Home, deployment: Deployment) -> Stack:
    began = time.monotonic()

    def told(what: str) -> None:
        tell(f"{what} ({time.monotonic() - began:.0f} s)")

    find_java()
    jar_paths()
    kept = kept_port(home.kept)
    if kept is None:
        shutil.rmtree(home.kept, ignore_errors=True)
    deployment.copy_jobs(home)
    with listen() if kept is None else listen_again(kept) as listening:
        host, port = listening.getsockname()
        endpoint = f"http://{host}:{port}"
        emulator = start_emulator(home, listening, home.deployed / deployment.jobs.name)
    built = build(deployment, home)
    told("Lambda packages built" if built else "Lambda packages: nothing has changed")
    _wait_for_health(emulator, endpoint, home)
    told(f"embedded AWS answers at {endpoint}")
    outputs = deploy(deployment, home, endpoint)
    told("template deployed")
    _wait_for_spark(emulator, endpoint, home)
    told("Spark is warm")
    forget(home.kept)  # the stack has it now, and changes it
    contracts = home.deployed / "expectations"
    stack = Stack(
        endpoint,
        REGION,
        outputs,
        emulator.pid,
        datetime.now(UTC).isoformat(timespec="seconds"),
        contracts=str(contracts) if contracts.is_dir() else "",
        notice=f"The stack is ready after {time.monotonic() - began:.0f} s, at {endpoint}."
        + ("" if kept is None else " It goes on with what was kept."),
    )
    written = home.stack_file.with_suffix(".new")
    written.write_text(json.dumps(stack.to_dict(), indent=2))
    written.replace(home.stack_file)
    return stack


def _runs_already(running: Stack, home: Home, deployment: Deployment | None) -> str:
    """What a second `up` says; also what has changed in the checkout, which a running stack does not use."""
    said = f"The stack runs already, at {running.endpoint_url}."
    if not home.deployed.is_dir():
        return said
    changed = (deployment or our_deployment(home)).changed_since(home)
    if not changed:
        return said
    shown = ", ".join(changed[:_FILES_SHOWN]) + (", …" if len(changed) > _FILES_SHOWN else "")
    return (
        f"{said} Its jobs use the contracts and code that were deployed; changed since: {shown}. "
        "To deploy them: make down, make up."
    )


def _clear_away(home: Home) -> int:
    """End what runs, and remove what only made sense while it ran."""
    home.stack_file.unlink(missing_ok=True)
    ended = end_processes(home)
    shutil.rmtree(home.scratch, ignore_errors=True)
    return ended


@contextmanager
def _alone(home: Home, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of the one `up` at work. It goes with the process that holds it, however that ends."""
    with home.lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("another `up` is at work: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def start_emulator(
    home: Home, listening: socket.socket, jobs: Path, python_of_jobs: str = sys.executable
) -> subprocess.Popen[bytes]:
    """Start the embedded AWS, which answers at the socket. Raises StackError if it is not installed."""
    python = home.emulator_python
    if not python.is_file():
        raise StackError(
            f"The embedded AWS has no environment yet ({python} is missing). Set it up: make setup"
        )
    home.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home.scratch / "spark").mkdir(exist_ok=True)
    options = {
        "socket": listening.fileno(),
        "scratch": home.scratch,
        "logs": home.logs,
        "kept": home.kept,
        "jobs": jobs,
        "python": python_of_jobs,
    }
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    with (home.logs / "emulator.log").open("w") as log:
        return subprocess.Popen(  # noqa: S603 -- our own module
            [python, "-m", "workflows.local.ministack.emulator", *arguments],
            cwd=home.checkout,
            env=without_proxies(marked_environment(home)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[listening.fileno()],
        )


def _wait_for_health(emulator: subprocess.Popen[bytes], endpoint: str, home: Home) -> None:
    for _ in _patiently(_HEALTH_SECONDS, emulator, home):
        if is_healthy(endpoint):
            return


def _wait_for_spark(emulator: subprocess.Popen[bytes], endpoint: str, home: Home) -> None:
    for _ in _patiently(_SPARK_SECONDS, emulator, home):
        spark = spark_state(endpoint)
        if spark["state"] in ("ready", "running"):
            return
        if spark["state"] == "failed":
            raise StackError(spark["message"])


def _patiently(seconds: float, emulator: subprocess.Popen[bytes], home: Home) -> Iterator[None]:
    """Try again every quarter of a second; raises StackError when time is up or the emulator has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if emulator.poll() is not None:
            raise StackError(
                f"The embedded AWS ended (exit code {emulator.returncode}); "
                f"{home.logs / 'emulator.log'} says why."
            )
        yield
        time.sleep(0.25)
    raise StackError(f"The stack was not ready within {seconds:.0f} s. Its logs are in {home.logs}.")
