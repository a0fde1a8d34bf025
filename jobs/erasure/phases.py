"""The phases of an erasure, in order. Between them, others finish what they have begun (`jobs.erase`)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.erasure.export_manifests import mend_exports
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.marks import Item, Marks, version_of
from jobs.erasure.raw_versions import Held, list_versions, look, take_out
from jobs.erasure.requests import (
    LIFTED,
    Erasures,
    Place,
    Proof,
    Request,
    create_erasures_table,
    last_seen,
    record,
)
from jobs.erasure.stored_files import remove, rows_in_files, stored_files
from jobs.erasure.tables import (
    Stock,
    expire_before,
    lies_in_files,
    location,
    newest,
    purge,
    reachable_files,
    stocks,
)
from jobs.erasure.tombstones import bury, lift
from jobs.intake.batches import Batches
from jobs.intake.doors import EXPORT
from jobs.intake.first_events import FROM, FirstEvents
from jobs.intake.manifest import FirstEvent, ManifestFile
from jobs.lake.names import BATCHES, Lake, create_ops_tables
from jobs.runtime.log import step

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ANSWERS = "athena/"
KEPT = (
    "tombstones: the key itself, so that no replay brings a row back",
    "DynamoDB: the key itself, in a mark without columns, so that no write brings the row back",
    "parity: keys and hashes of rows, in lake_ops.parity_results, parity_suspects and parity/",
    "DynamoDB's point-in-time recovery: up to 35 days, by AWS alone; an export of before has to be erased",
    "logs: keys, until their retention ends",
)


@dataclass(frozen=True, slots=True)
class Work:
    """What the phases work on and with."""

    spark: SparkSession
    lake: Lake
    contract: Contract
    keys: ErasedKeys
    request: Request
    erasures: Erasures
    s3: "S3Client"
    dynamodb: Any
    raw_bucket: str
    table: str  # in DynamoDB

    @property
    def marks(self) -> Marks:
        return Marks(self.dynamodb, self.table, self.contract, self.request.id)

    def note(self, phase: str) -> dict[str, Any]:
        return self.erasures.note(self.request.id, phase)

    def write(self, phase: str, note: Mapping[str, Any]) -> None:
        self.erasures.write(self.request.id, phase, note)


def seal(work: Work) -> None:
    """Block the keys: tombstones in the lake, which outrank whatever comes, and marks in place of the items.

    What is to be marked is written down before it is: the stream's records of that hold the items as they
    were, and have to land before RAW is searched. All earlier records of the keys land before those.
    """
    with step("erase: tombstones"):
        create_ops_tables(work.spark, work.lake)
        bury(work.spark, work.lake, work.contract, work.keys)
    with step("erase: marks in place of the items"):
        unmarked = work.marks.unmarked(work.keys.texts)
        if unmarked:
            note = _to_mark(work.note("seal"), work.note("landed"), unmarked.keys())
            work.write("seal", _with_items(note, unmarked))
            replaced = work.marks.put(unmarked)
            # What was written between the two.
            work.write("seal", _with_items(work.note("seal"), replaced))


def _to_mark(note: Mapping[str, Any], landed: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """The note with the keys to be marked now, and those marked before whose records have not landed yet."""
    now = datetime.now(UTC).isoformat()
    is_through = landed.get("through") == note.get("marked_at")
    waiting: list[str] = [] if is_through else note.get("marked", [])
    since = now if is_through else note.get("since", now)
    return {**note, "marked": sorted({*waiting, *keys}), "since": since, "marked_at": now}


def _with_items(note: Mapping[str, Any], items: Mapping[str, Item | None]) -> dict[str, Any]:
    """The note with the keys that had these items, and the newest version of each."""
    found = {key: version_of(item) for key, item in items.items() if item}
    newest = note.get("newest", {})
    return {
        **note,
        "items": sorted({*note.get("items", ()), *found}),
        "newest": newest | {key: _newer(newest.get(key), version) for key, version in found.items()},
    }


def items(work: Work) -> set[str]:
    """The keys that DynamoDB has an item of, marked as deleted or not, that is no mark of erased ones."""
    return {key for key, item in work.marks.unmarked(work.keys.texts).items() if item}


def scrub(work: Work) -> None:
    """Take the rows out of every version of every object in the RAW bucket.

    What is found is written down before anything is changed, so that the sum is right however often this
    is done: a version is found once.
    """
    with step("erase: search RAW"):
        found = look(work.spark, work.raw_bucket, _versions(work), work.keys)
        before = {_name(one): one for one in work.note("scrub").get("held", ())}
        held = {_name(one): one for one in map(asdict, found.held)} | before
        work.write("scrub", {"held": list(held.values())})
    with step("erase: rewrite RAW"):
        to_take = [one for one in found.held if one.problem is None or work.request.remove_unreadable]
        keep_first_events(work, [one for one in to_take if one.carries_rows and one.is_latest])
        if to_take:
            take_out(work.spark, work.raw_bucket, to_take, work.keys)
    with step("erase: manifests of exports"):
        rewritten = {one["key"] for one in held.values() if one["key"].startswith(EXPORT.prefix)}
        mend_exports(work.s3, work.raw_bucket, work.contract.dataset, rewritten)


def keep_first_events(work: Work, held: Collection[Held]) -> None:
    """Write down when the rows of versions that are about to be replaced were announced first."""
    kept = FirstEvents(work.s3, work.erasures.bucket)
    announced = first_events(work, held)
    for one in held:
        known = kept.of(work.contract.dataset, one.key)
        # What was written anew before has been announced again by now.
        before = known.get(_rewritten_from(work, one)) or announced.get(one.key)
        if before is not None and one.state not in known:
            kept.keep(work.contract.dataset, one.key, one.state, before)


def _rewritten_from(work: Work, held: Held) -> str:
    """The version in whose place an earlier erasure put this one; empty if none did."""
    version: Any = {} if held.version_id == "null" else {"VersionId": held.version_id}
    try:
        head = work.s3.head_object(Bucket=work.raw_bucket, Key=held.key, **version)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NoSuchVersion"):
            raise
        return ""  # it went meanwhile
    return head["Metadata"].get(FROM, "")


def first_events(work: Work, held: Collection[Held]) -> dict[str, FirstEvent]:
    """Object -> the first event of its newest version, as the manifests of its batches say."""
    drops = {f"s3://{work.raw_bucket}/{one.key}": one for one in held}
    if not drops:
        return {}
    receipts = work.spark.table(work.lake.ops(BATCHES)).where(F.col("source_file").isin(list(drops)))
    ids = sorted(row[0] for row in receipts.select("batch_id").distinct().collect())
    batches, found = Batches(work.s3, work.erasures.bucket), dict[str, ManifestFile]()
    for batch_id in ids:
        try:
            files = batches.manifest(batch_id).files
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":  # its retention has ended
                raise
            continue
        for file in files:
            one = drops.get(file.source_file)
            if one is not None and one.version_id in (file.version_id, "null") and one.etag == file.etag:
                found[one.key] = min(file, found.get(one.key, file), key=attrgetter("place"))
    return {key: FirstEvent(file.event_time, file.sequencer) for key, file in found.items()}


def purge_tables(work: Work) -> None:
    """Take the rows out of the tables: what is to be seen, and the newest snapshot's files."""
    before = work.note("purge")
    note = {
        "began": datetime.now(UTC).isoformat(),
        "newest": before.get("newest", {}),
        "tables": before.get("tables", {}),
    }
    for stock in stocks(work.spark, work.lake, work.contract, work.keys):
        with step(f"erase: {stock.name}"):
            known, seen = note["tables"].get(stock.name, {}), stock.see(work.spark)
            for key, version in seen.newest.items():
                note["newest"][key] = _newer(note["newest"].get(key), version)
            touched = bool(known.get("touched") or seen.rows or lies_in_files(work.spark, stock))
            note["tables"][stock.name] = {"rows": max(seen.rows, known.get("rows", 0)), "touched": touched}
            work.write("purge", note)
            if touched:
                purge(work.spark, stock)
            note["tables"][stock.name]["clean"] = newest(work.spark, stock.name)
            work.write("purge", note)


