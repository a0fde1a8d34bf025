"""What AWS's own ways to an Iceberg table cost a month, from the change to the table, beside Glueline's.

Reading and merging exports is not in it, nor what Glue asks for writing the target of zero-ETL: neither is
published for a change. What each way lacks is said on the page.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from tests.bench.flow import IMAGE_KB, MILLION, MONTH, Flow, Rounds
from tests.bench.prices import PRICES
from tests.bench.report import Row

WINDOW: Final = 15 * 60  # the shortest of incremental exports and of zero-ETL
BUFFER: Final = 300  # seconds that Firehose collects by default
LEAST_EXPORT_GB: Final = 0.01
_CAPTURE: Final = "S3 and EventBridge"  # of the objects of the stream


def ways(flows: Sequence[Flow]) -> Iterator[Row]:
    """Each way, with dollars a month at the rate of each flow; the freshness is that of the first."""
    patient = [Flow(flow.rate, flow.measured, 300, 900) for flow in flows]
    rounds = [Rounds(flow) for flow in flows]
    own = {
        "Glueline, workflow": (flows[0].freshness[0], [_workflow(flow) for flow in flows]),
        "Glueline, workflow, windows of 5 and 15 min": (
            patient[0].freshness[0],
            [_workflow(flow) for flow in patient],
        ),
        "Glueline, continuous": (rounds[0].freshness[0], [_continuous(one) for one in rounds]),
    }
    others = {
        "Firehose, sources write to it": (BUFFER, [_firehose(flow) for flow in flows]),
        "DynamoDB, Kinesis, Firehose": (BUFFER, [_through_kinesis(flow) for flow in flows]),
        "zero-ETL from DynamoDB, its exports": (WINDOW, [_exports(flow) for flow in flows]),
        "incremental exports": (WINDOW, [_exports(flow) for flow in flows]),
    }
    for name, (seconds, dollars) in {**own, **others}.items():
        prices = {
            f"$ at {flow.rate}/s": round(one, 2) if one < 1 else round(one)
            for flow, one in zip(flows, dollars, strict=True)
        }
        yield {"way": name, "queryable after s": round(seconds), **prices}


def gigabytes(flow: Flow) -> float:
    """New images of a month."""
    return flow.rate * MONTH * IMAGE_KB / 1e6


def _workflow(flow: Flow) -> float:
    parts = flow.dollars()
    return flow.a_month(parts[_CAPTURE] + parts["Glue"])


def _continuous(rounds: Rounds) -> float:
    return rounds.flow.a_month(rounds.flow.dollars()[_CAPTURE]) + sum(rounds.dollars().values())


def _firehose(flow: Flow) -> float:
    return gigabytes(flow) * PRICES["Firehose to Iceberg"][0]


def _through_kinesis(flow: Flow) -> float:
    """Records have both images; Firehose takes the stream."""
    written = 2 * gigabytes(flow)
    return (
        MONTH / 3600 * PRICES["Kinesis Data Streams, on demand"][0]
        + written * (PRICES["Kinesis Data Streams, written"][0] + PRICES["Firehose to Iceberg"][0])
        + flow.rate * MONTH / MILLION * PRICES["DynamoDB changes to Kinesis"][0]
    )


def _exports(flow: Flow) -> float:
    """One every 15 minutes, with both images."""
    each = max(LEAST_EXPORT_GB, 2 * gigabytes(flow) * WINDOW / MONTH)
    return MONTH / WINDOW * each * PRICES["DynamoDB incremental export"][0]
