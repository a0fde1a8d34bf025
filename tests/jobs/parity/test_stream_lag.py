"""When the forwarder counts as behind: by the newest datapoint of the last minutes, if there is one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.parity.stream_lag import RECENT, is_behind

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WRITTEN = NOW - timedelta(minutes=6)


class Metrics:
    """A CloudWatch that knows the ages (in seconds) of some minutes before now."""

    def __init__(self, ages: dict[int, float]) -> None:
        self.ages = ages

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        assert asked["Dimensions"] == [{"Name": "FunctionName", "Value": "glueline-forwarder"}]
        assert asked["StartTime"] == NOW - RECENT
        points = [
            {"Timestamp": NOW - timedelta(minutes=minutes), "Maximum": age * 1000}
            for minutes, age in self.ages.items()
        ]
        return {"Datapoints": points}


@pytest.mark.parametrize(
    ("ages", "behind"),
    [
        ({}, False),  # nothing was read: there was nothing to read
        ({1: 0.8, 2: 1.2}, False),
        ({1: 3600}, True),
        ({1: 400}, True),
        ({1: 200}, False),  # late, but it has read what was written by then
        ({1: 1, 2: 3600}, False),  # it has caught up
        ({1: 3600, 2: 1}, True),
        ({5: 50}, False),  # less than the precision of a datapoint
    ],
)
def test_the_newest_datapoint_decides_whether_the_forwarder_is_behind(
    ages: dict[int, float], behind: bool
) -> None:
    assert is_behind(Metrics(ages), "glueline-forwarder", WRITTEN, NOW) is behind
