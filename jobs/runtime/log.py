"""What a job says while it works: lines of JSON, as the Lambdas log, so that one query reads all logs.

A line about a batch names it by `batch_id`, one about an object of the RAW bucket by `source_file`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter


def say(message: str, **fields: object) -> None:
    """Print one line: when, what, and the fields that tell of which."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"timestamp": now, "message": message, **fields}
    print(json.dumps(line, ensure_ascii=False, default=str), flush=True)


@contextmanager
def step(name: str, **fields: object) -> Iterator[None]:
    """Say the step's seconds when it ends; an error leaves with the step's name noted on it."""
    started = perf_counter()
    try:
        yield
    except Exception as error:
        error.add_note(f"while: {name}")
        raise
    say(name, **fields, seconds=round(perf_counter() - started, 1))
