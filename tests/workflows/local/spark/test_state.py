"""The state of Spark as the status of the stack reports it."""

import pytest

from workflows.local.spark.state import SparkState


@pytest.mark.parametrize(
    ("state", "members"),
    [
        (SparkState("starting"), {"state": "starting"}),
        (SparkState("ready", pid=7, seconds=12.5), {"state": "ready", "pid": 7, "seconds": 12.5}),
        (SparkState("failed", message="no Java"), {"state": "failed", "message": "no Java"}),
    ],
)
def test_a_state_has_the_members_that_have_a_value(state: SparkState, members: dict[str, object]) -> None:
    assert state.to_json() == members
    assert SparkState.from_json(members) == state
