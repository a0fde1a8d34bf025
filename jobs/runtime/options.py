"""The arguments with which Glue starts a job."""

from collections.abc import Sequence
from dataclasses import dataclass

from awsglue.utils import GlueArgumentError, getResolvedOptions

_NAMES = [
    "LAKE_BUCKET", "RAW_BUCKET", "INTAKE_QUEUE_URL", "DATABASE", "OPS_DATABASE", "BACKLOG_RULE",
    "METRICS_NAMESPACE",
]  # fmt: skip
_OPTIONAL = ("WORKFLOW_RUN_ID", "INGEST_MODE", "OPENLINEAGE_URL")
_WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True)
class Options:
    """The resources of a job's stack, and its run."""

    lake_bucket: str
    raw_bucket: str
    intake_queue_url: str
    database: str
    ops_database: str
    backlog_rule: str  # EventBridge rule that starts the workflow repeatedly while it is enabled
    metrics_namespace: str  # of the stack in CloudWatch
    run_id: str  # the workflow run if there is one, else the job run; the batch gets its name from it
    ingest_mode: str = _WORKFLOW  # which jobs may write (`jobs.ingest.writers`)
    openlineage_url: str = ""  # which gets the events of lineage, if there is one

    @classmethod
    def from_argv(cls, argv: Sequence[str]) -> "Options":
        """Parse the arguments. Raises GlueArgumentError, which names the missing ones."""
        given = [name for name in _OPTIONAL if f"--{name}" in argv]
        options = getResolvedOptions(list(argv), [*_NAMES, *given])
        run_id = (
            options.get("WORKFLOW_RUN_ID") or options["JOB_RUN_ID"]
        )  # Glue passes the latter to every run
        if not run_id:
            raise GlueArgumentError("expected --WORKFLOW_RUN_ID or --JOB_RUN_ID, got neither")
        lake, raw, queue, database, ops, rule, namespace = (options[name] for name in _NAMES)
        mode = options.get("INGEST_MODE") or _WORKFLOW
        url = options.get("OPENLINEAGE_URL") or ""
        return cls(lake, raw, queue, database, ops, rule, namespace, run_id, mode, url)
