"""Commands for contracts: check them, draft a new one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli.app import contract_app
from workflows.cli.printing import AsJson, StackName, err, out, print_json
from workflows.cli.showing import connected, showing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expectations.contract import Contract
    from workflows.contracts.draft import Draft


@contract_app.command("check")
def contract_check(
    live: Annotated[bool, typer.Option("--live", help="Also compare with the tables of the stack.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Treat notes as errors.")] = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Check every contract and everything that is derived from it; an error names file, path and rule.

    A note names what the standard allows, but Glueline does not keep.
    With --live, also print what the next run will change in the stack's tables, or why it can't.
    """
    from expectations.odcs import load_contracts, read_notes
    from workflows.contracts.check import check, refuse_notes

    with showing("contract check") as show:
        show("reading the contracts")
        contracts = load_contracts()
        show("building what follows from them")
        check(contracts)
        notes = read_notes()
    if strict:
        refuse_notes(notes)
    for note in notes:
        (err if as_json else out).print(f"note: {note}", markup=False)
    changes = _compare_with_live(stack, contracts) if live else {}
    if as_json:
        versions = {name: contract.version for name, contract in contracts.items()}
        print_json({"contracts": versions, "changes": changes} if live else versions)
    else:
        for name, contract in contracts.items():
            key = ", ".join(contract.key)
            out.print(f"{name} {contract.version}: {len(contract.columns)} columns, key ({key})")
        for table, what in changes.items():
            out.print(f"{table}: {', '.join(what) or 'matches its contract'}")
        out.print(f"{len(contracts)} contracts are valid. Next: make up (or make deploy) applies them.")


def _compare_with_live(stack: str | None, contracts: Mapping[str, Contract]) -> dict[str, list[str]]:
    from workflows.contracts.live_tables import compare, describe

    target = connected(stack)
    with showing("contract check --live", target) as show:
        show("comparing the contracts with the tables")
        found = compare(target, contracts)
    return {table: [describe(change) for change in plan.changes] for table, plan in found.items()}


@contract_app.command("new")
def contract_new(  # noqa: PLR0913, PLR0917 -- the options of a command
    dataset: Annotated[str, typer.Argument(help="Name of the dataset, e.g. orders.")],
    sample: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="CSV, JSON, Parquet or SQL.")
    ] = None,
    key: Annotated[str, typer.Option(help="Key columns, separated by commas.")] = "",
    sequence: Annotated[
        str | None, typer.Option(help="Column that orders the changes of a key, e.g. updated_at.")
    ] = None,
    from_table: Annotated[
        str | None, typer.Option(help="Table of the Glue catalog, as database.table, instead of a file.")
    ] = None,
    messages: Annotated[
        bool, typer.Option("--messages", help="The sample has messages, one in each line, not rows.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Folder of the contracts.")] = Path("expectations"),
    stack: StackName = None,
) -> None:
    """Draft the contract of a new dataset from a sample file, which the contract then accepts.

    Names of columns become snake_case, with the sample's names as aliases; --key and --sequence accept both.
    A file of SQL has a CREATE TABLE statement, whose primary key is the key unless --key names one.
    With --messages, the sample has messages of Debezium, AWS DMS, or other JSON: the contract says which
    envelope they have and where each column stands.
    """
    from workflows.contracts.check import check
    from workflows.contracts.draft import draft_from_table, path_of_new, write_new

    path, keys = path_of_new(folder, dataset), list(filter(None, key.split(",")))
    if from_table is not None and sample is None:
        target = connected(stack)
        with showing("contract new: read", target) as show:
            show("reading the table's description")
            drafted = draft_from_table(dataset, keys, sequence, from_table, target.client("glue"))
    elif sample is None or from_table is not None:
        raise typer.BadParameter("Expected a sample file or --from-table; name one of them.")
    else:
        with showing("contract new: read") as show:
            show("reading the messages" if messages else "reading the sample")
            drafted = _draft_from_file(dataset, keys, sequence, sample, has_messages=messages)
    with showing("contract new") as show:
        show("building what follows from the contract")
        check({dataset: drafted.contract})
    write_new(path, drafted.text)
    for note in drafted.notes:
        out.print(f"Note: {note}", markup=False)
    out.print(
        f"Wrote {path}. Next: review it, make it stricter, then run glueline contract check and make up."
    )


def _draft_from_file(
    dataset: str, keys: list[str], sequence: str | None, sample: Path, *, has_messages: bool
) -> Draft:
    from workflows.contracts.draft import draft, draft_from_ddl
    from workflows.contracts.message_draft import draft_from_messages

    if has_messages:
        return draft_from_messages(dataset, keys, sequence, sample)
    if sample.suffix.lower() == ".sql":
        return draft_from_ddl(dataset, keys, sequence, sample)
    return draft(dataset, keys, sequence, sample)
