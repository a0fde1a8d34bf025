"""The names under which a column's values may be sent: its own, its aliases and its name in camelCase.

Standard library only.
"""

from collections.abc import Iterable

from expectations.contract import Column


def camel_case(name: str) -> str:
    """`order_id` as `orderId`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def columns_by_spelling(columns: Iterable[Column]) -> dict[str, str]:
    """Accepted name -> name of its column.

    A column's own name takes precedence over an alias, and an alias over another column's camelCase.
    """
    columns = tuple(columns)
    aliases = {alias: column.name for column in columns for alias in column.aliases}
    own = {column.name: column.name for column in columns}
    return {camel_case(column.name): column.name for column in columns} | aliases | own


def spellings(columns: Iterable[Column]) -> dict[str, tuple[str, ...]]:
    """Name of a column -> its accepted names, its own first."""
    columns = tuple(columns)
    owners = columns_by_spelling(columns)
    return {
        column.name: (
            column.name,
            *(name for name, owner in owners.items() if owner == column.name and name != owner),
        )
        for column in columns
    }
