import json
from pathlib import Path

import pytest

from expectations.contract import Column, Limits
from tests.expectations.contract_files import AMOUNT, changed, load, notes, problems, with_amount
from tests.expectations.contract_files import AMOUNT_AT as AT


def column(folder: Path, description: str) -> Column:
    """The second column of the valid contract, with another description."""
    return load(folder, AMOUNT, f"        {description}\n").column("amount")


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("logicalType: string", Column("amount", "string")),
        ("{description: 'How  much', classification: public}", None),
        (
            "logicalType: integer\n"
            "        logicalTypeOptions: {format: i32, exclusiveMinimum: 0, maximum: 9}",
            Column("amount", "int", limits=Limits(exclusive_minimum=0, maximum=9)),
        ),
        (
            "logicalType: string\n        logicalTypeOptions: {minLength: 1, maxLength: 5, pattern: '^a'}",
            Column("amount", "string", limits=Limits(min_length=1, max_length=5, pattern="^a")),
        ),
        (
            "logicalType: timestamp\n        logicalTypeOptions: {minimum: 2017-01-01}",
            Column("amount", "timestamp", limits=Limits(minimum="2017-01-01T00:00:00Z")),
        ),
        (
            "logicalType: date\n        logicalTypeOptions: {maximum: 2017-01-01}",
            Column("amount", "date", limits=Limits(maximum="2017-01-01")),
        ),
        (
            "logicalType: string\n        customProperties: [{property: aliases, value: [sum, Amount]}]",
            Column("amount", "string", aliases=("sum", "Amount")),
        ),
        (
            "logicalType: string\n        customProperties: [{property: default, value: none}]",
            Column("amount", "string", default="none", has_default=True),
        ),
        (
            "logicalType: array\n        items: {logicalType: integer, required: true}\n"
            "        logicalTypeOptions: {maxItems: 3}",
            Column(
                "amount",
                "list<long>",
                fields=(Column("element", "long", required=True),),
                limits=Limits(max_items=3),
            ),
        ),
        (
            "logicalType: string\n"
            "        physicalType: varchar(18)\n        logicalTypeOptions: {maxLength: 20}",
            Column("amount", "string", limits=Limits(max_length=18)),
        ),
        (
            "physicalType: NUMERIC(4,2)\n        enum: [{value: 1.5, label: Half}, {value: 2}]",
            Column("amount", "decimal(4,2)", limits=Limits(enum=(1.5, 2))),
        ),
        (
            "logicalType: integer\n        logicalTypeOptions: {format: u16, maximum: 9}",
            Column("amount", "int", limits=Limits(minimum=0, maximum=9)),
        ),
        ("logicalType: date\n        physicalType: TIMESTAMPTZ", Column("amount", "timestamp")),
        ("logicalType: time\n        physicalType: string", Column("amount", "string")),
        (
            "logicalType: object\n"
            "        properties: [{name: a, logicalType: date}, {name: b, physicalType: int}]",
            Column("amount", "struct<a: date, b: int>", fields=(Column("a", "date"), Column("b", "int"))),
        ),
    ],
)
def test_a_property_becomes_a_column(tmp_path: Path, description: str, expected: Column | None) -> None:
    if expected is None:
        expected = Column("amount", "string", classification="public", description="How much")
        description = "logicalType: string\n        classification: public\n        description: 'How  much'"

    assert column(tmp_path, description) == expected


