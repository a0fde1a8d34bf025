"""The rules of the local Glue, one by one."""

import pickle
from dataclasses import replace

import pytest

from tests.workflows.local.glue.builders import (
    NOON,
    add_job,
    add_trigger,
    announced,
    ask,
    end,
    glue,
    job_states,
    killed,
    launched,
    log_lines,
    when,
    workflow_states,
)
from workflows.local.glue.engine import Glue
from workflows.local.glue.errors import ConcurrentRunsExceeded, InvalidInput

# --- events -------------------------------------------------------------------------------------------------


def test_a_full_batch_of_events_starts_the_workflow() -> None:
    made = glue()

    made.receive_event("flow", "e1", NOON)
    made.receive_event("flow", "e2", NOON + 1)
    assert launched(made) == []

    made.receive_event("flow", "e3", NOON + 2)
    assert launched(made) == ["check"]


def test_a_run_has_its_events_and_the_condition_that_started_it() -> None:
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


def test_a_closed_window_starts_the_workflow() -> None:
    made = glue()
    made.receive_event("flow", "e1", NOON)
    assert made.next_wakeup() == NOON + 60

    made.tick(NOON + 60)

    assert launched(made) == ["check"]
    assert made.next_wakeup() is None


def test_an_event_is_dropped_when_the_workflow_has_no_event_trigger() -> None:
    made = glue()
    ask(made, "DeleteTrigger", Name="on-events")
    made.receive_event("flow", "e1", NOON)
    made.receive_event("other", "e2", NOON)

    assert log_lines(made) == [
        "event e1 dropped: workflow flow has no EVENT trigger",
        "event e2 dropped: workflow other has no EVENT trigger",
    ]


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


def test_and_fires_on_the_last_condition_and_any_on_the_first() -> None:
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


def test_a_trigger_can_not_start_a_job_that_is_running() -> None:
    made = glue()
    ask(made, "StartJobRun", JobName="merge")
    ask(made, "StartWorkflowRun", Name="flow")

    end(made, "check")

    assert job_states(made) == [("merge", "STARTING"), ("check", "SUCCEEDED"), ("merge", "FAILED")]
    assert workflow_states(made) == ["COMPLETED"]


def test_a_refused_job_run_has_failed_for_what_follows_it_and_is_not_retried() -> None:
    made = glue()
    made.jobs["merge"] = replace(made.jobs["merge"], max_retries=1)
    add_job(made, "after")
    add_trigger(made, "rescue", "CONDITIONAL", ["after"], Predicate=when(merge="FAILED"))
    ask(made, "StartJobRun", JobName="merge")
    ask(made, "StartWorkflowRun", Name="flow")
    made.take_commands()

    end(made, "check")

    assert launched(made) == ["after"]


def test_a_trigger_that_starts_a_deleted_job_makes_a_run_in_state_error() -> None:
    made = glue()
    add_job(made, "after")
    add_trigger(made, "rescue", "CONDITIONAL", ["after"], Predicate=when("ANY", merge="FAILED"))
    ask(made, "DeleteJob", JobName="merge")
    ask(made, "StartWorkflowRun", Name="flow")

    end(made, "check")

    assert job_states(made) == [("check", "SUCCEEDED"), ("merge", "ERROR")]
    (run,) = ask(made, "GetWorkflowRuns", Name="flow", IncludeGraph=True)["Runs"]
    assert (run["Status"], run["Statistics"]["ErroredActions"]) == ("COMPLETED", 1)
    (node,) = [node for node in run["Graph"]["Nodes"] if node["Name"] == "merge"]
    (refused,) = node["JobDetails"]["JobRuns"]
    assert refused["ErrorMessage"] == "Failed to start job run due to missing metadata"


def test_a_job_run_outside_a_workflow_fires_no_trigger() -> None:
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


def test_a_failed_job_is_retried_before_anything_follows() -> None:
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


def test_a_run_past_its_timeout_is_ended_and_not_retried() -> None:
    made = glue()
    add_job(made, "slow", Timeout=5, MaxRetries=3)
    run_id = ask(made, "StartJobRun", JobName="slow")["JobRunId"]
    made.tick(NOON + 3600)  # the wait for Spark does not count
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


def test_a_stopped_run_is_ended_and_not_retried() -> None:
    made = glue()
    add_job(made, "slow", MaxRetries=3)
    run_id = ask(made, "StartJobRun", JobName="slow")["JobRunId"]

    answer = ask(made, "BatchStopJobRun", JobName="slow", JobRunIds=[run_id])

    assert answer == {"SuccessfulSubmissions": [{"JobName": "slow", "JobRunId": run_id}], "Errors": []}
    assert killed(made) == [run_id]
    made.job_ended(run_id, "Spark died (SIGKILL)", NOON)
    assert job_states(made) == [("slow", "STOPPED")]


