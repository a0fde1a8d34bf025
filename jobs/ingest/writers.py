"""One writer: the jobs `check` and `merge` in the mode `workflow`, the job `follow` in the mode `continuous`.

Triggers start the jobs of the stack's mode only. A job of the other mode that is started by hand, or was
started just before the mode was changed, finds the mode among its arguments and does nothing.
"""

from typing import Final

from jobs.runtime.log import log

WORKFLOW, CONTINUOUS = "workflow", "continuous"
WRITERS: Final = {WORKFLOW: ("check", "merge"), CONTINUOUS: ("follow",)}


def is_writer(job: str, mode: str) -> bool:
    """Whether the job writes in a stack of this mode; the log says why not.

    Raises ValueError if there is no such mode.
    """
    if mode not in WRITERS:
        raise ValueError(f"--INGEST_MODE: expected one of {', '.join(WRITERS)}, got {mode!r}")
    if job in WRITERS[mode]:
        return True
    log(f"{job}: nothing to do: in the mode {mode} only {' and '.join(WRITERS[mode])} may write", mode=mode)
    return False
