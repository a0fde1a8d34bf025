"""What is stored decides: items of other writers, lost answers, ends of sequences, erased keys, events."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations import timestamps
from expectations.contract import Row
from jobs.erasure.tombstones import ABOVE_ALL
from jobs.maintenance.retention import LATE
from lambdas.data_api.items import from_item
from lambdas.data_api.writes import KEEP_DELETED_SECONDS
from lambdas.exact_json import dumps
from tests.builders import product, transaction
from tests.lambdas.contracts import THINGS
from tests.lambdas.data_api.conftest import NOW, PREFIX, Call, Clock, Failing
from tests.workflows.expanded_template import TEMPLATE

LINE = "/transactions/31198570044,1095275"
LINE_KEY = "31198570044,1095275"
UPDATED = 1_483_271_606_000_000  # microseconds of transaction()'s updated_at

type Put = Callable[..., None]
type ItemOf = Callable[[str, str], Any]


@pytest.fixture
def put(call: Call, dynamodb: Any) -> Put:
    """Store an item as another writer does: as the API would, but without bookkeeping or with another one."""

    def of_another_writer(path: str, row: Row, **attributes: Any) -> None:
        dataset = path.split("/")[1]
        call("POST", f"/{dataset}", row)
        [item] = dynamodb.scan(TableName=PREFIX + dataset)["Items"]
        for name in ("_version", "_event_id", "_event_time"):
            item.pop(name, None)
        dynamodb.put_item(TableName=PREFIX + dataset, Item=item | attributes)

    return of_another_writer


def change(dataset: str, data: Any, op: str = "upsert", **more: Any) -> dict[str, Any]:
    return {"dataset": dataset, "op": op, "data": data} | more


def batch(call: Call, *changes: dict[str, Any]) -> list[str]:
    """The outcomes of a batch."""
    return [result["status"] for result in call("POST", "/batch", {"changes": list(changes)}).body["results"]]


# --- items of other writers ---------------------------------------------------------------------------------

FOREIGN_VERSIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "a text": {"_version": {"S": "1483271606000000"}},
    "a text that is no number": {"_version": {"S": "one"}},
    "a list": {"_version": {"L": []}},
    "null": {"_version": {"NULL": True}},
    "a fraction": {"_version": {"N": "1.5"}},
    "beyond a long": {"_version": {"N": "1" + "0" * 30}},
    "beyond a long, below zero": {"_version": {"N": "-1" + "0" * 30}},
}


@pytest.fixture(params=FOREIGN_VERSIONS)
def foreign(request: pytest.FixtureRequest, put: Put) -> None:
    """A product that another writer stored."""
    put("/products", product(), **FOREIGN_VERSIONS[request.param])


@pytest.mark.usefixtures("foreign")
def test_the_item_of_another_writer_is_a_row_that_exists(call: Call) -> None:
    created = call("POST", "/products", product(department="DELI"))
    put_once = call("PUT", "/products/25671", product(department="DELI"), if_none_match="*")

    assert (created.status, put_once.status) == (409, 412)
    assert call("GET", "/products/25671").body["department"] == "GROCERY"


@pytest.mark.usefixtures("foreign")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("headers", [{}, {"if_match": "*"}, {"if_match": "{etag}"}], ids=["", "any", "etag"])
def test_the_item_of_another_writer_is_written_like_any_row(
    call: Call, method: str, headers: dict[str, str]
) -> None:
    tag = call("GET", "/products/25671").etag
    given = {name: value.format(etag=tag) for name, value in headers.items()}

    answer = call(method, "/products/25671", product(department="DELI"), **given)

    assert answer.status in (200, 204)
    after = call("GET", "/products/25671")
    assert after.status == 404 if method == "DELETE" else after.body["department"] == "DELI"
    assert call("GET", "/products").status == 200


@pytest.mark.usefixtures("foreign")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_write_for_another_version_does_not_change_the_item_of_another_writer(call: Call, method: str) -> None:
    answer = call(method, "/products/25671", product(department="DELI"), if_match='"17"')

    assert answer.status == 412
    assert call("GET", "/products/25671").body["department"] == "GROCERY"


@pytest.mark.usefixtures("foreign")
@pytest.mark.parametrize("more", [{}, {"time": "2026-11-24T10:15:30Z", "event_id": "event"}])
@pytest.mark.parametrize("op", ["upsert", "delete"])
def test_a_batch_replaces_the_item_of_another_writer(
    call: Call, item: ItemOf, op: str, more: dict[str, Any]
) -> None:
    data = product(department="DELI") if op == "upsert" else {"product_id": 25671}

    assert batch(call, change("products", data, op, **more)) == ["accepted"]
    assert ("_deleted" in item("products", "25671")) is (op == "delete")
    assert int(item("products", "25671")["_version"]["N"]) >= NOW


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"updated_at": {"S": "2017-01-01T12:53:26+01:00"}},
        {"updated_at": {"S": " 2017-01-01 11:53:26.000 "}},
        {"_version": {"S": "never"}},
        {"_version": {"S": "never"}, "_event_id": {"N": "1"}, "_event_time": {"S": "now"}},
    ],
    ids=["canonical", "another zone", "another form", "broken version", "broken bookkeeping"],
)
def test_the_sequence_column_is_the_version_of_an_item_of_another_writer(
    call: Call, put: Put, attributes: dict[str, Any]
) -> None:
    put("/transactions", transaction(), **attributes)
    at = {"status": "settled", "updated_at": timestamps.from_micros(UPDATED - 1)}

    assert call("GET", LINE).etag == f'"{UPDATED}"'
    assert call("PUT", LINE, transaction(**at)).body["type"] == "urn:glueline:problem:stale"
    assert call("PATCH", LINE, at).body["type"] == "urn:glueline:problem:stale"
    assert batch(call, change("transactions", transaction(**at))) == ["stale"]
    at["updated_at"] = timestamps.from_micros(UPDATED + 1)
    assert call("PUT", LINE, transaction(**at), if_match=f'"{UPDATED}"').status == 200


def test_an_item_without_version_and_sequence_column_is_older_than_any_change(call: Call, put: Put) -> None:
    put("/counters", {"name": "a", "revision": 7, "value": 1}, revision={"NULL": True})

    assert call("PUT", "/counters/a", {"name": "a", "revision": -5, "value": 2}).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_an_item_that_changes_between_attempts_is_compared_again(
    call: Call, put: Put, failing: Failing, dynamodb: Any, method: str
) -> None:
    """Another writer moves its sequence on between the refusal and the second attempt."""
    put("/transactions", transaction())
    names = {"PUT": "put_item", "PATCH": "get_item", "DELETE": "update_item"}
    real, later = getattr(dynamodb, names[method]), timestamps.from_micros(NOW + 10)

    def overtaken(**parameters: Any) -> Any:
        failing.client = dynamodb
        try:
            return real(**parameters)
        finally:
            dynamodb.update_item(
                TableName=PREFIX + "transactions",
                Key={"_key": {"S": LINE_KEY}},
                UpdateExpression="SET updated_at = :later",
                ExpressionAttributeValues={":later": {"S": later}},
            )

    failing.client = type("Racing", (), {names[method]: staticmethod(overtaken)})()

    answer = call(method, LINE, transaction(status="settled"), if_match=f'"{UPDATED}"')

    assert answer.status == 412
    assert call("GET", LINE).body["status"] == "pending"


attributes = st.recursive(
    st.sampled_from(
        [
            {"S": "x"},
            {"S": "2017-01-01T00:00:00Z"},
            {"S": "1E+5"},
            {"N": "1"},
            {"N": "-1.5"},
            {"N": "1" * 38},
            {"BOOL": True},
            {"NULL": True},
            {"B": b"\xff"},
            {"SS": ["a"]},
            {"NS": ["1", "2.5"]},
            {"BS": [b"\xff"]},
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda items: {"L": items})
        | st.dictionaries(st.sampled_from(["width", "unit", "other"]), inner, max_size=2).map(
            lambda members: {"M": members}
        )
    ),
    max_leaves=4,
)
columns = [column.name for column in THINGS.columns]
bookkeeping = ["_version", "_event_id", "_event_time"]


@given(st.dictionaries(st.sampled_from(columns), attributes))
def test_an_item_of_any_attributes_can_be_shown(item: dict[str, Any]) -> None:
    row = from_item(THINGS, item)

    assert list(row) == columns
    assert dumps(row)


@settings(max_examples=25)
@given(
    stored=st.dictionaries(st.sampled_from([*columns, *bookkeeping]), attributes),
    method=st.sampled_from(["GET", "PUT", "PATCH", "DELETE"]),
)
def test_any_item_of_another_writer_does_not_fail_the_api(
    call: Call, dynamodb: Any, stored: dict[str, Any], method: str
) -> None:
    dynamodb.put_item(TableName=PREFIX + "things", Item={**stored, "_key": {"S": "a,2026-11-24"}})

    answer = call(method, "/things/a,2026-11-24", {"tags": ["b"]})

    assert answer.status in (200, 204, 409, 422)
    assert call("GET", "/things").status == 200


# --- lost answers -------------------------------------------------------------------------------------------


class LosesAnswers:
    """A DynamoDB client that does each write, loses the answer and asks again, as botocore does."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        def call(**parameters: Any) -> Any:
            answer = getattr(self.client, name)(**parameters)
            if name in ("put_item", "update_item", "transact_write_items"):
                answer = getattr(self.client, name)(**parameters)
            return answer

        return call


