"""Values are compared and combined in types that Athena and Spark convert alike."""

import pytest

from expectations.sql.values import NotAlike, Typed, cast, common, derived, expect

INT, LONG, DOUBLE, TEXT = (Typed("a", kind) for kind in ("int", "long", "double", "string"))


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("int", "int", "int"),
        ("int", "long", "long"),
        ("int", "decimal(10,2)", "decimal(12,2)"),
        ("decimal(38,18)", "long", "decimal(38,18)"),
        ("decimal(10,2)", "double", "double"),
        ("float", "float", "float"),
        ("date", "timestamp", "timestamp"),
    ],
)
def test_two_values_have_a_type_that_holds_both(one: str, other: str, kind: str) -> None:
    assert {value.type for value in common([Typed("a", one), Typed("b", other)])} == {kind}


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("string", "int", "Athena does not compare or combine int and string; CAST one of them"),
        ("float", "int", "of floats alike"),
        ("decimal(38,2)", "decimal(38,18)", "numbers of more than 38 digits"),
        ("date", "string", "date and string"),
    ],
)
def test_what_only_one_engine_converts_is_refused(one: str, other: str, message: str) -> None:
    with pytest.raises(NotAlike, match=message):
        common([Typed("a", one), Typed("b", other)])


def test_null_has_any_type() -> None:
    assert common([Typed("NULL", "null"), TEXT]) == [Typed("NULL", "null"), TEXT]
    assert expect(Typed("NULL", "null"), ("int",), "a") == Typed("NULL", "null")


def test_a_cast_has_sparks_name_of_the_type() -> None:
    assert (cast(INT, "long").sql, cast(LONG, "long").sql) == ("CAST(a AS bigint)", "a")


def test_a_value_is_safe_and_has_columns_as_its_parts() -> None:
    part = Typed("a", "int", is_safe=False, columns=frozenset("a"))

    assert derived("(a)", "int", part, Typed("b", "int", columns=frozenset("b"))) == Typed(
        "(a)", "int", is_safe=False, columns=frozenset("ab")
    )
