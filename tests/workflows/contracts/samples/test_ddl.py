"""Columns from CREATE TABLE statements of several databases, and from the Glue catalog."""

import pytest

from workflows.contracts.samples.ddl import columns_of_ddl, columns_of_glue
from workflows.contracts.samples.facts import DraftError

POSTGRES = """
CREATE TABLE public.payments (
  "paymentId" bigint PRIMARY KEY, amount numeric(12,2) NOT NULL, rate numeric, note varchar(18),
  at timestamp with time zone DEFAULT now(), tags text[], data jsonb
);
CREATE INDEX i ON public.payments (at);
CREATE TABLE other (id int);
"""
MYSQL = """
CREATE TABLE `payments` (
  `id` int(11) unsigned NOT NULL AUTO_INCREMENT, `line` smallint NOT NULL, `state` enum('a','b') DEFAULT NULL,
  `at` datetime(6), PRIMARY KEY (`id`, `line`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
"""
T_SQL = "CREATE TABLE [dbo].[payments] ([Id] [int] IDENTITY(1,1) NOT NULL, [m] [money] NULL)"


@pytest.mark.parametrize(
    ("sql", "expected", "key"),
    [
        (
            POSTGRES,
            {
                "paymentId": ("long", True),
                "amount": ("decimal(12,2)", True),
                "rate": ("decimal(38,9)", False),
                "note": ("string", False),
                "at": ("timestamp", False),
                "tags": ("list", False),
                "data": ("string", False),
            },
            ("paymentId",),
        ),
        (
            MYSQL,
            {
                "id": ("long", True),
                "line": ("int", True),
                "state": ("string", False),
                "at": ("timestamp", False),
            },
            ("id", "line"),
        ),
        (T_SQL, {"Id": ("int", True), "m": ("decimal(19,4)", False)}, ()),
    ],
)
def test_columns_and_key_of_a_statement(
    sql: str, expected: dict[str, tuple[str, bool]], key: tuple[str, ...]
) -> None:
    columns, primary_key = columns_of_ddl(sql, "payments", "a.sql")

    assert {column.header: (column.type, column.required) for column in columns} == expected
    assert primary_key == key


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1", "write a CREATE TABLE statement"),
        ("CREATE TABLE a (id int); CREATE TABLE b (id int)", "got those of a, b"),
        ("CREATE TABLE a (place geometry)", "for place, got GEOMETRY"),
        ("CREATE TABLE a (n numeric(50,2))", "at most 38 digits of n"),
    ],
)
def test_a_statement_that_gives_no_columns_is_refused(sql: str, message: str) -> None:
    with pytest.raises(DraftError, match=message):
        columns_of_ddl(sql, "payments", "a.sql")


def test_columns_of_a_glue_table() -> None:
    optional = {"iceberg.field.current": "true", "iceberg.field.optional": "true"}
    table = {
        "Name": "payments",
        "StorageDescriptor": {
            "Columns": [
                {
                    "Name": "id",
                    "Type": "bigint",
                    "Parameters": {**optional, "iceberg.field.optional": "false"},
                },
                {"Name": "old", "Type": "int", "Parameters": {"iceberg.field.current": "false"}},
                {"Name": "place", "Type": "struct<zip:string,n:array<int>>", "Parameters": optional},
                {"Name": "_version", "Type": "bigint"},
            ]
        },
        "PartitionKeys": [{"Name": "day", "Type": "date"}],
    }

    columns = columns_of_glue(table)

    assert [(column.header, column.type, column.required) for column in columns] == [
        ("id", "long", True),
        ("place", "struct", False),
        ("day", "date", False),
    ]
    assert [(field.header, field.type) for field in columns[1].fields] == [("zip", "string"), ("n", "list")]
