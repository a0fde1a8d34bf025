"""The events that Glue sends to EventBridge when a run of a job has ended.

AWS documents "Glue Job State Change" for SUCCEEDED, FAILED, TIMEOUT and STOPPED, and none for ERROR:
https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html. The examples of
the EventBridge guide have the severities and messages. "Glue Job Run Status" is for jobs with a threshold of
delay, which the template does not set.
"""

from typing import Final

from workflows.local.glue.runs import JobRun

type Detail = dict[str, str]

SOURCE: Final = "aws.glue"
DETAIL_TYPE: Final = "Glue Job State Change"
_SEVERITY_AND_MESSAGE: Final = {
    "SUCCEEDED": ("INFO", "Job run succeeded"),
    "FAILED": ("ERROR", ""),  # its message is the error of the run
    "TIMEOUT": ("WARN", "Job run timed out"),
    "STOPPED": ("INFO", "Job run stopped"),
}


def state_change(run: JobRun) -> Detail | None:
    """The `detail` of the event of a run that has ended; None if AWS documents no event for its state."""
    if run.state not in _SEVERITY_AND_MESSAGE:
        return None
    severity, message = _SEVERITY_AND_MESSAGE[run.state]
    return {
        "jobName": run.job.name,
        "severity": severity,
        "state": run.state,
        "jobRunId": run.id,
        "message": message or run.message,
    }