def test_a_run_that_has_ended_or_that_there_is_none_of_is_not_stopped() -> None:
    made = glue()
    run_id = ask(made, "StartJobRun", JobName="check")["JobRunId"]
    end(made, "check")

    errors = ask(made, "BatchStopJobRun", JobName="check", JobRunIds=[run_id, "jr_none"])["Errors"]

    assert [(error["JobRunId"], error["ErrorDetail"]["ErrorCode"]) for error in errors] == [
        (run_id, "JobRunInTerminalStateException"),
        ("jr_none", "EntityNotFoundException"),
    ]


def test_each_end_of_a_run_is_announced_once_retries_and_refused_starts_included() -> None:
    made = glue()
    add_job(made, "shaky", MaxRetries=1)
    ask(made, "StartJobRun", JobName="shaky")
    ask(made, "StartJobRun", JobName="merge")
    end(made, "shaky", error="first")
    end(made, "shaky", error="second")
    ask(made, "StartWorkflowRun", Name="flow")
    end(made, "check")  # its success starts merge, which runs
    end(made, "merge")

    assert announced(made) == [
        ("shaky", "FAILED"),
        ("shaky", "FAILED"),
        ("check", "SUCCEEDED"),
        ("merge", "FAILED"),
        ("merge", "SUCCEEDED"),
    ]


# --- schedules and requests ---------------------------------------------------------------------------------


def test_a_scheduled_trigger_starts_its_workflow() -> None:
    made = glue()
    ask(made, "DeleteTrigger", Name="on-events")
    add_trigger(made, "hourly", "SCHEDULED", ["check"], Schedule="cron(0 * * * ? *)")
    assert made.next_wakeup() == NOON + 3600

    made.tick(NOON + 3 * 3600 + 5)  # the machine slept

    assert launched(made) == ["check"]
    assert made.next_wakeup() == NOON + 4 * 3600


def test_a_request_to_start_a_workflow_at_its_limit_is_refused() -> None:
    made = glue(MaxConcurrentRuns=1)
    ask(made, "StartWorkflowRun", Name="flow")

    with pytest.raises(ConcurrentRunsExceeded, match="Concurrent runs exceeded for workflow: flow"):
        ask(made, "StartWorkflowRun", Name="flow")
    assert workflow_states(made) == ["RUNNING"]


def test_a_scheduled_trigger_outside_a_workflow_starts_its_jobs() -> None:
    made = glue()
    add_trigger(made, "hourly", "SCHEDULED", ["check", "merge"], WorkflowName=None, Schedule="rate(1 hour)")

    made.tick(NOON + 3600)

    assert launched(made) == ["check", "merge"]
    assert workflow_states(made) == []


def test_a_workflow_with_an_on_demand_trigger_starts_on_request() -> None:
    made = glue()
    ask(made, "DeleteTrigger", Name="on-events")
    add_trigger(made, "now", "ON_DEMAND", ["check"])

    ask(made, "StartWorkflowRun", Name="flow")

    assert launched(made) == ["check"]


def test_a_trigger_that_fires_for_a_missing_workflow_is_logged() -> None:
    made = glue()
    ask(made, "DeleteWorkflow", Name="flow")
    for number in range(3):
        made.receive_event("flow", f"e{number}", NOON)
    assert log_lines(made) == ["trigger on-events fired without effect: there is no workflow flow"]


# --- a successor --------------------------------------------------------------------------------------------


def test_a_successor_continues_from_the_state_of_its_predecessor() -> None:
    first = glue()
    first.start_workflow_run("flow", {}, NOON)
    first.receive_event("flow", "e1", NOON)
    assert launched(first) == ["check"]

    successor = Glue()
    successor.take_state(pickle.loads(pickle.dumps(first.state())))  # noqa: S301 -- its own state

    assert launched(successor) == []
    for one in (first, successor):
        end(one, "check")
        assert launched(one) == ["merge"]
        one.tick(NOON + 60)
        assert launched(one) == ["check"]  # for the event that was collected before
    runs = [ask(one, "GetWorkflowRuns", Name="flow", IncludeGraph=True)["Runs"] for one in (first, successor)]
    assert len(runs[0]) == len(runs[1]) == 2
    assert [run["Status"] for run in runs[0]] == [run["Status"] for run in runs[1]]
