"""The errors of a query."""

from expectations.problems import GluelineError


class QueryError(GluelineError):
    """Raised when a statement can't be run; the message says what is wrong and what exists instead."""


class NoSuchTable(QueryError):
    """Raised when a statement reads a table that does not exist, perhaps not yet."""
