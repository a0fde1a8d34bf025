"""The logs of job runs on this machine, in which those of a batch are found by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

MOST_LINES: Final = 150  # of a run
MOST_RUNS: Final = 6
_RECENT: Final = 200  # runs in which a batch is looked for


class RunLog(NamedTuple):
    """The end of a run's log; `name` is that of its job and file."""

    name: str
    text: str
    is_cut: bool


def logs_of_batch(folder: Path, batch_id: str) -> list[RunLog]:
    """The logs below `folder` that mention the batch, of the runs that ended last, in order of time."""
    files = sorted(folder.glob("*/*.log"), key=lambda file: file.stat().st_mtime)[-_RECENT:]
    found = []
    for file in files:
        text = file.read_text(encoding="utf-8", errors="replace")
        if batch_id in text:
            lines = text.splitlines()
            name = f"{file.parent.name}/{file.name}"
            found.append(RunLog(name, "\n".join(lines[-MOST_LINES:]), len(lines) > MOST_LINES))
    return found[-MOST_RUNS:]
