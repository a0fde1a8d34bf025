"""Tells whether the forwarder is behind the streams: then writes have not reached the RAW bucket yet.

DynamoDB does not report how far a stream was read. Lambda does, with the metric IteratorAge of the function:
the age of the last record of a batch when it was read. A function that is behind reads all the time, so the
datapoints of the last minutes are enough.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

RECENT = timedelta(minutes=5)
_PERIOD = timedelta(minutes=1)


def is_behind(cloudwatch: Any, function: str, written: datetime, now: datetime) -> bool:
    """Whether records of writes up to `written` had not been read at the newest datapoint.

    Without a datapoint nothing was read: there was nothing to read, or the forwarder fails, which raises its
    own alarm.
    """
    found = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="IteratorAge",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - RECENT,
        EndTime=now,
        Period=int(_PERIOD.total_seconds()),
        Statistics=["Maximum"],
    )
    points = [(point["Timestamp"].astimezone(UTC), point["Maximum"]) for point in found["Datapoints"]]
    if not points:
        return False
    begun, milliseconds = max(points)
    age = timedelta(milliseconds=milliseconds)
    # A datapoint covers a minute, so an age of less than that is within its precision.
    return age > _PERIOD and begun + _PERIOD - age < written
