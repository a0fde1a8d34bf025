"""Starts and ends the local stack: the embedded AWS with the template deployed to it, and a warm Spark.

An `up` beside a running stack deploys to it (`updating`). `up` holds a lock, so two of them never overlap;
the next `up` or `down` ends what a killed `up` has left. The file `stack.json` exists only while the stack is
ready.
"""

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import httpx

from workflows.local.base.errors import StackError
from workflows.local.base.home import DEFAULT, Home
from workflows.local.base.jars import jar_paths
from workflows.local.base.java import find_java
from workflows.local.lifecycle.clients import REGION
from workflows.local.lifecycle.deployed_code import copy_code, remember_contracts, replaced_code
from workflows.local.lifecycle.deployment import Deployment, build, deploy
from workflows.local.lifecycle.emulator_process import start_emulator, wait_for_health, wait_for_spark
from workflows.local.lifecycle.listening import listen, listen_again
from workflows.local.lifecycle.ours import UpOptions, our_deployment
from workflows.local.lifecycle.processes import end_processes
from workflows.local.lifecycle.running import CONTINUOUS, Stack, running_stack, spark_state
from workflows.local.lifecycle.status import StackState, status
from workflows.local.lifecycle.updating import follow_kept_data, update
from workflows.local.ministack.keeping import KEEP_PATH, is_kept, kept_port, remove_state

__all__ = ["Stack", "StackError", "StackState", "await_spark", "down", "running_stack", "status", "up"]

_KEEP_SECONDS: Final = 300


def up(
    report: Callable[[str], None],
    home: Home = DEFAULT,
    deployment: Deployment | None = None,
    options: UpOptions | None = None,
    begin: Callable[[str], None] = lambda step: None,
) -> Stack:
    """Start the stack and return when it is ready; to one that runs, deploy what has changed.

    With `awaits_spark` off, a stack without data is ready before its Spark is (`await_spark`).

    `report` is called with a line about each step that is done, `begin` with each that begins.
    A stack that runs keeps its timing, and its ingest mode unless another is asked for.
    Raises StackError, or ContractError.
    """
    options = options or UpOptions()
    home.logs.mkdir(parents=True, exist_ok=True)
    with _locked(home, report):
        running = running_stack(home)
        if running is not None:
            spark_state(running.endpoint_url)  # raises if it does not answer
            _check_timing(running, as_aws=options.as_aws)
            kept = replace(options, as_aws=running.as_aws, mode=options.mode or running.mode)
            wanted = deployment or our_deployment(home, kept)
            return _indexed(update(running, home, wanted, report, begin), wanted, report, begin)
        wanted = deployment or our_deployment(home, options)
        _clean_up(home)
        if deployment is None:
            from workflows.contracts.check import report_notes

            report_notes(report)
        try:
            started = _start(report, home, wanted, begin, awaits_spark=options.awaits_spark)
            return _indexed(started, wanted, report, begin)
        except BaseException:
            _clean_up(home)
            raise


def _indexed(
    stack: Stack, deployment: Deployment, report: Callable[[str], None], begin: Callable[[str], None]
) -> Stack:
    """The stack with the indexes of its contracts, which also an interrupted deployment may have left out."""
    from workflows.stack.target import Target

    begin("giving the tables their indexes")
    done = deployment.index(Target(REGION, stack.outputs, stack.endpoint_url), report)
    return replace(stack, notice="\n".join([stack.notice, *done])) if done else stack


def _check_timing(running: Stack, *, as_aws: bool) -> None:
    """Raises StackError if AWS's timing is asked for and the stack that runs has another."""
    if as_aws and not running.as_aws:
        raise StackError(
            "Expected a stack with AWS's timing, but one without it runs. To change that and keep its data: "
            "glueline down --keep, then glueline up --as-aws."
        )


def down(home: Home = DEFAULT, *, keep: bool = False) -> str:
    """End every process of the stack; returns what was done, in sentences.

    Its data and what was kept before are deleted; with `keep`, they are kept for the next `up`. Raises
    StackError.
    """
    running = running_stack(home)
    if not keep:
        shutil.rmtree(home.kept, ignore_errors=True)
    elif running is not None:
        _keep(running, home)
    ended = _clean_up(home)
    if not ended:
        return "No stack was running."
    kept = " Its data is kept for the next make up." if is_kept(home.kept) else ""
    return f"Ended {ended} processes; none is left.{kept}"


