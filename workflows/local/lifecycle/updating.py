"""Deploys to a running stack what has changed since its last deployment, and keeps its data.

Everything that can be refused is refused before anything changes. Then the jobs are held: a workflow run that
has begun ends with what it began with, and the next one finds new functions, contracts and jobs. If
CloudFormation rolls the template back, the code of jobs goes back too. `parts.json` is missing while a
deployment is being made, so after an interrupted one the next deploys everything.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from expectations.problems import ContractError, GluelineError
from workflows.local.base.errors import StackError
from workflows.local.lifecycle.clients import REGION
from workflows.local.lifecycle.deployed_code import remember_contracts, replaced_code
from workflows.local.lifecycle.deployed_stack import DeployedStack
from workflows.local.lifecycle.deployment import build, deploy
from workflows.local.lifecycle.held_jobs import held_jobs
from workflows.local.lifecycle.notices import deployed, nothing_changed
from workflows.local.lifecycle.parts import Changes, Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflows.local.base.home import Home
    from workflows.local.lifecycle.deployment import Deployment
    from workflows.local.lifecycle.running import Stack


def update(
    running: Stack,
    home: Home,
    deployment: Deployment,
    report: Callable[[str], None],
    begin: Callable[[str], None] = lambda step: None,
) -> Stack:
    """Deploy what has changed; returns the stack with its changes and a notice of them.

    Raises StackError or ContractError; the stack then runs as before, or the message says what to do.
    """
    began = time.monotonic()

    def report_step(step: str) -> None:
        report(f"{step} ({time.monotonic() - began:.0f} s)")

    begin("comparing with what is deployed")
    deployment = _attached(deployment, running.endpoint_url, report)
    before, wanted = Parts.read(home), deployment.parts()
    changes = Changes.between(before, wanted)
    if changes.is_empty:
        return replace(running, notice=nothing_changed(running, changes), changes=changes)
    deployment.check()
    columns = _compare(
        deployment,
        running.endpoint_url,
        running.outputs,
        "Nothing was deployed, and the stack runs as before. To start it without its data: glueline down, "
        "then glueline up.",
    )
    stack = None
    if changes.template or not (changes.datasets.is_empty and changes.functions.is_empty):
        stack = DeployedStack(running.endpoint_url, deployment.stack_name)
        stack.settle()
        deployment = deployment.growing_from(stack.parameters())
        begin("building the Lambda packages")
        build(deployment, home)
        report_step("Lambda packages built")
    outputs = running.outputs
    begin("waiting until no job runs")
    with (
        held_jobs(running.endpoint_url, report_step),
        _undone(stack, home, before, report),
        _unedited(deployment, wanted),
        replaced_code(deployment, home),
    ):
        if stack is not None:
            begin("deploying the template")
            outputs = deploy(deployment, home, running.endpoint_url, roll_back=True)
            report_step("template deployed")
    remember_contracts(deployment, home)
    replace(wanted, runtime=before.runtime if before else wanted.runtime).write(home)
    updated = replace(
        running,
        outputs=outputs,
        notice=deployed(running, changes, columns, time.monotonic() - began),
        changes=changes,
    )
    updated.write(home)
    return updated


def _attached(deployment: Deployment, endpoint: str, report: Callable[[str], None]) -> Deployment:
    """The deployment with what it reads of the embedded AWS. Raises StackError or ContractError."""
    try:
        return deployment.attached(endpoint, report)
    except ContractError:
        raise
    except GluelineError as error:
        raise StackError(f"{error}\nNothing was deployed, and the stack runs as before.") from error


def follow_kept_data(deployment: Deployment, endpoint: str) -> Deployment:
    """The deployment for a stack that starts with kept data.

    Raises StackError if the data can't follow the contracts.
    """
    stack = DeployedStack(endpoint, deployment.stack_name)
    stack.settle()
    _compare(
        deployment,
        endpoint,
        stack.outputs(),
        "The stack was not started, and its data stays kept. To start without it: glueline down, then "
        "glueline up.",
    )
    return deployment.growing_from(stack.parameters())


def _compare(
    deployment: Deployment, endpoint: str, outputs: dict[str, str], outcome: str
) -> dict[str, list[str]]:
    """The changes of columns by dataset. Raises StackError, with the outcome, if data can't follow."""
    from workflows.stack.target import Target

    try:
        return deployment.compare(Target(REGION, outputs, endpoint))
    except GluelineError as error:
        raise StackError(f"{error}\n{outcome}") from error


@contextmanager
def _unedited(deployment: Deployment, checked: Parts) -> Iterator[None]:
    """Begin a block only if what is deployed in it is what was checked. Raises StackError."""
    if deployment.parts() != checked:
        raise StackError("files were edited during the deployment. Run glueline up again.")
    yield


@contextmanager
def _undone(
    stack: DeployedStack | None, home: Home, before: Parts | None, report: Callable[[str], None]
) -> Iterator[None]:
    """Around a deployment: if it fails, wait until the template is rolled back, and say what is deployed.

    `stack` is None if the template is not deployed.
    """
    begun = stack and stack.last_update()
    home.parts_file.unlink(missing_ok=True)
    try:
        yield
    except BaseException as error:
        status = stack.settle() if stack else ""
        reached = stack if stack and stack.last_update() != begun else None
        if reached is None or status == "UPDATE_ROLLBACK_COMPLETE":
            outcome = "Nothing of it is deployed, and the stack runs as before."
            if before is not None:
                before.write(home)
        else:
            outcome = (
                f"It is half deployed: the template is {status}, and the code of jobs is as before. The next "
                "glueline up deploys everything."
            )
        if not isinstance(error, Exception):
            report(outcome)
            raise
        reason = (reached.failure() if reached else None) or error
        raise StackError(f"The deployment failed: {reason}\n{outcome}") from error
