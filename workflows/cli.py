"""The command line. Each command parses, calls one function, prints, and says what to do next.

Exit code 0 only on success. `--json` prints the answer for a program in place of the picture for a person.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from workflows.dead_letters import Redriven
    from workflows.export_loading import Loaded
    from workflows.export_loading import Progress as ExportProgress
    from workflows.replay import Replay
    from workflows.run import Outcome
    from workflows.stream_failures import Failure
    from workflows.waiting import Stage

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
contract_app = typer.Typer(no_args_is_help=True, help="Check the contracts, or start a new one.")
app.add_typer(contract_app, name="contract")

_PAGE_WIDTH: Final = 130  # of what is written to a file or a pipe


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else _PAGE_WIDTH)


out = _console(stderr=False)
err = _console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
StackName = Annotated[
    str | None,
    typer.Option("--stack", help="A stack deployed on AWS; without it (or GLUELINE_STACK) the local one."),
]

DatasetName = Annotated[str, typer.Argument(help="Name of the dataset, e.g. transactions.")]

SAMPLE_QUERIES: Final = (
    "select status, count(*) as lines, sum(sales_value) as sales from transactions group by 1 order by 1",
    "select p.department, count(*) as lines, sum(t.sales_value) as sales from transactions t "
    "join products p on p.product_id = t.product_id group by 1 order by 3 desc limit 5",
    "select dataset, reasons[1] as reason, count(*) as rejected from lake_ops.quarantine "
    "group by 1, 2 order by 1, 2 limit 8",
)


@contextmanager
def speaking_plainly() -> Iterator[None]:
    """Show an error a person can act on as its message, with exit code 1; any other is a bug."""
    from expectations.keys import InvalidKey
    from expectations.odcs import ContractError
    from workflows.announcements import NotAnnounced
    from workflows.contract_draft import DraftError
    from workflows.export_errors import ExportError
    from workflows.history import UnknownDataset
    from workflows.local.stack import StackError
    from workflows.parity import ParityError
    from workflows.query import QueryError
    from workflows.replay import ReplayError
    from workflows.target import NoStack
    from workflows.waiting import NotThroughInTime

    ours = (
        *(ContractError, DraftError, ExportError, InvalidKey, NoStack, NotAnnounced, NotThroughInTime),
        *(ParityError, QueryError, ReplayError, StackError, UnknownDataset),
    )
    try:
        yield
    except ours as error:
        err.print(Text(str(error), style="red"))
        raise typer.Exit(1) from error


def print_json(answer: Any) -> None:
    """One JSON document on stdout; decimals keep their digits as text, times are ISO."""
    sys.stdout.write(json.dumps(answer, default=_plain, indent=2) + "\n")


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


# --- the stack ----------------------------------------------------------------------------------------------


@app.command()
def up(as_json: AsJson = False) -> None:
    """Start the local stack: the embedded AWS with the whole template, the local Glue, a warm Spark."""
    from workflows.local import stack

    with speaking_plainly():
        started = stack.up(tell=lambda line: err.print(f"  {line}", style="dim"))
        if as_json:
            print_json(started.to_dict())
            return
        out.print(started.notice)
        out.print(
            "Next: make run (real data through every stage), glueline status (logs), make down (end it)."
        )


@app.command()
def down() -> None:
    """End the local stack and every process it started."""
    from workflows.local import stack

    with speaking_plainly():
        out.print(stack.down())


@app.command()
def status(as_json: AsJson = False) -> None:
    """What runs here, where it listens, its latest workflow runs and where its logs are."""
    from workflows.local import stack

    with speaking_plainly():
        state = stack.status()
        if as_json:
            print_json(state.to_dict())
        else:
            out.print(state.picture())
        if not state.running:
            raise typer.Exit(1)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def deploy(context: typer.Context) -> None:
    """Build and deploy to the AWS account of your credentials (deploy --help: stack, region, parameters)."""
    from workflows.deploy import main

    raise typer.Exit(main(context.args))


# --- data in ------------------------------------------------------------------------------------------------


@app.command()
def run(
    lines: Annotated[int, typer.Option(min=100, help="How many basket lines to send.")] = 3000,
    as_json: AsJson = False,
) -> None:
    """Send real baskets and partner files through every stage, wait until all is merged, and prove it."""
    from workflows.local import stack
    from workflows.run import run as run_all
    from workflows.target import local

    with speaking_plainly():
        stack.up(tell=lambda line: err.print(f"  {line}", style="dim"))
        target = local()
        with showing_progress(progress) as tell:
            outcomes = run_all(target, lines, tell)
        if as_json:
            print_json([asdict(outcome) | {"adds_up": outcome.adds_up} for outcome in outcomes])
        else:
            _show_run(outcomes)
        if not all(outcome.adds_up for outcome in outcomes):
            raise typer.Exit(1)


@contextmanager
def showing_progress[Step](picture: Callable[[Step, datetime], Text]) -> Iterator[Callable[[Step], None]]:
    """One line that changes as the data moves on; where lines can't change, a new line for each change."""
    started = datetime.now(UTC)
    shown: list[Step] = []

    def write(step: Step) -> None:
        if step not in shown[-1:]:
            err.print(picture(step, started))
            shown.append(step)

    if not err.is_terminal:
        yield write
        return
    with Live(console=err, refresh_per_second=4) as live:
        yield lambda step: live.update(picture(step, started))


