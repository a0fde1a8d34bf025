"""Private names of MiniStack are checked before they are used."""

from types import SimpleNamespace

import pytest

from workflows.local.ministack.internals import require


def test_a_name_that_exists_is_returned() -> None:
    assert require(SimpleNamespace(_name=7), "_name") == 7  # type: ignore[arg-type]


def test_a_missing_name_ends_the_emulator_with_what_to_do() -> None:
    with pytest.raises(SystemExit, match=r"ministack\.glue has no _name: .*make setup"):
        require(SimpleNamespace(__name__="ministack.glue"), "_name")  # type: ignore[arg-type]
