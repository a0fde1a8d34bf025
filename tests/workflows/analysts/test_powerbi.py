"""The file and the settings with which Power BI reads the lake."""

import json
import re
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import Column, Partition
from expectations.odcs import load_contracts
from workflows.analysts.powerbi import NoSuchName, dsn_settings, pbids, power_query


def test_a_pbids_file_has_one_connection_and_no_credentials() -> None:
    assert json.loads(pbids("Lake")) == {
        "version": "0.1",
        "connections": [
            {
                "details": {
                    "protocol": "odbc",
                    "address": {"options": {"dsn": "Lake"}},
                    "authentication": None,
                    "query": None,
                },
                "options": {},
                "mode": "Import",  # the only mode of Power BI's ODBC connector
            }
        ],
    }


# What Microsoft documents of the file (https://learn.microsoft.com/power-bi/connect-data/desktop-data-sources,
# "PBIDS file examples"): one connection, its protocol and address, and how it is read. The address of `odbc`
# is that of a data source reference: the properties of a connection string, all of them texts.
DOCUMENTED = {
    "type": "object",
    "required": ["version", "connections"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "0.1"},
        "connections": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,  # "Specifying more than one data source results in an error."
            "items": {
                "type": "object",
                "required": ["details"],
                "additionalProperties": False,
                "properties": {
                    "details": {
                        "type": "object",
                        "required": ["protocol", "address"],
                        "additionalProperties": False,
                        "properties": {
                            "protocol": {"const": "odbc"},
                            "address": {
                                "type": "object",
                                "required": ["options"],
                                "additionalProperties": False,
                                "properties": {
                                    "options": {
                                        "type": "object",
                                        "required": ["dsn"],
                                        "propertyNames": {"not": {"enum": ["uid", "pwd"]}},  # credentials
                                        "additionalProperties": {"type": "string", "minLength": 1},
                                    }
                                },
                            },
                            "authentication": {"type": "null"},
                            "query": {"type": "null"},
                        },
                    },
                    "options": {"type": "object", "additionalProperties": False},
                    "mode": {"enum": ["Import", "DirectQuery", None]},
                },
            },
        },
    },
}
CHARACTERS = st.characters(exclude_characters="[]{}(),;?*=!@\\", exclude_categories=["C", "Z"])


@given(name=st.text(CHARACTERS, min_size=1, max_size=32))
def test_the_file_has_the_documented_structure_for_every_name_of_a_data_source(name: str) -> None:
    read = json.loads(pbids(name))

    jsonschema_rs.validate(DOCUMENTED, read)
    assert read["connections"][0]["details"]["address"]["options"]["dsn"] == name


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": "1.0"},
        {"connections": []},
        {"connections": [{"details": {"protocol": "ODBC", "address": {"options": {"dsn": "Lake"}}}}]},
        {"connections": [{"details": {"protocol": "odbc", "address": {"connectionstring": "dsn=Lake"}}}]},
        {"connections": [{"details": {"protocol": "odbc", "address": {"options": {"dsn": 7}}}}]},
    ],
)
def test_the_documented_structure_refuses_another_file(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(DOCUMENTED, json.loads(pbids()) | wrong)


@pytest.mark.parametrize("name", ["", "x" * 33, "a;UID=me", 'a{"', "a,b", " ", "a\nb", "Lake!"])
def test_a_name_that_no_data_source_can_have_is_refused(name: str) -> None:
    for write in (pbids, lambda dsn: power_query(load_contracts()["products"], "lake", dsn)):
        with pytest.raises(NoSuchName, match="1 to 32 characters"):
            write(name)


def test_a_quote_in_the_name_stays_in_the_text_of_m() -> None:
    assert 'Odbc.Query("dsn=My ""lake""", ' in power_query(load_contracts()["products"], "lake", 'My "lake"')


def test_the_data_source_has_the_readers_workgroup_and_no_key() -> None:
    settings = dsn_settings("eu-central-1", "shop_lake", "shop-readers", "reader")

    assert settings["Workgroup"] == "shop-readers"
    assert settings["Schema"] == "shop_lake"
    assert settings["AuthenticationType"] == "IAM Profile"
    assert not any("key" in name.lower() or name in ("UID", "PWD") for name in settings)


def sql_of(query: str, start: str, end: str) -> str:
    """The SQL that a query in M sends for a period, by M's rules for text in quotes and `&`."""
    expression = query.partition('Odbc.Query("dsn=Glueline", ')[2].partition(")\nin")[0]
    for parameter, value in (("RangeStart", start), ("RangeEnd", end)):
        expression = re.sub(rf'DateTime\.ToText\({parameter}, "[^"]+"\)', f'"{value}"', expression)
    texts = re.findall(r'"((?:[^"]|"")*)"', expression)
    return "".join(texts).replace('""', '"')


def selects(sql: str) -> list[str]:
    """The names of what Athena's SQL selects."""
    parsed = sqlglot.parse_one(sql, dialect="athena", into=sqlglot.exp.Select)
    return list(parsed.named_selects)


def test_the_query_of_a_dataset_reads_one_period_by_a_time_that_never_changes() -> None:
    query = power_query(load_contracts()["transactions"], "lake")

    sql = sql_of(query, "2017-03-01 00:00:00", "2017-04-01 00:00:00")
    assert sql.startswith('select "basket_id", "product_id", ')
    assert "household_id" not in sql  # it is classified as restricted
    assert sql.endswith(
        ' from "lake"."transactions" where "transaction_timestamp" >= timestamp \'2017-03-01 00:00:00 UTC\''
        " and \"transaction_timestamp\" < timestamp '2017-04-01 00:00:00 UTC'"
    )
    assert selects(sql)[-1] == "_updated_at"


def test_a_dataset_without_such_a_time_is_read_as_a_whole() -> None:
    sql = sql_of(power_query(load_contracts()["products"], "lake"), "", "")

    assert sql.endswith(' from "lake"."products"')
    assert selects(sql)[0] == "product_id"


def test_restricted_columns_and_those_with_a_restricted_field_are_left_out() -> None:
    contract = replace(
        load_contracts()["products"],
        columns=(
            Column("product_id", "long"),
            Column("card", "string", classification="Restricted"),
            Column("buyer", "struct", fields=(Column("name", "string", classification="restricted"),)),
        ),
    )

    assert selects(sql_of(power_query(contract, "lake"), "", "")) == ["product_id", "_updated_at"]


def test_a_time_that_is_no_partition_may_change_and_makes_no_periods() -> None:
    contract = replace(
        load_contracts()["products"],
        columns=(Column("product_id", "long"), Column("shipped_at", "timestamp")),
    )

    assert "RangeStart" not in power_query(contract, "lake")
    by_day = replace(contract, partitions=(Partition("shipped_at", "days"),))
    assert "RangeStart" in power_query(by_day, "lake")
