"""A job's arguments, as Glue passes them."""

import pytest
from awsglue.utils import GlueArgumentError

from jobs.runtime.options import Options

STACK = [
    "job.py", "--LAKE_BUCKET", "lake", "--RAW_BUCKET", "raw", "--INTAKE_QUEUE_URL", "url",
    "--DATABASE", "lake", "--OPS_DATABASE", "lake_ops", "--BACKLOG_RULE", "again",
    "--METRICS_NAMESPACE", "Glueline/dev", "--JOB_NAME", "check",
]  # fmt: skip


def test_the_workflow_run_names_the_batch_and_without_one_the_job_run() -> None:
    alone = Options.from_argv([*STACK, "--JOB_RUN_ID", "jr"])
    in_workflow = Options.from_argv([*STACK, "--JOB_RUN_ID", "jr", "--WORKFLOW_RUN_ID", "wr"])

    assert alone == Options("lake", "raw", "url", "lake", "lake_ops", "again", "Glueline/dev", "jr")
    assert in_workflow.run_id == "wr"


def test_the_mode_is_workflow_unless_the_job_says_otherwise() -> None:
    modes = [
        Options.from_argv([*STACK, "--JOB_RUN_ID", "jr", *mode]).ingest_mode
        for mode in ([], ["--INGEST_MODE", "continuous"])
    ]

    assert modes == ["workflow", "continuous"]


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(GlueArgumentError, match="--LAKE_BUCKET"):
        Options.from_argv(["job.py", "--JOB_RUN_ID", "jr"])
    with pytest.raises(GlueArgumentError, match="--JOB_RUN_ID"):
        Options.from_argv(STACK)
