"""The crash injector: a function crashes once, at one of its calls, before or after its work."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.crashing import Crashed, Moment, crash_at, crashing, may_crash_at


@pytest.mark.parametrize(("moment", "done"), [("before", [1]), ("after", [1, 2])])
def test_a_function_crashes_once_before_or_after_its_work(moment: Moment, done: list[int]) -> None:
    worked: list[int] = []
    work = crashing(worked.append, moment, call=2)

    work(1)
    with pytest.raises(Crashed):
        work(2)

    assert worked == done
    work(3)
    assert worked == [*done, 3]


def test_a_generator_has_done_all_its_work_when_it_crashes_after_it() -> None:
    worked: list[int] = []

    def work() -> Iterator[int]:
        for number in range(3):
            worked.append(number)
            yield number

    with pytest.raises(Crashed):
        crashing(work, "after")()

    assert worked == [0, 1, 2]


def test_a_crash_passes_what_catches_errors() -> None:
    assert not issubclass(Crashed, Exception)


@pytest.fixture
def job() -> SimpleNamespace:
    """Something with a function that may be patched."""
    return SimpleNamespace(work=lambda: "done")


def test_a_patched_function_works_again_afterwards(job: SimpleNamespace) -> None:
    with crash_at(job, "work"):
        job.work()

    assert job.work() == "done"


def test_an_act_that_was_to_crash_and_did_not_fails_the_test(job: SimpleNamespace) -> None:
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"), crash_at(job, "work"):
        pass


def test_an_act_that_may_crash_need_not(job: SimpleNamespace) -> None:
    with may_crash_at(job, "work", call=2):
        assert job.work() == "done"