@pytest.fixture
def losing(failing: Failing, dynamodb: Any) -> LosesAnswers:
    """Puts the client that loses answers in the place of the other, and gives it."""
    client = LosesAnswers(dynamodb)
    failing.client = client
    return client


@pytest.mark.usefixtures("losing")
def test_a_row_whose_answer_was_lost_is_created(call: Call) -> None:
    created = call("POST", "/products", product())

    assert (created.status, created.etag) == (201, f'"{NOW}"')
    assert call("POST", "/products", product()).status == 409
    assert call("POST", "/transactions", transaction()).status == 201
    put_once = call("PUT", "/products/7", product(product_id=7), if_none_match="*")
    assert put_once.status == 201


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("if_match", [None, "*", "etag"])
def test_a_write_whose_answer_was_lost_is_done_once(
    call: Call, failing: Failing, dynamodb: Any, item: ItemOf, *, method: str, if_match: str | None
) -> None:
    tag = call("POST", "/products", product()).etag
    failing.client = LosesAnswers(dynamodb)
    given = {} if if_match is None else {"if_match": tag if if_match == "etag" else if_match}

    answer = call(method, "/products/25671", product(department="DELI"), **given)

    assert answer.status in (200, 204)
    assert item("products", "25671")["_version"] == {"N": str(NOW + 1)}
    assert method == "DELETE" or answer.etag == f'"{NOW + 1}"'