def prove(work: Work) -> Proof:
    """Let go of the past of the tables; then search everything once more, and keep what that came to."""
    now = datetime.now(UTC)
    answers = forget_answers(work)
    tables = [prove_table(work, stock) for stock in stocks(work.spark, work.lake, work.contract, work.keys)]
    with step("erase: search RAW again"):
        raw, unsearched = prove_raw(work)
    left = items(work)
    was_there = len(work.note("seal").get("items", ()))
    letters = work.note("letters")
    places = [
        Place("DynamoDB", len(work.keys.texts), None, was_there - len(left), len(left), "consistent reads"),
        raw,
        *tables,
        Place(
            "dead letters",
            letters.get("searched", 0),
            None,
            letters.get("removed", 0),
            letters.get("found", 0),
        ),
        Place("answers of queries", answers, None, 0, 0, "all of them deleted"),
    ]
    hashes = sorted(work.request.hashes.values())
    proof = Proof(
        work.request.id,
        work.contract.dataset,
        hashes,
        work.request.asked_at,
        now.isoformat(),
        places,
        unsearched,
        (*KEPT, *not_searched(letters)),
    )
    with step("erase: record"):
        create_erasures_table(work.spark, work.lake)
        record(work.spark, work.lake, work.request, proof, seen_versions(work))
        work.erasures.prove(proof)
    return proof


def not_searched(letters: Mapping[str, Any]) -> list[str]:
    """What is said of the messages of the inbound queue, which can't be searched without taking them."""
    if "inbound" not in letters:
        return []
    return [
        f"messages: {letters['inbound']} in the inbound queue, which can't be searched; those of the keys "
        f"make no row, and all are gone by {letters['gone_by'][:10]}; one that breaks its contract ends as a "
        "dead letter, which the same command removes"
    ]


