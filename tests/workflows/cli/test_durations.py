"""What the last run of a command says about this one."""

from pathlib import Path

import pytest

from workflows.cli.durations import MOST_COMMANDS, counted_left, remember, remembered, seconds_left

BEFORE = {"build": 10.0, "deploy": 20.0, "warm": 5.0}


@pytest.mark.parametrize(
    ("seconds", "left"),
    [
        ({"build": 0.0}, 35.0),
        ({"build": 4.0}, 31.0),
        ({"build": 30.0, "deploy": 1.0}, 24.0),  # a step that was slower says nothing about the others
        ({"deploy": 5.0}, 20.0),  # a step was left out
        ({"build": 10.0, "deploy": 20.0, "warm": 6.0}, None),  # longer than the last time
        ({"other": 5.0}, 30.0),
        ({"other": 50.0}, None),
        ({}, None),
    ],
)
def test_the_last_run_says_how_long_the_rest_takes(seconds: dict[str, float], left: float | None) -> None:
    assert seconds_left(BEFORE, seconds) == left


def test_without_an_earlier_run_nothing_is_known() -> None:
    assert seconds_left({}, {"build": 3.0}) is None


def test_counted_parts_say_how_long_a_step_takes_once_some_are_done() -> None:
    assert counted_left(25, 100, 10.0) == 30.0
    assert counted_left(0, 100, 10.0) is None
    assert counted_left(25, 100, 0.5) is None


def test_each_command_has_the_steps_of_its_last_run_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "new" / "durations.json"
    remember("local up", {"z": 1.0}, file)
    remember("local up", BEFORE, file)
    remember("local run", {"send": 2.04}, file)

    assert list(remembered("local up", file).items()) == list(BEFORE.items())
    assert remembered("local run", file) == {"send": 2.0}
    assert remembered("glueline up", file) == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"local up": 7}', '{"local up": {"build": "x"}}'])
def test_a_broken_file_costs_the_estimate_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "durations.json"
    file.write_text(text)

    assert remembered("local up", file) == {}
    remember("local up", BEFORE, file)
    assert remembered("local up", file) == BEFORE


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    remember("local up", BEFORE, tmp_path / "file" / "durations.json")


def test_the_file_keeps_the_commands_that_ran_last(tmp_path: Path) -> None:
    file = tmp_path / "durations.json"
    for number in range(MOST_COMMANDS + 5):
        remember(f"query {number}", {"wait": 3.0}, file)
        remember("up", {"build": 10.0}, file)

    assert remembered("query 5", file) == {}
    assert remembered("query 6", file) == {"wait": 3.0}
    assert remembered("up", file) == {"build": 10.0}
