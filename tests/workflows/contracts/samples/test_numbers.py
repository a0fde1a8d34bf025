"""The type of a column of numbers takes all of them exactly."""

from decimal import Decimal

import pytest

from workflows.contracts.samples.numbers import Numbers


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (["1", "-9223372036854775808"], "long"),
        (["1", "9223372036854775808"], "decimal(38,0)"),
        (["12.50", "7"], "decimal(18,2)"),
        (["1.5"], "decimal(18,2)"),
        (["52.520008"], "decimal(18,6)"),
        (["0.30000000000000004"], "decimal(38,17)"),
        (["123456789012345.25"], "decimal(38,2)"),
        (["1" * 37 + ".5"], "decimal(38,1)"),
        (["1" * 38 + ".5"], None),
        (["1" * 39], None),
    ],
)
def test_the_type_of_numbers(numbers: list[str], expected: str | None) -> None:
    found = Numbers()
    for number in numbers:
        found.add(Decimal(number))

    assert found.type() == expected


def test_only_exponents_beyond_all_decimals_make_a_double() -> None:
    found = Numbers()
    found.add(Decimal("1.5e-300"), is_scientific=True)

    assert found.type() == "double"
