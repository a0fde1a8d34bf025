"""What AWS asks for, in us-east-1: the prices that costs are computed from."""

from collections.abc import Mapping
from typing import Final

PRICED: Final = (
    "us-east-1 list prices without free tiers, noted on 2026-11-30 from memory of AWS's price pages, that of "
    "Firehose from an article of 2025; check with the AWS calculator (https://calculator.aws)"
)
PRICES: Final[Mapping[str, tuple[float, str]]] = {
    "SQS standard": (0.40, "a million requests"),
    "Lambda requests": (0.20, "a million"),
    "Lambda arm64": (0.0000133334, "a GB second"),
    "API Gateway HTTP API": (1.00, "a million requests"),
    "DynamoDB on-demand writes": (0.625, "a million write units; a transaction takes two for each KB"),
    "DynamoDB on-demand reads": (0.125, "a million read units"),
    "DynamoDB incremental export": (0.10, "a GB, 10 MB at least"),
    "S3 PUT": (5.00, "a million requests"),
    "S3 GET": (0.40, "a million requests"),
    "S3 LIST": (5.00, "a million requests"),
    "EventBridge": (1.00, "a million S3 object events (an upper bound: AWS's own events are free)"),
    "EventBridge Scheduler": (1.00, "a million calls"),
    "Glue DPU": (
        0.44,
        "an hour, by the second, a minute at least for each run; G.1X is one, G.025X a quarter",
    ),
    "Firehose to Iceberg": (0.075, "a GB"),
    "Kinesis Data Streams, on demand": (0.04, "an hour of a stream"),
    "Kinesis Data Streams, written": (0.08, "a GB"),
    "DynamoDB changes to Kinesis": (0.10, "a million units of 1 KB"),
    "DynamoDB point-in-time recovery": (
        0.20,
        "a GB of the table and month; Glueline needs it for exports too",
    ),
}
