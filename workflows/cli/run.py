"""Commands that put data in: the demo with real data, and a file of messages."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table

from workflows.cli.app import app
from workflows.cli.exit_codes import interruptible
from workflows.cli.printing import (
    AsJson,
    arrow_table,
    err,
    out,
    print_json,
)
from workflows.cli.showing import Step, pending_step, showing
from workflows.cli.stack import start

if TYPE_CHECKING:
    from workflows.demo.accounting import Outcome


SAMPLE_QUERIES: Final = (
    "select status, count(*) as lines, sum(sales_value) as sales from transactions group by 1 order by 1",
    "select p.department, count(*) as lines, sum(t.sales_value) as sales from transactions t "
    "join products p on p.product_id = t.product_id group by 1 order by 3 desc limit 5",
    "select dataset, reasons[1] as reason, count(*) as rejected from lake_ops.quarantine "
    "group by 1, 2 order by 1, 2 limit 8",
)

MOST_LINES: Final = 1_000_000
_RUN_CONTINUES: Final = (
    "The stack keeps running and processes what was sent (glueline status). Nothing was compared. Run the "
    "command again: it sends the same events, which changes nothing, and compares."
)


@app.command()
def run(
    lines: Annotated[
        int, typer.Option(min=100, max=MOST_LINES, help="Number of basket lines to send.")
    ] = 3000,
    as_json: AsJson = False,
) -> None:
    """Run real data through every stage, wait until it is merged, and compare the tables with a model."""
    from workflows.demo.run import run as run_all
    from workflows.local.base.environment import act_locally
    from workflows.local.lifecycle.ours import UpOptions
    from workflows.local.lifecycle.stack import await_spark
    from workflows.stack.target import local

    act_locally()
    started = start(UpOptions(awaits_spark=False))
    if started.changes is not None and not started.changes.is_empty:
        err.print(started.notice, soft_wrap=True, markup=False)
    target = local()
    with interruptible(lambda: _RUN_CONTINUES), showing(f"run {lines}") as show:
        outcomes = run_all(
            target,
            lines,
            lambda pending: show(pending_step(pending)),
            lambda step, left: show(Step(step, left=left)),
            await_spark,
        )
    if as_json:
        print_json([asdict(outcome) | {"adds_up": outcome.adds_up} for outcome in outcomes])
    else:
        show_run(outcomes)
    if not all(outcome.adds_up for outcome in outcomes):
        raise typer.Exit(1)


def show_run(outcomes: list[Outcome]) -> None:
    from workflows.query.sql import query as run_query
    from workflows.stack.target import local

    out.print(outcome_table(outcomes))
    for outcome in outcomes:
        for line in (outcome.lost + outcome.differing)[:10]:
            out.print(f"  {outcome.dataset} {line}", style="red")
    target = local()
    for sql in SAMPLE_QUERIES:
        with showing("run: query", target) as show:
            show("waiting for the result of a query")
            result = run_query(target, sql)
        out.print(f"\n[bold]{sql}[/bold]")
        out.print(arrow_table(result, out.width))
    good = all(outcome.adds_up for outcome in outcomes)
    out.print(
        "\nEvery message and row is accounted for, and the tables equal the model."
        if good
        else "\nThe numbers do not add up; see the lines in red.",
        style="green" if good else "red",
    )
    out.print(
        'Next: make query SQL="select * from transactions limit 5"; rejected rows: lake_ops.quarantine;\n'
        "rejected messages stay in the dead-letter queue; logs: glueline status; stop the stack: make down.\n"
        "See all of it in a browser: make console (or glueline console)."
    )


def outcome_table(outcomes: list[Outcome]) -> Table:
    """The report of a run, with a row for each dataset."""
    table = Table(
        "dataset",
        "sent",
        "accepted",
        "superseded",
        "rejected",
        "in DynamoDB",
        "in the table",
        "equal",
        "s to queryable",
    )
    for outcome in outcomes:
        reasons = "\n".join(f"{count} {reason}" for reason, count in sorted(outcome.rejected.items())) or "0"
        table.add_row(
            outcome.dataset,
            f"{outcome.sent:,}",
            f"{outcome.accepted:,}",
            f"{outcome.superseded:,}",
            reasons,
            "-" if outcome.in_dynamodb is None else f"{outcome.in_dynamodb:,}",
            f"{outcome.in_table:,}",
            "yes" if outcome.adds_up else "NO",
            "already there" if outcome.seconds is None else f"{outcome.seconds:.0f}",
        )
    return table
