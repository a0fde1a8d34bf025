"""Queue, API and files in; SQL out. Everything is sent at once, then each part is looked for."""

from __future__ import annotations

import gzip
import io
import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e.baskets import sale
from tests.e2e.http import http
from workflows.query.dialect.errors import QueryError
from workflows.query.sql import query
from workflows.stack.access_token import fetch_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.stack.target import Target

PATIENCE_SECONDS = 300
API_PRODUCT = -5 * 10**14  # of the product that the API writes, from the number of the basket
PRODUCT_HEADER = "product_id,manufacturer_id,department,brand,product_category,product_type,package_size"


@dataclass(frozen=True)
class Sent:
    """What this module sent, with a tag that makes its ids unique and with unused basket numbers."""

    tag: str
    basket: int
    files: dict[str, str]
    message_ids: dict[str, str]
    statuses: tuple[int, ...]  # of the requests to create the product, to change it, and to change it again


def event(event_id: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"specversion": "1.0", "id": event_id, "source": "tests", "type": kind, "data": data}


def messages(tag: str, basket: int) -> dict[str, str]:
    """Message bodies by name."""

    def body(name: str, kind: str, data: dict[str, Any]) -> str:
        return json.dumps(event(f"{tag}-{name}", kind, data))

    return {
        "sold": body("sold", "transactions.upsert", sale(basket, 1, "2017-03-01T10:00:00Z")),
        "corrected": body(
            "corrected",
            "transactions.upsert",
            sale(basket, 1, "2017-03-02T10:00:00Z", status="corrected", sales_value=" 9.99 "),
        ),
        "older": body("older", "transactions.upsert", sale(basket, 1, "2017-02-01T10:00:00Z", quantity=99)),
        "void": body(
            "void",
            "transactions.delete",
            {"basket_id": basket, "product_id": 2, "updated_at": "2017-03-05T00:00:00Z"},
        ),
        "after its void": body(
            "after", "transactions.upsert", sale(basket, 2, "2017-03-01T10:00:00Z", quantity=7)
        ),
        "broken-json": body("broken", "transactions.upsert", sale(basket, 3, "2017-03-01T10:00:00Z"))[:-3],
        "wrong-envelope": json.dumps({"id": f"{tag}-envelope", "data": {}}),
        "unknown-dataset": body("unknown", "refunds.upsert", sale(basket, 3, "2017-03-01T10:00:00Z")),
        "contract-violation": body(
            "violations",
            "transactions.upsert",
            {
                key: value
                for key, value in sale(basket, 3, "yesterday", quantity=-1, colour="red").items()
                if key != "store_id"
            },
        ),
    }


def files(tag: str, product: int) -> dict[str, tuple[str, bytes]]:
    """Drops by name: object key and content."""
    good = [f"{product + n},2,GROCERY,National,FRUIT,APPLES,{n} OZ" for n in range(20)]
    one_bad = [*good, f"{product + 20},2,GROCERY,Nationale,FRUIT,APPLES,1 OZ"]
    household = {
        "household_id": product,
        "age": "35-44",
        "income": "50-74K",
        "home_ownership": None,
        "marital_status": "Married",
        "household_size": "2",
        "household_comp": "2 Adults Kids",
        "kids_count": "1",
    }
    text = pa.schema([(name, pa.int64() if name == "household_id" else pa.string()) for name in household])
    parquet = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([household], schema=text), parquet)

    def csv(lines: list[str], header: str = PRODUCT_HEADER) -> bytes:
        return "\n".join([header, *lines, ""]).encode()

    return {
        "one bad row": (f"drops/products/{tag}-one-bad.csv", csv(one_bad)),
        "wrong header": (f"drops/products/{tag}-header.csv", csv(good, "colour,size,weight,a,b,c,d")),
        "cut off": (f"drops/products/{tag}-cut.csv.gz", gzip.compress(csv(good * 50))[:-40]),
        "not parquet": (f"drops/households/{tag}-not.parquet", b"PAR1 this is no Parquet"),
        "parquet": (f"drops/households/{tag}.parquet", parquet.getvalue()),
    }


