"""Small bench: what a batch of few rows costs, counted beside the seconds, cold and warm.

Batches of one dataset and of several, by the real jobs, with the catalog and the files of the template. The
AWS is in the process of the bench, so processor time includes it.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from statistics import median
from typing import Final
from unittest.mock import patch

import boto3

from expectations.odcs import load_contracts
from jobs.lake.names import Lake
from tests.bench import datasets
from tests.bench.report import Report, Row
from tests.bench.session import spark
from tests.faults.proxy import proxied
from tests.job_costs import Cost, metered
from tests.moto_server import aws_in_this_process
from tests.sessions import set_glue_catalog
from tests.small_batches import SmallBatches

ROWS: Final = 50
ROUNDS: Final = 4
DAYS: Final = 28  # of a batch whose rows lie in many partitions
DATASETS: Final = 6  # of a batch of several datasets, which are the same contract by other names
ROWS_OF_EACH: Final = 3
STEPS: Final = ("check", "merge")
_CATALOG: Final = "aws"


def run() -> Report:
    """One batch in a cold JVM, then some in a warm one; the same for several datasets."""
    report = Report(
        "small",
        [
            f"batches of {ROWS} rows of one dataset, of one day and of {DAYS}; and of {DATASETS} datasets"
            f" with {ROWS_OF_EACH} rows each",
            f"warm: the median of {ROUNDS} rounds; cold: the first batch of a JVM; first: in a warm JVM",
            "new: a contract whose expressions are not made yet, as in each run of the local stack",
        ],
    )
    transactions = load_contracts()["transactions"]
    several = [replace(transactions, dataset=f"lines_{number}") for number in range(DATASETS)]
    with benched() as bench:
        cold = [bench.batch([transactions], ROWS)]
        warm = [bench.batch([transactions], ROWS) for _ in range(ROUNDS)]
        report.add("one_dataset", _by_cause(cold=cold, warm=warm))
        new = [bench.batch([replace(transactions, source=f"new {number}")], ROWS) for number in range(ROUNDS)]
        report.add("in_a_new_run", _by_cause(new=new))
        days = [bench.batch([transactions], ROWS, DAYS) for _ in range(1 + ROUNDS)]
        report.add(f"of_{DAYS}_days", _by_cause(first=days[:1], warm=days[1:]))
        lines = [bench.batch(several, ROWS_OF_EACH) for _ in range(1 + ROUNDS)]
        report.add("several_datasets", _by_cause(first=lines[:1], warm=lines[1:]))
        report.add("many_datasets", datasets.many(bench.batch))
        report.add("idle_datasets", datasets.idle(bench.batch))
        report.add("idle_contracts", datasets.reading_contracts())
    return report


@contextmanager
def benched() -> Iterator[SmallBatches]:
    """A bench with an AWS of its own, which all requests of the jobs reach through a proxy."""
    with (
        aws_in_this_process() as aws,
        proxied(aws) as proxy,
        patch.dict(os.environ, AWS_ENDPOINT_URL=proxy.url),  # of boto3 here, and of the Python workers
        metered(spark(), proxy) as meter,
    ):
        set_glue_catalog(spark(), _CATALOG, proxy.url, "lake")
        yield SmallBatches(meter, boto3.client("s3"), Lake("lake", "lake_ops", _CATALOG))


def _by_cause(**rounds: Sequence[Mapping[str, Cost]]) -> Iterator[Row]:
    """A row for each cause, with the medians of each step in each kind of round."""
    steps = {f"{name}_{step}": [one[step] for one in some] for name, some in rounds.items() for step in STEPS}
    for cause in next(iter(steps.values()))[0]:
        medians = {name: median(cost[cause] for cost in costs) for name, costs in steps.items()}
        yield {"cause": cause, **{name: round(value, 1) for name, value in medians.items()}}