@pytest.mark.usefixtures("losing")
def test_a_batch_whose_answer_was_lost_is_written_once(call: Call, item: ItemOf) -> None:
    changes = [
        change("products", product(), event_id="a"),
        change("products", {"product_id": 8}, "delete"),
        change("transactions", transaction(), event_id="b"),
    ]

    assert batch(call, *changes) == ["accepted"] * 3
    assert item("products", "25671")["_version"] == {"N": str(NOW)}
    assert item("products", "8")["_version"] == {"N": str(NOW)}


def test_every_change_of_a_batch_has_an_event_id_of_its_own(call: Call, item: ItemOf) -> None:
    """Else the second change of a row would pass for the first, whose answer was lost."""
    departments = [change("products", product(department=name)) for name in ("A", "B")]

    assert batch(call, *departments) == ["accepted"] * 2
    assert item("products", "25671")["department"] == {"S": "B"}


def test_a_write_without_an_answer_can_be_sent_again(
    call: Call, failing: Failing
) -> None:
    failing.failures = [ReadTimeoutError(endpoint_url="https://dynamodb")]
    assert call("PUT", "/products/25671", product()).status == 503
    assert call("PUT", "/products/25671", product()).status == 201


# --- the end of a sequence ----------------------------------------------------------------------------------

LAST = {  # what a row may bring at most: path -> row without the column, the column, its value, the next one
    "a long": ("/counters/a", {"name": "a", "value": 1}, "revision", 2**63 - 3, 2**63 - 2),
    "a timestamp": (
        LINE,
        transaction(),
        "updated_at",
        "9999-12-31T23:59:59.999997Z",
        "9999-12-31T23:59:59.999998Z",
    ),
}


