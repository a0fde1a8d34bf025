"""How long the steps of a command took the last time, and from that how long it will take now."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from workflows.local.base.home import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE: Final = DEFAULT.folder / "durations.json"
MOST_COMMANDS: Final = 100  # that are kept: each statement is a command of its own
_COUNTED_SECONDS: Final = 3.0  # before that, a rate says little


def remembered(command: str, file: Path = FILE) -> dict[str, float]:
    """The seconds of each step of the last successful run, in their order; none if there was no such run."""
    found = _read(file).get(command)
    if not isinstance(found, dict):
        return {}
    return {name: float(value) for name, value in found.items() if isinstance(value, (int, float))}


def remember(command: str, seconds: Mapping[str, float], file: Path = FILE) -> None:
    """Keep the seconds of each step. If the file can't be written, no estimate is made."""
    known = _read(file)
    known.pop(command, None)  # it becomes the newest
    known[command] = {name: round(value, 1) for name, value in seconds.items()}
    known = dict(list(known.items())[-MOST_COMMANDS:])
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        written = file.with_suffix(".new")
        written.write_text(json.dumps(known, indent=1), encoding="utf-8")
        written.replace(file)


def seconds_left(before: Mapping[str, float], seconds: Mapping[str, float]) -> float | None:
    """The rest of a command by its last run; None without one, or if this run is longer already.

    `seconds` are those of its steps so far; the last of them is under way.
    """
    if not before or not seconds:
        return None
    step, names = list(seconds)[-1], list(before)
    if step in before:
        later = sum(before[name] for name in names[names.index(step) + 1 :] if name not in seconds)
        left = later + before[step] - seconds[step]
    else:
        left = sum(before.values()) - sum(seconds.values())
    return left if left > 0 else None


def counted_left(done: int, all_parts: int, seconds: float) -> float | None:
    """The rest of a step by its parts that are done in `seconds`; None while that says little."""
    if done <= 0 or seconds < _COUNTED_SECONDS:
        return None
    return seconds * (all_parts - done) / done


def _read(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
