"""A dataset with columns of every kind, which queries of rules are about."""

from expectations.contract import Column
from expectations.sql.expressions import Row
from expectations.sql.grammar import parse_statements
from expectations.sql.queries import Source
from expectations.sql.values import Typed

COLUMNS = {
    column.name: column
    for column in (
        Column("id", "long"),
        Column("quantity", "int"),
        Column("amount", "decimal(10,2)"),
        Column("exact", "decimal(38,18)"),
        Column("ratio", "double"),
        Column("rough", "float"),
        Column("name", "string"),
        Column("is_new", "boolean"),
        Column("day", "date"),
        Column("seen_at", "timestamp"),
        Column("blob", "binary"),
        Column("address", "struct<city: string>", fields=(Column("city", "string"),)),
        Column("tags", "list<string>", fields=(Column("element", "string"),)),
    )
}
SOURCE = Source(("orders", "ORDERS_V1"), COLUMNS, ("amount",))
ROW = Row(COLUMNS, frozenset({"orders"}))


def translated(expression: str) -> Typed:
    """An expression over a row in Spark SQL."""
    (select,) = parse_statements(f"SELECT {expression} FROM orders")
    return ROW.value(select.expressions[0])