@pytest.fixture(scope="module")
def sent(target: Target) -> Sent:
    tag, basket = f"e2e-{uuid.uuid4().hex[:8]}", 10**15 + int(time.time())
    sqs, s3 = target.client("sqs"), target.client("s3")
    queue = target.output("InboundQueueUrl")
    ids = {
        name: sqs.send_message(QueueUrl=queue, MessageBody=body)["MessageId"]
        for name, body in messages(tag, basket).items()
    }
    keys = {}
    for name, (key, content) in files(tag, basket).items():
        s3.put_object(Bucket=target.output("RawBucket"), Key=key, Body=content)
        keys[name] = f"s3://{target.output('RawBucket')}/{key}"
    return Sent(tag, basket, keys, ids, create_and_change(target, basket + API_PRODUCT))


def access(target: Target) -> dict[str, str]:
    token = fetch_token(target, "glueline/read glueline/write glueline/delete")
    return {"authorization": f"Bearer {token}"}


def create_and_change(target: Target, key: int) -> tuple[int, ...]:
    """Create a product through the Data API, change it, and change what was created once more."""
    api, headers = target.output("DataApiUrl"), access(target)
    product = dict(zip(PRODUCT_HEADER.split(","), (key, 2, "DELI", "Private", "A", "B", "1 OZ"), strict=True))
    created = http.post(f"{api}/products", json=product, headers=headers)
    of_created = headers | {"if-match": created.headers["etag"]}
    changed, stale = (
        http.patch(f"{api}/products/{key}", json={"department": department}, headers=of_created)
        for department in ("SEAFOOD", "MEAT")
    )
    return created.status_code, changed.status_code, stale.status_code


