"""Query bench: what a query for one day of 16 million lines reads, by `glueline query` and PyIceberg."""

from collections.abc import Callable
from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import psutil
import pyarrow as pa
import pyarrow.compute as pc
import sqlglot
from pyiceberg.expressions import AlwaysTrue
from sqlglot import exp

from jobs.lake.iceberg import current_table
from tests.bench.baskets import EVENTS, START, iceberg_table, lines, roll_back
from tests.bench.report import Report, Row, WrongResult, expect, middle
from tests.bench.session import spark
from tests.moto_server import REGION, aws_in_this_process
from workflows.query.catalog import lake_catalog
from workflows.query.local_engine import query_here
from workflows.query.row_filters import row_filter
from workflows.stack.target import Target

if TYPE_CHECKING:
    from pyiceberg.table import Table

MILLIONS: Final = 16
DAY: Final = START + timedelta(days=40)
ROUNDS: Final = 3
_AT: Final = "transaction_timestamp"
ONE_DAY: Final = f"""
    select count(*) as lines, sum(sales_value) as sales from lake.transactions
    where date(transaction_timestamp) = date '{DAY:%Y-%m-%d}'
"""
ALL_DAYS: Final = "select count(*) as lines, sum(sales_value) as sales from lake.transactions"

type Answer = tuple[int, Any]


def run() -> Report:
    """Query the day with both engines, and everything with the first, for comparison."""
    report = Report(
        "query",
        [
            f"{MILLIONS} M rows over 100 days; bytes read: by the process, of files and of metadata",
            "answers are compared with what Spark says of the lines that the table was made of",
        ],
    )
    name = iceberg_table(MILLIONS, EVENTS)
    roll_back(name)
    metadata = current_table(spark(), name).operations().current().metadataFileLocation()
    of_day = lines(MILLIONS).where(f"to_date(transaction_timestamp) = date'{DAY:%Y-%m-%d}'")
    expected = of_day.selectExpr("count(*)", "sum(sales_value)").first()
    with aws_in_this_process() as address:
        catalog = lake_catalog(Target(REGION, {}, address))
        catalog.create_namespace("lake")
        table = catalog.register_table("lake.transactions", metadata)
        in_day = f"{_AT} >= '{DAY.isoformat()}' and {_AT} < '{(DAY + timedelta(days=1)).isoformat()}'"
        pushed = filter_of(ONE_DAY, table)
        rows = [
            measure("glueline query, one day", table, pushed, lambda: ask(catalog, ONE_DAY)),
            measure("PyIceberg scan, one day", table, in_day, lambda: scan(table, in_day)),
            measure("glueline query, all days", table, AlwaysTrue(), lambda: ask(catalog, ALL_DAYS)),
        ]
    for row in rows[:2]:
        expect(f"{row['what']}: answer", str(tuple(expected or ())), row.pop("answer"))
        expect(f"{row['what']}: files", 1, row["files"])
    expect("lines of all days", MILLIONS * 1_000_000, _lines_of(rows[2]))
    report.add("one_day_of_16M_lines", rows)
    return report


def measure(what: str, table: "Table", where: Any, work: Callable[[], Answer]) -> Row:
    """Files and bytes of the scan's plan, bytes actually read, and the median time."""
    planned = [task.file for task in table.scan(row_filter=where).plan_files()]
    times, answers, read = [], set(), 0
    for _ in range(ROUNDS):
        before, started = psutil.Process().io_counters().read_chars, perf_counter()
        answers.add(str(work()))
        times.append(perf_counter() - started)
        read = psutil.Process().io_counters().read_chars - before
    if len(answers) > 1:
        raise WrongResult(f"{what}: expected the same answer each time, got {answers}")
    return {
        "what": what,
        "files": len(planned),
        "of_these_mb": round(sum(file.file_size_in_bytes for file in planned) / 1e6, 2),
        "read_mb": round(read / 1e6, 2),
        "seconds": middle(times),
        "answer": answers.pop(),
    }


def ask(catalog: Any, sql: str) -> Answer:
    """Query with the engine of `glueline query`."""
    [row] = query_here(catalog, sql, "lake")[0].to_pylist()
    return row["lines"], row["sales"]


def scan(table: "Table", where: Any) -> Answer:
    """Query with PyIceberg alone."""
    found: pa.Table = table.scan(row_filter=where, selected_fields=("sales_value",)).to_arrow()
    return found.num_rows, pc.sum(found["sales_value"]).as_py()


def filter_of(sql: str, table: "Table") -> Any:
    """The filter that `glueline query` gives to the scan."""
    nodes = list(sqlglot.parse_one(sql, dialect="athena").find_all(exp.Table))
    return row_filter(nodes, table.schema())


def _lines_of(row: Row) -> int:
    return int(str(row.pop("answer")).partition(",")[0].strip("("))
