"""The access patterns of a contract, and what they have to be."""

from pathlib import Path

import pytest

from expectations.access_patterns import AccessPattern
from expectations.contract import Contract, dump_compiled, load_compiled
from expectations.odcs import load_contract
from tests.expectations.contract_files import VALID, changed, problems, write

SEQUENCE = "      - {property: sequenceColumn, value: changed_at}\n"
AT = "schema[0].customProperties[1].value"
TEXT = "      - name: amount\n"


def with_patterns(patterns: str, column: str = "") -> str:
    """The valid contract with these patterns, and another column."""
    text = changed(SEQUENCE, f"{SEQUENCE}      - property: accessPatterns\n        value: {patterns}\n")
    return text.replace(TEXT, f"{column}{TEXT}")


def named(name: str, options: str = "") -> str:
    return f"      - {{name: {name}, logicalType: string{options}}}\n"


def test_patterns_are_read_and_compiled(tmp_path: Path) -> None:
    patterns = (
        "[{name: by_amount, partition: amount, sort: changed_at}, {name: by_order, partition: order_id}]"
    )
    contract = load_contract(write(tmp_path, with_patterns(patterns)))

    assert contract.patterns == (
        AccessPattern("by_amount", "amount", "changed_at"),
        AccessPattern("by_order", "order_id"),
    )
    (tmp_path / "compiled.json").write_text(dump_compiled({"orders": contract}))
    assert load_compiled(tmp_path / "compiled.json") == {"orders": contract}


def test_a_contract_that_was_compiled_before_patterns_existed_has_none(tmp_path: Path) -> None:
    plain = load_contract(write(tmp_path, VALID)).to_dict()
    del plain["patterns"]

    assert Contract.from_dict(plain).patterns == ()


VALUES = ", quality: [{metric: invalidValues, arguments: {validValues: [a, b]}, mustBe: 0}]"


def of_length(most: int) -> str:
    return f", logicalTypeOptions: {{maxLength: {most}}}"


@pytest.mark.parametrize("options", [of_length(255), VALUES])
def test_a_text_whose_length_is_limited_can_be_a_sort_column(tmp_path: Path, options: str) -> None:
    text = with_patterns("[{name: by_order, partition: order_id, sort: state}]", named("state", options))

    assert problems(tmp_path, text) == ()


@pytest.mark.parametrize(
    ("patterns", "column", "path", "rule"),
    [
        ("by_amount", "", AT, "access-patterns"),
        ("[]", "", AT, "access-patterns"),
        ("[{name: by_amount}]", "", f"{AT}[0]", "access-pattern"),
        ("[{name: by_amount, partition: amount, order: x}]", "", f"{AT}[0]", "access-pattern"),
        ("[{name: By, partition: amount}]", "", f"{AT}[0].name", "access-pattern-name"),
        ("[{name: 1, partition: amount}]", "", f"{AT}[0].name", "access-pattern-name"),
        ("[{name: by, partition: [amount]}]", "", f"{AT}[0].partition", "access-pattern-column"),
        ("[{name: by, partition: price}]", "", f"{AT}[0].partition", "access-pattern-column"),
        ("[{name: by, partition: amount, sort: price}]", "", f"{AT}[0].sort", "access-pattern-column"),
        ("[{name: by, partition: amount, sort: amount}]", "", f"{AT}[0].sort", "access-pattern-column"),
        ("[{name: by, partition: ratio}]", "      - {name: ratio, physicalType: double}\n",
         f"{AT}[0].partition", "access-pattern-column"),
        ("[{name: by, partition: limit}]", "      - {name: limit, physicalType: int}\n",
         f"{AT}[0].partition", "access-pattern-column"),
        ("[{name: by, partition: state}]", named("state"), f"{AT}[0].partition", "access-pattern-text"),
        ("[{name: by, partition: amount, sort: state}]", named("state", of_length(256)),
         f"{AT}[0].sort", "access-pattern-text"),
        ("[{name: by, partition: amount}, {name: by, partition: order_id}]", "", AT, "access-pattern-twice"),
        ("[{name: by, partition: amount}, {name: too, partition: amount}]", "", AT, "access-pattern-twice"),
        (f"[{{name: by, partition: {'a' * 120}, sort: {'b' * 140}}}]",
         named("a" * 120, of_length(9)) + named("b" * 140, of_length(9)),
         f"{AT}[0]", "access-pattern-column"),
        (str([{"name": f"p{n}", "partition": f"c{n}"} for n in range(21)]),
         "".join(f"      - {{name: c{n}, physicalType: int}}\n" for n in range(21)), AT, "access-patterns"),
    ],
)  # fmt: skip
def test_a_pattern_that_no_index_can_serve_is_reported(
    tmp_path: Path, patterns: str, column: str, path: str, rule: str
) -> None:
    (problem,) = problems(tmp_path, with_patterns(patterns, column))

    assert (problem.path, problem.rule) == (path, rule)
