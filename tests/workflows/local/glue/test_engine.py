"""The rules of the local Glue, one by one."""

import pytest

from tests.workflows.local.glue.builders import (
    NOON,
    add_job,
    add_trigger,
    ask,
    end,
    glue,
    job_states,
    killed,
    launched,
    notes,
    when,
    workflow_states,
)
from workflows.local.glue.errors import ConcurrentRunsExceeded, InvalidInput

# --- events -------------------------------------------------------------------------------------------------


def test_events_wait_until_the_batch_is_full() -> None:
    made = glue()

    made.receive_event("flow", "e1", NOON)
    made.receive_event("flow", "e2", NOON + 1)
    assert launched(made) == []

    made.receive_event("flow", "e3", NOON + 2)
    assert launched(made) == ["check"]


def test_events_wait_no_longer_than_the_window_which_opens_at_the_first() -> None:
    made = glue()
    made.receive_event("flow", "e1", NOON)
    made.receive_event("flow", "e2", NOON + 59)

    made.tick(NOON + 59.9)
    assert launched(made) == []
    assert made.next_wakeup() == NOON + 60

    made.tick(NOON + 60)
    assert launched(made) == ["check"]
    assert made.next_wakeup() is None


def test_a_run_knows_its_events_and_why_it_started() -> None:
    full, windowed = glue(), glue()
    for event_id in ("a", "b", "c"):
        full.receive_event("flow", event_id, NOON)
    windowed.receive_event("flow", "a", NOON)
    windowed.tick(NOON + 60)

    for made, events, condition in (
        (full, "[a, b, c]", {"BatchSize": 3, "BatchWindow": 0}),
        (windowed, "[a]", {"BatchSize": 0, "BatchWindow": 60}),
    ):
        (run,) = ask(made, "GetWorkflowRuns", Name="flow")["Runs"]
        assert run["WorkflowRunProperties"] == {"aws:eventIds": events}
        assert run["StartingEventBatchCondition"] == condition


def test_a_refused_start_is_recorded_and_its_events_are_gone() -> None:
    made = glue(MaxConcurrentRuns=1)
    for number in range(6):
        made.receive_event("flow", f"e{number}", NOON)

    assert launched(made) == ["check"]
    assert workflow_states(made) == ["RUNNING", "ERROR"]
    refused = ask(made, "GetWorkflowRuns", Name="flow")["Runs"][0]
    assert refused["ErrorMessage"] == "Concurrent runs exceeded for workflow: flow."
    assert made.next_wakeup() is None


def test_an_event_is_dropped_when_the_trigger_is_off_or_there_is_none() -> None:
    made = glue()
    ask(made, "StopTrigger", Name="on-events")
    made.receive_event("flow", "e1", NOON)
    made.receive_event("other", "e2", NOON)

    assert notes(made) == [
        "event e1 dropped: workflow flow has no EVENT trigger that listens",
        "event e2 dropped: workflow other has no EVENT trigger that listens",
    ]


def test_events_that_wait_are_dropped_when_their_trigger_is_switched_off() -> None:
    made = glue()
    made.receive_event("flow", "e1", NOON)

    ask(made, "StopTrigger", Name="on-events")
    ask(made, "StartTrigger", Name="on-events")
    made.tick(NOON + 60)

    assert launched(made) == []


# --- the graph ----------------------------------------------------------------------------------------------


def test_merge_follows_check_and_the_run_completes() -> None:
    made = glue()
    ask(made, "StartWorkflowRun", Name="flow")
    assert launched(made) == ["check"]

    end(made, "check")
    assert launched(made) == ["merge"]
    assert workflow_states(made) == ["RUNNING"]

    end(made, "merge")
    assert workflow_states(made) == ["COMPLETED"]


def test_a_failed_check_is_not_merged_and_the_run_completes_all_the_same() -> None:
    made = glue()
    ask(made, "StartWorkflowRun", Name="flow")

    end(made, "check", error="ValueError: no")

    assert job_states(made) == [("check", "FAILED")]
    assert workflow_states(made) == ["COMPLETED"]
    statistics = ask(made, "GetWorkflowRuns", Name="flow")["Runs"][0]["Statistics"]
    assert (statistics["TotalActions"], statistics["FailedActions"]) == (1, 1)


