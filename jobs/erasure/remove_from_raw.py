"""Phase `remove-from-raw`: no version of an object in the RAW bucket keeps a row of the keys."""

from collections.abc import Collection
from dataclasses import replace
from operator import attrgetter
from typing import Any

from botocore.exceptions import ClientError
from pyspark.sql import functions as F

from jobs.erasure.context import ErasureContext
from jobs.erasure.export_manifests import update_exports
from jobs.erasure.notes import AffectedVersion, RawNote
from jobs.erasure.raw_rewrite import remove_from_versions
from jobs.erasure.raw_versions import list_versions, search_versions
from jobs.intake.batches import Batches
from jobs.intake.doors import EXPORT
from jobs.intake.first_events import FROM, FirstEvents, state_of
from jobs.intake.manifest import FirstEvent, ManifestFile
from jobs.lake.names import BATCHES
from jobs.runtime.log import step


def remove_from_raw(context: ErasureContext) -> None:
    """Search all versions, note those with rows of the keys, and remove the rows.

    A version is noted before it is changed and found only once, so the sum of what was removed is right
    however often the phase runs. Versions that cannot be searched are deleted only if the request says so.
    """
    bucket = context.raw_bucket
    with step("erase: search RAW"):
        versions = list_versions(context.s3, bucket, context.contract)
        affected = search_versions(context.spark, bucket, versions, context.keys).affected
        note = with_versions(context.note(RawNote), affected)
        context.write(note)
    with step("erase: rewrite RAW"):
        to_change = [one for one in affected if one.problem is None or context.request.remove_unreadable]
        keep_first_events(context, [one for one in to_change if one.carries_rows and one.is_latest])
        if to_change:
            remove_from_versions(context.spark, bucket, to_change, context.keys)
    with step("erase: manifests of exports"):
        rewritten = {one.key for one in note.held if one.key.startswith(EXPORT.prefix)}
        update_exports(context.s3, bucket, context.contract, rewritten)


def with_versions(note: RawNote, affected: Collection[AffectedVersion]) -> RawNote:
    """The note with these versions; a version that it has already stays as it is."""
    by_identity = {one.identity: one for one in (*affected, *note.held)}
    return replace(note, held=tuple(by_identity.values()))


def keep_first_events(context: ErasureContext, drops: Collection[AffectedVersion]) -> None:
    """Keep when the rows of these versions were first announced; their replacements are announced anew."""
    dataset = context.contract.dataset
    kept = FirstEvents(context.s3, context.erasures.bucket)
    announced = _first_events(context, drops)
    for drop in drops:
        known = kept.of(dataset, drop.key)
        # If an earlier erasure wrote this version, what its batches say is the announcement of that.
        first = known.get(_replaced_state(context, drop)) or announced.get(drop.key)
        state = state_of(drop.version_id, drop.etag)
        if first is not None and state not in known:
            kept.keep(dataset, drop.key, state, first)


def _replaced_state(context: ErasureContext, version: AffectedVersion) -> str:
    """The state of the version that an earlier erasure replaced by this one; empty if none did."""
    by_id: Any = {} if version.version_id == "null" else {"VersionId": version.version_id}
    try:
        head = context.s3.head_object(Bucket=context.raw_bucket, Key=version.key, **by_id)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NoSuchVersion"):
            raise
        return ""  # deleted meanwhile
    return head["Metadata"].get(FROM, "")


def _first_events(context: ErasureContext, drops: Collection[AffectedVersion]) -> dict[str, FirstEvent]:
    """Object key -> the first event of its newest version, according to the manifests of its batches."""
    by_file = {f"s3://{context.raw_bucket}/{drop.key}": drop for drop in drops}
    if not by_file:
        return {}
    receipts = context.spark.table(context.lake.ops(BATCHES)).where(F.col("source_file").isin(list(by_file)))
    batch_ids = sorted(row[0] for row in receipts.select("batch_id").distinct().collect())
    batches, found = Batches(context.s3, context.erasures.bucket), dict[str, ManifestFile]()
    for batch_id in batch_ids:
        try:
            files = batches.manifest(batch_id).files
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":  # its retention has ended
                raise
            continue
        for file in files:
            drop = by_file.get(file.source_file)
            if drop is not None and drop.version_id in (file.version_id, "null") and drop.etag == file.etag:
                found[drop.key] = min(file, found.get(drop.key, file), key=attrgetter("place"))
    return {key: FirstEvent(file.event_time, file.sequencer) for key, file in found.items()}
