"""Phase `prove`: older snapshots and stray files are removed, every place is searched, the proof is kept."""

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from expectations.contract import Contract
from jobs.erasure.context import ErasureContext
from jobs.erasure.notes import (
    BlockNote,
    DeadLettersNote,
    Proof,
    RawNote,
    SearchedPlace,
    TableNote,
    TablesNote,
)
from jobs.erasure.raw_versions import list_versions, search_versions
from jobs.erasure.record import create_erasures_table, record
from jobs.erasure.stored_files import remove, rows_in_files, stored_files
from jobs.erasure.table_files import expire_before, location, reachable_files
from jobs.erasure.tables import ErasableTable, erasable_tables
from jobs.runtime.log import step

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

QUERY_RESULTS = "athena/"
_TOMBSTONES = "tombstones: the key itself, so that no replay brings a row back"
KEPT = (
    _TOMBSTONES,
    "DynamoDB: the key itself, in a mark without columns, so that no write brings the row back",
    "parity: keys and hashes of rows, in lake_ops.parity_results, parity_suspects and parity/",
    "DynamoDB's point-in-time recovery: items of up to 35 days ago, which only AWS removes; an export of a "
    "time before the erasure has to be erased again",
    "logs: keys, until their retention ends",
)


def kept(contract: Contract) -> tuple[str, ...]:
    """What stays on purpose."""
    if contract.table.is_own:
        return KEPT
    return (
        _TOMBSTONES,
        f"DynamoDB: the items of the keys in the table {contract.table_name('')}, which was not touched: "
        "remove them there",
        "RAW: records of what the owner of that table writes to the keys after this search, until their "
        "retention ends; no row comes of them",
        *KEPT[2:],
    )


def prove(context: ErasureContext) -> Proof:
    """Remove what other jobs may have needed until now, search every place, and keep the proof.

    Assumes that all jobs and batches that were active in phase `remove-from-tables` have ended.
    """
    now = datetime.now(UTC)
    dead_letters = context.note(DeadLettersNote)
    results = delete_query_results(context.s3, context.erasures.bucket)
    tables = [
        prove_table(context, table)
        for table in erasable_tables(context.spark, context.lake, context.contract, context.keys)
    ]
    with step("erase: search RAW again"):
        raw, unsearched = prove_raw(context)
    places = (
        *prove_items(context),
        raw,
        *tables,
        SearchedPlace("dead letters", dead_letters.searched, None, dead_letters.removed, dead_letters.found),
        SearchedPlace("answers of queries", results, None, 0, 0, "all of them deleted"),
    )
    proof = Proof(
        context.request.id,
        context.contract.dataset,
        tuple(sorted(context.request.hashes.values())),
        context.request.asked_at,
        now.isoformat(),
        places,
        unsearched,
        (*kept(context.contract), *unsearched_messages(dead_letters)),
    )
    with step("erase: record"):
        create_erasures_table(context.spark, context.lake)
        record(context.spark, context.lake, context.request, proof, context.newest_versions())
        context.erasures.finish(proof)
    return proof


def prove_items(context: ErasureContext) -> list[SearchedPlace]:
    """What DynamoDB has of the keys. The items of an existing table are their owner's, and not searched."""
    if not context.contract.table.is_own:
        return []
    found, noted = len(context.unmarked_items()), len(context.note(BlockNote).items)
    searched = len(context.keys.texts)
    return [SearchedPlace("DynamoDB", searched, None, noted - found, found, "consistent reads")]


def prove_table(context: ErasureContext, table: ErasableTable) -> SearchedPlace:
    """Expire snapshots and delete stray files that have rows; then read every file of the table's folder."""
    spark, note = context.spark, context.note(TablesNote)
    known, folder = note.tables.get(table.name, TableNote()), location(spark, table.name)
    with step(f"erase: past of {table.name}"):
        files = {file.path: file.written_at for file in stored_files(folder)}
        found = rows_in_files(spark, files.keys() | reachable_files(spark, table.name), table.count)
        if known.touched or found:
            expire_before(spark, table.name, known.clean)
            reachable = reachable_files(spark, table.name)
            for path in found.keys() - reachable:
                # Whichever job wrote it before the tables were rewritten has ended.
                if path in files and files[path] < datetime.fromisoformat(str(note.began)):
                    remove(path)
            files = {file.path: file.written_at for file in stored_files(folder)}
            found = rows_in_files(spark, files.keys() | reachable, table.count)
    rows = table.find(spark).rows
    name = table.name.partition(".")[2]
    in_files = max(rows, sum(found.values()))
    return SearchedPlace(name, len(files), None, known.rows - rows, in_files, "files, all snapshots")


def prove_raw(context: ErasureContext) -> tuple[SearchedPlace, tuple[str, ...]]:
    """What all versions of all objects contain, and the versions that cannot be searched."""
    bucket = context.raw_bucket
    versions = list_versions(context.s3, bucket, context.contract)
    search = search_versions(context.spark, bucket, versions, context.keys)
    found = {one.identity: one.erased for one in search.affected if one.problem is None}
    gone = [one for one in context.note(RawNote).held if one.identity not in found]
    by_folder = Counter[str]()
    for one in gone:
        by_folder[one.folder] += one.erased
    others = sum(one.rows - one.erased for one in gone if not one.is_latest)
    details = [f"{number} in {folder}/" for folder, number in by_folder.items() if number]
    if others:
        details.append(f"{others} rows of other keys went with overwritten versions")
    place = SearchedPlace(
        "RAW: versions of objects",
        search.versions,
        search.rows,
        by_folder.total(),
        sum(found.values()),
        "; ".join(details),
    )
    unsearched = tuple(
        f"s3://{bucket}/{one.key} ({one.version_id}): {one.problem}"
        for one in search.affected
        if one.problem is not None
    )
    return place, unsearched


def unsearched_messages(note: DeadLettersNote) -> list[str]:
    """What the proof says of the inbound queue, which cannot be searched without receiving its messages."""
    if note.inbound is None:
        return []
    return [
        f"messages: {note.inbound} in the inbound queue, which can't be searched; those of the keys make no "
        f"row, and all are gone by {str(note.gone_by)[:10]}; one that breaks its contract becomes a dead "
        "letter, which the same command removes"
    ]


def delete_query_results(s3: "S3Client", bucket: str) -> int:
    """Delete the results of all Athena queries, which may contain any row; how many there were."""
    number = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=QUERY_RESULTS):
        objects: Any = [{"Key": item["Key"]} for item in page.get("Contents", ())]
        if objects:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
            number += len(objects)
    return number
