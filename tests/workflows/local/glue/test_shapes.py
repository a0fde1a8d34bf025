"""Definitions and runs come back with the members of the API reference."""

from typing import Any

from tests.workflows.local.glue.builders import NOON, ask, end, glue


def test_a_definition_comes_back_as_it_was_given_with_nothing_dropped() -> None:
    made = glue()
    definition: dict[str, Any] = {
        "Role": "r",
        "Command": {"Name": "glueetl", "ScriptLocation": "s3://code/a.py", "PythonVersion": "3"},
        "GlueVersion": "5.1",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "ExecutionProperty": {"MaxConcurrentRuns": 4},
        "NonOverridableArguments": {"--x": "1"},
        "MaxRetries": 2,
        "Timeout": 7,
        "SourceControlDetails": {"Branch": "main"},
    }
    ask(made, "CreateJob", Name="whole", **definition)

    job = ask(made, "GetJob", JobName="whole")["Job"]

    assert {key: job[key] for key in definition} == definition


def test_a_job_says_when_it_was_deployed_last() -> None:
    made = glue()
    command = {"ScriptLocation": "s3://code/check.py"}

    def modified() -> float:
        return float(ask(made, "GetJob", JobName="check")["Job"]["LastModifiedOn"])

    assert modified() == NOON
    ask(made, "UpdateJob", NOON + 1, JobName="check", JobUpdate={"Role": "r", "Command": command})
    assert modified() == NOON + 1
    made.deploy_job_again("check", NOON + 2)
    assert modified() == NOON + 2
    made.deploy_job_again("none", NOON + 3)  # it was deleted


def test_the_graph_of_a_run_leads_from_triggers_to_jobs_and_has_the_runs_of_each_job() -> None:
    made = glue()
    run_id = ask(made, "StartWorkflowRun", Name="flow")["RunId"]

    graph = ask(made, "GetWorkflowRun", Name="flow", RunId=run_id, IncludeGraph=True)["Run"]["Graph"]

    nodes = {node["Name"]: node for node in graph["Nodes"]}
    assert nodes["check"]["JobDetails"]["JobRuns"][0]["JobRunState"] == "STARTING"
    assert nodes["merge"]["JobDetails"]["JobRuns"] == []
    assert nodes["on-events"]["TriggerDetails"]["Trigger"]["EventBatchingCondition"] == {
        "BatchSize": 3,
        "BatchWindow": 60,
    }
    assert {(edge["SourceId"], edge["DestinationId"]) for edge in graph["Edges"]} == {
        ("trigger/on-events", "job/check"),
        ("job/check", "trigger/after-check"),
        ("trigger/after-check", "job/merge"),
    }


def test_the_statistics_of_a_run_count_its_jobs_by_state() -> None:
    made = glue()
    ask(made, "StartWorkflowRun", Name="flow")
    end(made, "check", error="ValueError: no")

    (run,) = ask(made, "GetWorkflowRuns", Name="flow")["Runs"]

    statistics = {name: number for name, number in run["Statistics"].items() if number}
    assert statistics == {"TotalActions": 1, "FailedActions": 1}


def test_a_job_run_has_its_own_arguments_its_times_and_its_error() -> None:
    made = glue()
    run_id = ask(made, "StartJobRun", JobName="check", Arguments={"--a": "1"})["JobRunId"]
    made.job_running(run_id, NOON + 5)
    made.job_ended(run_id, "ValueError: no", NOON + 12)

    run = ask(made, "GetJobRun", JobName="check", RunId=run_id)["JobRun"]

    assert run == {
        "Id": run_id,
        "Attempt": 0,
        "JobName": "check",
        "JobRunState": "FAILED",
        "Arguments": {"--a": "1"},
        "ErrorMessage": "ValueError: no",
        "Timeout": 480,
        "StartedOn": NOON,
        "LastModifiedOn": NOON + 12,
        "CompletedOn": NOON + 12,
        "ExecutionTime": 7,
    }


def test_a_workflow_has_its_last_run() -> None:
    made = glue()
    assert "LastRun" not in ask(made, "GetWorkflow", Name="flow")["Workflow"]
    run_id = ask(made, "StartWorkflowRun", Name="flow")["RunId"]

    workflow = ask(made, "GetWorkflow", Name="flow", IncludeGraph=True)["Workflow"]

    assert workflow["LastRun"]["WorkflowRunId"] == run_id
    assert len(workflow["Graph"]["Nodes"]) == 4
