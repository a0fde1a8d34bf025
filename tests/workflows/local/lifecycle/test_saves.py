"""When a change of files counts as a save."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from workflows.local.lifecycle.saves import Snapshot, saves, snapshot


def state(number: int) -> Snapshot:
    return frozenset({(Path("file"), number, 1)})


def looking(*numbers: int) -> Callable[[], Snapshot]:
    """A look that finds these states, one after another."""
    states = iter(map(state, numbers))
    return lambda: next(states)


def nothing() -> None:
    """A pause that takes no time."""


def test_a_save_is_a_change_that_has_settled() -> None:
    look = looking(1, 1, 2, 3, 4, 4, 5, 5)

    assert len(list(islice(saves(state(1), look, nothing), 2))) == 2


def test_what_changes_during_the_work_on_a_save_is_the_next_save() -> None:
    found = saves(state(1), looking(2, 2, 3, 3), nothing)

    next(found)  # the caller deploys 2; meanwhile 3 is saved
    next(found)


def test_a_file_that_is_gone_for_a_moment_is_no_save() -> None:
    look = looking(2, 1, 1, 3, 3)

    assert len(list(islice(saves(state(1), look, nothing), 1))) == 1
    assert look.__closure__
    assert list(look.__closure__[0].cell_contents) == []  # it was 3 that was found, the last state


def test_a_snapshot_differs_when_a_file_is_saved_added_or_removed(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    files[0].write_text("one")
    before = snapshot(files)
    assert snapshot(files) == before

    files[0].write_text("longer")
    saved = snapshot(files)
    files[1].touch()
    added = snapshot(files)
    files[0].unlink()

    assert len({before, saved, added, snapshot(files)}) == 4
