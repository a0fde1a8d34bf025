"""Parses the one SELECT of a query, in Athena's dialect."""

from __future__ import annotations

from sqlglot import exp

from expectations.sql.grammar import InvalidStatement, parse_statements
from workflows.query.dialect.errors import QueryError


def parse(sql: str) -> exp.Query:
    """The one SELECT of a text. Raises QueryError."""
    try:
        statements = parse_statements(sql)
    except InvalidStatement as error:
        raise QueryError(f"The statement is not valid SQL in Athena's dialect: {error}") from error
    if len(statements) != 1:
        raise QueryError(f"Expected one SELECT, got {len(statements)} statements.")
    statement = statements[0]
    if not isinstance(statement, exp.Query):
        raise QueryError(f"Expected a SELECT, got {statement.key.upper()}: only jobs write to the lake.")
    return statement
