"""The arguments that Glue gives a job."""

from collections.abc import Sequence
from dataclasses import dataclass

from awsglue.utils import GlueArgumentError, getResolvedOptions

_NAMES = ["LAKE_BUCKET", "RAW_BUCKET", "INTAKE_QUEUE_URL", "DATABASE", "OPS_DATABASE", "BACKLOG_RULE"]


@dataclass(frozen=True, slots=True)
class Options:
    """What a job needs to know of its stack and run."""

    lake_bucket: str
    raw_bucket: str
    intake_queue_url: str
    database: str
    ops_database: str
    backlog_rule: str  # of EventBridge, which starts the workflow again and again while it is enabled
    run_id: str  # of the workflow if the job runs in one: it names the batch

    @classmethod
    def from_argv(cls, argv: Sequence[str]) -> "Options":
        """The options; GlueArgumentError names those that are missing."""
        in_workflow = [name for name in ("WORKFLOW_RUN_ID",) if f"--{name}" in argv]
        options = getResolvedOptions(list(argv), [*_NAMES, *in_workflow])
        run_id = options.get("WORKFLOW_RUN_ID") or options["JOB_RUN_ID"]  # Glue gives every run the latter
        if not run_id:
            raise GlueArgumentError("expected --WORKFLOW_RUN_ID or --JOB_RUN_ID, got neither")
        lake_bucket, raw_bucket, queue_url, database, ops_database, rule = (options[name] for name in _NAMES)
        return cls(lake_bucket, raw_bucket, queue_url, database, ops_database, rule, run_id)
