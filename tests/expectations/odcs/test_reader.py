import json
from importlib import resources
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

import expectations
from expectations.contract import Column, Contract, Limits, Partition, Rule
from expectations.odcs import ContractError, load_contract, load_contracts, read_notes
from tests import builders
from tests.expectations.contract_files import VALID, changed, load, problems, with_amount, write

P = [f"schema[0].properties[{index}]" for index in range(3)]
CUSTOM = "schema[0].customProperties[0]"


def test_a_contract_file_becomes_a_contract(tmp_path: Path) -> None:
    assert load_contract(write(tmp_path, VALID)) == Contract(
        dataset="orders",
        version="1.0.0",
        description="What was ordered.",
        columns=(
            Column("order_id", "long", required=True),
            Column("amount", "decimal(10,2)", limits=Limits(minimum=0)),
            Column("changed_at", "timestamp", required=True),
        ),
        key=("order_id",),
        partitions=(Partition("changed_at", "days"),),
        sequence_column="changed_at",
        rules=(
            Rule("order_id.required", "expect_column_values_to_not_be_null", {"column": "order_id"}),
            Rule("amount.range", "expect_column_values_to_be_between", {"column": "amount", "min_value": 0}),
            Rule("amount.given", "expect_column_values_to_not_be_null", {"column": "amount"}),
            Rule("changed_at.required", "expect_column_values_to_not_be_null", {"column": "changed_at"}),
            Rule("orders.any", "expect_table_row_count_to_be_between", {"min_value": 0, "strict_min": True}),
        ),
        source="orders.yaml",
    )


@pytest.mark.parametrize("dataset", ["transactions", "products", "households"])
def test_the_projects_contracts_are_valid_by_the_standards_own_schema(dataset: str) -> None:
    standard = json.loads(resources.files("open_data_contract_standard").joinpath("schema.json").read_text())
    path = Path(*expectations.__path__) / f"{dataset}.yaml"

    validator = jsonschema_rs.validator_for(standard)
    errors = [
        error.message for error in validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))
    ]

    assert errors == []


def test_the_projects_contracts_have_their_keys_and_partitions() -> None:
    assert {
        dataset: (contract.key, contract.partitions, contract.sequence_column)
        for dataset, contract in builders.contracts().items()
    } == {
        "transactions": (
            ("basket_id", "product_id"),
            (Partition("transaction_timestamp", "days"),),
            "updated_at",
        ),
        "products": (("product_id",), (Partition("product_id", "bucket[8]"),), None),
        "households": (("household_id",), (Partition("household_id", "bucket[4]"),), None),
    }


@pytest.mark.parametrize(
    ("dataset", "column", "limits"),
    [
        ("transactions", "status", Limits(enum=("pending", "settled", "corrected"))),
        ("households", "kids_count", Limits(enum=("0", "1", "2", "3+"))),
        ("products", "department", Limits(min_length=1, max_length=40, pattern="^[^a-z]+$")),
        ("products", "product_category", Limits(max_length=60)),
    ],
)
def test_critical_rules_become_limits_of_their_columns(dataset: str, column: str, limits: Limits) -> None:
    assert builders.contracts()[dataset].column(column).limits == limits


@pytest.mark.parametrize(
    ("old", "new", "path", "rule"),
    [
        ("status: active", "status: active\nstatus: x", "status", "duplicate-field"),
        ("- name: orders\n", "- name: Orders\n", "schema[0].name", "dataset-name"),
        ("- name: orders\n", "- name: sales\n", "schema[0].name", "dataset-name"),
        ("metric: nullValues, mustBe: 0", "metric: invalidValues, arguments: {validValues: [1]}, mustBe: 0}\n"
         "        customProperties:\n          - {property: default, value: 2",
         "schema[0].properties", "default-value"),
        ("        primaryKey: true", "        physicalType: double\n        primaryKey: true",
         P[0] + ".physicalType", "types-agree"),
        ("value: changed_at", "value: changed", CUSTOM + ".value", "sequence-column"),
        ("value: changed_at", "value: amount", CUSTOM + ".value", "sequence-column"),
        ("        required: true\n        partitioned", "        partitioned",
         CUSTOM + ".value", "sequence-column"),
        ("property: sequenceColumn", "property: sequenceColum", CUSTOM + ".property", "unknown-field"),
        ("name: orders.any", "name: amount.given", "schema[0]", "rule-name"),
    ],
)  # fmt: skip
def test_every_broken_rule_is_reported_with_its_place(
    tmp_path: Path, old: str, new: str, path: str, rule: str
) -> None:
    found = problems(tmp_path, changed(old, new))

    assert [(problem.path, problem.rule) for problem in found] == [(path, rule)]
    assert found[0].message.startswith(("expected ", "Input should be"))
    assert "; " in found[0].message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected YAML with content, got nothing"),
        ("- 1\n", "expected a mapping of contract fields, got list"),
        ("kind: [\n", "expected YAML, got a syntax error in line 2, column 1"),
        ("kind: \x00\n", "expected YAML, got text that cannot be read"),
        (VALID.partition("schema:")[0], "expected one schema object, got 0"),
    ],
)
def test_a_file_that_is_not_a_contract_is_refused_with_the_reason(
    tmp_path: Path, text: str, message: str
) -> None:
    (problem,) = problems(tmp_path, text)

    assert message in problem.message


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_bytes(b"kind: \xff")

    with pytest.raises(ContractError, match=r"orders\.yaml: expected a readable file in UTF-8"):
        load_contract(tmp_path / "orders.yaml")


