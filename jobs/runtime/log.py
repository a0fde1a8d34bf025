"""A job's log: lines of JSON, as the Lambdas write them, so that one query reads all logs.

A line about a batch names it in the field `batch_id`, one about an object of the RAW bucket in `source_file`.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter


def log(message: str, **fields: object) -> None:
    """Print one line: a timestamp, the message, and the fields that identify its subject."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"timestamp": now, "message": message, **fields}
    # One write, also of the line's end: other threads log at the same time.
    sys.stdout.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


@contextmanager
def step(name: str, **fields: object) -> Iterator[None]:
    """Log the seconds that the step took; an error gets a note with the step's name instead."""
    started = perf_counter()
    try:
        yield
    except Exception as error:
        error.add_note(f"while: {name}")
        raise
    log(name, **fields, seconds=round(perf_counter() - started, 1))