def eventually(look: Callable[[], Any], what: str) -> Any:
    """The first result of `look` that is not empty; fails after some time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(1)
    pytest.fail(f"{what}: nothing within {PATIENCE_SECONDS} s")


def rows(target: Target, sql: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = query(target, sql).to_pylist()
    except QueryError:  # the first batch creates the table
        return []
    return found


def receipt(target: Target, sent: Sent, name: str) -> dict[str, Any]:
    sql = f"select * from lake_ops.batches where source_file = '{sent.files[name]}'"
    (found,) = eventually(lambda: rows(target, sql), f"receipt of {sent.files[name]}")
    return dict(found)


def quarantined(target: Target, sent: Sent, name: str) -> list[str]:
    sql = f"select reasons from lake_ops.quarantine where source_file = '{sent.files[name]}'"
    return [reason for row in rows(target, sql) for reason in row["reasons"]]


def dead_letter(target: Target, sent: Sent, name: str) -> dict[str, str]:
    """The attributes of a dead letter, which stays in its queue."""
    sqs, queue = target.client("sqs"), target.output("DeadLetterQueueUrl")

    def receive() -> list[dict[str, Any]]:
        wanted = {"MaxNumberOfMessages": 10, "VisibilityTimeout": 60, "MessageAttributeNames": ["All"]}
        found: list[dict[str, Any]] = sqs.receive_message(QueueUrl=queue, **wanted).get("Messages", [])
        return found

    def look() -> dict[str, str] | None:
        letters = [letter for some in iter(receive, []) for letter in some]
        for letter in letters:
            sqs.change_message_visibility(
                QueueUrl=queue, ReceiptHandle=letter["ReceiptHandle"], VisibilityTimeout=0
            )
        for letter in letters:
            attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
            if attributes["message_id"] == sent.message_ids[name]:
                return attributes | {"body": letter["Body"]}
        return None

    return dict(eventually(look, f"dead letter of the message {name}"))


def test_a_message_becomes_a_row_with_its_newest_version(target: Target, sent: Sent) -> None:
    sql = f"select * from transactions where basket_id = {sent.basket} and product_id = 1"
    (row,) = eventually(
        lambda: [row for row in rows(target, sql) if row["status"] == "corrected"], "the corrected line"
    )

    assert (row["sales_value"], row["quantity"], row["_source"]) == (Decimal("9.99"), 3, "stream")


def test_a_late_message_does_not_bring_a_voided_line_back(target: Target, sent: Sent) -> None:
    sql = f"select * from transactions where basket_id = {sent.basket} order by product_id"
    eventually(lambda: rows(target, sql), "any line of the basket")

    assert [row["product_id"] for row in rows(target, sql)] == [1]


@pytest.mark.parametrize("reason", ["broken-json", "wrong-envelope", "unknown-dataset", "contract-violation"])
def test_a_rejected_message_is_a_dead_letter_with_its_reason(target: Target, sent: Sent, reason: str) -> None:
    letter = dead_letter(target, sent, reason)

    assert letter["reason"] == reason
    assert letter["body"] == messages(sent.tag, sent.basket)[reason]


def test_a_message_with_several_violations_is_reported_with_all_of_them(target: Target, sent: Sent) -> None:
    violations = json.loads(dead_letter(target, sent, "contract-violation")["detail"])

    text = json.dumps(violations)
    assert len(violations) >= 4
    assert all(name in text for name in ("store_id", "quantity", "colour", "updated_at"))


def test_one_bad_row_is_quarantined_and_the_rest_of_the_file_accepted(target: Target, sent: Sent) -> None:
    found = receipt(target, sent, "one bad row")

    assert (found["rows_read"], found["accepted"], found["quarantined"]) == (21, 20, 1)
    assert any(
        "brand" in reason and "Nationale" in reason for reason in quarantined(target, sent, "one bad row")
    )
    sql = f"select count(*) as n from products where product_id >= {sent.basket}"
    assert eventually(lambda: [row for row in rows(target, sql) if row["n"] == 20], "the twenty good rows")


@pytest.mark.parametrize("name", ["wrong header", "cut off", "not parquet"])
def test_a_file_that_cannot_be_read_is_quarantined_as_a_file(target: Target, sent: Sent, name: str) -> None:
    found = receipt(target, sent, name)

    assert (found["rows_read"], found["accepted"], found["quarantined"]) == (1, 0, 1)
    assert len(quarantined(target, sent, name)) == 1


def test_a_parquet_drop_becomes_rows(target: Target, sent: Sent) -> None:
    sql = f"select age, home_ownership, _source from households where household_id = {sent.basket}"
    found = eventually(lambda: rows(target, sql), "the household")

    assert found == [{"age": "35-44", "home_ownership": None, "_source": "drop"}]


def test_the_table_follows_writes_and_deletes_of_the_api(target: Target, sent: Sent) -> None:
    api, key, headers = target.output("DataApiUrl"), sent.basket + API_PRODUCT, access(target)
    sql = f"select department from products where product_id = {key}"

    assert sent.statuses == (201, 200, 412)
    assert http.get(f"{api}/products/{key}", headers=headers).json()["department"] == "SEAFOOD"
    eventually(lambda: rows(target, sql) == [{"department": "SEAFOOD"}], "the changed product")

    assert http.delete(f"{api}/products/{key}", headers=headers).status_code == 204
    assert http.get(f"{api}/products/{key}", headers=headers).status_code == 404
    eventually(lambda: rows(target, sql) == [], "the deleted product's absence")


@pytest.mark.parametrize(
    "metric", ["RowsAccepted", "RowsQuarantined", "QuarantinePercent", "FreshnessSeconds"]
)
def test_counts_of_rows_and_freshness_are_metrics(target: Target, sent: Sent, metric: str) -> None:
    receipt(target, sent, "one bad row")
    dimensions = [{"Name": "Dataset", "Value": "products"}]

    def look() -> Any:
        return target.client("cloudwatch").get_metric_statistics(
            Namespace=target.output("MetricsNamespace"),
            MetricName=metric,
            Dimensions=dimensions,
            StartTime=datetime.now(UTC) - timedelta(minutes=10),
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]

    assert all(point["Maximum"] >= 0 for point in eventually(look, f"the metric {metric}"))


def test_a_caller_without_a_token_gets_no_information(target: Target) -> None:
    api = target.output("DataApiUrl")

    assert http.get(f"{api}/products").status_code == 401
    assert http.get(f"{api}/products", headers={"authorization": "Bearer forged"}).status_code in (401, 403)
    assert http.get(f"{api}/openapi.json").json()["openapi"].startswith("3.1")
