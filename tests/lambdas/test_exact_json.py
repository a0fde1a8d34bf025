from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.exact_json import BrokenJson, dumps, elements, loads

texts = st.text(st.characters(exclude_categories=["Cs"]))
decimals = st.decimals(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | decimals | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


@given(values)
def test_a_written_value_is_read_back_exactly(value: Any) -> None:
    assert loads(dumps(value)) == value


@pytest.mark.parametrize(
    "text", ["0.10", "1E+2", "-0.0", "99999999999999999999999999999999999999.99", "1E-130"]
)
def test_a_number_keeps_its_digits(text: str) -> None:
    assert dumps(loads(text)) == text


@given(st.text())
def test_any_text_is_read_or_broken_json(text: str) -> None:
    try:
        loads(text)
    except BrokenJson as error:
        assert str(error)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "-Infinity",
        '{"a": Infinity}',
        "[" * 100_000,
        "1" * 5000,
        "1e99999999999999999999",
        '"\\ud800"',
        '{"\\uDc00": 1}',
        "\ufeff{}",
        "{} {}",
        "'a'",
        '{"a": 1, "a": 1}',
        '[{"b": {"a": 1, "\\u0061": 2}}]',
    ],
)
def test_a_text_that_cannot_be_kept_exactly_is_broken(text: str) -> None:
    with pytest.raises(BrokenJson, match=r"expected (JSON|numbers|text)"):
        loads(text)


def test_a_whole_surrogate_pair_is_text() -> None:
    assert loads('"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize("value", [0.1, 1.0, float("nan"), b"", {1, 2}, object()])
def test_only_exact_values_are_written(value: Any) -> None:
    with pytest.raises(TypeError, match="expected a value of the types that loads returns"):
        dumps([value, Decimal(1)])


@given(st.lists(values), st.sampled_from(["", " ", "\r\n\t"]))
def test_the_elements_of_an_array_keep_their_texts(items: list[Any], space: str) -> None:
    texts = [dumps(item) for item in items]
    written = f"{space}[{space}{f'{space},{space}'.join(texts)}{space}]{space}"

    assert elements(written) == texts


def test_an_element_that_is_broken_by_its_values_is_an_element() -> None:
    broken = ['{"a":1,"a":2}', "NaN", "1" * 5000, "1e99999999999999999999", '"\\ud800"']

    assert elements(f"[{','.join(broken)}]") == broken


@pytest.mark.parametrize(
    "text", ["", "{}", "[", "[1", "[1,", "[1,]", "[,]", "[1 2]", "[1]]", "[1] 2", "\ufeff[]", "[" * 100_000]
)
def test_a_text_that_is_no_array_has_no_elements(text: str) -> None:
    with pytest.raises(BrokenJson, match="expected JSON"):
        elements(text)
