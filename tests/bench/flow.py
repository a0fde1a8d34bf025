"""A model of one dataset in its steady state, in both ingest modes: how fresh it is and what AWS asks for it.

What was measured comes from `results/`, how the stack is set up from the template; what is neither is an
assumption, and named as one.
"""

from dataclasses import dataclass
from math import ceil

from tests.bench.prices import PRICES
from tests.bench.report import read_table

MILLION, DAY = 1_000_000, 86_400
MONTH = 30 * DAY

# From the template.
SOURCE_BATCH, SOURCE_WINDOW, SOURCES_AT_ONCE = 500, 1, 5
STREAM_BATCH, STREAM_WINDOW = 1000, 5
INGEST_EVENTS, INGEST_WINDOW = 100, 60
SOURCE_GB, API_GB, FORWARDER_GB = 0.5, 1.0, 0.5
CORES_OF_A_WORKER, MEASURED_CORES = 4, 2

ROUND_SECONDS, POLL_SECONDS, START_EVERY = 10, 20, 60  # of the streaming job and of its schedule
STREAMING_DPU = 0.5  # two workers G.025X

# From tests/jobs/test_few_rows.py: requests to S3 of a check and a merge of few rows.
ROUND_REQUESTS = 29 + 32

# Assumptions.
VCPU_GB = 1.769  # Lambda gives one core at this memory, and less in proportion
TRANSACTION_SECONDS = 0.04  # a TransactWriteItems of a hundred items
CALL_SECONDS = 0.02  # an empty call through API Gateway, a PUT to S3
START_SECONDS = 30  # until Glue runs a script; not billed
FORWARDED_OBJECTS = 2  # of a batch of the stream: its records, and their arrival for the change feed
PUT_SHARE = 0.5  # of the requests that a round sends to S3; the others are GET
IMAGE_KB = 0.45  # of an item
WRITE_UNITS = 2  # of an item up to 1 KB, in a transaction
PARTITION_WRITES = 1000  # write units a second of a DynamoDB partition; it has a stream shard
FEWEST_PARTITIONS = 4  # of a new on-demand table
BUSY = 0.7  # a job that is busier than this can't catch up
FILES_OF_A_RUN = 8  # two days of the table with a data and a delete file each, of changes one; two records


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds of a job as a linear function of rows, through two measured batches."""

    fixed: float
    each: float

    @classmethod
    def through(cls, small: tuple[int, float], large: tuple[int, float]) -> "Line":
        """The line through two points (rows, seconds)."""
        each = (large[1] - small[1]) / (large[0] - small[0])
        return cls(max(small[1] - each * small[0], 0.0), each)


@dataclass(frozen=True, slots=True)
class Measured:
    """The results of the other parts that costs are computed from."""

    validated: float  # messages a second of a core
    forwarded: float  # records a second of a core
    check: Line  # in a warm JVM
    merge: Line
    cold: float  # seconds that the first batch of a JVM takes longer

    @property
    def cold_check(self) -> Line:
        """A run of the workflow's check, which is the first batch of its JVM."""
        return Line(self.check.fixed + self.cold, self.check.each)

    @property
    def cold_merge(self) -> Line:
        """A run of the workflow's merge; its JVM is assumed to be as much slower as that of check."""
        return Line(self.merge.fixed + self.cold, self.merge.each)

    @classmethod
    def read(cls) -> "Measured":
        """Read from `results/`."""
        rates = {row["what"]: row["per_second"] for row in read_table("lambdas", "per_second_on_one_core")}
        batches = sorted(read_table("jobs", "batches"), key=lambda row: row["changes"])
        check, merge = (
            Line.through(*((row["changes"], row[stage]) for row in (batches[0], batches[-1])))
            for stage in ("check_s", "merge_s")
        )
        few = {row["cause"]: row for row in read_table("small", "one_dataset")}["seconds"]
        cold = few["cold_check"] - few["warm_check"]
        return cls(rates["messages validated"], rates["records forwarded"], check, merge, cold)