@pytest.mark.parametrize(("path", "row", "column", "last", "beyond"), LAST.values(), ids=LAST)
def test_the_last_values_of_a_sequence_are_reserved_for_deletes(
    call: Call, item: ItemOf, *, path: str, row: Row, column: str, last: Any, beyond: Any
) -> None:
    dataset, key = path.split("/")[1:]
    refused = call("PUT", path, row | {column: beyond})
    assert [found["path"] for found in refused.body["violations"]] == [f"/{column}"]
    assert batch(call, change(dataset, row | {column: beyond})) == ["rejected"]

    assert call("PUT", path, row | {column: last}).status == 201
    patched = call("PATCH", path, {"value": 2} if dataset == "counters" else {"status": "settled"})
    assert (patched.status, patched.body["type"]) == (409, "urn:glueline:problem:exhausted")
    assert call("DELETE", path).status == 204
    assert call("DELETE", path).status == 204

    marked = item(dataset, key)
    assert marked["_deleted"] == {"BOOL": True}
    assert next(iter(marked[column].values())) == str(beyond)
    assert call("PUT", path, row | {column: last}).body["type"] == "urn:glueline:problem:stale"
    assert call("GET", path).status == 404


def test_an_item_of_another_writer_beyond_the_end_of_the_sequence_can_be_deleted(call: Call, put: Put, item: ItemOf) -> None:
    put("/products", product(), _version={"N": str(2**63 - 1)})

    assert call("PUT", "/products/25671", product()).body["type"] == "urn:glueline:problem:exhausted"
    assert call("DELETE", "/products/25671").status == 204
    assert item("products", "25671")["_version"] == {"N": str(2**63 - 1)}
    assert call("GET", "/products/25671").status == 404


# --- how long a delete is remembered ------------------------------------------------------------------------


def test_marks_of_deletes_outlive_two_redrives_and_the_tombstones_of_the_lake() -> None:
    """The template says how long a message may wait; `lambdas.data_api.writes` says why so long."""
    kept = {
        name: TEMPLATE["Resources"][name]["Properties"]["MessageRetentionPeriod"]
        for name in ("Inbound", "DeadLetters")
    }
    tombstones = TEMPLATE["Parameters"]["TombstoneRetentionDays"]["Default"] * 24 * 3600

    assert TEMPLATE["Resources"]["Inbound"]["Properties"]["RedrivePolicy"]
    assert 3 * sum(kept.values()) < KEEP_DELETED_SECONDS
    assert tombstones + LATE.total_seconds() < KEEP_DELETED_SECONDS


def test_a_message_that_was_in_every_queue_does_not_bring_a_deleted_row_back(
    call: Call, item: ItemOf, clock: Clock
) -> None:
    sold = change("products", product(), time=timestamps.from_micros(NOW), event_id="sold")
    clock.micros = NOW + 1_000_000
    call("DELETE", "/products/25671")
    passed = 3 * 28 * 24 * 3600

    assert int(item("products", "25671")["_expires_at"]["N"]) > NOW // 1_000_000 + passed
    clock.micros += passed * 1_000_000
    assert batch(call, sold) == ["stale"]


# --- erased keys --------------------------------------------------------------------------------------------