def test_and_waits_for_all_and_any_for_the_first() -> None:
    made = glue()
    for name in ("left", "right", "both", "either"):
        add_job(made, name)
    add_trigger(made, "split", "CONDITIONAL", ["left", "right"], Predicate=when(merge="SUCCEEDED"))
    states = {"left": "SUCCEEDED", "right": "FAILED"}
    add_trigger(made, "join", "CONDITIONAL", ["both"], Predicate=when("AND", **states))
    add_trigger(made, "first", "CONDITIONAL", ["either"], Predicate=when("ANY", **states))
    ask(made, "StartWorkflowRun", Name="flow")
    end(made, "check")
    end(made, "merge")
    made.take_commands()

    end(made, "left")
    assert launched(made) == ["either"]

    end(made, "right", error="no")
    assert launched(made) == ["both"]


def test_a_job_that_is_busy_is_refused_to_a_trigger_and_nothing_follows_it() -> None:
    made = glue()
    ask(made, "StartJobRun", JobName="merge")
    ask(made, "StartWorkflowRun", Name="flow")

    end(made, "check")

    assert job_states(made) == [("merge", "STARTING"), ("check", "SUCCEEDED"), ("merge", "ERROR")]
    assert workflow_states(made) == ["COMPLETED"]


def test_a_job_started_by_itself_fires_no_trigger() -> None:
    made = glue()
    ask(made, "StartJobRun", JobName="check")
    made.take_commands()

    end(made, "check")

    assert launched(made) == []


def test_a_workflow_with_no_start_trigger_cannot_be_started() -> None:
    made = glue()
    ask(made, "DeleteTrigger", Name="on-events")

    with pytest.raises(InvalidInput, match="workflow flow has no start trigger"):
        ask(made, "StartWorkflowRun", Name="flow")


def test_a_second_start_trigger_is_refused_as_on_aws() -> None:
    with pytest.raises(InvalidInput, match="has the start trigger on-events already, and AWS permits one"):
        add_trigger(glue(), "nightly", "SCHEDULED", ["check"], Schedule="cron(0 3 * * ? *)")


# --- jobs ---------------------------------------------------------------------------------------------------


def test_a_script_gets_defaults_run_arguments_fixed_arguments_and_what_glue_adds() -> None:
    made = glue()
    ask(
        made,
        "UpdateJob",
        JobName="check",
        JobUpdate={
            "Command": {"ScriptLocation": "s3://code/check.py"},
            "DefaultArguments": {"--a": "default", "--b": "default", "--c": "default"},
            "NonOverridableArguments": {"--c": "fixed"},
        },
    )
    arguments = {"--b": "given", "--c": "given"}
    update = {"Actions": [{"JobName": "check", "Arguments": arguments}]}
    ask(made, "UpdateTrigger", Name="on-events", TriggerUpdate=update)

    run_id = ask(made, "StartWorkflowRun", Name="flow")["RunId"]

    (run,) = made.job_runs.values()
    assert run.arguments() == {
        "--a": "default",
        "--b": "given",
        "--c": "fixed",
        "--JOB_NAME": "check",
        "--JOB_RUN_ID": run.id,
        "--WORKFLOW_NAME": "flow",
        "--WORKFLOW_RUN_ID": run_id,
    }


def test_a_failed_job_is_tried_again_before_anything_follows() -> None:
    made = glue()
    add_job(made, "shaky", MaxRetries=1)
    ask(made, "UpdateTrigger", Name="on-events", TriggerUpdate={"Actions": [{"JobName": "shaky"}]})
    add_trigger(made, "after-shaky", "CONDITIONAL", ["merge"], Predicate=when(shaky="FAILED"))
    ask(made, "StartWorkflowRun", Name="flow")
    made.take_commands()

    end(made, "shaky", error="first")
    assert launched(made) == ["shaky"]
    first, second = made.job_runs.values()
    assert (second.id, second.previous, second.attempt) == (f"{first.id}_attempt_1", first.id, 1)

    end(made, "shaky", error="second")
    assert launched(made) == ["merge"]


