"""The change feed: at least once, in order for each key, and nothing skipped."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from expectations.contract import Row
from lambdas.arrivals import SETTLE_MICROS
from lambdas.data_api import app, feed
from lambdas.data_api.items import to_item
from lambdas.forwarder import app as forwarder
from lambdas.forwarder.objects import raw_objects
from tests.builders import product
from tests.lambdas.data_api.conftest import CONTRACTS, NOW, PREFIX, Call, Clock
from tests.properties import examples

BUCKET = "glueline-raw"
STREAM = f"arn:aws:dynamodb:us-east-1:123456789012:table/{PREFIX}products/stream/2026-11-24T00:00:00.000"
PRODUCTS = CONTRACTS["products"]
SECOND = 1_000_000
TIMEOUT = 30 * SECOND  # of the forwarder
DAYS = 30


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def emptied(s3: Any) -> Any:
    empty(s3)
    return s3


def empty(s3: Any) -> None:
    for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=found["Key"])


@dataclass(slots=True)
class Table:
    """What DynamoDB holds, and the records of its stream."""

    rows: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    sequence: int = 9_999_999_999_999_999_990  # grows by a digit
    made: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # key -> positions

    def write(self, key: str, value: str | None, **marks: Any) -> dict[str, Any]:
        """The record of a write; value None is a delete, "" a removal."""
        before = self.rows.get(key)
        self.sequence += 7
        version = self.versions[key] = self.versions.get(key, NOW) + 1
        item = to_item(PRODUCTS, product(product_id=int(key), package_size=value or "?"))
        new = {"_key": {"S": key}, "_version": {"N": str(version)}, "_event_id": {"S": "e"}, **item, **marks}
        if value is None:
            new["_deleted"] = {"BOOL": True}
        images = {"NewImage": new} if value != "" else {}
        images |= {"OldImage": before} if before else {}
        if value == "":
            self.rows.pop(key, None)
        else:
            self.rows[key] = new
        if value != "" or "_deleted" not in (before or {}):
            self.made[key].append(str(self.sequence).zfill(40))
        return {
            "eventName": "REMOVE" if value == "" else "MODIFY" if before else "INSERT",
            "eventSourceARN": STREAM,
            "dynamodb": {
                "ApproximateCreationDateTime": NOW // SECOND,
                "SequenceNumber": str(self.sequence),
                "Keys": {"_key": {"S": key}},
                **images,
            },
        }

    def live(self) -> dict[str, str]:
        return {key: row["package_size"]["S"] for key, row in self.rows.items() if "_deleted" not in row}


def forward(s3: Any, records: list[dict[str, Any]], micros: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the forwarder does with a batch, at this time."""
    monkeypatch.setattr(forwarder, "_now", lambda: micros)
    for raw in raw_objects(records, PREFIX):
        forwarder.put(s3, BUCKET, raw)


