"""The file and the settings with which Power BI reads the lake."""

import json
import re

import sqlglot

from expectations.odcs import load_contracts
from workflows.analysts.powerbi import dsn_settings, pbids, power_query


def test_a_pbids_file_has_one_connection_to_the_data_source_and_no_credentials() -> None:
    written = json.loads(pbids("Lake"))

    (connection,) = written["connections"]
    assert written["version"] == "0.1"
    assert connection["details"]["protocol"] == "odbc"
    assert connection["details"]["address"] == {"options": {"dsn": "Lake"}}
    assert connection["details"]["authentication"] is None
    assert connection["mode"] == "Import"


def test_it_may_query_instead_of_importing() -> None:
    assert json.loads(pbids(is_direct_query=True))["connections"][0]["mode"] == "DirectQuery"


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
    assert sql.endswith(
        ' from "lake"."transactions" where "transaction_timestamp" >= timestamp \'2017-03-01 00:00:00 UTC\''
        " and \"transaction_timestamp\" < timestamp '2017-04-01 00:00:00 UTC'"
    )
    assert selects(sql)[-1] == "_updated_at"


def test_a_dataset_without_such_a_time_is_read_as_a_whole() -> None:
    sql = sql_of(power_query(load_contracts()["products"], "lake"), "", "")

    assert sql.endswith(' from "lake"."products"')
    assert selects(sql)[0] == "product_id"
