"""The state of a stack, in a terminal and as JSON."""

from dataclasses import replace

from rich.console import Console

from workflows.local.lifecycle.status import StackState, StreamingRunState, WorkflowRunState
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


def rendered(state: StackState) -> str:
    console = Console(width=160, record=True)
    with console.capture() as captured:
        console.print(state.render())
    return captured.get()


def test_a_terminal_shows_runs_refusals_failing_batches_and_where_the_logs_are() -> None:
    shown = rendered(STATE)

    for wanted in (
        "http://127.0.0.1:4566",
        "Spark is ready.",
        "7 java",
        "/logs/emulator.log",
        "3 starts were refused",
        "2 batches fail, 1 are set aside: glueline batches list",
        "check SUCCEEDED, merge -",
    ):
        assert wanted in shown


def test_a_terminal_shows_that_a_stack_has_the_timing_of_aws() -> None:
    assert "batching windows" in rendered(replace(STATE, as_aws=True))
    assert "batching windows" not in rendered(STATE)


def test_a_terminal_shows_what_the_streaming_job_does_and_why_its_runs_ended() -> None:
    ended = StreamingRunState(
        "follow", "jr_0123456789abcdef", "FAILED", STARTED, 61.5, "Spark died (SIGKILL)"
    )
    begun = replace(ended, run_id="jr_1123456789abcdef", state="RUNNING", seconds=None, error="")
    continuous = replace(
        STATE, mode="continuous", streaming=SparkState("running"), streaming_runs=[begun, ended]
    )

    shown = rendered(continuous)

    for wanted in (
        "Ingest mode: continuous.",
        "Spark of the streaming job is running.",
        "RUNNING",
        "Spark died (SIGKILL)",
    ):
        assert wanted in shown
    assert "streaming job" not in rendered(STATE)
    assert "Ingest mode: workflow." in rendered(STATE)
    failed = replace(continuous, streaming=SparkState("failed", message="no Java"))
    assert "Spark of the streaming job failed: no Java" in rendered(failed)


def test_without_a_stack_a_terminal_shows_how_to_start_one_and_what_is_left_of_the_last() -> None:
    assert "No stack is running. Start one: make up." in rendered(StackState(False, {"folder": "/logs"}))
    left = StackState(False, {"folder": "/logs"}, processes={7: "java"})
    assert "some of its processes run: 7 java." in rendered(left)


def test_json_has_the_same_members_with_and_without_a_stack() -> None:
    members, without = STATE.to_dict(), StackState(False, {}).to_dict()

    assert members.keys() == without.keys()
    assert members["spark"] == {"state": "ready", "seconds": 12.5}
    assert (members["streaming"], without["streaming"]) == ({"state": "off"}, {})
    assert without["spark"] == {}
    assert members["workflow_runs"][0]["jobs"] == {"check": "SUCCEEDED", "merge": "-"}
