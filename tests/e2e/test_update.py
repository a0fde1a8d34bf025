"""The running stack takes a new dataset, a new column and a changed function, and keeps its data."""

from __future__ import annotations

import contextlib
import json
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.e2e.http import http
from tests.e2e.new_datasets import PARCELS
from workflows.local.base.errors import StackError
from workflows.query.dialect.errors import QueryError
from workflows.query.sql import query
from workflows.stack.access_token import fetch_token

if TYPE_CHECKING:
    import httpx

    from tests.e2e.checkouts import Checkout
    from workflows.local.lifecycle.running import Stack
    from workflows.stack.target import Target

NOTE: Final = "      - {name: note, logicalType: string}\n"
PATIENCE_SECONDS: Final = 300


def send(target: Target, parcel: str, **data: Any) -> None:
    event = {"specversion": "1.0", "id": parcel, "source": "tests", "type": "parcels.upsert"}
    body = json.dumps(event | {"data": {"parcel_id": parcel, **data}})
    target.client("sqs").send_message(QueueUrl=target.output("InboundQueueUrl"), MessageBody=body)


def parcels(target: Target, columns: str, expected: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows of the table, as soon as they are those expected, or after a while whatever they are."""
    deadline, found = time.monotonic() + PATIENCE_SECONDS, list[tuple[Any, ...]]()
    while found != expected and time.monotonic() < deadline:
        time.sleep(0.5)
        with contextlib.suppress(QueryError):  # the table does not exist yet
            rows = query(target, f"select {columns} from parcels order by parcel_id").to_pylist()
            found = [tuple(row.values()) for row in rows]
    return found


def description(target: Target) -> httpx.Response:
    return http.get(f"{target.output('DataApiUrl')}/openapi.json")


def test_a_new_dataset_takes_messages_and_files(target: Target, grown: Stack) -> None:
    assert grown.changes is not None
    assert grown.changes.datasets.new == ("orders", "parcels")
    assert grown.changes.functions.is_empty
    send(target, "a", weight="1.50")
    target.client("s3").put_object(
        Bucket=target.output("RawBucket"), Key="drops/parcels/b.csv", Body=b"parcel_id,weight\nb,2.5\n"
    )
    expected = [("a", Decimal("1.50")), ("b", Decimal("2.50"))]
    assert parcels(target, "parcel_id, weight", expected) == expected


@pytest.mark.usefixtures("grown")
def test_a_new_column_and_a_changed_function_keep_all_rows_and_tokens(
    target: Target, checkout: Checkout
) -> None:
    token = fetch_token(target, "glueline/read")
    app = checkout.folder / "lambdas" / "data_api" / "app.py"
    assert description(target).headers["cache-control"] == "max-age=300"
    app.write_text(app.read_text().replace("max-age=300", "max-age=299"))
    checkout.contract("parcels").write_text(PARCELS + NOTE)
    send(target, "c", weight="3.00")  # on its way while the stack is updated

    deployed = checkout.deploy()

    assert "  parcels: adds note string" in deployed.notice.splitlines()
    assert deployed.changes is not None
    assert deployed.changes.functions.changed == ("data_api",)
    send(target, "d", weight="4.00", note="fragile")
    expected = [("a", None), ("b", None), ("c", None), ("d", "fragile")]
    assert parcels(target, "parcel_id, note", expected) == expected
    assert description(target).headers["cache-control"] == "max-age=299"
    items = http.get(
        f"{target.output('DataApiUrl')}/parcels", headers={"authorization": f"Bearer {token}"}
    ).json()["items"]
    assert {item["parcel_id"] for item in items} == {"a", "c", "d"}


def test_a_contract_that_the_data_cannot_follow_is_refused(target: Target, checkout: Checkout) -> None:
    checkout.contract("parcels").write_text((PARCELS + NOTE).replace("decimal(10,2)", "decimal(10,3)"))

    with pytest.raises(StackError) as refused:
        checkout.deploy()

    assert "parcels: column weight: expected decimal(10,2) as in the live table" in str(refused.value)
    assert "Nothing was deployed, and the stack runs as before." in str(refused.value)
    assert target.contracts()["parcels"].column("weight").type == "decimal(10,2)"


@pytest.mark.deep  # two more deployments
def test_a_removed_dataset_keeps_its_rows_and_continues_when_its_contract_is_back(
    target: Target, checkout: Checkout
) -> None:
    checkout.contract("parcels").unlink()
    removed = checkout.deploy()
    assert "Without a contract now: parcels." in removed.notice
    kept = [("a",), ("b",), ("c",), ("d",)]
    assert parcels(target, "parcel_id", kept) == kept

    checkout.contract("parcels").write_text(PARCELS + NOTE)
    checkout.deploy()

    send(target, "e", weight="5.00")
    assert parcels(target, "parcel_id", [*kept, ("e",)]) == [*kept, ("e",)]


def test_an_update_without_changes_says_so(target: Target, checkout: Checkout) -> None:
    checkout.contract("parcels").write_text(PARCELS + NOTE)

    assert checkout.deploy().notice.startswith("Nothing has changed since the last deployment.")
