"""`glueline up --watch`: deploys after each save, in a process that has the code of that moment."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from expectations.problems import GluelineError
from workflows.cli.exit_codes import interruptible
from workflows.cli.printing import err, out
from workflows.cli.showing import showing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflows.local.lifecycle.saves import Snapshot

_DEPLOY: Final = (sys.executable, "-m", "workflows.cli", "up")
_STEP: Final = "  "  # begins a line about a step
_MOST_LINES: Final = 6  # of one error


class Attempt(NamedTuple):
    """What a deployment has printed, and whether it succeeded."""

    is_good: bool
    printed: str
    errors: str


def deploy_saves(start: Callable[[], str]) -> None:
    """Start the stack or deploy to it, and deploy again after each save, until interrupted.

    `start` does the first and returns what to print of it.
    """
    from workflows.local.base.home import DEFAULT
    from workflows.local.lifecycle.ours import our_deployment
    from workflows.local.lifecycle.saves import saves, snapshot
    from workflows.local.lifecycle.stack import running_stack

    def look() -> Snapshot:
        return snapshot(our_deployment(DEFAULT).files())

    before = look()
    try:
        _show(Attempt(is_good=True, printed=start(), errors=""))
    except GluelineError as error:
        if running_stack(DEFAULT) is None:
            raise
        _show(Attempt(is_good=False, printed="", errors=str(error)))
    out.print("Watching contracts, functions, jobs and the template. Ctrl-C ends that, not the stack.")

    def summary() -> str:
        running = running_stack(DEFAULT)
        if running is None:
            return "No stack is running."
        return f"The stack still runs at {running.endpoint_url}; make down ends it."

    with interruptible(summary):
        for _ in saves(before, look):
            with showing("up --watch") as show:
                show("deploying what was saved")
                attempt = deploy_apart()
            _show(attempt)


def deploy_apart(command: tuple[str, ...] = _DEPLOY) -> Attempt:
    """Deploy in a process of its own. If this process is interrupted, that one ends its work first."""
    with subprocess.Popen(  # noqa: S603 -- our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        try:
            printed, errors = child.communicate()
        except KeyboardInterrupt:
            child.terminate()
            child.communicate()
            raise
    return Attempt(child.returncode == 0, printed, errors)


def lines(attempt: Attempt) -> Iterator[str]:
    """What to show of an attempt: the notice, or a line for each error without the steps before it."""
    if attempt.is_good:
        yield from attempt.printed.splitlines()
        return
    found = [line for line in attempt.errors.splitlines() if line.strip() and not line.startswith(_STEP)]
    if len(found) > _MOST_LINES:
        found = [*found[:2], "…", *found[-2:]]
    yield from found


def _show(attempt: Attempt) -> None:
    at = datetime.now().strftime("%H:%M:%S")
    for line in lines(attempt):
        console, style = (out, None) if attempt.is_good else (err, "red")
        console.print(f"{at} {line}", style=style, soft_wrap=True, markup=False)
