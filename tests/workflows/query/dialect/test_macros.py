"""The macros: each is made before what calls it, and once."""

from __future__ import annotations

import duckdb
import pytest

from workflows.query.dialect.macros import definitions, needed, public_names


@pytest.mark.parametrize("name", definitions())
def test_each_macro_can_be_made_alone(name: str) -> None:
    with duckdb.connect() as connection:
        for statement in needed(f"select {name}()", set()):
            connection.execute(statement)


def test_a_macro_is_made_once() -> None:
    made: set[str] = set()

    assert len(list(needed("select athena_array_union(a, b)", made))) == 2
    assert list(needed("select ATHENA_ARRAY_UNION(b, a)", made)) == []


def test_what_only_rules_call_is_no_function_of_athena() -> None:
    assert "array_union" in public_names()
    assert not [name for name in public_names() if name.startswith("_")]
