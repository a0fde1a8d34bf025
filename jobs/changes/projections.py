"""Projections: what a parser selects, made once for each contract.

An expression of Spark lives in the JVM, and each of its parts is a call from Python: the projections of one
contract take some thousand calls. They depend on the contract alone, so later batches use them again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, wraps
from typing import Any

from pyspark import SparkContext
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql.classic.column import _to_java_column, _to_seq
from pyspark.sql.classic.dataframe import DataFrame as ClassicFrame

from expectations.contract import Contract

_MOST = 1024  # arguments, as contracts, of which expressions are kept

type Projection = Sequence[Expression | str]


def beside(columns: Mapping[str, Expression]) -> Projection:
    """All columns that there are, and these, by name."""
    return ["*", *(value.alias(name) for name, value in columns.items())]


def once_per_jvm[*Given, Made](make: Callable[[*Given], Made]) -> Callable[[*Given], Made]:
    """Makes expressions of hashable arguments on their first use in a JVM."""

    @lru_cache(_MOST)
    def made(jvm: object, *given: *Given) -> Made:
        return make(*given)

    @wraps(make)
    def of(*given: *Given) -> Made:
        return made(SparkContext._gateway, *given)

    return of


def once_per_contract(
    make: Callable[[Contract], Iterable[Projection]],
) -> Callable[[DataFrame, Contract], DataFrame]:
    """Rows after the projections of a contract, which are made on its first use in a JVM and kept there.

    Each of them is passed to Spark as the list that is kept, not column by column.
    """

    @once_per_jvm
    def made(contract: Contract) -> list[Any]:
        context = SparkContext.getOrCreate()
        return [_to_seq(context, columns, _to_java_column) for columns in make(contract)]

    def after(rows: DataFrame, contract: Contract) -> DataFrame:
        for columns in made(contract):
            rows = ClassicFrame(rows._jdf.select(columns), rows.sparkSession)
        return rows

    return after