def erased_mark(key: str) -> dict[str, Any]:
    """What `glueline erase` writes under an erased key."""
    return {
        "_key": {"S": key},
        "_version": {"N": str(ABOVE_ALL)},
        "_deleted": {"BOOL": True},
        "_erased": {"BOOL": True},
        "_event_id": {"S": "erasure:1"},
    }


@pytest.fixture(params=["products", "transactions"])
def erased_path(request: pytest.FixtureRequest, dynamodb: Any) -> str:
    """The path of a row whose key is erased."""
    key = {"products": "25671", "transactions": LINE_KEY}[request.param]
    dynamodb.put_item(TableName=PREFIX + request.param, Item=erased_mark(key))
    return f"/{request.param}/{key}"


def row_of(path: str) -> Row:
    return product() if path.startswith("/products") else transaction()


@pytest.mark.parametrize(
    "headers", [{}, {"if_match": "*"}, {"if_none_match": "*"}, {"if_match": f'"{2**63 - 1}"'}]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_request_writes_a_row_of_an_erased_key(
    call: Call, item: ItemOf, erased_path: str, method: str, headers: dict[str, str]
) -> None:
    dataset, key = erased_path.split("/")[1:]
    given = {} if method in ("POST", "PATCH") and "if_none_match" in headers else headers

    answer = call(method, f"/{dataset}" if method == "POST" else erased_path, row_of(erased_path), **given)

    assert (answer.status, answer.body["type"]) == (410, "urn:glueline:problem:erased")
    assert item(dataset, key) == erased_mark(key)


@pytest.mark.parametrize("more", [{}, {"event_id": "event", "time": "9999-12-31T23:59:59Z"}])
def test_no_batch_writes_a_row_of_an_erased_key_and_the_others_are_accepted(
    call: Call, item: ItemOf, erased_path: str, more: dict[str, str]
) -> None:
    dataset, key = erased_path.split("/")[1:]
    decisive = ("product_id", "basket_id", "updated_at") if dataset == "transactions" else ("product_id",)
    deletion = {name: row_of(erased_path)[name] for name in decisive}
    other = row_of(erased_path) | {"product_id": 7}
    changes = [change(dataset, row_of(erased_path), **more), change(dataset, deletion, "delete", **more)]

    results = call("POST", "/batch", {"changes": [*changes, change(dataset, other)]}).body["results"]

    assert [result["status"] for result in results] == ["rejected", "rejected", "accepted"]
    assert [result["problem"]["status"] for result in results[:2]] == [410, 410]
    assert item(dataset, key) == erased_mark(key)


def test_an_erased_key_looks_like_one_without_a_row(call: Call, erased_path: str) -> None:
    assert call("GET", erased_path).status == 404
    assert call("GET", "/" + erased_path.split("/")[1]).body["items"] == []


def test_a_row_whose_key_is_erased_while_it_is_patched_stays_erased(
    call: Call, failing: Failing, dynamodb: Any, item: ItemOf
) -> None:
    call("POST", "/products", product())

    def read_then_erased(**parameters: Any) -> Any:
        found = dynamodb.get_item(**parameters)
        dynamodb.put_item(TableName=PREFIX + "products", Item=erased_mark("25671"))
        failing.client = dynamodb
        return found

    failing.client = type("Racing", (), {"get_item": staticmethod(read_then_erased)})()

    assert call("PATCH", "/products/25671", {"department": "DELI"}).status == 410
    assert item("products", "25671") == erased_mark("25671")


# --- order of events ----------------------------------------------------------------------------------------


def test_an_event_repeated_after_a_later_one_changes_nothing(call: Call, item: ItemOf) -> None:
    a, b = (
        change("products", product(department=name), event_id=name, time=f"2026-11-24T10:00:0{second}Z")
        for second, name in enumerate("AB")
    )

    assert [batch(call, one) for one in (a, b, a)] == [["accepted"], ["accepted"], ["stale"]]
    assert item("products", "25671")["department"] == {"S": "B"}


def test_a_request_for_a_row_is_newer_than_an_earlier_event(call: Call, clock: Clock, item: ItemOf) -> None:
    before = change("products", product(department="EVENT"), time=timestamps.from_micros(NOW - 1))
    after = change("products", product(department="LATER"), time=timestamps.from_micros(NOW + 1))
    call("PUT", "/products/25671", product(department="REQUEST"))

    assert batch(call, before) == ["stale"]
    clock.micros = NOW + 2
    assert batch(call, after, before) == ["accepted", "stale"]
    assert item("products", "25671")["department"] == {"S": "LATER"}


def test_no_event_is_later_than_now(call: Call, item: ItemOf, clock: Clock) -> None:
    batch(call, change("products", product(), time="9999-01-01T00:00:00Z"))
    assert item("products", "25671")["_version"] == {"N": str(NOW)}

    clock.micros += 1
    assert call("PUT", "/products/25671", product(department="DELI")).body["_version"] == NOW + 1


def test_the_time_of_an_event_does_not_outrank_the_sequence_column(call: Call, item: ItemOf) -> None:
    newer = transaction(status="settled", updated_at="2017-01-02T00:00:00Z")
    batch(call, change("transactions", newer, time="2017-01-02T00:00:00Z"))

    assert batch(call, change("transactions", transaction(), time="2026-01-01T00:00:00Z")) == ["stale"]
    assert item("transactions", LINE_KEY)["status"] == {"S": "settled"}


@pytest.mark.parametrize("time", ["yesterday", "", 7, None, "2026-02-30T00:00:00Z", "9" * 5000])
def test_a_time_that_is_not_a_timestamp_is_refused(call: Call, time: Any) -> None:
    assert batch(call, change("products", product(), time=time)) == ["rejected"]


events = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from("abc"), st.booleans()),
    unique_by=lambda event: event[2],  # an id is of one event
    min_size=1,
    max_size=3,
)


