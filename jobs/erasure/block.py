"""Phase `block`: from here on, no row of the keys is accepted anywhere.

The tombstones in the lake outrank every change; the marks in DynamoDB replace the items and refuse every
write.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from jobs.erasure.context import ErasureContext, newer
from jobs.erasure.marks import Item, version_of
from jobs.erasure.notes import BlockNote, StreamNote
from jobs.erasure.tombstones import add_tombstones
from jobs.lake.creation import create_ops_tables
from jobs.runtime.log import step


def block_keys(context: ErasureContext) -> None:
    """Write the tombstones, then the marks.

    The keys are noted before their marks are written: the stream's records of the marks contain the items,
    and have to land before RAW is searched. All earlier records of the keys land before them.
    """
    with step("erase: tombstones"):
        create_ops_tables(context.spark, context.lake)
        add_tombstones(context.spark, context.lake, context.contract, context.keys)
    with step("erase: marks in place of the items"):
        unmarked = context.marks.unmarked(context.keys.texts)
        if unmarked:
            now = datetime.now(UTC).isoformat()
            note = with_marks(context.note(BlockNote), context.note(StreamNote), unmarked, now)
            context.write(with_items(note, unmarked))
            replaced = context.marks.put(unmarked)
            context.write(with_items(context.note(BlockNote), replaced))  # items written in between


def with_marks(note: BlockNote, landed: StreamNote, keys: Iterable[str], now: str) -> BlockNote:
    """The note with the keys that are marked now, and those whose earlier marks have not landed yet."""
    has_landed = landed.through == note.marked_at
    earlier = () if has_landed else note.marked
    since = now if has_landed or note.since is None else note.since
    return replace(note, marked=tuple(sorted({*earlier, *keys})), since=since, marked_at=now)


def with_items(note: BlockNote, items: Mapping[str, Item | None]) -> BlockNote:
    """The note with the keys that had these items, and the newest version of each."""
    versions = {key: version_of(item) for key, item in items.items() if item}
    newest = {key: newer(note.newest.get(key), version) for key, version in versions.items()}
    return replace(note, items=tuple(sorted({*note.items, *versions})), newest={**note.newest, **newest})
