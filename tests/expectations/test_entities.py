"""Which items are rows of a dataset, and what a key's attribute is made of."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.entities import Condition, are_disjoint, claims, entity_from, problems_of_format

ORDER = Condition("sk", "format", "ORDER#{order}#LINE#{line}")


@pytest.mark.parametrize(
    ("condition", "attribute", "holds"),
    [
        (Condition("a", "prefix", "ORDER#"), {"S": "ORDER#7"}, True),
        (Condition("a", "prefix", "ORDER#"), {"S": "ORDER"}, False),
        (Condition("a", "prefix", "1"), {"N": "12"}, False),
        (Condition("a", "equals", "1"), {"S": "1"}, True),
        (Condition("a", "equals", "1"), {"N": "1"}, False),
        (Condition("a", "equals", 1), {"N": "1"}, True),
        (Condition("a", "equals", True), {"BOOL": True}, True),
        (Condition("a", "equals", True), {"BOOL": "true"}, True),
        (Condition("a", "equals", True), {"N": "1"}, False),
        (Condition("a", "equals", False), {"BOOL": False}, True),
        (Condition("a", "format", "C#{id}"), {"S": "C#7"}, True),
        (Condition("a", "format", "C#{id}"), {"S": "C#\n"}, True),
        (Condition("a", "format", "C#{id}"), {"S": "C#"}, False),
        (Condition("a", "format", "C#{id}"), {"S": "C#7\n#"}, False),
        (Condition("a", "format", "C#{id}"), {"S": "C#7#O#1"}, False),
        (Condition("a", "format", "C|{id}", "|"), {"S": "C|7#8"}, True),
        (Condition("a", "format", "C.*"), {"S": "C#"}, False),
        (Condition("a", "format", "ME"), {"S": "ME"}, True),
        (Condition("a", "prefix", "x"), {}, False),
    ],
)
def test_a_condition_holds_for_attributes_of_its_type_and_form(
    condition: Condition, attribute: dict[str, Any], holds: bool
) -> None:
    assert condition.holds({"a": attribute}) is holds
    assert condition.holds({}) is False


def test_all_conditions_have_to_hold() -> None:
    both = (Condition("a", "equals", "1"), Condition("b", "equals", "2"))

    assert claims(both, {"a": {"S": "1"}, "b": {"S": "2"}, "c": {"S": "3"}})
    assert not claims(both, {"a": {"S": "1"}})
    assert claims((), {})


def test_an_entity_survives_json() -> None:
    entity = (Condition("a", "equals", True), Condition("b", "format", "C|{id}", "|"))

    assert entity_from([one.to_dict() for one in entity]) == entity


values = st.text(st.sampled_from("aAL#1\n{}$."), min_size=1, max_size=4)


@given(values, values)
def test_a_format_reads_what_it_writes_and_writes_nothing_else(order: str, line: str) -> None:
    text = ORDER.write({"order": order, "line": line})

    assert (text is None) == ("#" in order + line)
    assert text is None or ORDER.read(text) == {"order": order, "line": line}


@given(st.text(st.sampled_from("ORDERLIN#12"), max_size=18) | st.just("ORDER#1#LINE#2"))
def test_a_text_has_one_reading_at_most(text: str) -> None:
    read = ORDER.read(text)

    assert read is None or ORDER.write(read) == text


_CONDITIONS = [
    *(Condition("a", "prefix", text) for text in ("A", "A#", "AB", "B")),
    *(Condition("a", "equals", value) for value in ("A", "A#1", 1, True)),
    *(
        Condition("a", "format", text)
        for text in ("A", "A#{x}", "A#{x}#B", "A#{x}#B#{y}", "B#{x}", "{x}", "A#1{x}", "A#{x}2", "{x}#B")
    ),
    Condition("a", "format", "A|{x}", "|"),
]
_TEXTS = ["".join(parts) for length in range(1, 6) for parts in product("AB#12|", repeat=length)]


def test_entities_that_share_an_item_are_never_called_disjoint() -> None:
    claimed = {one: {text for text in _TEXTS if one.holds({"a": {"S": text}})} for one in _CONDITIONS}
    for one, other in product(_CONDITIONS, repeat=2):
        if claimed[one] & claimed[other]:
            assert not are_disjoint((one,), (other,)), (one, other)
            assert not are_disjoint((one,), (other, Condition("b", "equals", "1")))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Condition("a", "prefix", "A#"), Condition("a", "prefix", "B#")),
        (Condition("a", "prefix", "A#"), Condition("a", "equals", "B#")),
        (Condition("a", "equals", "A"), Condition("a", "equals", "B")),
        (Condition("a", "equals", 1), Condition("a", "equals", "1")),
        (Condition("a", "equals", True), Condition("a", "equals", False)),
        (Condition("a", "format", "A#{x}"), Condition("a", "format", "A#{x}#B#{y}")),
        (Condition("a", "format", "A#{x}#B#{y}"), Condition("a", "format", "A#{x}#C#{y}")),
        (Condition("a", "format", "A#{x}!"), Condition("a", "format", "A#{x}?")),
        (Condition("a", "format", "PROFILE"), Condition("a", "format", "ORDER#{x}")),
        (Condition("a", "format", "A#{x}"), Condition("a", "prefix", "B")),
        (Condition("a", "format", "A#{x}"), Condition("a", "format", "B|{x}", "|")),
    ],
)
def test_what_can_be_told_apart_is_disjoint(one: Condition, other: Condition) -> None:
    assert are_disjoint((one,), (other,))
    assert are_disjoint((Condition("b", "equals", "1"), other), (one,))
    assert not are_disjoint((one,), (Condition("b", "equals", "1"),))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("A#{x}#{y}", []),
        ("A#{x}{y}", ["the delimiter # between two columns"]),
        ("A#{x}-{y}", ["the delimiter # between two columns"]),
        ("A#{x", ["a column in each pair of braces"]),
        ("A#{x}#{x}", ["each column once"]),
    ],
)
def test_a_format_that_could_be_read_in_two_ways_is_a_problem(text: str, problems: list[str]) -> None:
    assert list(problems_of_format(Condition("a", "format", text))) == problems
