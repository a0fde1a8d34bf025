"""Contracts of datasets that the running stack gets from tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from workflows.contracts.message_draft import draft_from_messages
from workflows.local.base.home import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

PARCELS: Final = """\
apiVersion: v3.1.0
kind: DataContract
id: urn:test:parcels
version: 1.0.0
status: active
schema:
  - name: parcels
    logicalType: object
    properties:
      - {name: parcel_id, logicalType: string, primaryKey: true, required: true}
      - {name: weight, physicalType: "decimal(10,2)"}
"""
_DEBEZIUM: Final = CHECKOUT / "docs" / "start-from-debezium-or-dms.md"


def captured_orders() -> str:
    """The messages of Debezium that the document shows."""
    return str(re.findall(r"(?s)```json\n(.*?)```", _DEBEZIUM.read_text())[0])


def orders_contract(folder: Path) -> str:
    """What the document's command drafts from its messages, which are put into the folder."""
    file = folder / "orders.jsonl"
    file.write_text(captured_orders())
    return draft_from_messages("orders", ["order_id"], None, file).text
