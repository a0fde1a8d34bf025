"""What the platform costs on AWS, computed from what the other parts measured: writes `docs/costs.md`.

A model of one dataset in its steady state. What was measured comes from `results/`, what AWS asks for from
PRICES, how the stack is set up from the template; what is neither is an assumption, and named as one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from tests.bench.report import Report, Row, read_table
from workflows.local.base.home import CHECKOUT

PAGE: Final = CHECKOUT / "docs" / "costs.md"
RATES: Final = (1, 100, 10_000)  # changes a second
WINDOWS: Final = ((5, 60), (60, 300), (300, 900))  # of the stream's mapping and of the workflow, seconds
MILLION, DAY = 1_000_000, 86_400

PRICED: Final = (
    "us-east-1 list prices as known in November 2026, not looked up for this page, "
    "without free tiers: check them"
)
PRICES: Final[Mapping[str, tuple[float, str]]] = {
    "SQS standard": (0.40, "a million requests"),
    "Lambda requests": (0.20, "a million"),
    "Lambda arm64": (0.0000133334, "a GB second"),
    "API Gateway HTTP API": (1.00, "a million requests"),
    "DynamoDB on-demand writes": (0.625, "a million write units; a transaction takes two for each KB"),
    "DynamoDB on-demand reads": (0.125, "a million read units"),
    "DynamoDB incremental export": (0.10, "a GB, 10 MB at least"),
    "S3 PUT": (5.00, "a million requests"),
    "S3 GET": (0.40, "a million requests"),
    "EventBridge": (1.00, "a million S3 object events (an upper bound: AWS's own events are free)"),
    "Glue DPU": (0.44, "an hour, by the second, a minute at least for each run; G.1X is one"),
}

# From the template.
SOURCE_BATCH, SOURCE_WINDOW, SOURCES_AT_ONCE = 500, 1, 5
STREAM_BATCH, STREAM_WINDOW = 1000, 5
INGEST_EVENTS, INGEST_WINDOW = 100, 60
SOURCE_GB, API_GB, FORWARDER_GB = 0.5, 1.0, 0.5
CORES_OF_A_WORKER, MEASURED_CORES = 4, 2

# Assumptions.
VCPU_GB = 1.769  # Lambda gives one core at this memory, and less in proportion
TRANSACTION_SECONDS = 0.04  # a TransactWriteItems of a hundred items
CALL_SECONDS = 0.02  # an empty call through API Gateway, a PUT to S3
START_SECONDS = 30  # until Glue runs a script; not billed
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
    check: Line
    merge: Line

    @classmethod
    def read(cls) -> "Measured":
        """Read from `results/`."""
        rates = {row["what"]: row["per_second"] for row in read_table("lambdas", "per_second_on_one_core")}
        batches = sorted(read_table("jobs", "batches"), key=lambda row: row["changes"])
        lines = [
            Line.through(*((row["changes"], row[stage]) for row in (batches[0], batches[-1])))
            for stage in ("check_s", "merge_s")
        ]
        return cls(rates["messages validated"], rates["records forwarded"], *lines)


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
        fixed = self.window + 2 * START_SECONDS + self.measured.check.fixed + self.measured.merge.fixed
        return fixed / (1 - self.rate * (self._each(self.measured.check) + self._each(self.measured.merge)))

    @property
    def run(self) -> float:
        """Seconds of a run of the workflow."""
        return self.cycle - self.window

    @property
    def freshness(self) -> tuple[float, float]:
        """Seconds from sending until a query shows the change: on average, and at worst."""
        on_its_way = SOURCE_WINDOW + self.stream_window + self.source_seconds
        return on_its_way + self.cycle / 2 + self.run, on_its_way + self.cycle + self.run

    def job_seconds(self, job: Line) -> float:
        """Seconds of a run of the job, as Glue bills it."""
        return max(60.0, job.fixed + self._each(job) * self.rate * self.cycle)

    def _each(self, job: Line) -> float:
        return job.each * MEASURED_CORES / (CORES_OF_A_WORKER * (self.workers - 1))

    def dollars(self) -> dict[str, float]:
        """Dollars per million changes, by service."""
        batches, objects = MILLION / self.source_batch, MILLION / self.stream_batch
        forwarder_seconds = (
            self.stream_batch / self.measured.forwarded * VCPU_GB / FORWARDER_GB + CALL_SECONDS
        )
        gb_seconds = (
            batches * (self.source_seconds * SOURCE_GB + self.api_seconds * API_GB)
            + objects * forwarder_seconds * FORWARDER_GB
        )
        runs = MILLION / (self.rate * self.cycle)
        dpu_seconds = sum(map(self.job_seconds, (self.measured.check, self.measured.merge))) * self.workers
        per_million = {name: dollars / MILLION for name, (dollars, _) in PRICES.items()}
        return {
            # Each message is sent, and received and deleted by tens; each object's message too.
            "SQS": (MILLION * 1.2 + objects * 1.2) * per_million["SQS standard"],
            "Lambda": (2 * batches + objects) * per_million["Lambda requests"]
            + gb_seconds * PRICES["Lambda arm64"][0],
            "API Gateway": batches * per_million["API Gateway HTTP API"],
            "DynamoDB": MILLION * WRITE_UNITS * per_million["DynamoDB on-demand writes"],
            "S3 and EventBridge": objects
            * (per_million["S3 PUT"] + per_million["S3 GET"] + per_million["EventBridge"]),
            "Glue": runs * dpu_seconds / 3600 * PRICES["Glue DPU"][0],
        }


def run() -> Report:
    """Compute the tables, and write the page."""
    measured = Measured.read()
    flows = [Flow(rate, measured) for rate in RATES]
    report = Report("costs", [PRICED])
    report.add("freshness_and_size", map(shape, flows))
    report.add("dollars_for_a_million_changes", map(price, flows))
    slower = [Flow(1, measured, *windows) for windows in WINDOWS]
    report.add("price_of_freshness_at_one_change_a_second", map(patience, slower))
    report.add("against_exports", map(against_exports, flows))
    sections = PAGE.read_text(encoding="utf-8").split(_MARK)
    PAGE.parent.mkdir(exist_ok=True)
    computed = "\n\n".join(
        f"**{table.name.replace('_', ' ')}**\n\n{markdown(table.rows)}" for table in report.tables
    )
    prices: list[Row] = [
        {"price of": name, "$": dollars, "for": unit} for name, (dollars, unit) in PRICES.items()
    ]
    middle = f"\n{computed}\n\nPrices: {PRICED}.\n\n{markdown(prices)}\n"
    PAGE.write_text(_MARK.join([sections[0], middle, sections[-1]]), encoding="utf-8")
    return report


def shape(flow: Flow) -> Row:
    """How the platform works at this rate."""
    usual, worst = flow.freshness
    return {
        "changes/s": flow.rate,
        "messages a batch": round(flow.source_batch),
        "sources at once": flow.sources_at_once,
        "stream shards": flow.shards,
        "RAW objects a minute": round(flow.objects * 60),
        "workers a job": flow.workers,
        "cycle s": round(flow.cycle),
        "changes a run": round(flow.rate * flow.cycle),
        "fresh after s, usually": round(usual),
        "at worst": round(worst),
        "files in tables a day": round(DAY / flow.cycle * FILES_OF_A_RUN),
    }


def price(flow: Flow) -> Row:
    """Dollars per million changes by service, and per month at the rate."""
    parts = flow.dollars()
    total = sum(parts.values())
    month = total * flow.rate * DAY * 30 / MILLION
    shown: dict[str, float] = {name: round(dollars, 2) for name, dollars in parts.items()}
    return {"changes/s": flow.rate, **shown, "all": round(total, 2), "a month": round(month)}


def patience(flow: Flow) -> Row:
    """Costs by length of the windows."""
    return {
        "stream's window s": flow.stream_window,
        "IngestWindowSeconds": flow.ingest_window,
        "fresh after s, usually": round(flow.freshness[0]),
        "runs a day": round(DAY / flow.cycle),
        "$ a month": round(sum(flow.dollars().values()) * flow.rate * DAY * 30 / MILLION),
    }


def against_exports(flow: Flow) -> Row:
    """DynamoDB's incremental export every 15 minutes, which zero-ETL makes too; reading it comes on top."""
    window = 15 * 60
    gigabytes = max(0.01, flow.rate * window * 2 * IMAGE_KB / 1e6)
    dollars = gigabytes * PRICES["DynamoDB incremental export"][0] * MILLION / (flow.rate * window)
    return {
        "changes/s": flow.rate,
        "Glueline fresh after s": round(flow.freshness[0]),
        "exports, zero-ETL: s at best": window,
        "Glueline, stream to table $": round(sum(flow.dollars()[name] for name in _CAPTURE), 2),
        "exports alone $": round(dollars, 2),
    }


def markdown(rows: Sequence[Row]) -> str:
    """A table of GitHub's Markdown."""
    names = list(rows[0])
    lines = [names, ["---:" if isinstance(rows[0][name], (int, float)) else "---" for name in names]]
    lines += [[_shown(row[name]) for name in names] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


_CAPTURE: Final = ("S3 and EventBridge", "Glue")
_MARK: Final = "<!-- computed by make bench BENCH=costs -->"


def _shown(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
