"""Two jobs that write to one table at the same time: which one yields, and why neither retries forever.

An Iceberg commit succeeds only if the files that it is based on are still in the table. The job that commits
second fails, and has written nothing. Which commits of the jobs conflict:

* An append removes nothing and is based on nothing. It never fails: Iceberg puts it on top of the commits
  that came in between. `check` only appends.
* A MERGE marks rows of data files as deleted. It fails if `maintain` has replaced one of these files. A
  rewrite fails if a file that it replaces has got new deletes.
* Expiry and rewritten manifests change no row. They never make another job fail.

`maintain` yields: it makes a second attempt, and then leaves the step to its next run, since files can be
compacted later. `merge` repeats its step, which is safe because its steps are maxima. It does not repeat it
forever: it fails only because of a commit in between, and one run of `maintain` makes at most
`MAINTENANCE_COMMITS` commits on a table that can conflict. So at least one of `MAINTENANCE_COMMITS + 1`
attempts conflicts with none of them.

Datasets that are merged side by side share the tombstones. They take turns, so that none of them has to
repeat its MERGE because of another's.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors.exceptions.captured import CapturedException

from jobs.runtime.log import log

TURN_ON_TOMBSTONES = Lock()
REWRITE_COMMITS = 3  # commits that one rewrite of data files is spread over, at most
# Besides those: the rewrite of delete files, and the rows that retention deletes.
MAINTENANCE_COMMITS = REWRITE_COMMITS + 2
_CONFLICTS = (
    "org.apache.iceberg.exceptions.ValidationException",
    "org.apache.iceberg.exceptions.CommitFailedException",
)


def retry_conflicts[T](act: Callable[[], T], attempts: int = MAINTENANCE_COMMITS + 1) -> T:
    """Call `act`, again after each conflict with another job's commit, and return its result.

    The conflict of the last attempt is raised.
    """
    for left in range(attempts - 1, -1, -1):
        try:
            return act()
        except (Py4JJavaError, CapturedException) as error:
            if not left or not is_conflict(error):
                raise
            log("conflict with another job's commit: trying again")
    raise ValueError(f"expected one attempt or more, got {attempts}")


def skip_on_conflict[T](act: Callable[[], T]) -> T | None:
    """Call `act` and return its result, or None if it conflicted twice and is left to the next run."""
    try:
        return retry_conflicts(act, attempts=2)
    except (Py4JJavaError, CapturedException) as error:
        if not is_conflict(error):
            raise
        log("conflict with another job's commit: left to the next run")
        return None


def is_conflict(error: Py4JJavaError | CapturedException) -> bool:
    """Whether Iceberg refused a commit because of another one; an unknown outcome is not a conflict."""
    cause: Any = error.java_exception if isinstance(error, Py4JJavaError) else error._origin
    while cause is not None:
        if cause.getClass().getName() in _CONFLICTS:
            return True
        cause = cause.getCause()
    return False
