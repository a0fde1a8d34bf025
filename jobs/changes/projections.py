"""Projections: what a parser selects, made once for each contract.

An expression of Spark lives in the JVM, and each of its parts is a call from Python: the projections of one
contract take some ten thousand calls. They depend on the contract alone, so later batches use them again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, reduce

from pyspark import SparkContext
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame

from expectations.contract import Contract

_MOST = 1024  # contracts and doors, whose expressions are kept

type Projection = Sequence[Expression | str]


def project(rows: DataFrame, projections: Iterable[Projection]) -> DataFrame:
    """The rows after each of the projections, one after another."""
    return reduce(lambda found, columns: found.select(*columns), projections, rows)


def beside(columns: Mapping[str, Expression]) -> Projection:
    """All columns that there are, and these, by name."""
    return ["*", *(value.alias(name) for name, value in columns.items())]


def once_per_contract[Made](make: Callable[[Contract], Made]) -> Callable[[Contract], Made]:
    """Makes expressions of a contract on its first use in a JVM."""

    @lru_cache(_MOST)
    def made(jvm: object, contract: Contract) -> Made:
        return make(contract)

    def of(contract: Contract) -> Made:
        return made(SparkContext._gateway, contract)

    return of
