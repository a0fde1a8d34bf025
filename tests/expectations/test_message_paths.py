"""Paths of contracts: what they find, and what they refuse."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.message_paths import BadPath, PathFailed, compile_path, unscaled

DOCUMENT = {
    "payment": {"amount": {"value": Decimal("12.30")}},
    "lines": [{"price": Decimal("1.10")}, {"price": Decimal("2.20")}],
    "at": 1_700_000_000,
    "text": "0.10",
    "raw": "AfQ=",
    "nested": '{"a": 1.5}',
    "none": None,
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("payment.amount.value", Decimal("12.30")),
        ("payment.nothing.here", None),
        ("sum(lines[].price)", Decimal("3.30")),
        ("lines[?price > `2`] | [0].price", Decimal("2.20")),
        ("avg(lines[].price)", Decimal("1.65")),
        ("`0.1`", Decimal("0.1")),
        ("to_number(text)", Decimal("0.10")),
        ("to_string(payment.amount.value)", "12.30"),
        ("from_seconds(at)", "2023-11-14T22:13:20Z"),
        ("from_millis(`1700000000123`)", "2023-11-14T22:13:20.123000Z"),
        ("from_micros('1700000000000001')", "2023-11-14T22:13:20.000001Z"),
        ("from_nanos(`-1`)", "1969-12-31T23:59:59.999999Z"),
        ("from_days(`19675`)", "2023-11-14"),
        ("from_millis(none)", None),
        ("decimal(raw, `2`)", Decimal("5.00")),
        ("decimal(none, `2`)", None),
        ("parse_json(nested).a", Decimal("1.5")),
        ("(none && 'delete') || 'upsert'", "upsert"),
    ],
)
def test_a_path_finds(expression: str, value: Any) -> None:
    found = compile_path(expression).find(DOCUMENT)

    assert found == value
    assert not isinstance(found, float)


@pytest.mark.parametrize(
    ("expression", "steps"),
    [("a.b.c", ("a", "b", "c")), ('"order-id"', ("order-id",)), ("a[0].b", None), ("a || b", None)],
)
def test_a_path_of_names_alone_knows_its_steps(expression: str, steps: Any) -> None:
    assert compile_path(expression).steps == steps


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "empty"),
        ("a[", "Incomplete"),
        ("a.b c", "Parse error|Invalid"),
        ("upper(a)", "no function upper"),
        ("lines[].round(price)", "no function round"),
        ("decimal(a)", "takes 2 arguments, not 1"),
        ("length(a, b)", "takes 1 arguments, not 2"),
    ],
)
def test_what_is_no_path_is_refused_before_any_message_comes(expression: str, problem: str) -> None:
    with pytest.raises(BadPath, match=problem):
        compile_path(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "length(at)",
        "from_seconds(payment)",
        "from_seconds('yesterday')",
        "from_millis(`1e30`)",
        "from_days(`1.5`)",
        "decimal('?', `2`)",
        "decimal(raw, `1e9`)",
        "parse_json(text) | parse_json('{')",
        "parse_json('[NaN]')",
        "`1e400`",
        "&at",
        "sort_by(lines, &nothing)",
    ],
)
def test_a_path_that_cannot_be_applied_says_so(expression: str) -> None:
    with pytest.raises(PathFailed):
        compile_path(expression).find(DOCUMENT)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
EXPRESSIONS = [
    "from_millis(a)",
    "from_days(a)",
    "decimal(a, `2`)",
    "parse_json(a)",
    "to_number(a)",
    "sum(a)",
    "a[*].b | [0]",
    "join(',', a)",
    "sort(a)",
    "max_by(a, &b)",
    "a > `1`",
]


@given(st.sampled_from(EXPRESSIONS), values)
def test_no_value_makes_a_path_raise_anything_else(expression: str, value: Any) -> None:
    try:
        compile_path(expression).find({"a": value})
    except PathFailed as error:
        assert str(error).startswith(expression)


@given(st.integers(-(10**38), 10**38), st.integers(0, 38))
def test_base64_of_kafka_connect_is_the_exact_number(whole: int, scale: int) -> None:
    from base64 import b64encode

    size = whole.bit_length() // 8 + 1
    text = b64encode(whole.to_bytes(size, signed=True)).decode()

    assert unscaled(text, scale) == Decimal((int(whole < 0), tuple(map(int, str(abs(whole)))), -scale))
