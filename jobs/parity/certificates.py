"""What a comparison found and what a certificate says, and where they lie in the lake bucket.

    parity/<dataset>/open/<time>.json   a comparison whose suspects wait to be looked at again
    parity/<dataset>/<time>.json        the certificate that came of the comparison of that time

Standard library only: the command line reads them too.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NAME = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One look at all of a dataset: what it counted, and how many keys differed."""

    dataset: str
    run_id: str
    verified_through: str  # ISO 8601, UTC: when the scan began; whatever was written before, it saw
    scanned_until: str
    snapshot_id: int | None  # of the table; None if it has none yet
    buckets: int
    differing_buckets: int
    items: int  # in DynamoDB, those marked deleted apart
    rows: int  # in the table
    drop_only: int  # rows of drops that DynamoDB does not hold
    outranked: int  # items that a newer row of a drop stands before
    suspects: int
    in_flight: int = 0  # suspects that were still on their way when it was last looked

    @property
    def at(self) -> datetime:
        """`verified_through` as a time; with the dataset, what the comparison is known by."""
        return datetime.fromisoformat(self.verified_through)

    @property
    def name(self) -> str:
        """The time as names of objects spell it."""
        return f"{self.at:{_NAME}}"

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Drift:
    """The keys that are not what DynamoDB says, as key texts, in order."""

    missing: tuple[str, ...] = ()  # in DynamoDB, not in the table
    extra: tuple[str, ...] = ()  # in the table, not in DynamoDB
    differing: tuple[str, ...] = ()  # in both, not the same
    quarantined: tuple[str, ...] = ()  # not the same since `check` refused the change that made them so
    erased: tuple[str, ...] = ()  # in DynamoDB again after they were erased; the table does not show them

    @property
    def count(self) -> int:
        """How many keys are wrong without a known reason."""
        return len(self.missing) + len(self.extra) + len(self.differing)


@dataclass(frozen=True, slots=True)
class Certificate:
    """That a dataset's table is what DynamoDB held at `verified_through`, or which keys are not."""

    dataset: str
    verified_through: str
    issued_at: str
    run_id: str
    snapshot_id: int | None
    buckets: int
    differing_buckets: int
    suspects: int
    items: int
    rows: int
    drop_only: int
    outranked: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    differing: tuple[str, ...]
    quarantined: tuple[str, ...]
    repaired: int  # keys put back through the RAW door; the next certificate shows whether that healed them
    ok: bool
    erased: tuple[str, ...] = ()  # certificates of earlier versions don't have it

    @classmethod
    def of(cls, compared: Comparison, issued_at: datetime, drift: Drift, repaired: int = 0) -> Self:
        """The certificate of a comparison none of whose suspects is on its way any more."""
        facts = {field.name: getattr(compared, field.name) for field in fields(cls) if field.name in _SHARED}
        return cls(
            **facts,
            issued_at=issued_at.isoformat(),
            missing=drift.missing,
            extra=drift.extra,
            differing=drift.differing,
            quarantined=drift.quarantined,
            erased=drift.erased,
            repaired=repaired,
            ok=not drift.count and not drift.quarantined and not drift.erased,
        )

    @property
    def drift(self) -> int:
        """How many keys are wrong without a known reason."""
        return len(self.missing) + len(self.extra) + len(self.differing)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        plain: dict[str, Any] = json.loads(text)
        return cls(**{**plain, **{name: tuple(plain.get(name, ())) for name in _KEYS}})


_KEYS = ("missing", "extra", "differing", "quarantined", "erased")
_SHARED = {field.name for field in fields(Comparison)}


@dataclass(frozen=True, slots=True)
class ParityObjects:
    """Comparisons and certificates in one lake bucket."""

    s3: "S3Client"
    bucket: str

    def open(self, compared: Comparison) -> None:
        """Keep a comparison for the confirmation, or what is now known of it."""
        self._put(_open_key(compared), compared.to_json())

    def close(self, compared: Comparison) -> None:
        """The comparison has its certificate."""
        self.s3.delete_object(Bucket=self.bucket, Key=_open_key(compared))

    def waiting(self, dataset: str) -> Iterator[Comparison]:
        """The comparisons that wait for the confirmation, the oldest first."""
        for key in self._keys(f"parity/{dataset}/open/"):
            yield Comparison.from_json(self._get(key))

    def issue(self, certificate: Certificate) -> None:
        """Put the certificate where it is found by its time."""
        name = f"{datetime.fromisoformat(certificate.verified_through):{_NAME}}"
        self._put(f"parity/{certificate.dataset}/{name}.json", json.dumps(certificate.to_dict(), indent=1))

    def issued(self, dataset: str, since: datetime) -> Iterator[Certificate]:
        """The certificates of comparisons since then, the oldest first."""
        prefix = f"parity/{dataset}/"
        for key in self._keys(prefix, f"{prefix}{since.astimezone(UTC):{_NAME}}"):
            if "/" not in key.removeprefix(prefix):
                yield Certificate.from_json(self._get(key))

    def _keys(self, prefix: str, after: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix, StartAfter=after
        )
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def _put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def _get(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()


def _open_key(compared: Comparison) -> str:
    return f"parity/{compared.dataset}/open/{compared.name}.json"
