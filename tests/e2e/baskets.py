"""Baskets that no other test writes to, as the till sends them."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workflows.operations.sending import send

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflows.stack.target import Target

PRODUCTS = range(1, 41)


def new_basket() -> int:
    """An unused basket number."""
    return 7_000_000_000_000 + int(datetime.now(UTC).timestamp() * 1000) % 10**11


def sale(basket: int, product: int, updated_at: str, **fields: Any) -> dict[str, Any]:
    """A line of a basket as a row of `transactions`."""
    return {
        "basket_id": basket,
        "product_id": product,
        "household_id": 1,
        "store_id": 2,
        "quantity": 3,
        "sales_value": "4.50",
        "retail_disc": 0,
        "coupon_disc": 0,
        "coupon_match_disc": 0,
        "week": 10,
        "transaction_timestamp": "2017-03-01T10:00:00Z",
        "updated_at": updated_at,
    } | fields


def line(basket: int, product: int, quantity: int, at: datetime, op: str = "upsert") -> str:
    """The message about a basket line that was written or voided at that time."""
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "tests", "type": f"transactions.{op}"}
    return json.dumps(event | {"data": sale(basket, product, at.isoformat(), quantity=quantity)})


def send_lines(
    target: Target, basket: int, quantity: int, products: Iterable[int] = PRODUCTS, op: str = "upsert"
) -> None:
    """Send these lines through the inbound queue, with the current time."""
    at = datetime.now(UTC)
    send(target, [line(basket, product, quantity, at, op) for product in products])
