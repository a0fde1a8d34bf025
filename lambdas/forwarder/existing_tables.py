"""The datasets of tables that exist without the stack, from the compiled contracts.

The JSON is read without `expectations.contract`, whose import would take longer than all else of a cold
start.

Records of a table with items of several datasets go to each of them as if it had a table of its own: an item
that becomes one of another dataset is removed from the first and inserted into the second, at one position.
So no folder of a dataset has images of another one's items.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from expectations.entities import Entity, claims, entity_from

type StreamRecord = Mapping[str, Any]
type Datasets = tuple[tuple[str, Entity], ...]  # of a table, and which of its items are theirs


def datasets_of_tables(contracts: Path) -> dict[str, Datasets]:
    """Name of an existing table -> its datasets."""
    compiled = json.loads(contracts.read_text(encoding="utf-8"))
    found: dict[str, Datasets] = {}
    for dataset, contract in compiled.items():
        table = contract.get("table")
        if table is not None:
            own = (dataset, entity_from(table.get("entity", ())))
            found[table["name"]] = (*found.get(table["name"], ()), own)
    return found


def records_of_datasets(datasets: Datasets, record: StreamRecord) -> Iterator[tuple[str, StreamRecord]]:
    """The record as each dataset with one of its items gets it. None gets one of items that are nobody's."""
    for dataset, entity in datasets:
        mine = record_of(entity, record)
        if mine is not None:
            yield dataset, mine


def record_of(entity: Entity, record: StreamRecord) -> StreamRecord | None:
    """The record as that of a table with items of the entity alone; None if it has none of them."""
    change = record["dynamodb"]
    new, old = change.get("NewImage"), change.get("OldImage")
    if new is None and old is None:  # a removal, of which the stream has the key alone
        return record if claims(entity, change["Keys"]) else None
    is_new, is_old = (image is not None and claims(entity, image) for image in (new, old))
    if not is_new and not is_old:
        return None
    if (new is None or is_new) and (old is None or is_old):
        return record
    left_out = "OldImage" if is_new else "NewImage"
    rest = {name: value for name, value in change.items() if name != left_out}
    return {**record, "eventName": "INSERT" if is_new else "REMOVE", "dynamodb": rest}
