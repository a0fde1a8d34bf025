"""Questions that the indexes of access patterns answer, against a small model, and what is refused."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.access_patterns import operators
from tests.builders import transaction
from tests.lambdas.contracts import READINGS, SORTED_TYPES
from tests.lambdas.data_api.conftest import PREFIX, Call, Failing, ItemOf
from tests.properties import examples

PLACES = ("cellar", "roof, left", "50 %", "")
OFFSETS = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
FEW = st.integers(-2, 12)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "count": FEW | st.sampled_from([-(2**63), 2**63 - 1]),
    "price": st.decimals(-20, 20, places=1) | st.sampled_from([Decimal("1E+15"), Decimal("0.0001")]),
    "ratio": st.sampled_from(
        [Decimal(text) for text in ("-1E+200", "-0.5", "0", "1E-200", "0.5", "9", "10")]
    ),
    "day": st.dates(date(2026, 10, 30), date(2026, 11, 2)).map(date.isoformat),
    "at": st.builds(
        lambda micros, offset: (
            (datetime(2026, 11, 1, tzinfo=UTC) + timedelta(microseconds=micros))
            .astimezone(offset)
            .isoformat()
        ),
        st.sampled_from([0, 1, 499_999, 500_000, 1_000_000, 1_500_000, 10_000_000]),
        OFFSETS,
    ),
    "label": st.sampled_from(["", "a", "ab", "abc", "b", "gt:1", "é", "z", "😀", "between"]),
    "flag": st.booleans(),
}
ROWS = st.fixed_dictionaries(
    {"place": st.none() | st.sampled_from(PLACES)},
    optional={name: st.none() | values for name, values in VALUES.items()},
)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["PUT", "PUT", "PUT", "PATCH", "DELETE"]), st.integers(1, 8), ROWS), max_size=14
)


def meaning(name: str, value: Any) -> Any:
    """The value as Python compares it: instants, numbers, bytes of text."""
    match SORTED_TYPES[name]:
        case "timestamp":
            return datetime.fromisoformat(value).astimezone(UTC)
        case "string":
            return value.encode()
        case "long" | "decimal(20,4)" | "double":
            return Decimal(str(value))
    return value


def satisfies(name: str, value: Any, operator: str, bounds: list[Any]) -> bool:
    """Whether a value satisfies a condition, by the model; null satisfies none."""
    if value is None:
        return False
    own, low = meaning(name, value), meaning(name, bounds[0])
    match operator:
        case "begins_with":
            return bool(own.startswith(low))
        case "between":
            return bool(low <= own <= meaning(name, bounds[1]))
    return bool(
        {"eq": own == low, "lt": own < low, "le": own <= low, "gt": own > low, "ge": own >= low}[operator]
    )


def shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def apply(call: Call, changes: list[tuple[str, int, dict[str, Any]]]) -> dict[int, dict[str, Any]]:
    """Make the changes by the API; the rows that there should be."""
    rows: dict[int, dict[str, Any]] = {}
    for method, number, row in changes:
        body = row if method != "DELETE" else None
        headers = {"content_type": "application/merge-patch+json"} if method == "PATCH" else {}
        answer = call(method, f"/readings/{number}", body, **headers)
        if method == "DELETE":
            rows.pop(number, None)
        elif answer.status in (200, 201):
            rows[number] = {**(rows.get(number, {}) if method == "PATCH" else {}), **row}
        else:
            assert answer.status == 404
    return rows


def pages(call: Call, query: dict[str, str], limit: int) -> Iterator[dict[str, Any]]:
    """The rows of every page."""
    cursor: dict[str, str] = {}
    while True:
        page = call("GET", "/readings", query={**query, **cursor, "limit": str(limit)})
        assert page.status == 200, page.body
        assert len(page.body["items"]) <= limit
        yield from page.body["items"]
        if page.body["next"] is None:
            return
        cursor = {"next": page.body["next"]}


@settings(max_examples=examples(25))
@given(data=st.data())
def test_a_question_is_answered_as_a_model_answers_it(call: Call, dynamodb: Any, data: st.DataObject) -> None:
    clear(dynamodb)
    rows = apply(call, data.draw(CHANGES))
    name = data.draw(st.sampled_from(list(SORTED_TYPES)))
    place, order = data.draw(st.sampled_from(PLACES)), data.draw(st.sampled_from(["asc", "desc"]))
    operator = data.draw(st.sampled_from(operators(SORTED_TYPES[name])))
    bounds = sorted((data.draw(VALUES[name]) for _ in range(2)), key=lambda value: meaning(name, value))
    written = [shown(value).replace("%", "%25").replace(",", "%2C") for value in bounds]
    value = (
        f"between:{written[0]},{written[1]}" if operator == "between" else f"{operator}:{shown(bounds[0])}"
    )

    query = {"place": f"eq:{place}", name: value, "order": order}
    found = list(pages(call, query, data.draw(st.integers(1, 4))))

    wanted = {
        number
        for number, row in rows.items()
        if row["place"] == place and satisfies(name, row.get(name), operator, bounds)
    }
    assert sorted(row["id"] for row in found) == sorted(wanted)
    values = [meaning(name, row[name]) for row in found]
    assert values == sorted(values, reverse=order == "desc")


@settings(max_examples=examples(15))
@given(changes=CHANGES, place=st.sampled_from(PLACES), limit=st.integers(1, 3))
def test_a_question_without_a_condition_has_rows_whose_sort_column_is_null_last(
    call: Call, dynamodb: Any, changes: list[Any], place: str, limit: int
) -> None:
    clear(dynamodb)
    rows = apply(call, changes)

    found = list(pages(call, {"place": f"eq:{place}"}, limit))

    assert sorted(row["id"] for row in found) == sorted(n for n, row in rows.items() if row["place"] == place)
    counts = [row["count"] for row in found]
    given_counts = [count for count in counts if count is not None]
    assert counts == sorted(given_counts) + [None] * (len(counts) - len(given_counts))


def clear(dynamodb: Any) -> None:
    for item in dynamodb.scan(TableName=f"{PREFIX}readings")["Items"]:
        dynamodb.delete_item(TableName=f"{PREFIX}readings", Key={"_key": item["_key"]})


def test_the_lines_of_a_household_are_in_the_order_of_time(call: Call) -> None:
    times = ["2026-11-01T00:00:00.5Z", "2026-11-01T01:00:00+02:00", "2026-11-01T00:00:00Z"]
    for basket, when in enumerate(times, 1):
        line = transaction(basket_id=basket, household_id=42, transaction_timestamp=when)
        call("POST", "/transactions", line | {"updated_at": "2026-11-02T00:00:00Z"})
    call("POST", "/transactions", transaction(basket_id=9, household_id=43))

    def asked(**query: str) -> list[int]:
        return [row["basket_id"] for row in call("GET", "/transactions", query=query).body["items"]]

    assert asked(household_id="42") == [2, 3, 1]
    assert asked(household_id="42", order="desc") == [1, 3, 2]
    assert asked(household_id="42", transaction_timestamp="ge:2026-11-01") == [3, 1]
    assert asked(household_id="42", transaction_timestamp="lt:2026-11-01T00:00:00.5Z") == [2, 3]


def test_a_patch_that_moves_a_row_moves_it_in_the_index(call: Call) -> None:
    call("PUT", "/readings/1", {"place": "cellar", "count": 1})

    call("PATCH", "/readings/1", {"place": "roof"}, content_type="application/merge-patch+json")

    assert call("GET", "/readings", query={"place": "cellar"}).body["items"] == []
    assert [row["id"] for row in call("GET", "/readings", query={"place": "roof"}).body["items"]] == [1]


def test_a_deleted_item_leaves_the_index(call: Call, item: ItemOf, dynamodb: Any) -> None:
    call("PUT", "/readings/1", {"place": "cellar", "count": 1})

    call("DELETE", "/readings/1")

    marked = item("readings", "1")
    assert marked["_deleted"] == {"BOOL": True}
    assert [name for name in marked if name.startswith(("_part_", "_sort_"))] == []
    assert dynamodb.scan(TableName=f"{PREFIX}readings", IndexName="by.place")["Items"] == []


def test_an_item_that_another_writer_has_marked_is_not_shown(call: Call, item: ItemOf, dynamodb: Any) -> None:
    call("PUT", "/readings/1", {"place": "cellar"})
    stored = item("readings", "1")
    dynamodb.put_item(TableName=f"{PREFIX}readings", Item=stored | {"_deleted": {"BOOL": True}})

    assert call("GET", "/readings", query={"place": "cellar"}).body["items"] == []


@pytest.mark.parametrize(
    ("path", "query", "detail"),
    [
        ("/transactions", {"week": "3"}, "by_household (household_id, optionally transaction_timestamp)"),
        ("/transactions", {"transaction_timestamp": "ge:2026-11-01"}, "by_household"),
        ("/transactions", {"household_id": "ge:4"}, "by_household"),
        ("/transactions", {"household_id": "4", "week": "3"}, "by_household"),
        ("/transactions", {"order": "desc"}, "by_household"),
        ("/products", {"department": "DELI"}, "products has none"),
        ("/transactions", {"household_id": "4", "order": "down"}, "order=asc or desc"),
        ("/transactions", {"household_id": "many"}, "household_id of type long"),
        ("/transactions", {"household_id": "1" * 5000}, "household_id of type long"),
        ("/transactions", {"household_id": "4", "transaction_timestamp": "ge:soon"}, "of type timestamp"),
        (
            "/transactions",
            {"household_id": "4", "transaction_timestamp": "begins_with:2026"},
            "got begins_with",
        ),
        (
            "/transactions",
            {"household_id": "4", "transaction_timestamp": "between:2026-11-01"},
            "got 1 values",
        ),
        (
            "/transactions",
            {"household_id": "4", "transaction_timestamp": "between:2026-11-02,2026-11-01"},
            "the lesser value",
        ),
        ("/transactions", {"household_id": "4", "fields": "price"}, "expected fields of basket_id"),
        ("/readings", {"place": "x" * 5000}, "place of type string"),
        ("/readings", {"place": "\ud800"}, "place of type string"),
        ("/readings", {"id": "1"}, "by_place (place)"),
    ],
)
def test_what_no_index_answers_is_refused_with_what_there_is(
    call: Call, path: str, query: dict[str, str], detail: str
) -> None:
    answer = call("GET", path, query=query)

    assert (answer.status, answer.body["type"]) == (400, "urn:glueline:problem:bad-request")
    assert detail in answer.body["detail"]


def test_a_page_shows_the_fields_that_it_is_asked_for(call: Call) -> None:
    call("POST", "/transactions", transaction(household_id=42))

    indexed = call("GET", "/transactions", query={"household_id": "42", "fields": "week,_version"}).body
    scanned = call("GET", "/transactions", query={"fields": "status"}).body

    assert (indexed["items"], scanned["items"]) == (
        [{"week": 1, "_version": 1483271606000000}],
        [{"status": "pending"}],
    )


@pytest.mark.parametrize(
    "message",
    [
        "The table does not have the specified index: by.household_id.transaction_timestamp",
        "Cannot read from backfilling global secondary index: by.household_id.transaction_timestamp",
    ],
)
def test_while_an_index_is_made_the_answer_is_to_try_again(
    call: Call, failing: Failing, message: str
) -> None:
    failing.failures = [ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Query")]

    answer = call("GET", "/transactions", query={"household_id": "42"})

    assert (answer.status, "by_household is being made" in answer.body["detail"]) == (503, True)


def test_a_long_text_is_answered_and_compared_whole(call: Call) -> None:
    label = "😀" * 254
    call("PUT", "/readings/1", {"place": "cellar", "label": f"{label}a"})
    call("PUT", "/readings/2", {"place": "cellar", "label": f"{label}b"})

    found = call("GET", "/readings", query={"place": "cellar", "label": f"gt:{label}a"}).body["items"]

    assert [row["id"] for row in found] == [2]
    assert READINGS.column("label").limits.max_length == 255
