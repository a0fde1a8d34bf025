"""What `glueline erase` prints: the dead letters that it would delete, and the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from jobs.erasure.notes import Proof
    from workflows.operations.dead_letters import DeadLetter


def dead_letters_report(letters: Iterable[DeadLetter]) -> RenderableType:
    """The dead letters of the keys, one on each line."""
    return Group(
        *(
            Text(f"  dead letter {letter.message_id} of {letter.sent:%Y-%m-%d %H:%M}: {letter.reason}")
            for letter in letters
        )
    )


def proof_report(proof: Proof, ops_database: str) -> RenderableType:
    """What was searched, removed and found; what could not be searched; what stays; what to do."""
    return Group(
        _places(proof),
        *(Text(f"  not searched: {line}", style="red") for line in proof.unsearched),
        *(Text(f"  stays: {line}", style="dim") for line in proof.kept),
        _conclusion(proof, ops_database),
    )


def _places(proof: Proof) -> Table:
    table = Table("place", "searched", "rows in it", "removed", "found", "")
    for place in proof.places:
        rows = "" if place.rows is None else f"{place.rows:,}"
        table.add_row(
            Text(place.place),
            f"{place.searched:,}",
            rows,
            f"{place.removed:,}",
            f"{place.found:,}",
            Text(place.note),
        )
    return table


def _conclusion(proof: Proof, ops_database: str) -> Text:
    if proof.is_complete:
        return Text(f"Nothing is left. The proof is in {ops_database}.erasures.", style="green")
    return Text(
        "Not complete. Rows that were found came meanwhile, from a writer that does not use the Data API: "
        "stop it and run this again. Repair or remove what can't be searched, or run this again with "
        "--remove-unreadable.",
        style="red",
    )