def progress(stage: Stage, started: datetime) -> Text:
    """What waits where, in the direction of the flow."""
    seconds = (datetime.now(UTC) - started).seconds
    return Text(
        f"  {seconds:>3} s   inbound queue {stage.inbound:>5}   intake queue {stage.intake:>4}   "
        f"open batches {stage.batches}   files to come {stage.files}"
    )


def _show_run(outcomes: list[Outcome]) -> None:
    from workflows.query import query as run_query
    from workflows.target import local

    out.print(outcome_table(outcomes))
    for outcome in outcomes:
        for line in (outcome.lost + outcome.differing)[:10]:
            out.print(f"  {outcome.dataset} {line}", style="red")
    target = local()
    for sql in SAMPLE_QUERIES:
        out.print(f"\n[bold]{sql}[/bold]")
        out.print(arrow_table(run_query(target, sql)))
    good = all(outcome.adds_up for outcome in outcomes)
    out.print(
        "\nEvery message and row is accounted for, and the tables equal the model."
        if good
        else "\nThe numbers do not add up: the lines in red say where.",
        style="green" if good else "red",
    )
    out.print(
        'Next: make query SQL="select * from transactions limit 5"; rejected rows: lake_ops.quarantine;\n'
        "rejected messages stay in the dead-letter queue; logs: glueline status; end it all: make down."
    )


def outcome_table(outcomes: list[Outcome]) -> Table:
    """The report of a run, a row per dataset."""
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


@app.command()
def send(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], stack: StackName = None) -> None:
    """Put the lines of FILE (one CloudEvent in JSON a line) on the inbound queue."""
    from workflows.run import send as send_bodies
    from workflows.target import connect

    with speaking_plainly():
        target = connect(stack)
        bodies = [line for line in file.read_text().splitlines() if line.strip()]
        send_bodies(target, bodies)
        out.print(
            f"Sent {len(bodies)} messages to {target.output('InboundQueueUrl')}. The refused come to the "
            "dead-letter queue with their reasons; the others are in the table in a minute or so."
        )


@app.command()
def bootstrap(dataset: DatasetName, as_json: AsJson = False, stack: StackName = None) -> None:
    """Load a whole table into the lake, by a full export of DynamoDB, while the stream flows on.

    It may be stopped at any point: the export goes on, and is loaded when it is there.
    """
    from workflows.exports import bootstrap as load_all
    from workflows.target import connect

    with speaking_plainly(), showing_progress(export_progress) as tell:
        loaded = [load_all(connect(stack), dataset, tell)]
    _show_loaded(dataset, loaded, as_json)


