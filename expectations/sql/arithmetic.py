"""The operators of numbers, whose types and roundings Athena and Spark share.

Spark divides whole numbers to a fraction, which DIV does not, and gives quotients of decimals more digits,
which are refused.
"""

from expectations.sql.values import (
    EXACT,
    MOST_DIGITS,
    NUMBERS,
    UNKNOWN,
    WHOLE,
    Typed,
    cast,
    common,
    derived,
    expect,
    refuse_digits,
    refuse_float,
)


def summed(operator: str, left: Typed, right: Typed) -> Typed:
    """A sum or difference."""
    pair = _numbers(operator, left, right)
    if pair[0].kind in ("double", *WHOLE):
        return _binary(operator, pair)
    (one, scale_one), (other, scale_other) = (value.digits for value in (left, right))
    scale = max(scale_one, scale_other)
    return _decimal(operator, pair, max(one - scale_one, other - scale_other) + scale + 1, scale)


def times(operator: str, left: Typed, right: Typed) -> Typed:
    """A product. Decimals keep their own scales, whose sum is the scale of the product."""
    pair = _numbers(operator, left, right)
    if pair[0].kind in ("double", *WHOLE):
        return _binary(operator, pair)
    (one, scale_one), (other, scale_other) = (value.digits for value in (left, right))
    as_decimals = [cast(value, "decimal({},{})".format(*value.digits)) for value in (left, right)]
    return _decimal(operator, as_decimals, one + other + 1, scale_one + scale_other)


def divided(operator: str, left: Typed, right: Typed) -> Typed:
    """A quotient: of whole numbers without its fraction, as in Athena."""
    pair = _numbers(operator, left, right)
    if pair[0].kind == "decimal":
        refuse_digits("divisions")
    if pair[0].kind == "double":
        return _binary(operator, pair, is_safe=False)
    return derived(f"({pair[0].sql} DIV {pair[1].sql})", "long", *pair, is_safe=False)


def remainder(operator: str, left: Typed, right: Typed) -> Typed:
    """A remainder, with the sign of the dividend."""
    return _binary(operator, _numbers(operator, left, right), is_safe=False)


def _numbers(operator: str, left: Typed, right: Typed) -> list[Typed]:
    for value in (left, right):
        expect(value, NUMBERS, operator)
        if value.kind == "float":
            refuse_float("compute sums and products")
        if value.kind == UNKNOWN:
            expect(Typed("", "NULL"), EXACT, operator)
    return common([left, right])


def _binary(operator: str, pair: list[Typed], *, is_safe: bool = True) -> Typed:
    kind = pair[0].type
    return derived(
        f"({pair[0].sql} {operator} {pair[1].sql})", kind, *pair, is_safe=is_safe and kind not in WHOLE
    )


def _decimal(operator: str, pair: list[Typed], precision: int, scale: int) -> Typed:
    if precision > MOST_DIGITS:
        refuse_digits("results of more than 38 digits")
    sql = f"({pair[0].sql} {operator} {pair[1].sql})"
    return derived(sql, f"decimal({precision},{scale})", *pair)
