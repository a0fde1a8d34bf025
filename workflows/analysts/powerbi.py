"""What Power BI needs to read the lake by Athena's ODBC driver: a .pbids file and the settings of its DSN.

A .pbids file names the data source and no credentials; who opens it signs in as themselves. Microsoft
describes the file for other sources. For ODBC this one has the form of data source references, which address
it by the options of its connection string. It has not been opened in Power BI yet.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from expectations.problems import GluelineError
from workflows.analysts.datasets import is_restricted, time_column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expectations.contract import Contract

DSN: Final = "Glueline"
CATALOG: Final = "AwsDataCatalog"
_NOT_IN_DSN: Final = "[]{}(),;?*=!@\\"
_LONGEST_DSN: Final = 32


class NoSuchName(GluelineError):
    """Raised when no ODBC data source can have a name."""


def pbids(dsn: str = DSN) -> str:
    """The text of a .pbids file that connects by the ODBC data source of this name. Raises NoSuchName.

    It imports: Power BI's ODBC connector has no DirectQuery
    (https://learn.microsoft.com/power-query/connectors/odbc).
    """
    _check(dsn)
    details = {
        "protocol": "odbc",
        "address": {"options": {"dsn": dsn}},
        "authentication": None,
        "query": None,
    }
    connection = {"details": details, "options": {}, "mode": "Import"}
    return json.dumps({"version": "0.1", "connections": [connection]}, indent=2) + "\n"


def dsn_settings(region: str, database: str, workgroup: str, profile: str) -> Mapping[str, str]:
    """The settings of the data source, by their names in version 2 of Amazon Athena's ODBC driver.

    The workgroup says where results go. `profile` is a profile of AWS's configuration that assumes the reader
    role, so that no key is stored in the data source.
    """
    return {
        "AwsRegion": region,
        "Catalog": CATALOG,
        "Schema": database,
        "Workgroup": workgroup,
        "AuthenticationType": "IAM Profile",
        "AWSProfile": profile,
    }


def power_query(contract: Contract, database: str, dsn: str = DSN) -> str:
    """A query in M that reads the current rows of a dataset.

    If the table is partitioned by a time, it reads the rows between the parameters RangeStart and RangeEnd,
    of which Power BI's incremental refresh makes one query for each period. Times become times without a
    zone, in UTC, because the driver gives others as text. Restricted columns are left out. Raises NoSuchName.
    """
    _check(dsn)
    columns = [
        f'cast("{column.name}" as timestamp(3)) as "{column.name}"'
        if column.kind == "timestamp"
        else f'"{column.name}"'
        for column in contract.columns
        if not is_restricted(column)
    ]
    columns.append('cast("_updated_at" as timestamp(3)) as "_updated_at"')
    sql = f'select {", ".join(columns)} from "{database}"."{contract.dataset}"'  # noqa: S608 -- names of contracts
    text = '"' + sql.replace('"', '""') + '"'
    time = time_column(contract)
    if time is not None and time.name in {partition.column for partition in contract.partitions}:
        text += f' & " where {_range(time.name, time.kind)}"'
    source = dsn.replace('"', '""')
    return f'let\n    Rows = Odbc.Query("dsn={source}", {text})\nin\n    Rows\n'


def _check(dsn: str) -> None:
    """Raise NoSuchName unless an ODBC data source can have this name (SQLValidDSN, SQL_MAX_DSN_LENGTH)."""
    if (
        not 0 < len(dsn) <= _LONGEST_DSN
        or not dsn.isprintable()
        or dsn.isspace()
        or set(dsn) & set(_NOT_IN_DSN)
    ):
        raise NoSuchName(
            f"Expected the name of an ODBC data source, 1 to {_LONGEST_DSN} characters without "
            f"{_NOT_IN_DSN}, got {dsn!r}. Name it: --dsn"
        )


def _range(name: str, kind: str) -> str:
    """The condition of a period, in M's text: each bound is an expression of M between two texts."""
    literal, pattern = ("date", "yyyy-MM-dd") if kind == "date" else ("timestamp", "yyyy-MM-dd HH:mm:ss")
    zone = "" if kind == "date" else " UTC"
    bounds = (
        f'""{name}"" {operator} {literal} \'" & DateTime.ToText({parameter}, "{pattern}") & "{zone}\''
        for operator, parameter in ((">=", "RangeStart"), ("<", "RangeEnd"))
    )
    return " and ".join(bounds)