@app.command("catch-up")
def catch_up(
    dataset: DatasetName,
    start: Annotated[str, typer.Option("--from", help="Last time known to be good (ISO 8601, UTC).")],
    end: Annotated[str | None, typer.Option("--to", help="End of the gap; without it, now.")] = None,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Load what changed in a table since a time, by DynamoDB's incremental exports: for a gap in the stream.

    It may be stopped at any point: the exports go on, and are loaded when they are there.
    """
    from workflows.exports import catch_up as load_changes
    from workflows.target import connect

    times = _time("--from", start), None if end is None else _time("--to", end)
    with speaking_plainly(), showing_progress(export_progress) as tell:
        loaded = load_changes(connect(stack), dataset, *times, tell)
    _show_loaded(dataset, loaded, as_json)


def _time(option: str, text: str) -> datetime:
    from expectations.timestamps import parse

    time = parse(text)
    if time is None:
        raise typer.BadParameter(
            f"expected a time in ISO 8601, as 2026-11-24T12:00:00Z, got {text!r}", param_hint=option
        )
    return time


def export_progress(step: ExportProgress, started: datetime) -> Text:
    """First DynamoDB writes, then the workflow loads."""
    seconds = (datetime.now(UTC) - started).seconds
    if step.stage is None:
        return Text(f"  {seconds:>5} s   exports written by DynamoDB: {step.written} of {step.exports}")
    return Text(
        f"  {seconds:>5} s   files to merge {step.stage.files:>4}   intake queue {step.stage.intake:>4}   "
        f"open batches {step.stage.batches}"
    )


def _show_loaded(dataset: str, loaded: list[Loaded], as_json: bool) -> None:
    good = all(export.adds_up for export in loaded)
    if as_json:
        exports = [asdict(export) | {"adds_up": export.adds_up} for export in loaded]
        print_json({"dataset": dataset, "exports": exports, "adds_up": good})
    else:
        table = Table("export of", "items", "files", "rows read", "accepted", "quarantined", "batches")
        for export in loaded:
            counts = (export.items, export.files, export.rows_read, export.accepted, export.quarantined)
            table.add_row(export.taken, *(f"{count:,}" for count in counts), "\n".join(export.batches))
        out.print(table)
        out.print(
            f"Loaded. Next: glueline parity {dataset} (proves that the table is what DynamoDB holds)."
            if good
            else "Not every item is an accepted change: lake_ops.quarantine has the reasons. Mend the "
            "contract or the items, then glueline replay --quarantine.",
            style="green" if good else "red",
        )
    if not good:
        raise typer.Exit(1)


@app.command()
def replay(  # noqa: PLR0913, PLR0917 -- the options of a command
    batch: Annotated[str | None, typer.Argument(help="A batch: all its files are read again.")] = None,
    quarantine: Annotated[bool, typer.Option("--quarantine", help="The files of quarantined rows.")] = False,
    dataset: Annotated[str | None, typer.Option(help="Quarantined rows of this dataset.")] = None,
    reason: Annotated[str | None, typer.Option(help="Quarantined rows with this text in a reason.")] = None,
    since: Annotated[str | None, typer.Option(help="Rows quarantined since then (ISO 8601, UTC).")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Return when the files are merged.")] = False,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Read files again by the contracts as they are now: a batch's, or those of quarantined rows.

    Harmless: what was accepted before keeps its place in the order and changes nothing.
    """
    from expectations.odcs import load_contracts
    from workflows import replay as replays
    from workflows.target import connect

    if (batch is not None) == quarantine or (batch is not None and (dataset or reason or since)):
        raise typer.BadParameter(
            "expected BATCH, or --quarantine with or without --dataset, --reason, --since"
        )
    chosen = replays.Selection(dataset, reason, None if since is None else _time("--since", since))
    with speaking_plainly():
        target = connect(stack)
        if batch is None:
            found = replays.of_quarantine(target, chosen, load_contracts())
        else:
            found = replays.of_batch(target, batch, load_contracts())
        if wait:
            with showing_progress(progress) as tell:
                read = replays.read_again(target, found, tell)
        else:
            read = replays.read_again(target, found)
    if as_json:
        print_json(asdict(found) | {"read": read})
    else:
        _show_replay(found, read)
    if found.lost:
        raise typer.Exit(1)


def _show_replay(found: Replay, read: dict[str, int] | None) -> None:
    asked = "" if found.rows is None else f", for {found.rows:,} rows in quarantine"
    out.print(f"Announced {len(found.files):,} files of {len(found.batches):,} batches again{asked}.")
    for lost in found.lost:
        name = lost.source_file or "a message"
        out.print(Text(f"  {name} (batch {lost.batch_id}): {lost.why}", style="red"))
    if read is not None:
        counts = f"{read['accepted']:,} accepted, {read['quarantined']:,} quarantined"
        out.print(f"Read {read['rows_read']:,} rows: {counts}.", style="green")
    elif found.files:
        out.print("The next run of ingest reads them (--wait waits for it).")
    if found.files:
        out.print("Rows that are refused again are in lake_ops.quarantine, under the new batch.")


@app.command()
def redrive(  # noqa: PLR0913, PLR0917 -- the options of a command
    stream: Annotated[bool, typer.Option("--stream", help="What the stream's forwarder gave up.")] = False,
    reason: Annotated[str | None, typer.Option(help="Dead letters of this reason only.")] = None,
    since: Annotated[str | None, typer.Option(help="What ended there since then (ISO 8601, UTC).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is there, move nothing.")] = False,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Put what ended in a dead end on its way again: refused messages or, with --stream, stream batches."""
    from workflows import dead_letters, stream_failures
    from workflows.target import connect

    if stream and reason:
        raise typer.BadParameter("expected --reason without --stream: a stream batch has none")
    at = None if since is None else _time("--since", since)
    with speaking_plainly():
        target = connect(stack)
        if stream:
            failures = stream_failures.redrive(target, at, dry_run=dry_run)
            good = not any(failure.problem for failure in failures)
            answer: Any = [asdict(failure) for failure in failures]
        else:
            letters = dead_letters.redrive(target, reason, at, dry_run=dry_run)
            good, answer = letters.unsent == 0, asdict(letters)
    if as_json:
        print_json(answer)
    elif stream:
        _show_failures(failures, dry_run)
    else:
        _show_letters(letters, dry_run)
    if not good:
        raise typer.Exit(1)


def _show_failures(failures: list[Failure], dry_run: bool) -> None:
    table = Table("given up", "records", "raw object, or why not")
    for failure in failures:
        came_to = "\n".join(failure.raw) if failure.problem is None else Text(failure.problem, style="red")
        table.add_row(f"{failure.last_modified:%Y-%m-%d %H:%M}\n{failure.key}", str(failure.records), came_to)
    if not failures:
        out.print("The forwarder gave up no batch.")
        return
    out.print(table)
    if dry_run:
        out.print("Nothing was moved. Next: glueline redrive --stream")
    else:
        out.print("The raw objects are merged in a minute or so; their failures lie in aws/lambda/redriven/.")


def _show_letters(letters: Redriven, dry_run: bool) -> None:
    table = Table("reason", "would go back" if dry_run else "sent back")
    for reason, count in sorted(letters.moved.items()):
        table.add_row(Text(reason), f"{count:,}")
    if letters.moved:
        out.print(table)
    out.print(f"{letters.stay:,} other letters stay in the dead-letter queue.")
    if letters.unsent:
        out.print(f"The inbound queue did not take {letters.unsent:,}: they stay, try again.", style="red")
    if dry_run:
        out.print("Nothing was moved. Next: glueline redrive --reason CODE")
        return
    if letters.came:
        out.print(f"{letters.came:,} came meanwhile: new, or refused again.", style="yellow")
    out.print("What is refused again comes back there, with its reasons: glueline redrive --dry-run")


# --- questions ----------------------------------------------------------------------------------------------


@app.command()
def history(  # noqa: PLR0913, PLR0917 -- the options of a command
    dataset: DatasetName,
    key: Annotated[str | None, typer.Option(help="Key text, as in the Data API's paths.")] = None,
    as_of: Annotated[str | None, typer.Option(help="What held at this time (ISO 8601, UTC).")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 1000,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Every version of a dataset's rows with the time it held (SCD type 2), from all accepted changes."""
    from workflows import history as histories
    from workflows.query import rows
    from workflows.target import connect

    at = None if as_of is None else _time("--as-of", as_of)
    with speaking_plainly():
        contract = histories.contract_of(dataset)
        versions = rows(histories.history(connect(stack), contract, key, at, limit))
    if as_json:
        print_json(versions)
        return
    table = Table("key", "from", "to", "what changed")
    for version, changed in zip(versions, histories.what_changed(versions, contract), strict=True):
        told = "deleted" if changed is None else _story(changed)
        coarse = " (from an export)" if version["is_coarse"] in (True, "true") else ""
        times = (str(version[name] or "") for name in ("valid_from", "valid_to"))
        table.add_row(Text(version["_key"]), *times, Text(told + coarse))
    out.print(table)
    cut = "; there may be more: --limit, --key" if len(versions) == limit else ""
    out.print(f"{len(versions)} versions{cut}", style="dim")


def _story(changed: dict[str, Any]) -> str:
    values = {name: "null" if value is None else _cell(value) for name, value in changed.items()}
    return "  ".join(f"{name} {value}" for name, value in values.items()) or "nothing"


@app.command()
def query(sql: str, as_json: AsJson = False, stack: StackName = None) -> None:
    """Run one SELECT, in Athena's dialect, over the lake (database `lake`; bookkeeping is in `lake_ops`)."""
    from workflows.query import query as run_query
    from workflows.query import rows
    from workflows.target import connect

    with speaking_plainly():
        answer = run_query(connect(stack), sql)
        if as_json:
            print_json(rows(answer))
        else:
            out.print(arrow_table(answer))
            out.print(f"{answer.num_rows} rows", style="dim")


def arrow_table(answer: pa.Table) -> Table:
    """An answer as a printed table."""
    table = Table(*answer.column_names)
    for row in answer.to_pylist():
        table.add_row(*("" if value is None else _cell(value) for value in row.values()))
    return table


def _cell(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


@app.command()
def token(
    scope: Annotated[
        str, typer.Option(help="Scopes asked for, blank-separated.")
    ] = "glueline/read glueline/write glueline/delete",
    stack: StackName = None,
) -> None:
    """Print a bearer token of the stack's client, for calls to the Data API."""
    from workflows.access_token import fetch_token
    from workflows.target import connect

    with speaking_plainly():
        sys.stdout.write(fetch_token(connect(stack), scope) + "\n")


# --- parity -------------------------------------------------------------------------------------------------


@app.command()
def parity(
    dataset: Annotated[str | None, typer.Argument(help="One dataset; without it all of them.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Put back what is wrong; certify again.")] = False,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Compare tables with DynamoDB while writes go on: certify that they agree, or name every key."""
    from expectations.odcs import load_contracts
    from workflows import parity_report
    from workflows.parity import parity as certify_all
    from workflows.target import connect

    with speaking_plainly():
        known = load_contracts()
        if dataset is not None and dataset not in known:
            raise typer.BadParameter(f"expected one of {', '.join(known)}, got {dataset}")
        names = list(known) if dataset is None else [dataset]
        reports = certify_all(
            connect(stack), names, repair=repair, tell=lambda line: err.print(f"  {line}", style="dim")
        )
        if as_json:
            print_json([report.to_dict() for report in reports])
        else:
            out.print(parity_report.certificate_table(reports))
            for report in reports:
                for line in parity_report.lines(report):
                    out.print(line, style="green" if report.certificate.ok else "red")
                if advice := parity_report.advice(report.certificate):
                    out.print(f"Next: {advice}")
        if not all(report.certificate.ok for report in reports):
            raise typer.Exit(1)


# --- contracts ----------------------------------------------------------------------------------------------


@contract_app.command("check")
def contract_check(as_json: AsJson = False) -> None:
    """Read every contract and everything made from it; an error names file, path and rule."""
    from expectations.json_schema import data_schema
    from expectations.odcs import load_contracts
    from expectations.spark_schema import create_table_ddl
    from expectations.suite import build_suite

    with speaking_plainly():
        contracts = load_contracts()
        for name, contract in contracts.items():
            data_schema(contract)
            create_table_ddl(contract, name)
            build_suite(contract)
        if as_json:
            print_json({name: contract.version for name, contract in contracts.items()})
        else:
            for name, contract in contracts.items():
                key = ", ".join(contract.key)
                out.print(f"{name} {contract.version}: {len(contract.columns)} columns, key ({key})")
            out.print(
                f"{len(contracts)} contracts are good. Next: make up (or make deploy) puts them to work."
            )


@contract_app.command("new")
def contract_new(
    dataset: Annotated[str, typer.Argument(help="Name of the dataset, e.g. orders.")],
    sample: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, JSON Lines or Parquet.")],
    key: Annotated[str, typer.Option(help="Key columns, separated by commas.")],
    sequence: Annotated[str | None, typer.Option(help="Column that orders the changes of a key.")] = None,
    folder: Annotated[Path, typer.Option(help="Where contracts live.")] = Path("expectations"),
) -> None:
    """Draft the contract of a new dataset from a sample file; nothing else has to be edited."""
    from expectations.odcs import load_contract
    from workflows.contract_draft import DraftError, draft

    with speaking_plainly():
        path = folder / f"{dataset}.yaml"
        if path.exists():
            raise DraftError(f"{path} exists already; edit it, or remove it first.")
        text = draft(dataset, key.split(","), sequence, sample)
        path.write_text(text)
        load_contract(path)
        out.print(f"Wrote {path}. Next: read it, make it stricter, then glueline contract check and make up.")


if __name__ == "__main__":
    app()
