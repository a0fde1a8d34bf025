"""Notices that files were saved, by looking at their times and sizes: that works on any file system."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

_PAUSE_SECONDS: Final = 0.4

type Snapshot = frozenset[tuple[Path, int, int]]


def snapshot(files: Iterable[Path]) -> Snapshot:
    """The files with their times and sizes."""
    found = set()
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # an editor replaces files
            stat = file.stat()
            found.add((file, stat.st_mtime_ns, stat.st_size))
    return frozenset(found)


def saves(
    known: Snapshot, look: Callable[[], Snapshot], pause: Callable[[], None] | None = None
) -> Iterator[None]:
    """Yield after files have changed since `known` and then stayed the same for a moment, without end.

    What changes while the caller works on a save is the next save.
    """
    wait = pause or (lambda: time.sleep(_PAUSE_SECONDS))
    while True:
        wait()
        now = look()
        if now == known:
            continue
        wait()
        while (later := look()) != now:
            now = later
            wait()
        if now != known:
            known = now
            yield