@pytest.fixture
def feeds(call: Call, emptied: Any, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The API with a feed."""
    served = feed.Feed(emptied, BUCKET, DAYS)
    monkeypatch.setattr(app, "_feed", lambda: served)
    return call


def all_of(call: Call, path: str = "/products/changes", **query: str) -> list[Row]:
    """The changes of all pages."""
    found: list[Row] = []
    while True:
        page = call("GET", path, query=query)
        assert page.status == 200, page.text
        found += page.body["changes"]
        if not page.body["more"]:
            return found
        query = {"next": page.body["next"], **{name: query[name] for name in ("limit",) if name in query}}


SINCE = "2026-11-24T00:00:00Z"


def test_changes_have_what_a_batch_takes(
    feeds: Call, emptied: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table()
    records = [table.write("7", "1 LB"), table.write("7", None), table.write("7", ""), table.write("8", "")]
    forward(emptied, records, NOW, monkeypatch)
    clock.micros += SETTLE_MICROS

    upsert, delete, removal = all_of(feeds, since=SINCE)

    assert upsert == {
        "op": "upsert",
        "key": "7",
        "data": {**product(product_id=7, package_size="1 LB"), "_version": NOW + 1},
        "time": "2026-11-24T10:15:30Z",
        "position": records[0]["dynamodb"]["SequenceNumber"].zfill(40),
        "version": NOW + 1,
        "event_id": "e",
    }
    assert (delete["op"], delete["key"], delete["data"]) == ("delete", "7", {"product_id": 7})
    assert removal["key"] == "8"  # that of 7 removed an item which was deleted


def test_erased_keys_do_not_appear_and_pages_go_on_in_what_an_erasure_left(
    feeds: Call, emptied: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table()
    records = [table.write(key, "a") for key in "1234"]
    records.append(table.write("5", "", _erased={"BOOL": True}))
    records.append(table.write("1", "", _erased={"BOOL": True}))
    removed = records[-1]["dynamodb"]
    removed["OldImage"] = removed["OldImage"] | {"_erased": {"BOOL": True}}
    records.append(table.write("6", "marked", _erased={"BOOL": True}))
    forward(emptied, records, NOW, monkeypatch)
    clock.micros += SETTLE_MICROS
    first = feeds("GET", "/products/changes", query={"since": SINCE, "limit": "2"}).body
    [raw] = raw_objects([records[0], *records[2:]], PREFIX)  # without 2, under the name that it had
    [whole] = raw_objects(records, PREFIX)
    emptied.put_object(Bucket=BUCKET, Key=whole.key, Body=raw.body)

    rest = all_of(feeds, next=first["next"])

    assert [one["key"] for one in first["changes"]] == ["1", "2"]
    assert [one["key"] for one in rest] == ["3", "4", "5"]
    emptied.delete_object(Bucket=BUCKET, Key=whole.key)  # nothing but rows of erased keys was in it
    assert all_of(feeds, since=SINCE) == []


def test_a_feed_without_changes_goes_on_later(feeds: Call, clock: Clock) -> None:
    page = feeds("GET", "/products/changes", query={"since": SINCE}).body
    assert (page["changes"], page["more"]) == ([], False)

    clock.micros += (DAYS - 1) * 24 * 3600 * SECOND
    page = feeds("GET", "/products/changes", query={"next": page["next"]}).body
    clock.micros += (DAYS - 1) * 24 * 3600 * SECOND
    assert feeds("GET", "/products/changes", query={"next": page["next"]}).status == 200
    assert feeds("GET", "/products/changes", query={"since": SINCE}).body["type"].endswith(":expired")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "5"},
        {"since": "yesterday"},
        {"since": SINCE, "next": "x"},
        {"since": SINCE, "limit": "0"},
        {"since": SINCE, "product_id": "5"},
        *({"next": text} for text in ("", "x", "W10", "eA", "ü", "W1tdLCIiLCIiXQ")),
    ],
)
def test_other_queries_are_refused(feeds: Call, query: dict[str, str]) -> None:
    assert feeds("GET", "/products/changes", query=query).status == 400


def test_a_cursor_belongs_to_its_dataset_and_reading_needs_permission(feeds: Call) -> None:
    following = feeds("GET", "/products/changes", query={"since": SINCE}).body["next"]

    assert feeds("GET", "/things/changes", query={"next": following}).status == 400
    assert (
        feeds("GET", "/products/changes", query={"since": SINCE}, permissions="products:write").status == 403
    )


def test_the_earliest_time_is_not_kept(feeds: Call) -> None:
    assert feeds("GET", "/products/changes", query={"since": "0001-01-01"}).status == 410
    assert feeds("GET", "/products/changes", query={"since": "9999-12-31"}).body["changes"] == []


def test_a_row_may_have_the_key_changes(feeds: Call) -> None:
    assert feeds("GET", "/products/changes").status == 404  # of a row: `changes` is no product_id


def test_a_page_reads_a_bounded_number_of_objects(
    feeds: Call, emptied: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table()
    for number in range(feed.MAX_OBJECTS + 5):
        forward(emptied, [table.write(str(number + 1), "a")], NOW + number, monkeypatch)
    clock.micros += SETTLE_MICROS + SECOND

    page = feeds("GET", "/products/changes", query={"since": SINCE}).body

    assert (len(page["changes"]), page["more"]) == (feed.MAX_OBJECTS, True)
    assert len(all_of(feeds, next=page["next"])) == 5


keys = st.sampled_from(["1", "2", "3"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), keys, st.sampled_from(["a", "b", None, ""])),
        st.tuples(st.just("land"), st.integers(0, 1), st.sampled_from(["done", "retried"])),
        st.tuples(st.just("wait"), st.integers(1, 29), st.integers(1, 4)),
    ),
    min_size=4,
    max_size=40,
)


@dataclass(slots=True)
class Pipeline:
    """A table with two shards, the forwarder, and a consumer of the feed."""

    call: Call
    s3: Any
    clock: Clock
    monkeypatch: pytest.MonkeyPatch
    table: Table = field(default_factory=Table)
    shards: list[list[Any]] = field(default_factory=lambda: [[], []])
    begun: dict[int, tuple[int, int]] = field(default_factory=dict)  # shard -> records, and when it began
    start: dict[str, str] = field(default_factory=lambda: {"since": SINCE})
    consumed: dict[str, str] = field(default_factory=dict)
    read: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def write(self, key: str, value: str | None) -> None:
        """A write; the forwarder gets a batch, unless it is at work on one of this shard."""
        shard = int(key) % 2
        self.shards[shard].append(self.table.write(key, value))
        self.begin(shard, 2)

    def begin(self, shard: int, records: int) -> None:
        if shard not in self.begun and self.shards[shard]:
            self.begun[shard] = (min(records, len(self.shards[shard])), self.clock.micros)

    def land(self, shard: int, ending: str) -> None:
        """What the forwarder writes becomes visible, with the time at which it began."""
        if shard in self.begun:
            count, at = self.begun.pop(shard)
            forward(self.s3, self.shards[shard][:count], at, self.monkeypatch)
            if ending == "done":
                self.shards[shard] = self.shards[shard][count:]
            self.clock.micros += 1
            self.begin(shard, 3)

    def wait(self, seconds: int, limit: int) -> None:
        """Time passes, in which the forwarder ends after 30 seconds, and the consumer reads a page."""
        later = self.clock.micros + seconds * SECOND
        for shard in [one for one, (_, at) in self.begun.items() if later - at > TIMEOUT]:
            self.land(shard, "retried")
        self.clock.micros = later
        self.poll(limit)

    def poll(self, limit: int) -> bool:
        """The consumer reads a page and applies it; whether there are more."""
        query = {**self.start, "limit": str(limit)}
        page = self.call("GET", "/products/changes", query=query).body
        self.start = {"next": page["next"]}
        for one in page["changes"]:
            self.read[one["key"]].append(one["position"])
            if one["op"] == "upsert":
                self.consumed[one["key"]] = one["data"]["package_size"]
            else:
                self.consumed.pop(one["key"], None)
        return bool(page["more"])

    def end(self) -> None:
        """All is forwarded, settles, and is read."""
        for shard in (0, 1):
            while self.shards[shard]:
                self.land(shard, "done")
        self.clock.micros += SETTLE_MICROS
        while self.poll(3):
            pass


@settings(max_examples=examples(20))
@given(steps=steps)
def test_a_consumer_ends_with_the_rows_of_dynamodb(
    feeds: Call, emptied: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch, *, steps: list[Any]
) -> None:
    """Two shards, each forwarded batch by batch; a batch takes up to 30 s, and may be done again.

    The consumer applies what it reads. In the end it has the rows of the table, and it has read all changes
    of each key in their order, repetitions aside.
    """
    empty(emptied)
    clock.micros = NOW
    pipeline = Pipeline(feeds, emptied, clock, monkeypatch)

    for name, *arguments in steps:
        getattr(pipeline, name)(*arguments)
    pipeline.end()

    assert pipeline.consumed == pipeline.table.live()
    first_read = {key: list(dict.fromkeys(found)) for key, found in pipeline.read.items()}
    assert first_read == {key: made for key, made in pipeline.table.made.items() if made}
