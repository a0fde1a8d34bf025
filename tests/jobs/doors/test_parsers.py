"""Each door has a parser, and no parser is without a door."""

from jobs.doors.parsers import PARSERS
from jobs.intake.doors import DOORS


def test_each_door_has_a_parser() -> None:
    assert set(PARSERS) == set(DOORS)