def _keep(running: Stack, home: Home) -> None:
    """Make the stack store its state. Raises StackError; the stack then continues to run."""
    try:
        answer = httpx.post(f"{running.endpoint_url}{KEEP_PATH}", timeout=_KEEP_SECONDS, trust_env=False)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise StackError(
            f"The stack could not be kept ({error}), and still runs; the reason is in "
            f"{home.logs / 'emulator.log'}. To end it without its data: glueline down."
        ) from error


def await_spark(home: Home = DEFAULT) -> None:
    """Return when the Spark of a running stack is warm. Raises StackError if it can't start."""
    running = running_stack(home)
    if running is not None:
        wait_for_spark(None, running.endpoint_url, home)


def _start(
    report: Callable[[str], None],
    home: Home,
    deployment: Deployment,
    begin: Callable[[str], None],
    *,
    awaits_spark: bool,
) -> Stack:
    began = time.monotonic()

    def report_step(step: str) -> None:
        report(f"{step} ({time.monotonic() - began:.0f} s)")

    begin("checking the contracts")
    deployment.check()
    find_java()
    jar_paths()
    parts = deployment.parts()  # now: what is edited from here on is deployed by the next one
    kept = kept_port(home.kept)
    if kept is None:
        shutil.rmtree(home.kept, ignore_errors=True)
    if kept is None or not home.deployed.is_dir():
        copy_code(deployment, home)
    with listen() if kept is None else listen_again(kept) as listening:
        host, port = listening.getsockname()
        endpoint = f"http://{host}:{port}"
        jobs = home.deployed / deployment.jobs.name
        emulator = start_emulator(home, listening, jobs, as_aws=deployment.as_aws)
    if kept is not None:
        begin("loading the data that was kept")
        wait_for_health(emulator, endpoint, home)
        deployment = follow_kept_data(deployment.attached(endpoint, report), endpoint)
    begin("building the Lambda packages")
    built = build(deployment, home)
    report_step("Lambda packages built" if built else "Lambda packages are unchanged")
    begin("waiting for the embedded AWS")
    wait_for_health(emulator, endpoint, home)
    report_step(f"embedded AWS answers at {endpoint}")
    if kept is None:
        deployment = deployment.attached(endpoint, report)
    parts = replace(parts, template=deployment.parts().template)
    with replaced_code(deployment, home) if kept is not None else nullcontext():
        begin("deploying the template")
        outputs = deploy(deployment, home, endpoint)
        report_step("template deployed")
        is_continuous = outputs.get("IngestMode") == CONTINUOUS
        if awaits_spark or kept is not None:
            begin("waiting for Spark")
            wait_for_spark(emulator, endpoint, home, ("spark", "streaming") if is_continuous else ("spark",))
            report_step("Spark is warm")
    remove_state(home.kept)  # the stack has loaded it, and changes it from now on
    remember_contracts(deployment, home)
    parts.write(home)
    contracts = home.deployed / "expectations"
    stack = Stack(
        endpoint,
        REGION,
        outputs,
        emulator.pid,
        datetime.now(UTC).isoformat(timespec="seconds"),
        contracts=str(contracts) if contracts.is_dir() else "",
        as_aws=deployment.as_aws,
        notice=f"The stack is ready after {time.monotonic() - began:.0f} s, at {endpoint}."
        + ("" if kept is None else " It continues with the data that was kept."),
    )
    stack.write(home)
    return stack


def _clean_up(home: Home) -> int:
    """End all processes of the stack and remove its working files; returns how many processes there were."""
    home.stack_file.unlink(missing_ok=True)
    ended = end_processes(home)
    shutil.rmtree(home.scratch, ignore_errors=True)
    return ended


@contextmanager
def _locked(home: Home, report: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of `up`. The system releases it when the process ends, in whatever way."""
    with home.lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("another `up` is running: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
