"""What a job says while it works: each step by name, with its seconds, and in which step it failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print the step's seconds when it ends; an error leaves with the step's name noted on it."""
    started = perf_counter()
    try:
        yield
    except Exception as error:
        error.add_note(f"while: {name}")
        raise
    print(f"{name}: {perf_counter() - started:.1f} s", flush=True)
