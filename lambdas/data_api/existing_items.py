"""Items of existing tables -> items with the columns of the contract as attributes. No AWS here."""

from collections.abc import Mapping
from typing import Any

from expectations.contract import Contract
from expectations.existing_table import Path
from lambdas.data_api.items import Attribute, Item


def item_of_row(contract: Contract, item: Item) -> Item:
    """The item as the API would store its row; one of the stack's own tables is that already."""
    if contract.table is None:
        return item
    found = {column: _attribute(item, path) for column, path in contract.table.paths().items()}
    return {column: attribute for column, attribute in found.items() if attribute is not None}


def _attribute(item: Mapping[str, Any], path: Path) -> Attribute | None:
    """The attribute at a path; None if there is none."""
    first, *inner = path
    found = item.get(str(first))
    for step in inner:
        if found is None:
            return None
        if isinstance(step, int):
            elements = found.get("L", ())
            found = elements[step] if step < len(elements) else None
        else:
            found = found.get("M", {}).get(step)
    return found