@pytest.mark.parametrize("name", ["batch", "orders_changes"])
def test_a_dataset_cannot_have_a_reserved_name(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, changed("- name: orders\n", f"- name: {name}\n"), name)

    with pytest.raises(ContractError, match=r"schema\[0\]\.name .*: expected a name that is not in use"):
        load_contract(path)


def test_a_file_describes_one_dataset(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, VALID + "  - name: more\n")

    assert str(problem) == (
        "orders.yaml: schema (line 6): expected one schema object, got 2; give each dataset a file of its own"
    )


def test_an_error_has_file_place_line_and_advice(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as error:
        load(tmp_path, "physicalType: decimal(10,2)", "physicalType: money")

    assert str(error.value) == (
        "orders.yaml: schema[0].properties[1].physicalType (line 18): expected string, int, long, float, "
        "double, decimal(p,s), boolean, date, timestamp, binary, struct or list, got 'money'; "
        "write the column's Iceberg type"
    )


def test_all_problems_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        changed("physicalType: decimal(10,2)", "physicalType: money").replace("mustBe: 0", "mustBee: 0"),
    )
    write(
        tmp_path,
        VALID.replace("name: orders\n", "name: sales\n").replace("value: days", "value: day"),
        "sales",
    )
    write(tmp_path, VALID.replace("name: orders\n", "name: fine\n"), "fine")

    with pytest.raises(ContractError) as error:
        load_contracts(tmp_path)

    assert [(problem.file, problem.rule) for problem in error.value.problems] == [
        ("orders.yaml", "unknown-field"),
        ("orders.yaml", "known-type"),
        ("orders.yaml", "one-operator"),
        ("sales.yaml", "partition-transform"),
    ]


@pytest.mark.parametrize("place", ["a", "b"])
def test_a_default_keeps_the_enum_at_every_depth(tmp_path: Path, place: str) -> None:
    field = (
        "{name: a, logicalType: string, enum: [{value: x}], "
        "customProperties: [{property: default, value: y}]}"
    )
    inner = field if place == "a" else f"{{name: b, logicalType: object, properties: [{field}]}}"

    (problem,) = problems(tmp_path, with_amount(f"logicalType: object, properties: [{inner}]"))

    name = "amount.a" if place == "a" else "amount.b.a"
    assert problem.message == f"expected a default of {name} among 'x', got 'y'; correct the default"


def test_the_projects_contracts_have_no_notes() -> None:
    assert read_notes() == ()


FIELD = Path(__file__).parent / "field"  # contracts as other tools and the standard's examples write them


def test_a_contract_of_a_relational_catalogue_is_read() -> None:
    contract = load_contract(FIELD / "receivers.yaml")

    assert contract.columns == (
        Column("receiver_id", "string", True, classification="restricted", limits=Limits(max_length=18)),
        Column("country_code", "string", limits=Limits(max_length=2)),
        Column("balance", "decimal(18,2)"),
    )
    assert [rule.severity for rule in contract.rules if rule.name == "country_code.nullValues"] == [
        "critical"
    ]


def test_a_contract_with_the_options_of_the_standard_is_read() -> None:
    limits = {column.name: column.limits for column in load_contract(FIELD / "parcels.yaml").columns}

    assert limits["contact"] == Limits(max_length=120)
    assert limits["ship_day"] == Limits(minimum="2020-01-01")
    assert limits["weight_grams"] == Limits(minimum=0, multiple_of=5)


def test_a_contract_of_an_importer_says_which_numbers_need_digits() -> None:
    with pytest.raises(ContractError) as error:
        load_contract(FIELD / "shipments.yaml")

    (problem,) = error.value.problems
    assert problem.path == P[2] + ".physicalType"
    assert problem.message.endswith("got 'NUMBER'; write precision and scale, e.g. decimal(10,2)")


def test_a_document_of_version_3_0_is_read() -> None:
    contract = load_contract(FIELD / "payments.yaml")

    assert [(rule.name, rule.expectation) for rule in contract.rules] == [
        ("payment_id.required", "expect_column_values_to_not_be_null"),
        ("payment_id.duplicateValues", "expect_column_values_to_be_unique"),
        ("amount.range", "expect_column_values_to_be_between"),
        ("amount.nullValues", "expect_column_values_to_not_be_null"),
        ("currency.length", "expect_column_value_lengths_to_be_between"),
        ("currency.invalidValues", "expect_column_values_to_be_in_set"),
        ("dataset.sql", "expect_query_value"),
    ]
    assert contract.column("amount").limits == Limits(exclusive_minimum=0)


def test_a_document_of_version_3_2_is_read() -> None:
    contract = load_contract(FIELD / "sensors.yaml")

    assert [(column.name, column.type) for column in contract.columns] == [
        ("sensor_id", "string"),
        ("state", "string"),
        ("place", "struct<room: string, floor: int>"),
    ]
    assert contract.column("state").limits.enum == ("on", "off")
    assert contract.column("place").fields[0].required


def test_what_is_passed_over_is_noted_with_its_place() -> None:
    assert [f"{note.file}: {note.path}" for note in read_notes(FIELD)] == [
        f"parcels.yaml: {P[0]}.logicalTypeOptions.format",
        f"parcels.yaml: {P[1]}.logicalTypeOptions.format",
        "payments.yaml: schema[0].quality[0].rule",
        "receivers.yaml: slaProperties",
        f"receivers.yaml: {P[0]}.required",
        f"sensors.yaml: {P[2]}",
        f"shipments.yaml: {P[2].replace('2', '3')}.unique",
    ]
