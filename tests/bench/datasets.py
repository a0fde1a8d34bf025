"""The datasets of a run: what many cost, what each further one adds, and what idle ones cost.

All are the same contract by other names. A part of the small bench.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final, Protocol

import expectations
from expectations.contract import Contract
from expectations.odcs import load_contract, load_contracts
from tests.bench.report import Row

MANY: Final = 24
ROWS_OF_EACH: Final = 3
IDLE: Final = 100
ROUNDS: Final = 2
SOURCE: Final = "transactions"
BUSY: Final = "busy"

type Costs = Mapping[str, Mapping[str, object]]  # of each step, by cause


class Batch(Protocol):
    """Takes so many rows of each contract through both steps, which find the contracts in the folder."""

    def __call__(self, contracts: Sequence[Contract], rows: int, *, folder: Path | None = None) -> Costs: ...


def many(batch: Batch) -> Iterator[Row]:
    """A batch of half of the datasets, of all of them, and the difference for each further dataset."""
    several = _named("many", MANY)
    half = _best_of(lambda: batch(several[: MANY // 2], ROWS_OF_EACH))
    whole = _best_of(lambda: batch(several, ROWS_OF_EACH))
    yield from _rows(f"{MANY // 2} datasets", half)
    yield from _rows(f"{MANY} datasets", whole)
    further = MANY - MANY // 2
    yield from _rows("each further dataset", _difference(whole, half, further))


def idle(batch: Batch) -> Iterator[Row]:
    """A batch of one dataset, alone and beside many of which nothing landed; both should cost the same."""
    with TemporaryDirectory() as folders:
        for number in (0, IDLE):
            folder = Path(folders, f"{number}")
            write_contracts(folder, [BUSY, *(f"idle_{one}" for one in range(number))])
            busy = load_contract(folder / f"{BUSY}.yaml")
            costs = _best_of(partial(batch, [busy], ROWS_OF_EACH, folder=folder))
            yield from _rows(f"beside {number} idle datasets", costs)


def write_contracts(folder: Path, datasets: Sequence[str]) -> None:
    """Write the same contract under these names."""
    folder.mkdir()
    text = Path(*expectations.__path__, f"{SOURCE}.yaml").read_text()
    for name in datasets:
        (folder / f"{name}.yaml").write_text(text.replace(SOURCE, name))


def reading_contracts() -> Iterator[Row]:
    """How long a job takes to read the contracts of so many datasets."""
    with TemporaryDirectory() as parent:
        folder = Path(parent, "contracts")
        write_contracts(folder, [f"idle_{number}" for number in range(IDLE)])
        started = perf_counter()
        load_contracts(folder)
        seconds = perf_counter() - started
    yield {"contracts": IDLE, "seconds": round(seconds, 2), "each": round(seconds / IDLE, 4)}


def _named(prefix: str, number: int) -> list[Contract]:
    contract = load_contracts()[SOURCE]
    return [replace(contract, dataset=f"{prefix}_{one}") for one in range(number)]


def _best_of(run: Callable[[], Costs]) -> dict[str, dict[str, float]]:
    """The least of each cost in some rounds after a first, in which expressions and tables are made."""
    run()
    rounds = [run() for _ in range(ROUNDS)]
    return {
        step: {cause: min(_number(one[step][cause]) for one in rounds) for cause in causes}
        for step, causes in rounds[0].items()
    }


def _difference(
    whole: Mapping[str, Mapping[str, float]], part: Mapping[str, Mapping[str, float]], further: int
) -> dict[str, dict[str, float]]:
    return {
        step: {cause: (value - part[step][cause]) / further for cause, value in causes.items()}
        for step, causes in whole.items()
    }


def _rows(name: str, costs: Mapping[str, Mapping[str, float]]) -> Iterator[Row]:
    for step, causes in costs.items():
        yield {"round": name, "step": step} | {cause: round(value, 2) for cause, value in causes.items()}


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0
