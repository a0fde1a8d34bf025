"""What `glueline erase` shows a person: what would go, and the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from workflows.operations.dead_letters import DeadLetter


def letters_picture(letters: Iterable[DeadLetter]) -> RenderableType:
    """The dead letters of the keys, one a line."""
    return Group(
        *(
            Text(f"  dead letter {letter.message_id} of {letter.sent:%Y-%m-%d %H:%M}: {letter.reason}")
            for letter in letters
        )
    )


def proof_picture(proof: dict[str, Any]) -> RenderableType:
    """What was searched, removed and found; what could not be searched; what stays; what to do."""
    return Group(
        _places(proof),
        *(Text(f"  not searched: {line}", style="red") for line in proof["unsearched"]),
        *(Text(f"  stays: {line}", style="dim") for line in proof["kept"]),
        _verdict(proof),
    )


def _places(proof: dict[str, Any]) -> Table:
    table = Table("place", "searched", "rows in it", "removed", "found", "")
    for place in proof["places"]:
        rows = "" if place["rows"] is None else f"{place['rows']:,}"
        numbers = (f"{place[name]:,}" for name in ("removed", "found"))
        table.add_row(Text(place["place"]), f"{place['searched']:,}", rows, *numbers, Text(place["note"]))
    return table


def _verdict(proof: dict[str, Any]) -> Text:
    if proof["is_complete"]:
        return Text("Nothing is left. The proof is in lake_ops.erasures.", style="green")
    return Text(
        "Not complete. What was found came meanwhile, from a writer that does not use the Data API: stop it "
        "and run this again. What can't be searched: mend or remove it, or run this again with "
        "--remove-unreadable.",
        style="red",
    )
