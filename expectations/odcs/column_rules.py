"""The rules that a column implies by `required`, `enum` and the limits of `logicalTypeOptions`."""

from decimal import Decimal

from expectations.contract import Column, JsonValue, Rule
from expectations.spark_literals import literal


def column_rules(column: Column) -> list[Rule]:
    """The rules that check `required`, `enum` and the limits of a column."""
    limits = column.limits
    on_column: dict[str, JsonValue] = {"column": column.name}
    rules: list[Rule] = []
    if column.required:
        rules.append(Rule(f"{column.name}.required", "expect_column_values_to_not_be_null", on_column))
    if bounds := _bounds(column):
        rules.append(Rule(f"{column.name}.range", "expect_column_values_to_be_between", on_column | bounds))
    if limits.min_length is not None or limits.max_length is not None:
        lengths = _given(min_value=limits.min_length, max_value=limits.max_length)
        rules.append(
            Rule(f"{column.name}.length", "expect_column_value_lengths_to_be_between", on_column | lengths)
        )
    if limits.pattern is not None:
        rules.append(
            Rule(
                f"{column.name}.pattern",
                "expect_column_values_to_match_regex",
                on_column | {"regex": limits.pattern},
            )
        )
    if limits.multiple_of is not None:
        # Rows with another remainder fulfil the condition, and a present value breaks the expectation.
        step = Decimal(repr(limits.multiple_of))
        remainder = f"`{column.name}` % {literal(float(step) if column.kind == 'double' else step)}"
        condition: JsonValue = {"type": "pass_through", "pass_through_filter": f"{remainder} <> 0"}
        rules.append(
            Rule(
                f"{column.name}.multiple",
                "expect_column_values_to_be_null",
                on_column | {"row_condition": condition},
                f"values must be multiples of {limits.multiple_of}",
            )
        )
    if limits.enum:
        values = on_column | {"value_set": list(limits.enum)}
        rules.append(Rule(f"{column.name}.enum", "expect_column_values_to_be_in_set", values))
    return rules


def _bounds(column: Column) -> dict[str, JsonValue]:
    limits = column.limits
    bounds = _given(min_value=limits.minimum, max_value=limits.maximum)
    if limits.exclusive_minimum is not None:
        bounds |= {"min_value": limits.exclusive_minimum, "strict_min": True}
    if limits.exclusive_maximum is not None:
        bounds |= {"max_value": limits.exclusive_maximum, "strict_max": True}
    return bounds


def _given(**values: JsonValue) -> dict[str, JsonValue]:
    return {name: value for name, value in values.items() if value is not None}
