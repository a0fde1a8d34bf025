"""A query of a rule is one expression over the dataset."""

from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract import Column
from expectations.sql.queries import RowPredicate, Source, read_query
from expectations.sql.values import NotAlike
from tests.expectations.sql.samples import SOURCE
from tests.workflows.query.dialect.answering import answer
from tests.workflows.query.dialect.baskets import baskets

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BASKETS = Source(
    ("transactions",),
    {
        column.name: column
        for column in (
            Column("basket_id", "long"),
            Column("product_id", "long"),
            Column("store_id", "int"),
            Column("quantity", "int"),
            Column("sales_value", "decimal(10,2)"),
            Column("retail_disc", "decimal(10,2)"),
            Column("week", "int"),
            Column("transaction_timestamp", "timestamp"),
            Column("status", "string"),
            Column("updated_at", "timestamp"),
        )
    },
)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT COUNT(*) FROM ${object} WHERE ${property} < 0",
        "SELECT COUNT(*) FROM {object} WHERE {property} < 0",
        "SELECT COUNT(*) FROM $(object) WHERE $(property) < 0",
        "SELECT COUNT(*) FROM ${table} WHERE ${column} < 0",
        "SELECT COUNT(*) FROM {model} WHERE {field} < 0",
        'SELECT COUNT(*) FROM "{model}" WHERE "{field}" < 0',
        "SELECT COUNT(*) FROM `${table}` WHERE `${column}` < 0",
        "SELECT COUNT(1) AS negative\nFROM Orders o\nWHERE o.amount < 0;",
        "SELECT COUNT_IF(amount < 0) FROM orders_v1",
    ],
)
def test_a_query_names_the_dataset_and_the_property_as_tools_do(query: str) -> None:
    predicate = read_query(query, SOURCE).counted

    assert predicate is not None
    assert (predicate.sql, predicate.columns) == ("(`amount` < CAST(0 AS decimal(10,2)))", ("amount",))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "the query is not one SELECT"),
        ("SELEC 1", "the query is not"),
        ("SELECT COUNT( FROM orders", "the query is not SQL of Athena: line 1"),
        ("SELECT COUNT(*) FROM orders; DROP TABLE orders", "the query is not one SELECT"),
        ("DELETE FROM orders", "the query is not one SELECT"),
        ("SELECT COUNT(*)", r"FROM has to name the dataset alone, as \$\{object\} or orders or orders_v1"),
        ("SELECT COUNT(*) FROM customers", "FROM has to name the dataset alone"),
        ("SELECT COUNT(*) FROM other.orders", "FROM has to name the dataset alone"),
        ("SELECT COUNT(*) FROM orders TABLESAMPLE BERNOULLI (5)", "FROM has to name the dataset alone"),
        ("SELECT COUNT(*) FROM (SELECT 1)", "a subquery is not evaluated"),
        ("SELECT COUNT(*) FROM orders, orders o", "JOIN is not evaluated"),
        ("SELECT COUNT(*) FROM orders JOIN lines ON true", "JOIN is not evaluated"),
        ("SELECT COUNT(*) FROM orders UNION SELECT 1", "the query is not one SELECT"),
        ("WITH a AS (SELECT 1) SELECT COUNT(*) FROM orders", "WITH is not evaluated"),
        ("SELECT COUNT(*) FROM orders GROUP BY id", "GROUP BY is not evaluated"),
        ("SELECT COUNT(*) FROM orders HAVING COUNT(*) > 1", "HAVING is not evaluated"),
        ("SELECT COUNT(*) FROM orders LIMIT 1", "LIMIT is not evaluated"),
        ("SELECT DISTINCT COUNT(*) FROM orders", "DISTINCT is not evaluated"),
        ("SELECT COUNT(*), 1 FROM orders", "the query has 2 expressions"),
        ("SELECT MAX(day) FROM orders", "the query gives date; a rule compares a number or boolean"),
        ("SELECT COUNT(*) FROM ${schema}.orders", r"the placeholder \$\{schema\} is not known"),
    ],
)
def test_what_is_not_one_expression_over_the_dataset_is_refused(query: str, message: str) -> None:
    with pytest.raises(NotAlike, match=message):
        read_query(query, SOURCE)


def test_a_rule_of_the_dataset_has_no_property() -> None:
    with pytest.raises(NotAlike, match=r"\$\{property\} is not known; these are: object, table, model"):
        read_query(
            "SELECT COUNT(*) FROM ${object} WHERE ${property} < 0", Source(("orders",), SOURCE.columns)
        )