def prove_table(work: Work, stock: Stock) -> Place:
    """Expire snapshots and remove orphans that hold rows; then read every file that lies below the table."""
    spark, noted = work.spark, work.note("purge")
    before = noted.get("tables", {}).get(stock.name, {})
    place, began = location(spark, stock.name), datetime.fromisoformat(noted["began"])
    with step(f"erase: past of {stock.name}"):
        files = {file.path: file.written_at for file in stored_files(place)}
        held = rows_in_files(spark, files.keys() | reachable_files(spark, stock.name), stock.count)
        if before.get("touched") or held:
            expire_before(spark, stock.name, before.get("clean", 0))
            reachable = reachable_files(spark, stock.name)
            for path in held.keys() - reachable:
                if path in files and files[path] < began:  # whoever wrote it has ended
                    remove(path)
            files = {file.path: file.written_at for file in stored_files(place)}
            held = rows_in_files(spark, files.keys() | reachable, stock.count)
    rows = stock.see(spark).rows
    name = stock.name.partition(".")[2]
    return Place(
        name,
        len(files),
        None,
        before.get("rows", 0) - rows,
        max(rows, sum(held.values())),
        "files, all snapshots",
    )


def prove_raw(work: Work) -> tuple[Place, list[str]]:
    """What all versions of all objects hold; and those of which no one can say it."""
    looked = look(work.spark, work.raw_bucket, _versions(work), work.keys)
    found = {_name(asdict(one)): one.erased for one in looked.held if one.problem is None}
    noted = [Held.from_dict(one) for one in work.note("scrub").get("held", ())]
    gone = [one for one in noted if _name(asdict(one)) not in found]
    by_door = Counter[str]()
    for one in gone:
        by_door[one.folder] += one.erased
    others = sum(one.rows - one.erased for one in gone if not one.is_latest)
    told = [f"{number} in {door}/" for door, number in by_door.items() if number]
    told += [f"overwritten versions went with {others} rows of others"] if others else []
    place = Place(
        "RAW: versions of objects",
        looked.versions,
        looked.rows,
        by_door.total(),
        sum(found.values()),
        "; ".join(told),
    )
    unsearched = [
        f"s3://{work.raw_bucket}/{one.key} ({one.version_id}): {one.problem}"
        for one in looked.held
        if one.problem is not None
    ]
    return place, unsearched


def forget_answers(work: Work) -> int:
    """Delete Athena's answers to queries, which may show any row; how many there were."""
    s3, bucket = work.s3, work.erasures.bucket
    number = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=ANSWERS):
        objects: Any = [{"Key": item["Key"]} for item in page.get("Contents", ())]
        if objects:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
            number += len(objects)
    return number


def lift_keys(work: Work) -> None:
    """Let rows of the keys come again, if they are newer than what was erased; tell how many were erased.

    In the lake first: what the Data API takes has to reach it.
    """
    now = datetime.now(UTC)
    create_ops_tables(work.spark, work.lake)
    create_erasures_table(work.spark, work.lake)
    seen = last_seen(work.spark, work.lake, work.request)
    noted = seen_versions(work)  # by an erasure that was not proved
    floors = {
        key: _floor(work.contract, *seen.get(key, (noted[key], now))) for key in sorted(work.keys.texts)
    }
    lifted = set(work.note(LIFTED).get("keys", ()))
    lifted |= lift(work.spark, work.lake, work.contract.dataset, floors, now)
    work.write(LIFTED, {"lifted": len(lifted), "keys": sorted(lifted)})
    lifted |= work.marks.lift(floors, now)
    work.write(LIFTED, {"lifted": len(lifted)})
    work.erasures.close(work.request.id, LIFTED)


def seen_versions(work: Work) -> dict[str, int | None]:
    """The newest version that was seen of each key, anywhere."""
    of_items, of_rows = (work.note(phase).get("newest", {}) for phase in ("seal", "purge"))
    return {key: _newer(of_items.get(key), of_rows.get(key)) for key in work.keys.texts}


def _floor(contract: Contract, version: int | None, erased_at: datetime) -> int | None:
    """Above what version a key may come again. Versions that are no sequence column's are times."""
    if contract.sequence_column is not None:
        return version
    micros = (erased_at - datetime.fromtimestamp(0, UTC)).total_seconds() * 1_000_000
    return max(version or 0, int(micros))


def _newer(one: int | None, other: int | None) -> int | None:
    return max((version for version in (one, other) if version is not None), default=None)


def _versions(work: Work) -> Iterable[Any]:
    return list_versions(work.s3, work.raw_bucket, work.contract.dataset)


def _name(held: Mapping[str, Any]) -> tuple[str, str, str]:
    return held["key"], held["version_id"], held["etag"]
