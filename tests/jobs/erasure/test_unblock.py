"""The version that rows of an unblocked key have to exceed; `tests/jobs/test_erase.py` runs the phase."""

from dataclasses import replace

import pytest

from expectations.timestamps import micros_of
from jobs.erasure.unblock import floor
from tests.jobs.builders import ENTITIES, EVENTS, SENT

MICROS = micros_of(SENT)


@pytest.mark.parametrize("version", [5, None])
def test_with_a_sequence_column_it_is_the_newest_version_of_the_erased_rows(version: int | None) -> None:
    assert floor(replace(EVENTS, sequence_column="updated_at"), version, SENT) == version


@pytest.mark.parametrize(("version", "expected"), [(None, MICROS), (5, MICROS), (MICROS + 1, MICROS + 1)])
def test_without_one_it_is_the_time_of_the_erasure_or_a_newer_version(
    version: int | None, expected: int
) -> None:
    assert ENTITIES.sequence_column is None
    assert floor(ENTITIES, version, SENT) == expected