@pytest.mark.parametrize(
    ("description", "path", "rule"),
    [
        ("tags: []", "", "known-type"),
        ("logicalType: text", ".logicalType", "known-type"),
        ("{logicalType: string, physicalType: date}", None, "types-agree"),
        ("logicalType: object", "", "struct-fields"),
        ("logicalType: array", "", "list-element"),
        ("{logicalType: array, items: {physicalType: money}}", None, "known-type"),
        ("{logicalType: object, properties: [{name: _a, logicalType: date}]}", None, "reserved-name"),
        ("{logicalType: string, logicalTypeOptions: {enum: [a]}}", None, "known-option"),
        ("{logicalType: integer, logicalTypeOptions: {multipleOf: 0}}", None, "option-value"),
        ("{logicalType: integer, enum: [{value: low}]}", None, "enum-value"),
        ("{logicalType: map, map: {key: {logicalType: string}, value: {logicalType: string}}}",
         ".logicalType", "known-type"),
        ("{logicalType: vector, logicalTypeOptions: {dimensions: 3}}", ".logicalType", "known-type"),
        ("{logicalType: vector, physicalType: vector(3)}", ".logicalType", "known-type"),
        ("{logicalType: time}", ".logicalType", "known-type"),
        ("{logicalType: timestamp, physicalType: timestamp_ntz}", ".physicalType", "known-type"),
        ("{logicalType: number, physicalType: NUMBER}", ".physicalType", "known-type"),
        ("{logicalType: boolean, logicalTypeOptions: {minimum: 0}}", None, "known-option"),
        ("{logicalType: integer, logicalTypeOptions: {minimum: low}}", None, "option-value"),
        ("{logicalType: string, logicalTypeOptions: {maxLength: -1}}", None, "option-value"),
        ("{logicalType: string, logicalTypeOptions: {pattern: '('}}", None, "option-value"),
        ("{logicalType: date, logicalTypeOptions: {minimum: 2017-02-30}}", None, "option-value"),
        ("{logicalType: timestamp, logicalTypeOptions: {minimum: soon}}", None, "option-value"),
        ("{logicalType: string, customProperties: [{property: aliases, value: sum}]}", None, "aliases"),
        ("{logicalType: string, customProperties: [{property: alias, value: [sum]}]}", None, "unknown-field"),
        ("{logicalType: string, customProperties: [{property: default, value: 5}]}", None, "default-value"),
        ("{logicalType: integer, customProperties: [{property: default, value: x}]}", None, "default-value"),
        ("{logicalType: array, items: {logicalType: date}, "
         "customProperties: [{property: default, value: []}]}", None, "default-value"),
    ],
)  # fmt: skip
def test_a_column_that_is_not_valid_is_reported(
    tmp_path: Path, description: str, path: str | None, rule: str
) -> None:
    if description.startswith("{"):
        text = with_amount(description[1:-1])
    else:
        text = changed(AMOUNT, f"        {description}\n")

    (problem,) = problems(tmp_path, text)

    assert problem.rule == rule
    assert problem.path.startswith(AT + (path or ""))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("_version", "reserved-name"),
        ("Amount", "column-name"),
        ("a-b", "column-name"),
        ("order_id", "unique-name"),
    ],
)
def test_the_name_of_a_column_is_valid_and_unique(tmp_path: Path, name: str, rule: str) -> None:
    (problem,) = problems(tmp_path, changed("- name: amount\n", f"- name: {name}\n"))

    assert (problem.path, problem.rule) == (f"{AT}.name", rule)


def test_an_alias_names_one_column(tmp_path: Path) -> None:
    alias = "        customProperties: [{property: aliases, value: [order_id]}]\n"

    (problem,) = problems(tmp_path, changed(AMOUNT, AMOUNT + alias))

    assert (
        problem.message == "expected 'order_id' to name one column, got order_id and amount; drop one of them"
    )


def test_custom_properties_of_other_tools_are_ignored(tmp_path: Path) -> None:
    text = changed(AMOUNT, AMOUNT + "        customProperties: [{property: pii, value: true}]\n")

    assert problems(tmp_path, text) == ()


def alias(*names: str) -> str:
    return f"        customProperties: [{{property: aliases, value: {json.dumps(names)}}}]\n"


