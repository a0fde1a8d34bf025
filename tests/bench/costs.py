"""What the platform costs on AWS, computed from what the other parts measured: writes `docs/costs.md`.

The model is in `flow`, AWS's other ways in `alternatives`, and what AWS asks for in `prices`.
"""

from collections.abc import Sequence
from typing import Final

from tests.bench.alternatives import ways
from tests.bench.flow import DAY, FILES_OF_A_RUN, Flow, Measured, Rounds
from tests.bench.prices import PRICED, PRICES
from tests.bench.report import Report, Row
from workflows.local.base.home import CHECKOUT

PAGE: Final = CHECKOUT / "docs" / "costs.md"
RATES: Final = (1, 100, 10_000)  # changes a second
STEADY: Final = RATES[:2]  # for which a small streaming job is meant
WINDOWS: Final = ((5, 60), (60, 300), (300, 900))  # of the stream's mapping and of the workflow, seconds
_MARK: Final = "<!-- computed by make bench BENCH=costs -->"


def run() -> Report:
    """Compute the tables, and write the page."""
    measured = Measured.read()
    flows = [Flow(rate, measured) for rate in RATES]
    report = Report("costs", [PRICED])
    report.add("freshness_and_size", map(shape, flows))
    report.add("dollars_for_a_million_changes", map(price, flows))
    slower = [Flow(1, measured, *windows) for windows in WINDOWS]
    report.add("price_of_freshness_at_one_change_a_second", map(patience, slower))
    steady = [flow for flow in flows if flow.rate in STEADY]
    report.add("continuous_mode", [continuous(Rounds(flow)) for flow in steady])
    report.add("from_the_change_to_the_table_dollars_a_month", ways(steady))
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
    month = flow.a_month(total)
    shown: dict[str, float] = {name: round(dollars, 2) for name, dollars in parts.items()}
    return {"changes/s": flow.rate, **shown, "all": round(total, 2), "a month": round(month)}


def patience(flow: Flow) -> Row:
    """Costs by length of the windows."""
    return {
        "stream's window s": flow.stream_window,
        "IngestWindowSeconds": flow.ingest_window,
        "fresh after s, usually": round(flow.freshness[0]),
        "runs a day": round(DAY / flow.cycle),
        "$ a month": round(flow.a_month(sum(flow.dollars().values()))),
    }


def continuous(rounds: Rounds) -> Row:
    """Rounds in continuous mode, and dollars a month from the landed object to the table."""
    dollars = rounds.dollars()
    usual, worst = rounds.freshness
    return {
        "changes/s": rounds.flow.rate,
        "a round every s": round(rounds.cycle, 1),
        "of it work s": round(rounds.work, 1),
        "changes a round": round(rounds.flow.rate * rounds.cycle),
        "fresh after s, usually": round(usual),
        "at worst": round(worst),
        "snapshots a day": round(DAY / rounds.cycle),
        **{f"$ {name}": round(one, 2) for name, one in dollars.items()},
        "$ a month": round(sum(dollars.values())),
    }


def markdown(rows: Sequence[Row]) -> str:
    """A table of GitHub's Markdown."""
    names = list(rows[0])
    lines = [names, ["---:" if isinstance(rows[0][name], (int, float)) else "---" for name in names]]
    lines += [[_shown(row[name]) for name in names] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _shown(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