def test_a_run_past_its_timeout_is_ended_and_not_tried_again() -> None:
    made = glue()
    add_job(made, "slow", Timeout=5, MaxRetries=3)
    run_id = ask(made, "StartJobRun", JobName="slow")["JobRunId"]
    made.tick(NOON + 3600)  # waiting for a free worker is not running
    assert job_states(made) == [("slow", "STARTING")]

    made.job_running(run_id, NOON + 3600)
    made.take_commands()
    assert made.next_wakeup() == NOON + 3600 + 300
    made.tick(NOON + 3600 + 300)
    assert killed(made) == [run_id]

    made.job_ended(run_id, "Spark died (SIGKILL)", NOON + 4000)
    assert job_states(made) == [("slow", "TIMEOUT")]


def test_a_run_beside_as_many_as_the_job_allows_is_refused() -> None:
    made = glue()
    add_job(made, "twice", ExecutionProperty={"MaxConcurrentRuns": "2"})
    ask(made, "StartJobRun", JobName="twice")
    ask(made, "StartJobRun", JobName="twice")

    with pytest.raises(ConcurrentRunsExceeded, match="Concurrent runs exceeded for twice"):
        ask(made, "StartJobRun", JobName="twice")


def test_a_stopped_run_is_killed_and_what_it_says_later_is_not_heard() -> None:
    made = glue()
    run_id = ask(made, "StartJobRun", JobName="check")["JobRunId"]

    ask(made, "BatchStopJobRun", JobName="check", JobRunIds=[run_id])
    made.job_running(run_id, NOON)
    made.job_ended(run_id, None, NOON)

    assert killed(made) == [run_id]
    assert job_states(made) == [("check", "STOPPED")]


def test_a_stopped_workflow_run_stops_its_jobs_and_goes_no_further() -> None:
    made = glue()
    add_trigger(made, "after-stop", "CONDITIONAL", ["merge"], Predicate=when(check="STOPPED"))
    run_id = ask(made, "StartWorkflowRun", Name="flow")["RunId"]
    made.take_commands()

    ask(made, "StopWorkflowRun", Name="flow", RunId=run_id)

    assert job_states(made) == [("check", "STOPPED")]
    assert workflow_states(made) == ["STOPPED"]
    assert launched(made) == []


# --- schedules and persons ----------------------------------------------------------------------------------


def test_a_scheduled_trigger_starts_its_workflow_each_time_once_and_makes_up_for_nothing() -> None:
    made = glue()
    ask(made, "DeleteTrigger", Name="on-events")
    add_trigger(made, "hourly", "SCHEDULED", ["check"], Schedule="cron(0 * * * ? *)")
    assert made.next_wakeup() == NOON + 3600

    made.tick(NOON + 3 * 3600 + 5)  # the machine slept

    assert launched(made) == ["check"]
    assert made.next_wakeup() == NOON + 4 * 3600


def test_a_trigger_outside_a_workflow_starts_its_jobs() -> None:
    made = glue()
    add_trigger(made, "now", "ON_DEMAND", ["check", "merge"], WorkflowName=None)

    ask(made, "StartTrigger", Name="now")

    assert launched(made) == ["check", "merge"]
    assert workflow_states(made) == []


def test_an_on_demand_trigger_starts_its_workflow() -> None:
    made = glue()
    ask(made, "DeleteTrigger", Name="on-events")
    add_trigger(made, "now", "ON_DEMAND", ["check"])

    ask(made, "StartTrigger", Name="now")

    assert workflow_states(made) == ["RUNNING"]


def test_a_full_workflow_refuses_a_person_with_an_error() -> None:
    made = glue(MaxConcurrentRuns=1)
    ask(made, "StartWorkflowRun", Name="flow")

    with pytest.raises(ConcurrentRunsExceeded, match="Concurrent runs exceeded for workflow: flow"):
        ask(made, "StartWorkflowRun", Name="flow")
    assert workflow_states(made) == ["RUNNING"]
