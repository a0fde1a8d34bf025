"""The state of a stack as JSON. How a terminal shows it: tests/workflows/cli/test_status_screen.py."""

from workflows.local.lifecycle.status import StackState, WorkflowRunState
from workflows.local.spark.state import SparkState

STARTED = "2026-11-24T12:00:00+00:00"
RUN = WorkflowRunState(
    workflow="ingest",
    run_id="wr_0123456789abcdef",
    status="RUNNING",
    started=STARTED,
    seconds=None,
    jobs={"check": "SUCCEEDED", "merge": "-"},
)
STATE = StackState(
    running=True,
    logs={"folder": "/logs", "AWS": "/logs/emulator.log"},
    endpoint_url="http://127.0.0.1:4566",
    started_at=STARTED,
    mode="workflow",
    spark=SparkState("ready", seconds=12.5),
    streaming=SparkState("off"),
    processes={7: "java"},
    workflow_runs=[RUN],
    refused_starts=3,
    failing_batches=2,
    batches_set_aside=1,
)


def test_json_has_the_same_members_with_and_without_a_stack() -> None:
    members, without = STATE.to_dict(), StackState(False, {}).to_dict()

    assert members.keys() == without.keys()
    assert members["spark"] == {"state": "ready", "seconds": 12.5}
    assert (members["streaming"], without["streaming"]) == ({"state": "off"}, {})
    assert without["spark"] == {}
    assert members["workflow_runs"][0]["jobs"] == {"check": "SUCCEEDED", "merge": "-"}
