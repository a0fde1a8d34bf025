"""What differs between two deployments, and the record of the last one."""

from pathlib import Path

import pytest

from workflows.local.base.home import Home
from workflows.local.lifecycle.parts import Changes, Difference, Parts

BEFORE = Parts(
    datasets={"products": "1", "households": "1", "notes": "1"},
    functions={"source": "1"},
    jobs={"check": "1", "merge": "1"},
    template="1",
    runtime="1",
)


def test_parts_are_new_changed_removed_or_unchanged() -> None:
    after = {"products": "2", "households": "1", "payments": "1"}

    assert Difference.between(BEFORE.datasets, after) == Difference(
        new=("payments",), changed=("products",), removed=("notes",), unchanged=("households",)
    )


def test_the_same_parts_are_no_change() -> None:
    assert Changes.between(BEFORE, BEFORE).is_empty


@pytest.mark.parametrize(
    "after",
    [
        Parts({**BEFORE.datasets, "payments": "1"}, BEFORE.functions, BEFORE.jobs, "1", "1"),
        Parts(BEFORE.datasets, {"source": "2"}, BEFORE.jobs, "1", "1"),
        Parts(BEFORE.datasets, BEFORE.functions, {"check": "1"}, "1", "1"),
        Parts(BEFORE.datasets, BEFORE.functions, BEFORE.jobs, "2", "1"),
    ],
    ids=["dataset", "function", "job", "template"],
)
def test_each_kind_of_parts_is_something_to_deploy(after: Parts) -> None:
    assert not Changes.between(BEFORE, after).is_empty


def test_a_changed_runtime_is_told_and_is_nothing_to_deploy() -> None:
    changes = Changes.between(BEFORE, Parts(BEFORE.datasets, BEFORE.functions, BEFORE.jobs, "1", "2"))

    assert changes.is_empty
    assert changes.runtime


def test_without_a_known_deployment_everything_is_new_but_the_runtime_is_not_judged() -> None:
    changes = Changes.between(None, BEFORE)

    assert changes.jobs == Difference(new=("check", "merge"))
    assert changes.template
    assert not changes.runtime


def test_a_line_for_each_kind_names_all_parts() -> None:
    after = Parts({"products": "2", "payments": "1"}, BEFORE.functions, BEFORE.jobs, "1", "1")

    assert list(Changes.between(BEFORE, after).lines()) == [
        "datasets   new payments; changed products; removed households, notes",
        "functions  unchanged source",
        "jobs       unchanged check, merge",
        "template   unchanged",
    ]


def test_the_record_of_a_deployment_is_read_back(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.deployed.mkdir()

    assert Parts.read(home) is None
    BEFORE.write(home)
    assert Parts.read(home) == BEFORE


@pytest.mark.parametrize("text", ["", "[]", "{}x", '{"other": 1}'])
def test_a_damaged_record_counts_as_none(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path)
    home.deployed.mkdir()
    home.parts_file.write_text(text)

    assert Parts.read(home) is None
