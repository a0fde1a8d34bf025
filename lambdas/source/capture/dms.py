"""The change that a message of AWS DMS describes, as it writes to Kinesis and Kafka.

`data` is the row and `metadata` says what happened to it
(https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html):

* `load` (full load), `insert` and `update`: the row is `data`. With before images, `before-image` has the
  former values of the columns that an update changed, such as those of a key.
* `delete`: `data` has the key, and may have null for the other columns.
* records of the type `control` (`create-table`, `drop-table`, changes of columns) are about no row, and are
  skipped.

`metadata.timestamp` is when DMS made the message. It makes those of a row in their order, a full load before
the changes that came meanwhile, whose `commit-timestamp` is earlier than that of the load. So it orders them.
Changes that have the same one are ordered by the details of their transaction (`IncludeTransactionDetails`).
"""

from typing import Any

from expectations import timestamps
from lambdas.source.capture.captured import Captured, Skipped, Table, Wrong, member, text, whole, wrong

_UPSERTS = ("load", "insert", "update")
_WIDTH = 20


def table_of(message: Any) -> Table | None:
    """The table that a message is about; None if it is no record of DMS."""
    metadata = member(message, "metadata")
    if not isinstance(metadata, dict) or not {"record-type", "operation"} <= metadata.keys():
        return None
    return Table("", text(metadata.get("schema-name")), text(metadata.get("table-name")))


def skipped(message: Any) -> Skipped | None:
    """What a message is that is about no row; None for any other message."""
    metadata = member(message, "metadata")
    if table_of(message) is None or metadata["record-type"] != "control":
        return None
    return Skipped(f"a control record: {text(metadata['operation'])[:100]}")


def change_of(message: Any) -> Captured | Wrong:
    """The change that a data record describes."""
    metadata, row = message["metadata"], message.get("data")
    operation = metadata["operation"]
    if operation not in (*_UPSERTS, "delete"):
        return wrong("/metadata/operation", "operation", f"{', '.join(_UPSERTS)} or delete", operation)
    if not isinstance(row, dict):
        return wrong("/data", "envelope", "the row as an object", row)
    time = metadata.get("timestamp")
    if timestamps.parse(text(time)) is None:
        return wrong("/metadata/timestamp", "time", "a timestamp, which orders the changes of a row", time)
    before = message.get("before-image")
    is_update = operation == "update" and isinstance(before, dict)
    return Captured(
        "delete" if operation == "delete" else "upsert",
        row,
        "/data",
        {**row, **before} if is_update and before else None,
        time,
        _order(metadata),
    )


def _order(metadata: dict[str, Any]) -> str:
    """The commit, the place in the log and that in the transaction, as a text that compares as they came.

    The parts of a place in the log are numbers, decimal or hexadecimal: `00000002/7C007178.3`.
    """
    parts = text(metadata.get("stream-position")).replace("/", ".").split(".")
    place = ".".join(part.rjust(_WIDTH, "0")[-_WIDTH:] for part in parts) if any(parts) else ""
    record = whole(metadata.get("transaction-record-id"))
    found = (
        text(metadata.get("commit-timestamp"))[:40],
        place[:400],
        "" if record is None else f"{record:020}",
    )
    return "/".join(found) if any(found) else ""
