"""Whether the forwarder is behind the streams: then what was written is not in the RAW bucket yet.

DynamoDB does not say how far a stream was read. Lambda does, as the metric IteratorAge of the function: how
old the newest record of a batch was when it was read. One that is behind reads all the time, so the last
minutes tell.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

RECENT = timedelta(minutes=5)
_PERIOD = timedelta(minutes=1)


def is_behind(cloudwatch: Any, function: str, written: datetime, now: datetime) -> bool:
    """Whether what was written by then was still to be read, by the newest that is known of the last minutes.

    Nothing known means nothing read, so nothing to read; or a forwarder that is dead, of which alarms tell.
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
    # A point is of a minute: only an age that is not lost in it says something.
    return age > _PERIOD and begun + _PERIOD - age < written