@dataclass(frozen=True, slots=True)
class Flow:
    """One dataset at a steady rate of changes a second."""

    rate: int
    measured: Measured
    stream_window: int = STREAM_WINDOW
    ingest_window: int = INGEST_WINDOW

    @property
    def source_batch(self) -> float:
        return min(SOURCE_BATCH, max(1, self.rate * SOURCE_WINDOW))

    @property
    def source_seconds(self) -> float:
        """Seconds of one invocation of `source`, which waits for the API."""
        return (
            self.source_batch / self.measured.validated * VCPU_GB / SOURCE_GB
            + self.api_seconds
            + CALL_SECONDS
        )

    @property
    def api_seconds(self) -> float:
        """Seconds of one invocation of `data_api`."""
        transactions = ceil(self.source_batch / 100)
        return (
            self.source_batch / self.measured.validated * VCPU_GB / API_GB
            + transactions * TRANSACTION_SECONDS
        )

    @property
    def sources_at_once(self) -> int:
        return ceil(self.rate / self.source_batch * self.source_seconds)

    @property
    def shards(self) -> int:
        return max(FEWEST_PARTITIONS, ceil(self.rate * WRITE_UNITS / PARTITION_WRITES))

    @property
    def stream_batch(self) -> float:
        return min(STREAM_BATCH, max(1, self.rate / self.shards * self.stream_window))

    @property
    def objects(self) -> float:
        """RAW objects per second."""
        return self.rate / self.stream_batch

    @property
    def workers(self) -> int:
        """G.1X of each job: one drives, the others work."""
        needed = self.rate * (self.measured.check.each + self.measured.merge.each) / BUSY
        return 1 + max(1, ceil(needed * MEASURED_CORES / CORES_OF_A_WORKER))

    @property
    def window(self) -> float:
        """Seconds until the workflow starts."""
        return min(self.ingest_window, INGEST_EVENTS / self.objects)

    @property
    def cycle(self) -> float:
        """Seconds between the starts of two runs, whose changes are one batch."""
        fixed = self.window + 2 * START_SECONDS + self._fixed
        return fixed / (1 - self.rate * (self._each(self.measured.check) + self._each(self.measured.merge)))

    @property
    def _fixed(self) -> float:
        return self.measured.cold_check.fixed + self.measured.cold_merge.fixed

    @property
    def run(self) -> float:
        """Seconds of a run of the workflow."""
        return self.cycle - self.window

    @property
    def freshness(self) -> tuple[float, float]:
        """Seconds from sending until a query shows the change: on average, and at worst."""
        return self.on_its_way + self.cycle / 2 + self.run, self.on_its_way + self.cycle + self.run

    @property
    def on_its_way(self) -> float:
        """Seconds from sending until the RAW object has landed."""
        return SOURCE_WINDOW + self.stream_window + self.source_seconds

    def job_seconds(self, job: Line) -> float:
        """Seconds of a run of the job, as Glue bills it."""
        return max(60.0, job.fixed + self._each(job) * self.rate * self.cycle)

    def _each(self, job: Line) -> float:
        return job.each * MEASURED_CORES / (CORES_OF_A_WORKER * (self.workers - 1))

    def dollars(self) -> dict[str, float]:
        """Dollars per million changes, by service."""
        batches, objects = MILLION / self.source_batch, MILLION / self.stream_batch
        forwarder_seconds = (
            self.stream_batch / self.measured.forwarded * VCPU_GB / FORWARDER_GB
            + FORWARDED_OBJECTS * CALL_SECONDS
        )
        gb_seconds = (
            batches * (self.source_seconds * SOURCE_GB + self.api_seconds * API_GB)
            + objects * forwarder_seconds * FORWARDER_GB
        )
        runs = MILLION / (self.rate * self.cycle)
        dpu_seconds = (
            sum(map(self.job_seconds, (self.measured.cold_check, self.measured.cold_merge))) * self.workers
        )
        per_million = {name: dollars / MILLION for name, (dollars, _) in PRICES.items()}
        return {
            # Each message is sent, and received and deleted by tens; each object's message too.
            "SQS": (MILLION * 1.2 + objects * 1.2) * per_million["SQS standard"],
            "Lambda": (2 * batches + objects) * per_million["Lambda requests"]
            + gb_seconds * PRICES["Lambda arm64"][0],
            "API Gateway": batches * per_million["API Gateway HTTP API"],
            "DynamoDB": MILLION * WRITE_UNITS * per_million["DynamoDB on-demand writes"],
            "S3 and EventBridge": objects
            * (
                FORWARDED_OBJECTS * (per_million["S3 PUT"] + per_million["EventBridge"])
                + per_million["S3 GET"]
            ),
            "Glue": runs * dpu_seconds / 3600 * PRICES["Glue DPU"][0],
        }

    def a_month(self, dollars: float) -> float:
        """Dollars of a month at this rate, of those for a million changes."""
        return dollars * self.rate * MONTH / MILLION


@dataclass(frozen=True, slots=True)
class Rounds:
    """The same flow in continuous mode: rounds of a warm check and a warm merge on one working worker."""

    flow: Flow

    @property
    def each(self) -> float:
        """Seconds of a change; a worker G.025X has as many cores as the machine that was measured."""
        return self.flow.measured.check.each + self.flow.measured.merge.each

    @property
    def cycle(self) -> float:
        """Seconds between the beginnings of two rounds."""
        fixed = self.flow.measured.check.fixed + self.flow.measured.merge.fixed
        return max(ROUND_SECONDS, fixed / (1 - self.flow.rate * self.each))

    @property
    def work(self) -> float:
        """Seconds of a round."""
        measured = self.flow.measured
        return measured.check.fixed + measured.merge.fixed + self.each * self.flow.rate * self.cycle

    @property
    def freshness(self) -> tuple[float, float]:
        """Seconds from sending until a query shows the change: on average, and at worst."""
        least = self.flow.on_its_way + self.work
        return least + self.cycle / 2, least + self.cycle

    def dollars(self) -> dict[str, float]:
        """Dollars a month by what they are for, from the landed object to the table."""
        request = PUT_SHARE * PRICES["S3 PUT"][0] + (1 - PUT_SHARE) * PRICES["S3 GET"][0]
        looks = MONTH / POLL_SECONDS * (PRICES["S3 LIST"][0] + PRICES["SQS standard"][0])
        starts = MONTH / START_EVERY * PRICES["EventBridge Scheduler"][0]
        return {
            "streaming job": MONTH / 3600 * STREAMING_DPU * PRICES["Glue DPU"][0],
            "looks and starts": (looks + starts) / MILLION,
            "requests of rounds": MONTH / self.cycle * ROUND_REQUESTS * request / MILLION,
        }
