"""Holds the jobs of a running stack while a deployment replaces what they run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from workflows.local.base.errors import StackError
from workflows.local.ministack.holding import HOLD_PATH, QUIET

_CONNECT_SECONDS: Final = 30


@contextmanager
def held_jobs(endpoint: str, report: Callable[[str], None]) -> Iterator[None]:
    """Wait until all workflow runs that have begun have ended; none begins during the block.

    `report` is called with what is waited for. Raises StackError, or an error of httpx if the stack ends.
    """
    # A job may run for hours, so reading has no limit; Ctrl-C ends the wait, and with it the hold.
    patience = httpx.Timeout(_CONNECT_SECONDS, read=None)
    with httpx.stream("POST", f"{endpoint}{HOLD_PATH}", timeout=patience, trust_env=False) as answer:
        if not answer.is_success:
            raise StackError(
                f"Expected the running stack to hold its jobs, got {answer.status_code}: another version of "
                "Glueline has started it. Start it again: glueline down --keep, then glueline up."
            )
        for line in answer.iter_lines():
            if line == QUIET:
                break
            report(f"waiting until the job {line} has ended")
        yield
