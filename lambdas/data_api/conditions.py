"""The condition on a pattern's sort column, as a query parameter `operator:value`. No AWS here.

Values become the texts that the index sorts by. Rows in which the column is null satisfy no condition.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from expectations.access_patterns import operators
from expectations.align import align
from expectations.contract import Column, Contract
from expectations.ordered_text import ordered_text
from lambdas.data_api.index_attributes import AFTER_ALL, GIVEN, MAX_SORT_BYTES
from lambdas.data_api.items import Item
from lambdas.data_api.problems import Problem

_KNOWN = operators("string")
_BOOLEANS = {"true": True, "false": False}
_EXPRESSIONS = {
    "eq": "#sort = :low",
    "lt": "#sort < :low",
    "le": "#sort <= :low",
    "begins_with": "begins_with(#sort, :low)",
}
_BETWEEN = "#sort BETWEEN :low AND :high"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition by texts of the index. `high` is empty if there is no second text."""

    operator: str
    low: str
    high: str = ""

    @property
    def expression(self) -> str:
        """The condition as a part of a KeyConditionExpression about `#sort`."""
        return _EXPRESSIONS.get(self.operator, _BETWEEN)

    @property
    def values(self) -> Item:
        """The values of the expression."""
        return {":low": {"S": self.low}} | ({":high": {"S": self.high}} if self.high else {})

    def holds(self, text: str) -> bool:
        """Whether a text of the index satisfies the condition, compared by its bytes as in DynamoDB."""
        given, low, high = text.encode(), self.low.encode(), self.high.encode()
        match self.operator:
            case "eq":
                return given == low
            case "lt":
                return given < low
            case "le":
                return given <= low
            case "begins_with":
                return given.startswith(low)
        return low <= given <= high


def read_operator(given: str) -> tuple[str, str]:
    """Operator and value of a parameter; without an operator it is `eq`."""
    operator, colon, value = given.partition(":")
    return (operator, value) if colon and operator in _KNOWN else ("eq", given)


def read_condition(contract: Contract, column: Column, given: str) -> Condition:
    """The condition that a parameter states. Problem 400 if the column's type has no such condition."""
    operator, value = read_operator(given)
    allowed = operators(column.kind)
    if operator not in allowed:
        raise Problem("bad-request", f"expected {column.name} with {', '.join(allowed)}, got {operator}")
    if operator == "between":
        return _between(contract, column, value)
    text = read_text(contract, column, value, MAX_SORT_BYTES)
    if operator == "ge":
        return Condition(operator, text, AFTER_ALL)
    if operator == "gt":
        return Condition(operator, f"{text}\0", AFTER_ALL)  # the next text
    return Condition(operator, text)


def read_text(contract: Contract, column: Column, value: str, most: int) -> str:
    """The text of the index for a value of the query. Problem 400 if it is no value of the column."""
    text = ordered_text(column, _read(contract, column, value))
    if text is None or _bytes(text) > most - 2:  # what comes before and after it
        raise Problem("bad-request", f"expected {column.name} of type {column.type}, got {value[:100]!r}")
    return GIVEN + text


def _between(contract: Contract, column: Column, value: str) -> Condition:
    ends = [unquote(end) for end in value.split(",")]
    if len(ends) != 2:
        expected = f"expected {column.name}=between:<least>,<greatest>, with %2C for a comma in a value"
        raise Problem("bad-request", f"{expected}, got {len(ends)} values")
    low, high = (read_text(contract, column, end, MAX_SORT_BYTES) for end in ends)
    if low.encode() > high.encode():
        raise Problem("bad-request", f"expected the lesser value of {column.name} first")
    return Condition("between", low, high)


def _read(contract: Contract, column: Column, value: str) -> object:
    """A value as in a message, where numbers and times may have any form. Texts are taken as they are."""
    if column.kind == "string":
        return value
    if column.kind == "boolean":
        return _BOOLEANS.get(value)
    return align(contract, {column.name: value}, "delete")[0].get(column.name)


def _bytes(text: str) -> int:
    """The size in UTF-8. A text that has none, with half of a surrogate pair, is longer than any limit."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return MAX_SORT_BYTES * 4
