"""The data of QuickSight's dashboards: the data source, and a data set for each dataset with its refresh.

A data set is one SELECT. Its times lose their zone, which QuickSight does not know (they stay in UTC), and
the dimensions of references are joined, so that a dashboard has one data set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from workflows.analysts.dashboards import join
from workflows.analysts.quicksight_access import Json, resource, stack_id

if TYPE_CHECKING:
    from expectations.contract import Column
    from workflows.analysts.dashboards import Dashboard
    from workflows.analysts.datasets import Dataset

COUNTED: Final = "one_row"  # a column of ones, whose sum is the number of rows
DATABASE: Final = "${LakeDatabase}"
_TYPES: Final = {
    **dict.fromkeys(("int", "long"), "INTEGER"),
    **dict.fromkeys(("decimal", "float", "double"), "DECIMAL"),
    **dict.fromkeys(("date", "timestamp"), "DATETIME"),
    "boolean": "BOOLEAN",
    "string": "STRING",
}


def data_source() -> Json:
    athena = {"WorkGroup": {"Ref": "ReaderWorkGroup"}, "RoleArn": {"Fn::GetAtt": ["QuickSightRole", "Arn"]}}
    return resource(
        "DataSource",
        "athena",
        "Glueline",
        {
            "Type": "ATHENA",
            "DataSourceParameters": {"AthenaParameters": athena},
            "SslProperties": {"DisableSsl": False},
        },
    )


def data_set(dataset: Dataset, board: Dashboard) -> Json:
    sql, columns = select(dataset, board)
    table = {
        "CustomSql": {
            "DataSourceArn": {"Fn::GetAtt": ["Athena", "Arn"]},
            "Name": board.dataset,
            "SqlQuery": {"Fn::Sub": sql},
            "Columns": columns,
        }
    }
    properties = {"ImportMode": {"Ref": "ImportMode"}, "PhysicalTableMap": {"rows": table}}
    return resource("DataSet", board.dataset, board.title, properties)


def select(dataset: Dataset, board: Dashboard, database: str = DATABASE) -> tuple[str, list[Json]]:
    """The SELECT of a data set, and the names and types of its columns.

    It has the columns that a dashboard may show, the row's time, and the dimensions of references.
    """
    shown = {one.column for one in board.measures} | {board.time}
    shown |= {one.column for one in board.dimensions if one.reference is None}
    columns = [column for column in dataset.contract.columns if column.name in shown]
    parts = [_expression(column) for column in columns]
    described = [{"Name": column.name, "Type": _TYPES[column.kind]} for column in columns]
    joins: list[str] = []
    aliases: dict[Any, str] = {}
    for one in board.dimensions:
        if one.reference is not None:
            if one.reference not in aliases:
                aliases[one.reference] = f"r{len(aliases)}"
                joins.append(join(one.reference, database, aliases[one.reference]))
            # As text: the type of another dataset's dimension is not this contract's.
            parts.append(f'cast({aliases[one.reference]}."{one.column}" as varchar) as "{one.name}"')
            described.append({"Name": one.name, "Type": "STRING"})
    parts.append(f"1 as {COUNTED}")
    described.append({"Name": COUNTED, "Type": "INTEGER"})
    source = " ".join([f'"{database}"."{board.dataset}" t', *joins])
    return f"select {', '.join(parts)} from {source}", described  # noqa: S608 -- names of contracts


def _expression(column: Column) -> str:
    if column.kind == "timestamp":
        return f'cast(t."{column.name}" as timestamp(3)) as "{column.name}"'
    return f't."{column.name}"'


def refresh(name: str, board: Dashboard) -> Json:
    """A full copy each day: rows change and go at any time, which an incremental refresh would miss."""
    schedule = {
        "ScheduleId": "daily",
        "RefreshType": "FULL_REFRESH",
        "ScheduleFrequency": {
            "Interval": "DAILY",
            "TimeOfTheDay": {"Ref": "RefreshTime"},
            "TimeZone": "UTC",
        },
    }
    return {
        "Type": "AWS::QuickSight::RefreshSchedule",
        "Condition": "IsSpice",
        "DependsOn": f"{name}DataSet",
        "Properties": {
            "AwsAccountId": {"Ref": "AWS::AccountId"},
            "DataSetId": stack_id(board.dataset),
            "Schedule": schedule,
        },
    }