@pytest.mark.parametrize(
    ("column", "more", "message"),
    [
        ("week_1", "week1", "expected 'week1' to name one column, got week_1 and week1; rename one, "),
        ("a__b", "a_b", "expected 'aB' to name one column, got a__b and a_b; rename one, "),
        (
            "order_no",
            "other",
            "expected 'orderNo' to name one column, got order_no and other; drop one of them",
        ),
    ],
)
def test_every_accepted_name_leads_to_one_column(
    tmp_path: Path, column: str, more: str, message: str
) -> None:
    first = f"      - {{name: {column}, logicalType: string}}\n"
    second = f"      - name: {more}\n        logicalType: string\n"
    second += alias("orderNo") if more == "other" else ""

    (problem,) = problems(
        tmp_path, changed("      - name: amount\n", first + second + "      - name: amount\n")
    )

    assert problem.rule == "aliases"
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("_op", "expected names without leading underscore, got '_op'; rename it in the files: "),
        (" Amount", "expected printable names without blanks around them, got ' Amount'; "),
        ("A\nB", "expected printable names without blanks around them, got 'A\\nB'; "),
    ],
)
def test_an_alias_that_no_door_accepts_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (problem,) = problems(tmp_path, changed(AMOUNT, AMOUNT + alias(name)))

    assert (problem.rule, problem.path) == ("aliases", f"{AT}.customProperties[0].value")
    assert problem.message.startswith(message)


def test_an_alias_may_have_the_characters_of_file_headers(tmp_path: Path) -> None:
    names = ("Unit (kg", "it's", 'a "b"', "a.b[0]*", "Größe", "$1 {b}", "\\d")

    assert load(tmp_path, AMOUNT, AMOUNT + alias(*names)).column("amount").aliases == names


def test_a_name_fits_the_catalog(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, changed("- name: amount\n", f"- name: {'a' * 256}\n"))

    assert problem.message.startswith(
        "expected a lower-case name like order_id, of at most 255 characters, got"
    )


def test_half_of_a_surrogate_pair_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(
        tmp_path, changed("- name: amount\n", '- name: amount\n        description: "\\ud800"\n')
    )

    assert (problem.path, problem.rule) == (f"{AT}.description", "text")


@pytest.mark.parametrize(
    ("description", "path", "message"),
    [
        ("logicalType: string, physicalType: geography", ".physicalType",
         "'geography': it is not a type that Glueline knows; logicalType makes it string"),
        ("logicalType: timestamp, physicalType: timestamp_tz(9)", ".physicalType",
         "'timestamp_tz(9)': it is kept in microseconds"),
        ("logicalType: string, relationships: [{to: /schema/customers}]", ".relationships",
         "relationships are read in the form dataset.column only"),
        ("logicalType: number, semanticType: measure, transformLogic: sum(x)", "",
         "a measure is computed by queries, and no column of the table"),
    ],
)  # fmt: skip
def test_what_is_not_kept_of_a_column_is_noted(
    tmp_path: Path, description: str, path: str, message: str
) -> None:
    assert notes(tmp_path, with_amount(description)) == [(AT + path, message)]


def test_an_enum_inside_a_list_is_a_limit_of_its_elements(tmp_path: Path) -> None:
    description = "        logicalType: array\n        items: {logicalType: integer, enum: [{value: 1}]}\n"

    (element,) = load(tmp_path, AMOUNT, description).column("amount").fields

    assert element.limits == Limits(enum=(1,))


def test_a_value_of_an_enum_inside_a_list_has_the_type_of_its_elements(tmp_path: Path) -> None:
    text = with_amount("logicalType: array, items: {logicalType: integer, enum: [{value: a}]}")

    assert [problem.path for problem in problems(tmp_path, text)] == [f"{AT}.items.enum[0].value"]


def test_an_enum_is_a_rule_of_its_column(tmp_path: Path) -> None:
    rules = load(
        tmp_path, AMOUNT, "        logicalType: string\n        enum: [{value: a}, {value: b}]\n"
    ).rules

    assert [dict(rule.kwargs) for rule in rules if rule.name == "amount.enum"] == [
        {"column": "amount", "value_set": ["a", "b"]}
    ]