@pytest.mark.parametrize(
    "query",
    [
        "SELECT COUNT(*) FROM orders",
        "SELECT COUNT(name) FROM orders WHERE amount < 0",  # not of rows without a name
        "SELECT COUNT(*) + 1 FROM orders WHERE amount < 0",
        "SELECT COUNT(*) FROM orders WHERE ratio / amount > 1e0",  # it fails for an amount of 0
        "SELECT COUNT(*) FROM orders WHERE 1 = 1",
        "SELECT COUNT(*) FILTER (WHERE is_new) FROM orders WHERE amount < 0",
    ],
)
def test_any_other_query_is_about_the_rows_together(query: str) -> None:
    assert read_query(query, SOURCE).counted is None


def test_a_counted_condition_is_kept_as_it_is_written() -> None:
    query = "SELECT COUNT(*) FROM orders WHERE address.city = 'A' OR name IS NULL"

    assert read_query(query, SOURCE).counted == RowPredicate(
        "((`address`.`city` = 'A') OR (`name` IS NULL))",
        "address.city = 'A' OR name IS NULL",
        ("address", "name"),
    )


QUERIES = [
    "SELECT COUNT(*) FROM transactions WHERE quantity / 2 >= 1",
    "SELECT SUM(quantity) / COUNT(*) FROM transactions",
    "SELECT SUM(-quantity / 2) FROM transactions",
    "SELECT SUM(mod(-quantity, 3)) FROM transactions",
    "SELECT 100e0 * COUNT_IF(status = 'settled') / COUNT(*) FROM transactions",
    "SELECT SUM(sales_value * quantity - retail_disc) FROM transactions",
    "SELECT SUM(sales_value) FILTER (WHERE week > 1) FROM transactions WHERE quantity > 2",
    "SELECT SUM(sales_value) FROM transactions WHERE week > 99",
    "SELECT AVG(quantity) FROM transactions",
    "SELECT AVG(CAST(sales_value AS DOUBLE)) FROM transactions",
    "SELECT COUNT(*) FROM transactions WHERE sales_value > 1.5 AND sales_value <= 3.33",
    "SELECT COUNT(*) FROM transactions WHERE sales_value IN (1, 2.05, 10.000)",
    "SELECT COUNT(*) FROM transactions WHERE status LIKE '%e_t%'",
    "SELECT COUNT(*) FROM transactions WHERE regexp_like(status, '^[a-p]+ng$')",
    "SELECT COUNT(*) FROM transactions WHERE NOT starts_with(status, 'set') OR status IS NULL",
    "SELECT COUNT(DISTINCT substr(status, 2, 3)) FROM transactions",
    "SELECT MIN(length(status || concat('a', 'é'))) FROM transactions",
    "SELECT SUM(hour(transaction_timestamp) * 100 + extract(DAY FROM updated_at)) FROM transactions",
    "SELECT COUNT(*) FROM transactions WHERE updated_at > TIMESTAMP '2017-01-02 00:15:00'",
    "SELECT COUNT(*) FROM transactions WHERE date(transaction_timestamp) = DATE '2017-01-01'",
    "SELECT COUNT(*) FROM transactions WHERE updated_at > DATE '2017-01-02'",
    "SELECT MAX(CASE status WHEN 'settled' THEN quantity WHEN 'pending' THEN 2.5 END) FROM transactions",
    "SELECT MAX(abs(nullif(sales_value, 10) - 5)) FROM transactions",
    "SELECT COUNT(*) FROM transactions WHERE nullif(status, 'settled') IS DISTINCT FROM 'pending'",
    "SELECT IF(COUNT(*) > 4, coalesce(NULL, 2), 3) FROM transactions",
    "SELECT COUNT(TRY_CAST(status AS INTEGER)) FROM transactions",
]


def test_spark_and_the_engine_that_answers_as_athena_agree(small_data_spark: "SparkSession") -> None:
    rows = baskets().tables[("lake", "transactions")].data
    frame = small_data_spark.createDataFrame(rows)

    values = frame.selectExpr(*(read_query(query, BASKETS).sql for query in QUERIES)).first()

    assert dict(zip(QUERIES, map(_number, values or ()), strict=True)) == {
        query: _number(answer(query)[1][0][0]) for query in QUERIES
    }


def _number(value: Any) -> Any:
    return None if value is None else pytest.approx(float(value), rel=1e-12)