@settings(max_examples=40)
@given(events=events, data=st.data(), dataset=st.sampled_from(["products", "transactions"]))
def test_any_order_repetition_and_batching_of_events_ends_in_the_newest(
    call: Call,
    dynamodb: Any,
    clock: Clock,
    *,
    events: list[tuple[int, int, str, bool]],
    data: st.DataObject,
    dataset: str,
) -> None:
    """The newest has the greatest sequence value (if the dataset has that column), then time, then id."""
    path = {"products": "/products/25671", "transactions": LINE}[dataset]
    for found in dynamodb.scan(TableName=PREFIX + dataset)["Items"]:
        dynamodb.delete_item(TableName=PREFIX + dataset, Key={"_key": found["_key"]})
    is_sequenced = dataset == "transactions"
    made = {event: event_of(event, is_sequenced=is_sequenced) for event in events}
    shuffled = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=4))))
    while shuffled:
        size = data.draw(st.integers(1, len(shuffled)))
        some, shuffled = shuffled[:size], shuffled[size:]
        assert set(batch(call, *(made[event] for event in some))) <= {"accepted", "stale"}
        clock.micros += 1

    sequence, second, name, is_delete = max(events, key=lambda one: one[not is_sequenced :])
    [stored] = dynamodb.scan(TableName=PREFIX + dataset)["Items"]
    assert stored["_event_id"] == {"S": name}
    assert ("_deleted" in stored) is is_delete
    assert stored["_version"] == {"N": str(UPDATED + sequence if is_sequenced else NOW - 10 + second)}
    assert call("GET", path).status == (404 if is_delete else 200)


def event_of(event: tuple[int, int, str, bool], *, is_sequenced: bool) -> dict[str, Any]:
    """The change of a batch that the event is."""
    sequence, second, name, is_delete = event
    row = transaction(updated_at=timestamps.from_micros(UPDATED + sequence)) if is_sequenced else product()
    decisive = ("basket_id", "product_id", "updated_at") if is_sequenced else ("product_id",)
    return change(
        "transactions" if is_sequenced else "products",
        {column: row[column] for column in decisive} if is_delete else row,
        "delete" if is_delete else "upsert",
        event_id=name,
        time=timestamps.from_micros(NOW - 10 + second),
    )
