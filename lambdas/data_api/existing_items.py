"""Items of existing tables -> items with the columns of the contract as attributes. No AWS here."""

from collections.abc import Iterable, Iterator

from expectations.contract import Contract
from lambdas.data_api.items import Item


def item_of_row(contract: Contract, item: Item | None) -> Item | None:
    """The item as the API would store its row; one of the stack's own tables is that already.

    None if there is none, or if it is a row of another dataset of its table.
    """
    if item is None or not contract.table.claims(item):
        return None
    return contract.table.item_of_row(item)


def rows_of(contract: Contract, items: Iterable[Item]) -> Iterator[tuple[Item, Item]]:
    """Each of the items that is a row of the dataset, and its row as the API would store it."""
    for item in items:
        row = item_of_row(contract, item)
        if row is not None:
            yield item, row
