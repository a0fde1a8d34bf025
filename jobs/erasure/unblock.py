"""Phase `unblock` (`glueline erase --lift`): rows of the keys that are newer than the erased are accepted."""

from datetime import UTC, datetime

from expectations.contract import Contract
from expectations.timestamps import micros_of
from jobs.erasure.context import ErasureContext
from jobs.erasure.notes import UnblockNote
from jobs.erasure.record import create_erasures_table, recorded_versions
from jobs.erasure.tombstones import unblock_tombstones
from jobs.lake.creation import create_ops_tables


def unblock_keys(context: ErasureContext) -> None:
    """Replace tombstones and marks of the keys by those of ordinary deletes; note how many keys had one.

    The lake comes first: what the Data API accepts has to reach it.
    """
    now = datetime.now(UTC)
    create_ops_tables(context.spark, context.lake)
    create_erasures_table(context.spark, context.lake)
    recorded = recorded_versions(context.spark, context.lake, context.request)
    found = context.newest_versions()  # by an erasure that was not proved
    floors = {
        key: floor(context.contract, *recorded.get(key, (found[key], now)))
        for key in sorted(context.keys.texts)
    }
    unblocked = set(context.note(UnblockNote).keys or ())
    unblocked |= unblock_tombstones(context.spark, context.lake, context.contract.dataset, floors, now)
    context.write(UnblockNote(len(unblocked), tuple(sorted(unblocked))))
    unblocked |= context.marks.unblock(floors, now)
    context.write(UnblockNote(len(unblocked)))
    context.erasures.close(context.request.id, UnblockNote)


def floor(contract: Contract, version: int | None, erased_at: datetime) -> int | None:
    """The version that rows of a key have to exceed. Without a sequence column, versions are times."""
    if contract.sequence_column is not None:
        return version
    return max(version or 0, micros_of(erased_at))
