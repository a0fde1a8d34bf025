"""An item whose change was rejected is no drift."""

import json
from datetime import UTC, datetime

from jobs.lake.names import QUARANTINE
from tests.jobs.parity.fixture import ParityFixture, entity


def test_an_item_whose_change_was_rejected_is_named_apart_and_not_repaired(parity: ParityFixture) -> None:
    """A row that the API accepted and a rule over columns rejected: the table keeps the row before."""
    parity.put(entity(1, "rejected", 2), entity(2, "lost", 2), entity(3, "rejected before, then lost", 3))
    parity.merge(entity(1, "good", 1))
    parity.put(entity(4, "of a wrong type", 1) | {"name": {"N": "4"}})
    rejected = [entity(1, "rejected", 2), entity(3, "rejected before", 2)]
    stream = [
        json.dumps({"dynamodb": {"Keys": {"_key": item["_key"]}, "NewImage": item}}) for item in rejected
    ]
    export = json.dumps({"Item": entity(5, "rejected in an export", 1)})
    parity.put(entity(5, "rejected in an export", 1))
    payloads = [*stream, export, "no json", None]
    table = parity.lake.ops(QUARANTINE)
    rows = [("entities", ["rule"], payload, "s3://raw/x", 1, "b", datetime.now(UTC)) for payload in payloads]
    parity.spark.createDataFrame(rows, parity.spark.table(table).schema).writeTo(table).append()

    certificate = parity.certify(repair=True)

    assert certificate.keys.missing == ("2", "3")
    assert certificate.keys.quarantined == ("1", "4", "5")
    assert not certificate.ok
    assert certificate.repaired == 2
