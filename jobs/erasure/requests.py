"""An erasure as a few small objects in the lake bucket, and its record in `lake_ops.erasures`.

    erase/<id>/request.json   which keys, with the keyed hash of each: written first
    erase/<id>/<phase>.json   what a phase has found and done so far
    erase/<id>/proof.json     what was searched, what was removed, what is left

Request and notes hold keys and names of files, so they are removed when the proof is complete; it has hashes
of the keys alone. The id is made of such hashes: to ask for the same keys again is to go on with the same
erasure. Job arguments, which Glue keeps and logs, hold no key.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.timestamps import instant_of
from jobs.lake.creation import create_ops_table
from jobs.lake.names import Lake

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ERASURES = "erasures"
PROOF, LIFTED = "proof", "lifted"
COLUMNS = """erasure_id string, dataset string, key_hash string, asked_at timestamp, proved_at timestamp,
    newest_version bigint, is_complete boolean, proof string"""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be erased. `hashes`: key text -> its keyed hash."""

    id: str
    dataset: str
    hashes: Mapping[str, str]
    asked_at: str  # ISO 8601, UTC
    remove_unreadable: bool = False  # files of which no one can say what they hold


@dataclass(frozen=True, slots=True)
class Place:
    """One place that was searched: how many files, versions, items or messages, of how many rows."""

    place: str
    searched: int
    rows: int | None
    removed: int  # rows that were there and are gone
    found: int  # rows that are still there
    note: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What an erasure came to. It is complete if nothing is found and nothing was left unsearched."""

    erasure_id: str
    dataset: str
    key_hashes: Sequence[str]
    asked_at: str
    proved_at: str
    places: Sequence[Place]
    unsearched: Sequence[str] = ()  # what can't be read, and why
    kept: Sequence[str] = field(default_factory=tuple)  # what stays on purpose

    @property
    def is_complete(self) -> bool:
        return not self.unsearched and not any(place.found for place in self.places)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self) | {"is_complete": self.is_complete}


@dataclass(frozen=True, slots=True)
class Erasures:
    """The erasures of one lake bucket."""

    s3: "S3Client"
    bucket: str

    def ask(self, request: Request) -> None:
        """Write down what is to be erased."""
        self._put(request.id, "request", asdict(request))

    def request(self, erasure_id: str) -> Request | None:
        """What is to be erased; None if that was done, or never asked for."""
        found = self._get(erasure_id, "request")
        return None if found is None else Request(**found)

    def note(self, erasure_id: str, phase: str) -> dict[str, Any]:
        """What a phase has written down so far."""
        return self._get(erasure_id, phase) or {}

    def write(self, erasure_id: str, phase: str, note: Mapping[str, Any]) -> None:
        """Write down what a phase has found or done, in the place of what it had."""
        self._put(erasure_id, phase, note)

    def prove(self, proof: Proof) -> None:
        """Keep the proof; of one that is complete nothing else stays."""
        self._put(proof.erasure_id, PROOF, proof.to_dict())
        if proof.is_complete:
            self.close(proof.erasure_id, PROOF)

    def close(self, erasure_id: str, result: str) -> None:
        """Remove the request and all notes but the result."""
        prefix = f"erase/{erasure_id}/"
        for item in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", ()):
            if item["Key"] != f"{prefix}{result}.json":
                self.s3.delete_object(Bucket=self.bucket, Key=item["Key"])

    def _put(self, erasure_id: str, name: str, content: Mapping[str, Any]) -> None:
        body = json.dumps(content, indent=1, ensure_ascii=False).encode()
        self.s3.put_object(Bucket=self.bucket, Key=f"erase/{erasure_id}/{name}.json", Body=body)

    def _get(self, erasure_id: str, name: str) -> dict[str, Any] | None:
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=f"erase/{erasure_id}/{name}.json")["Body"]
        except self.s3.exceptions.NoSuchKey:
            return None
        content: dict[str, Any] = json.loads(body.read())
        return content


def create_erasures_table(spark: SparkSession, lake: Lake) -> None:
    """Make the table where it is missing."""
    create_ops_table(spark, lake, ERASURES, COLUMNS, "dataset")


def record(
    spark: SparkSession, lake: Lake, request: Request, proof: Proof, newest: Mapping[str, int | None]
) -> None:
    """The proof into `erasures`, a row for each key; an erasure that is proved again replaces its rows."""
    rows = [
        (
            request.id,
            request.dataset,
            key_hash,
            datetime.fromisoformat(request.asked_at),
            datetime.fromisoformat(proof.proved_at),
            newest.get(key),
            proof.is_complete,
            json.dumps(proof.to_dict()),
        )
        for key, key_hash in sorted(request.hashes.items())
    ]
    spark.sql(
        f"""
        MERGE INTO {lake.ops(ERASURES)} t USING {{proved}} s
        ON t.dataset = '{request.dataset}' AND t.dataset = s.dataset AND t.erasure_id = s.erasure_id
            AND t.key_hash = s.key_hash AND t.asked_at = s.asked_at
        WHEN MATCHED THEN UPDATE SET *
        WHEN NOT MATCHED THEN INSERT *
        """,
        proved=spark.createDataFrame(rows, COLUMNS).coalesce(1),
    )


def last_seen(spark: SparkSession, lake: Lake, request: Request) -> dict[str, tuple[int | None, datetime]]:
    """Key -> the newest version that any erasure saw of it, and when it was erased last."""
    key_of = {key_hash: key for key, key_hash in request.hashes.items()}
    rows = (
        spark.table(lake.ops(ERASURES))
        .where((F.col("dataset") == request.dataset) & F.col("key_hash").isin(list(key_of)))
        .groupBy("key_hash")
        .agg(F.max("newest_version").alias("newest"), F.unix_micros(F.max("proved_at")).alias("micros"))
        .collect()
    )
    return {key_of[row["key_hash"]]: (row["newest"], instant_of(row["micros"])) for row in rows}
