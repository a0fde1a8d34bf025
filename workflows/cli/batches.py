"""Commands for batches that are not merged: list, show, retry, set aside."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from workflows.cli.app import app
from workflows.cli.confirming import name_target
from workflows.cli.printing import AsJson, StackName, out, print_json
from workflows.cli.showing import Step, connected, showing

if TYPE_CHECKING:
    from workflows.operations.batches import Batch

batches_app = typer.Typer(
    no_args_is_help=True, help="List the batches that are not merged, retry one, or set one aside."
)
app.add_typer(batches_app, name="batches")

READING: Final = "reading the batches"

BatchId = Annotated[str, typer.Argument(help="Id of a batch, from glueline batches list.")]


@batches_app.command("list")
def list_batches(as_json: AsJson = False, stack: StackName = None) -> None:
    """List the batches that are open, failing or set aside, with their last error."""
    from workflows.operations import batches

    target = connected(stack)
    with showing("batches list", target) as showed:
        found = batches.unmerged(target, lambda left: showed(Step(READING, left=left)))
    if as_json:
        print_json([asdict(batch) for batch in found])
        return
    if not found:
        out.print("Every batch is merged. Next: glueline status (is anything else wrong?)")
        return
    table = Table("batch", "state", "datasets", "files", "failures", "last error")
    for batch in found:
        error = Text(batch.error or "", style="red" if batch.state == "set aside" else "yellow")
        table.add_row(
            batch.batch_id,
            batch.state,
            ", ".join(batch.datasets),
            f"{batch.files:,}",
            _failures(batch),
            error,
        )
    out.print(table)
    if any(batch.state == "set aside" for batch in found):
        out.print("Next: fix the cause, then run glueline batches retry BATCH")
    else:
        out.print("Next: glueline batches show BATCH (its files and its last error)")


@batches_app.command()
def show(batch: BatchId, as_json: AsJson = False, stack: StackName = None) -> None:
    """Show one batch that is not merged: its state, its last error and its files."""
    from workflows.operations import batches

    target = connected(stack)
    with showing("batches show", target) as showed:
        found = batches.show(target, batch, lambda left: showed(Step(READING, left=left)))
    if as_json:
        print_json(asdict(found))
        return
    one = found.batch
    since = f" since {one.since}" if one.since else ""
    out.print(f"Batch {one.batch_id} is {one.state}{since}. Next step: {one.waits_for}.")
    out.print(f"Failures: {_failures(one) or 'none'}")
    if one.error:
        out.print(Text(one.error, style="red"))
    table = Table("file", "dataset", "door", "bytes")
    for file in found.files:
        table.add_row(Text(file["source_file"]), file["dataset"], file["door"], f"{file['bytes']:,}")
    out.print(table)
    if one.state == "open":
        out.print("Next: nothing; the run that is under way goes on with it.")
    else:
        out.print(f"Next: fix the cause, then run glueline batches retry {one.batch_id}")


@batches_app.command()
def retry(batch: BatchId, as_json: AsJson = False, stack: StackName = None) -> None:
    """Retry a batch that is failing or set aside, with all its attempts."""
    from workflows.operations import batches

    target = connected(stack)
    name_target(target)
    with showing("batches retry", target) as showed:
        showed("taking the batch up again")
        taken_up = batches.retry(target, batch)
    if as_json:
        print_json({"batch_id": taken_up})
        return
    known_as = "" if taken_up == batch else f" as batch {taken_up}"
    out.print(f"The next run of ingest retries it{known_as}. Next: glueline batches list")


@batches_app.command()
def aside(
    batch: BatchId,
    reason: Annotated[str, typer.Option(help="Why; recorded with its files in quarantine.")],
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Set an open batch aside: the next run of ingest quarantines its files and continues without it."""
    from workflows.operations import batches

    target = connected(stack)
    name_target(target)
    with showing("batches aside", target) as showed:
        showed("noting that the batch is set aside")
        batches.set_aside(target, batch, reason)
    if as_json:
        print_json({"batch_id": batch})
        return
    out.print(
        f"The next run of ingest sets it aside. Next: fix the cause, then run glueline batches retry {batch}"
    )


def _failures(batch: Batch) -> str:
    of_aws = f"{batch.failures_of_aws} of AWS" if batch.failures_of_aws else ""
    return ", ".join(filter(None, [str(batch.failures or ""), of_aws]))
