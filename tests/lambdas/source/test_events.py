"""Where violations of a row stand in the message."""

from lambdas.exact_json import loads
from lambdas.source.events import DeadLetter, Message, change_text, in_data
from lambdas.validation import Violation


def test_the_violations_of_a_row_lead_into_the_data_of_the_message() -> None:
    message = Message("m", "{}", data_path="/Message/data")

    assert in_data(message, [Violation("/a/b", "type", "wrong")]) == [
        Violation("/Message/data/a/b", "type", "wrong")
    ]


def test_a_column_that_stands_elsewhere_is_named_at_its_place() -> None:
    message = Message("m", "{}", places={"total": "/payment/amount", "city": "/address/city"})
    given = [Violation("/total", "type", "wrong"), Violation("/city/0", "type", "wrong")]

    assert in_data(message, given) == [
        Violation("/payment/amount", "type", "column total: wrong"),
        Violation("/address/city/0", "type", "wrong"),
    ]


def test_a_change_happened_no_later_than_it_was_sent() -> None:
    message = Message("m", "{}", "event-1", "orders", sent=1_000)

    assert loads(change_text(message, "upsert", "2026-01-01T00:00:00Z", {"a": 1})) == {
        "dataset": "orders",
        "op": "upsert",
        "event_id": "event-1",
        "time": "1970-01-01T00:00:01Z",
        "data": {"a": 1},
    }


def test_the_summary_of_a_dead_letter_has_no_values() -> None:
    found = DeadLetter(Message("m", '{"a": 1}'), "reason", [Violation("/a", "type", "1 is wrong")]).summary()

    assert "1 is wrong" not in str(found)
