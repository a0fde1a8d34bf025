"""What happens when two jobs write to one table at a time: who gives way, and why neither tries for ever.

An Iceberg commit holds only if what it was made of is still there; whoever commits second has lost, and has
written nothing. Which commits of the jobs can get into each other's way:

* An append takes nothing away and is made of nothing. It never loses; Iceberg puts it on top of what has come
  meanwhile. `check` only appends.
* A MERGE marks rows of data files as deleted. It loses if `maintain` has put another file in the place of one
  of these. A rewrite loses if a file that it replaces has got new deletes.
* Expiry and rewritten manifests change no row. They never make another job lose.

`maintain` yields: it makes a second attempt, and then leaves the step to its next run; files wait patiently.
`merge` makes its step again, which is safe since its steps are maxima. It does not do so for ever: it loses
only to a commit that came in between, and one run of `maintain` makes `COMMITS` at most on a table that can
make it lose. So of `COMMITS + 1` attempts one is not in the way of any of them.
"""

from collections.abc import Callable
from typing import Any

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors.exceptions.captured import CapturedException

from jobs.runtime.log import say

REWRITES = 3  # commits that one rewrite of data files is spread over, at most
COMMITS = REWRITES + 2  # the rewrites of data files and of delete files, and the rows that retention deletes
_ITS_OWN = (
    "org.apache.iceberg.exceptions.ValidationException",
    "org.apache.iceberg.exceptions.CommitFailedException",
)


def after_conflicts[T](act: Callable[[], T], attempts: int = COMMITS + 1) -> T:
    """What `act` returns, which is done again as long as another job's commit came between, so many times."""
    for left in range(attempts - 1, -1, -1):
        try:
            return act()
        except (Py4JJavaError, CapturedException) as error:
            if not left or not is_conflict(error):
                raise
            say("another job has written to the table meanwhile: once more")
    raise ValueError(f"expected one attempt or more, got {attempts}")


def unless_in_the_way[T](act: Callable[[], T]) -> T | None:
    """What `act` returns, or None if it got into another job's way twice: it then waits for the next run."""
    try:
        return after_conflicts(act, attempts=2)
    except (Py4JJavaError, CapturedException) as error:
        if not is_conflict(error):
            raise
        say("another job writes to the table: left to the next run")
        return None


def is_conflict(error: Py4JJavaError | CapturedException) -> bool:
    """Whether a commit was refused since another one came before it. One whose fate is unknown is no such."""
    cause: Any = error.java_exception if isinstance(error, Py4JJavaError) else error._origin
    while cause is not None:
        if cause.getClass().getName() in _ITS_OWN:
            return True
        cause = cause.getCause()
    return False
