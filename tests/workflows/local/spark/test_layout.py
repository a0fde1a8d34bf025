"""Where the scripts and logs of a Spark process are."""

from dataclasses import replace
from pathlib import Path

from tests.workflows.local.glue.builders import NOON
from workflows.local.glue.definitions import read_job
from workflows.local.glue.runs import JobRun
from workflows.local.spark.layout import SparkLayout

LAYOUT = SparkLayout(["spark"], {}, code=Path("/code"), jobs=Path("/code/jobs"), logs=Path("/logs"))


def test_a_run_has_the_deployed_script_of_its_job_and_a_log_of_its_own() -> None:
    job = read_job({"Name": "flow-check", "Command": {"ScriptLocation": "s3://bucket/code/check.py"}})
    run = JobRun("jr_7", job, {}, 1, NOON)

    assert LAYOUT.script(run) == Path("/code/jobs/check.py")
    assert LAYOUT.job_log(run) == Path("/logs/jobs/flow-check/jr_7.log")


def test_each_process_has_a_log_of_its_own() -> None:
    assert LAYOUT.process_log == Path("/logs/spark.log")
    assert replace(LAYOUT, name="spark-streaming").process_log == Path("/logs/spark-streaming.log")
